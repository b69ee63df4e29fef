#include "harness/programs.hpp"

#include <utility>

namespace lab {

namespace {

std::filesystem::path& folder() {
  static std::filesystem::path path = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  return path;
}

} // namespace

void set_program_folder(const std::filesystem::path& path) {
  folder() = std::filesystem::absolute(path);
}

const std::filesystem::path& program_folder() {
  return folder();
}

std::filesystem::path program(std::string_view name) {
  return name.find('/') == std::string_view::npos ? program_folder() / name
                                                  : std::filesystem::path(name);
}

} // namespace lab
