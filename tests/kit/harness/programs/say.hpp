// A line of output for these programs: one write(2).
#pragma once

#include <string>

#include <unistd.h>

inline void say(std::string line) {
  line += '\n';
  [[maybe_unused]] const ssize_t written = ::write(STDOUT_FILENO, line.data(), line.size());
}
