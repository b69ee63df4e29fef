// The descriptors of a process.
#include "harness/proc.hpp"
#include "harness/proc_files.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace lab {

namespace {

DescriptorInfo::Kind kind_of(std::string_view target) {
  using Kind = DescriptorInfo::Kind;
  if (target.starts_with("socket:")) {
    return Kind::socket;
  }
  if (target.starts_with("pipe:")) {
    return Kind::pipe;
  }
  if (target.starts_with("/dev/pts/") || target.starts_with("/dev/tty") ||
      target == "/dev/console" || target == "/dev/ptmx") {
    return Kind::terminal;
  }
  return target.starts_with('/') ? Kind::file : Kind::other;
}

/// False where the kernel does not let us look.
bool list_descriptors(pid_t pid, std::vector<DescriptorInfo>& descriptors) {
  std::error_code error;
  std::filesystem::directory_iterator entry(proc::path_of(pid, "fd"), error);
  while (!error && entry != std::filesystem::directory_iterator()) {
    const std::string number = entry->path().filename();
    DescriptorInfo found{.fd = proc::number_in<int>(number),
                         .target = proc::target_of(entry->path().native())};
    if (!found.target.empty()) {
      found.kind = kind_of(found.target);
      if (found.kind == DescriptorInfo::Kind::socket || found.kind == DescriptorInfo::Kind::pipe) {
        found.inode = proc::number_in<unsigned long>(
            std::string_view(found.target).substr(found.target.find('[') + 1));
      }

      struct stat link {};

      // The link's own mode says what the descriptor is open for.
      if (found.kind == DescriptorInfo::Kind::pipe && ::lstat(entry->path().c_str(), &link) == 0) {
        found.reads = (link.st_mode & S_IRUSR) != 0;
        found.writes = (link.st_mode & S_IWUSR) != 0;
      }
      descriptors.push_back(std::move(found));
    } else if (proc::denied(errno)) {
      return false;
    }
    entry.increment(error);
  }
  return !proc::denied(error.value());
}

} // namespace

std::vector<DescriptorInfo> descriptors_of(pid_t pid) {
  return visible_descriptors_of(pid).value_or(std::vector<DescriptorInfo>());
}

std::optional<std::vector<DescriptorInfo>> visible_descriptors_of(pid_t pid) {
  std::vector<DescriptorInfo> descriptors;
  bool seen = list_descriptors(pid, descriptors);
  if (!seen && ::geteuid() == 0) {
    const proc::AsOwnerOf owner(pid);
    descriptors.clear();
    seen = list_descriptors(pid, descriptors);
  }
  if (!seen) {
    // The folder of a zombie's descriptors is root's, and empty.
    const auto info = process_info(pid);
    return info && !info->zombie() ? std::nullopt : std::optional(descriptors);
  }
  std::sort(descriptors.begin(), descriptors.end(),
            [](const DescriptorInfo& a, const DescriptorInfo& b) { return a.fd < b.fd; });
  return descriptors;
}

std::string socket_protocol(pid_t pid, int fd) {
  std::array<char, 64> name{};
  const ssize_t size = ::getxattr(proc::path_of(pid, "fd/" + std::to_string(fd)).c_str(),
                                  "system.sockprotoname", name.data(), name.size() - 1);
  return size > 0 ? name.data() : "";
}

} // namespace lab
