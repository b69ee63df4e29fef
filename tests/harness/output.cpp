#include "harness/output.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>

#include <unistd.h>

namespace lab {

int status_after_output(std::string_view tool, int status) {
  errno = 0;
  std::cout.flush();
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0 && std::cout) {
    return status;
  }
  if (errno == 0) { // it went wrong some time ago: an empty line more tells why, or does no harm
    [[maybe_unused]] const ssize_t written = ::write(STDOUT_FILENO, "\n", 1);
  }
  const char* const reason = errno == 0 ? "not all of it could be written" : std::strerror(errno);
  std::cerr << tool << ": standard output: " << reason << '\n';
  return status == EXIT_SUCCESS ? EXIT_FAILURE : status;
}

} // namespace lab
