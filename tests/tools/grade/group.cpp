#include "tools/grade/group.hpp"

#include "harness/limits.hpp"

#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lab::grade {

namespace {

constexpr std::string_view prefix = "lab-grade-"; // the grader's process id and a number follow

bool has(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

} // namespace

Group::Group(bool wanted) {
  static int made = 0;
  if (!wanted) {
    return;
  }
  const std::string name =
      "/" + std::string(prefix) + std::to_string(::getpid()) + "-" + std::to_string(++made);
  for (const ControlGroup& ours : control_groups_with("cpu")) {
    const std::string folder = ours.top + ours.path + name;
    if (::mkdir(folder.c_str(), 0755) != 0) {
      continue;
    }
    if (has(folder + "/cpu.shares") || has(folder + "/cpu.weight")) { // all have the same
      entry_ = Fd(::open((folder + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC));
    }
    if (entry_) {
      folder_ = folder;
      return;
    }
    ::rmdir(folder.c_str());
  }
}

Group::~Group() {
  if (!folder_.empty()) {
    ::rmdir(folder_.c_str());
  }
}

void remove_old_groups() {
  for (const ControlGroup& ours : control_groups_with("cpu")) {
    std::error_code error;
    for (auto entry = std::filesystem::directory_iterator(ours.top + ours.path, error);
         !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
      const std::string name = entry->path().filename().string();
      const int grader = name.starts_with(prefix) ? std::atoi(name.c_str() + prefix.size()) : 0;
      if (grader > 0 && !has("/proc/" + std::to_string(grader))) {
        ::rmdir(entry->path().c_str()); // the kernel refuses it if a process is in it
      }
    }
  }
}

} // namespace lab::grade
