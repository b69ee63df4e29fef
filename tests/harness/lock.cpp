#include "harness/lock.hpp"

#include <cerrno>
#include <cstddef>

#include <sys/socket.h>
#include <sys/un.h>

namespace lab {

std::optional<Fd> try_lock(const std::string& name) {
  Fd socket = own(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  name.copy(address.sun_path + 1, sizeof address.sun_path - 1); // abstract: the first byte is 0
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0) {
    return socket;
  }
  if (errno != EADDRINUSE) {
    throw_errno("bind");
  }
  return std::nullopt;
}

} // namespace lab
