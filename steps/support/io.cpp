#include "support/io.hpp"

#include <cerrno>

#include <poll.h>
#include <unistd.h>

namespace lab {

namespace {

// After a failed call: whether to make it again. Waits until `fd` is ready for it.
bool try_again(int fd, short event) noexcept {
  if (errno == EAGAIN) {
    pollfd ready{.fd = fd, .events = event, .revents = 0};
    return poll(&ready, 1, -1) != -1 || errno == EINTR;
  }
  return errno == EINTR;
}

} // namespace

ssize_t read_some(int fd, void* data, std::size_t size) noexcept {
  ssize_t got = 0;
  do {
    got = read(fd, data, size);
  } while (got == -1 && try_again(fd, POLLIN));
  return got;
}

bool write_all(int fd, const void* data, std::size_t size) noexcept {
  const char* next = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t written = write(fd, next, size);
    if (written >= 0) {
      next += written;
      size -= static_cast<std::size_t>(written);
    } else if (!try_again(fd, POLLOUT)) {
      return false;
    }
  }
  return true;
}

} // namespace lab
