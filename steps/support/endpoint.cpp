#include "support/endpoint.hpp"

#include "support/error.hpp"
#include "support/output.hpp"

#include <cerrno>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>

namespace lab {

namespace {

void enable(int socket, int level, int option, const char* call) noexcept {
  const int on = 1;
  or_die(setsockopt(socket, level, option, &on, sizeof on), call);
}

} // namespace

in_port_t Endpoint::port() const noexcept {
  return ntohs(family() == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(storage).sin6_port
                                    : reinterpret_cast<const sockaddr_in&>(storage).sin_port);
}

AddressText::AddressText(const Endpoint& endpoint) noexcept {
  const void* address = &reinterpret_cast<const sockaddr_in&>(endpoint.storage).sin_addr;
  if (endpoint.family() == AF_INET6) {
    address = &reinterpret_cast<const sockaddr_in6&>(endpoint.storage).sin6_addr;
  }
  inet_ntop(endpoint.family(), address, text_.data(), INET6_ADDRSTRLEN);
}

void print_listening(int listener) noexcept {
  Endpoint at;
  or_die(getsockname(listener, at.address(), &at.size), "getsockname");
  const bool brackets = at.family() == AF_INET6;
  print_line("listening on ", brackets ? "[" : "", AddressText(at).view(), brackets ? "]:" : ":",
             at.port());
}

void print_connected(const Endpoint& client) noexcept {
  print_line("connected client IP: ", AddressText(client).view(), " port: ", client.port());
}

Descriptor listen_on(const Endpoint& at, int flags) noexcept {
  Descriptor listener(or_die(socket(at.family(), SOCK_STREAM | SOCK_CLOEXEC | flags, 0), "socket"));
  enable(listener.get(), SOL_SOCKET, SO_REUSEADDR, "setsockopt");
  enable(listener.get(), IPPROTO_TCP, TCP_NODELAY, "setsockopt");
  or_die(bind(listener.get(), at.address(), at.size), "bind");
  or_die(listen(listener.get(), SOMAXCONN), "listen");
  return listener;
}

Descriptor connect_to(const Endpoint& to) noexcept {
  Descriptor connection(or_die(socket(to.family(), SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
  enable(connection.get(), IPPROTO_TCP, TCP_NODELAY, "setsockopt");
  if (connect(connection.get(), to.address(), to.size) == -1) {
    // An interrupted connect goes on by itself: wait for its end and ask how it ended (connect(2)).
    if (errno == EINTR) {
      pollfd done{.fd = connection.get(), .events = POLLOUT, .revents = 0};
      while (poll(&done, 1, -1) == -1 && errno == EINTR) {
      }
      socklen_t size = sizeof errno;
      or_die(getsockopt(connection.get(), SOL_SOCKET, SO_ERROR, &errno, &size), "getsockopt");
    }
    if (errno != 0) {
      die("connect");
    }
  }
  return connection;
}

} // namespace lab
