// Reading the files of /proc: for the sources of proc.hpp alone.
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

/// The whole file, or nothing with errno set.
std::optional<std::string> read_file(const std::string& path);

/// What one read of a file of /proc gives: the whole of one that is a line or a few, in a buffer of
/// the caller's. Empty with errno set where there is nothing.
template <std::size_t size>
std::string_view read_short(const std::string& path, std::array<char, size>& buffer) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const ssize_t got = file ? ::read(file.get(), buffer.data(), buffer.size()) : -1;
  return {buffer.data(), got > 0 ? static_cast<std::size_t>(got) : 0};
}

/// What a link of /proc points to; empty where we may not know.
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

/// In a container, root may lack CAP_SYS_PTRACE and then cannot look into a process of another
/// user; that user can. For proc(5) it is the file system user id that counts, and Linux keeps one
/// for each thread (setfsuid(2)).
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

/// Whether `error`, of errno, says that we may not look.
bool denied(int error);

/// A file of process `pid`. What is denied to root may be seen by the process's owner.
std::optional<std::string> read_file_of(pid_t pid, std::string_view entry);

/// Calls `visit` with the folder in /proc of each thread of a process.
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
