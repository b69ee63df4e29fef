#include "support/echo.hpp"

#include "support/io.hpp"

#include <array>
#include <cerrno>

namespace lab {

int echo_until_eof(int connection) noexcept {
  // Large, so that a message is not sent in pieces. Static, so that a page of it costs nothing
  // until it is used: a child that echoes a line touches one page of it.
  static std::array<char, 256 * 1024> buffer;
  ssize_t size = 0;
  while ((size = read_some(connection, buffer.data(), buffer.size())) > 0) {
    if (!write_all(connection, buffer.data(), static_cast<std::size_t>(size))) {
      return errno;
    }
  }
  return size == 0 ? 0 : errno;
}

} // namespace lab
