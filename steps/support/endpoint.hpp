// Addresses and ports, IPv4 and IPv6 alike, and the sockets that step 01 builds by hand.
#pragma once

#include "support/descriptor.hpp"

#include <array>
#include <string_view>

#include <netinet/in.h>
#include <sys/socket.h>

namespace lab {

/// An address and a port in the form that bind, connect, accept and getsockname use.
struct Endpoint {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;

  [[nodiscard]] sockaddr* address() noexcept { return reinterpret_cast<sockaddr*>(&storage); }

  [[nodiscard]] const sockaddr* address() const noexcept {
    return reinterpret_cast<const sockaddr*>(&storage);
  }

  [[nodiscard]] int family() const noexcept { return storage.ss_family; }

  /// In host byte order.
  [[nodiscard]] in_port_t port() const noexcept;
};

/// The numeric form of an endpoint's address (inet_ntop(3)), in place: nothing is allocated.
class AddressText {
public:
  explicit AddressText(const Endpoint& endpoint) noexcept;

  [[nodiscard]] std::string_view view() const noexcept { return text_.data(); }

private:
  std::array<char, INET6_ADDRSTRLEN> text_{};
};

/// Prints `listening on ADDRESS:PORT`, as the kernel has bound `listener`: it chooses a port for 0.
/// An IPv6 address stands in brackets (RFC 3986, section 3.2.2).
void print_listening(int listener) noexcept;

/// Prints `connected client IP: ADDRESS port: PORT`.
void print_connected(const Endpoint& client) noexcept;

/// A listening socket on `at`: socket, SO_REUSEADDR, TCP_NODELAY, bind, listen, as in step 01.
/// Close-on-exec; `flags` are more flags for socket(2). Dies if a call fails.
Descriptor listen_on(const Endpoint& at, int flags = 0) noexcept;

/// A socket connected to `to`: socket, TCP_NODELAY, connect. Close-on-exec. Dies if a call fails.
Descriptor connect_to(const Endpoint& to) noexcept;

} // namespace lab
