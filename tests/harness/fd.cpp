#include "harness/fd.hpp"

#include "harness/deadline.hpp"

#include <cerrno>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

namespace lab {

void Fd::close() noexcept {
  if (fd_ != -1) {
    ::close(std::exchange(fd_, -1)); // Linux has closed it even where close(2) fails with EINTR
  }
}

void throw_errno(std::string_view call) {
  throw std::system_error(errno, std::generic_category(), std::string(call));
}

Fd own(int fd, std::string_view call) {
  Fd first(or_throw(fd, call));
  if (fd > STDERR_FILENO) {
    return first;
  }
  return Fd(or_throw(::fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1), "fcntl"));
}

std::string in_words(std::chrono::milliseconds time) {
  const auto count = time.count();
  return count >= 1000 && count % 1000 == 0 ? std::to_string(count / 1000) + " s"
                                            : std::to_string(count) + " ms";
}

} // namespace lab
