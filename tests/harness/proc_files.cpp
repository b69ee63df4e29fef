#include "harness/proc_files.hpp"

#include <cerrno>

#include <sys/fsuid.h>
#include <sys/prctl.h>

namespace lab::proc {

std::string path_of(pid_t pid, std::string_view entry) {
  std::string path = "/proc/" + std::to_string(pid) + "/";
  path += entry;
  return path;
}

std::optional<std::string> read_file(const std::string& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) {
    return std::nullopt;
  }
  std::string text;
  std::array<char, 16384> buffer; // NOLINT(*-member-init): read fills what is used
  while (true) {
    const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
    if (got == -1) {
      return std::nullopt; // ESRCH: the process went away between open and read
    }
    if (got == 0) {
      return text;
    }
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

std::string target_of(const std::string& path) {
  std::array<char, 4096> target; // NOLINT(*-member-init): readlink fills what is used
  const ssize_t size = ::readlink(path.c_str(), target.data(), target.size());
  return size < 0 ? std::string() : std::string(target.data(), static_cast<std::size_t>(size));
}

std::vector<std::string_view> words_of(std::string_view text) {
  constexpr std::string_view blank = " \t\n";
  std::vector<std::string_view> words;
  while (true) {
    const auto begin = text.find_first_not_of(blank);
    if (begin == std::string_view::npos) {
      return words;
    }
    const auto end = std::min(text.find_first_of(blank, begin), text.size());
    words.push_back(text.substr(begin, end - begin));
    text.remove_prefix(end);
  }
}

std::string_view value_in(std::string_view status, std::string_view key) {
  std::string_view value;
  for_each_line(status, [&](std::string_view line) {
    if (line.size() > key.size() && line.starts_with(key) && line[key.size()] == ':') {
      value = line.substr(key.size() + 1);
      value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
    }
  });
  return value;
}

AsOwnerOf::AsOwnerOf(pid_t pid) {
  const auto status = read_file(path_of(pid, "status"));
  if (!status) {
    return;
  }
  dumpable_ = ::prctl(PR_GET_DUMPABLE);
  ::prctl(PR_GET_PDEATHSIG, &death_signal_);
  const auto group = words_of(value_in(*status, "Gid"));
  const auto user = words_of(value_in(*status, "Uid"));
  if (group.size() > 1 && user.size() > 1) {
    ::setfsgid(number_in<gid_t>(group[1]));
    ::setfsuid(number_in<uid_t>(user[1]));
    changed_ = true;
  }
}

AsOwnerOf::~AsOwnerOf() {
  if (changed_) {
    ::setfsuid(::geteuid());
    ::setfsgid(::getegid());
    // The kernel resets these two with every change of identity.
    ::prctl(PR_SET_DUMPABLE, dumpable_);
    ::prctl(PR_SET_PDEATHSIG, death_signal_);
  }
}

bool denied(int error) {
  return error == EACCES || error == EPERM;
}

std::optional<std::string> read_file_of(pid_t pid, std::string_view entry) {
  const std::string path = path_of(pid, entry);
  auto text = read_file(path);
  if (!text && denied(errno) && ::geteuid() == 0) {
    const AsOwnerOf owner(pid);
    text = read_file(path);
  }
  return text;
}

} // namespace lab::proc
