#include "harness/probe/places.hpp"

#include "harness/fd.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <sstream>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lab::probe {

namespace fs = std::filesystem;

namespace {

/// What addr2line prints: a line for each address. (No Process: this is called while a Failure is
/// made, which asks all of these.)
std::string ask(std::vector<std::string> words) {
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (std::string& word : words) {
    arguments.push_back(word.data());
  }
  arguments.push_back(nullptr);
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) == -1) {
    return {};
  }
  const Fd source(ends[0]);
  Fd sink(ends[1]);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, sink.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t pid = -1;
  const int error =
      ::posix_spawnp(&pid, arguments.front(), &actions, nullptr, arguments.data(), ::environ);
  ::posix_spawn_file_actions_destroy(&actions);
  sink.close();
  std::string text;
  if (error != 0) {
    return text;
  }
  std::array<char, 4096> buffer{};
  while (true) {
    const ssize_t got = ::read(source.get(), buffer.data(), buffer.size());
    if (got > 0) {
      text.append(buffer.data(), static_cast<std::size_t>(got));
    } else if (got == 0 || errno != EINTR) {
      break;
    }
  }
  while (::waitpid(pid, nullptr, 0) == -1 && errno == EINTR) {
  }
  return text;
}

/// The end of the path that is a file below the present folder: `exercises/04-.../reaper.cpp`. What
/// is before it may be the name of another folder: where a compiler's cache has the object from.
fs::path found_here(const fs::path& path) {
  std::error_code error;
  for (auto begin = path.begin(); begin != path.end(); ++begin) {
    fs::path end;
    for (auto part = begin; part != path.end(); ++part) {
      end /= *part;
    }
    if (end.is_relative() && end.has_parent_path() && fs::is_regular_file(end, error)) {
      return end;
    }
  }
  return {};
}

} // namespace

std::map<std::int64_t, std::string> places_in(const fs::path& program,
                                              const std::set<std::int64_t>& addresses) {
  std::map<std::int64_t, std::string> places;
  if (addresses.empty()) {
    return places;
  }
  std::vector<std::string> words{"addr2line", "-e", program.string()};
  for (const std::int64_t address : addresses) {
    std::ostringstream hexadecimal;
    hexadecimal << std::hex << "0x" << address;
    words.push_back(hexadecimal.str());
  }
  std::istringstream answer(ask(std::move(words)));
  std::string line;
  for (auto address = addresses.begin(); address != addresses.end() && std::getline(answer, line);
       ++address) {
    line.resize(std::min(line.find(' '), line.size())); // `(discriminator 2)`
    const std::size_t colon = line.rfind(':');
    if (colon == std::string::npos || line[0] != '/' || line.ends_with(":0") ||
        line.ends_with(":?")) {
      continue;
    }
    const fs::path file = found_here(fs::path(line.substr(0, colon)).lexically_normal());
    if (!file.empty()) {
      places[*address] = file.string() + line.substr(colon);
    }
  }
  return places;
}

} // namespace lab::probe
