// Reading the files of /proc. Only the sources of proc.hpp use it.
#pragma once

#include "harness/fd.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

namespace lab::proc {

/// `/proc/PID/ENTRY`.
std::string path_of(pid_t pid, std::string_view entry);

/// The whole file. Nothing if it cannot be read; errno says why.
std::optional<std::string> read_file(const std::string& path);

/// What one read of a file of /proc returns, in a buffer of the caller. For a file of a few lines
/// that is all of it. Empty if it cannot be read; errno says why.
template <std::size_t size>
std::string_view read_short(const std::string& path, std::array<char, size>& buffer) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const ssize_t got = file ? ::read(file.get(), buffer.data(), buffer.size()) : -1;
  return {buffer.data(), got > 0 ? static_cast<std::size_t>(got) : 0};
}

/// What a link of /proc points to. Empty if we may not know.
std::string target_of(const std::string& path);

template <typename Number>
Number number_in(std::string_view text, int base = 10) {
  Number number{};
  std::from_chars(text.data(), text.data() + text.size(), number, base);
  return number;
}

/// The words between blanks, tabs and newlines.
std::vector<std::string_view> words_of(std::string_view text);

/// Calls `visit` with each line of `text`.
template <typename Visit>
void for_each_line(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    visit(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

/// The value of a line `KEY:\tVALUE` of /proc/PID/status.
std::string_view value_in(std::string_view status, std::string_view key);

/// While it lives, this thread looks into /proc as the owner of process `pid`. In a container, root
/// may lack CAP_SYS_PTRACE, and then cannot look into a process of another user. That user can.
/// What counts for proc(5) is the file system user id, and each thread has its own (setfsuid(2)).
class AsOwnerOf {
public:
  explicit AsOwnerOf(pid_t pid);

  AsOwnerOf(const AsOwnerOf&) = delete;
  AsOwnerOf& operator=(const AsOwnerOf&) = delete;
  AsOwnerOf(AsOwnerOf&&) = delete;
  AsOwnerOf& operator=(AsOwnerOf&&) = delete;

  ~AsOwnerOf();

private:
  bool changed_ = false;
  int dumpable_ = 1;
  int death_signal_ = 0;
};

/// Whether `error`, a value of errno, means that we may not look.
bool denied(int error);

/// A file of process `pid`. If root may not read it, it is read as the process's owner.
std::optional<std::string> read_file_of(pid_t pid, std::string_view entry);

/// Calls `visit` with the folder of each thread of a process, `/proc/PID/task/TID`.
template <typename Visit>
void for_each_thread(pid_t pid, Visit visit) {
  std::error_code error;
  std::filesystem::directory_iterator thread(path_of(pid, "task"), error);
  while (!error && thread != std::filesystem::directory_iterator()) {
    visit(thread->path().string());
    thread.increment(error);
  }
}

} // namespace lab::proc
