#include "tools/grade/similar.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <string_view>
#include <system_error>

namespace lab::grade {

namespace fs = std::filesystem;

namespace {

bool is_source(const std::string& name) {
  constexpr std::array<std::string_view, 7> endings{".cpp", ".hpp", ".h",  ".cc",
                                                    ".hh",  ".cxx", ".hxx"};
  return std::ranges::any_of(endings, [&](std::string_view one) { return name.ends_with(one); });
}

} // namespace

void export_base(const fs::path& folder, const Kit& kit) {
  std::error_code error;
  if (fs::exists(folder, error) && !fs::is_empty(folder, error)) {
    throw std::runtime_error("it holds something already: give a new folder");
  }
  for (const Exercise& exercise : kit.exercises) {
    const fs::path base = folder / exercise.folder / "base";
    const std::string name = exercise.program + ".cpp";
    fs::create_directories(base);
    fs::create_directories(folder / exercise.folder / "students");
    fs::copy_file(kit.sources / "exercises" / exercise.folder / name, base / name);
  }
}

std::size_t export_sources(const fs::path& folder, const std::string& student,
                           const HandedIn& handed_in, const Kit& kit) {
  std::size_t exercises = 0;
  for (std::size_t i = 0; i < kit.exercises.size(); ++i) {
    const Sources& sources = handed_in.sources[i];
    exercises += sources.files.empty() ? 0U : 1U;
    for (const SourceFile& file : sources.files) {
      if (!is_source(file.name)) {
        continue;
      }
      const fs::path path = folder / kit.exercises[i].folder / "students" / student / file.name;
      fs::create_directories(path.parent_path());
      std::ofstream out(path, std::ios::binary);
      out << file.bytes;
      out.close();
      if (!out) {
        throw std::runtime_error("cannot write " + path.string() + ": " + std::strerror(errno));
      }
    }
  }
  return exercises;
}

} // namespace lab::grade
