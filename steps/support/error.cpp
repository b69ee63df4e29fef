#include "support/error.hpp"

#include "support/output.hpp"

#include <cerrno>
#include <cstring>

#include <unistd.h>

namespace lab {

void report(std::string_view call, int error) noexcept {
  const int saved = errno;
  const std::string_view reason = std::strerror(error);
  Line(program_name(), ": ", call, ": ", reason).write_to(STDERR_FILENO);
  errno = saved;
}

void report(std::string_view message) noexcept {
  const int saved = errno;
  Line(program_name(), ": ", message).write_to(STDERR_FILENO);
  errno = saved;
}

void die(std::string_view call) noexcept {
  report(call, errno);
  _exit(1);
}

} // namespace lab
