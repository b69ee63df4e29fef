#include "tools/bench/load.hpp"

#include "harness/failure.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <system_error>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace lab::bench {

namespace {

constexpr std::string_view message =
    "sixty-three characters and a newline are sixty-four bytes......\n";
static_assert(message.size() == 64);

[[noreturn]] void fail(std::string_view call) {
  const int error = errno;
  std::string text(call);
  text += error == EAGAIN || error == EINPROGRESS ? ": no answer in " + in_words(answer_limit)
                                                  : ": " + std::generic_category().message(error);
  throw Failure(text);
}

sockaddr_in loopback(unsigned host, unsigned port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<in_port_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + host);
  return address;
}

/// A socket of ours, not connected yet. Each connection keeps its port for a minute after its end,
/// so every few thousand of them have an address of their own, 127.0.0.2 and so on. The port is
/// chosen by connect (IP_BIND_ADDRESS_NO_PORT of ip(7)).
Fd new_socket(bool blocking) {
  constexpr unsigned ports_used = 4'000;
  constexpr unsigned addresses = 200;
  static unsigned count = 0;
  Fd made = own(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | (blocking ? 0 : SOCK_NONBLOCK), 0),
                "socket");
  const int on = 1;
  or_throw(::setsockopt(made.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "setsockopt");
  ::setsockopt(made.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  const sockaddr_in from = loopback(2 + count++ / ports_used % addresses, 0);
  or_throw(::bind(made.get(), reinterpret_cast<const sockaddr*>(&from), sizeof from), "bind");
  return made;
}

Fd connect_to(unsigned port) {
  Fd connection = new_socket(true);
  const timeval limit{.tv_sec = answer_limit.count() / 1000, .tv_usec = 0};
  or_throw(::setsockopt(connection.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit),
           "setsockopt");
  or_throw(::setsockopt(connection.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit),
           "setsockopt");
  const sockaddr_in server = loopback(1, port);
  if (::connect(connection.get(), reinterpret_cast<const sockaddr*>(&server), sizeof server) != 0) {
    fail("connect");
  }
  return connection;
}

void send_message(const Fd& connection) {
  const ssize_t sent = ::send(connection.get(), message.data(), message.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(message.size())) {
    fail("send");
  }
}

/// In as many pieces as it takes.
void receive_message(const Fd& connection) {
  std::array<char, message.size()> answer; // NOLINT(*-member-init): recv fills it
  std::size_t size = 0;
  while (size < answer.size()) {
    const ssize_t got = ::recv(connection.get(), answer.data() + size, answer.size() - size, 0);
    if (got == -1) {
      fail("recv");
    }
    if (got == 0) {
      throw Failure("the server closed the connection after " + std::to_string(size) +
                    " of 64 bytes");
    }
    size += static_cast<std::size_t>(got);
  }
  if (std::memcmp(answer.data(), message.data(), message.size()) != 0) {
    throw Failure("something else came back than what was sent");
  }
}

void half_close(const Fd& connection) {
  if (::shutdown(connection.get(), SHUT_WR) != 0) {
    fail("shutdown");
  }
}

void receive_end(const Fd& connection) {
  char byte = 0;
  const ssize_t got = ::recv(connection.get(), &byte, 1, 0);
  if (got == -1) {
    fail("recv");
  }
  if (got > 0) {
    throw Failure("more came back than was sent");
  }
}

} // namespace

Count connections(unsigned port, Seconds time) {
  Count count;
  const auto start = Clock::now();
  do {
    const Fd connection = connect_to(port);
    send_message(connection);
    half_close(connection);
    receive_message(connection);
    receive_end(connection);
    count.number += 1;
    count.time = Clock::now() - start;
  } while (count.time < time);
  return count;
}

Count round_trips(unsigned port, Seconds time, std::vector<double>& latencies) {
  const Fd connection = connect_to(port);
  send_message(connection); // until it has a child: not counted
  receive_message(connection);
  Count count;
  const auto start = Clock::now();
  do {
    send_message(connection);
    receive_message(connection);
    const Seconds now = Clock::now() - start;
    latencies.push_back((now - count.time).count() * 1e6);
    count.time = now;
    count.number += 1;
  } while (count.time < time);
  half_close(connection);
  receive_end(connection);
  return count;
}

Count bulk(unsigned port, Seconds time) {
  static const std::array<char, 256 * 1024> data{};
  const Fd connection = connect_to(port);
  send_message(connection);
  receive_message(connection);
  Count count;
  double sent = 0;
  bool sending = true;
  const auto start = Clock::now();
  while (true) {
    bool idle = true;
    if (sending && Clock::now() - start >= time) {
      sending = false;
      half_close(connection);
    }
    if (sending) {
      const ssize_t size =
          ::send(connection.get(), data.data(), data.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (size == -1 && errno != EAGAIN) {
        fail("send");
      }
      idle = size <= 0;
      sent += static_cast<double>(std::max<ssize_t>(size, 0));
    }
    // Counted and thrown away in the kernel (MSG_TRUNC of tcp(7)): no copy for us to wait for.
    const ssize_t size =
        ::recv(connection.get(), nullptr, std::size_t{1} << 20, MSG_DONTWAIT | MSG_TRUNC);
    if (size == 0) {
      break;
    }
    if (size == -1 && errno != EAGAIN) {
      fail("recv");
    }
    count.number += static_cast<double>(std::max<ssize_t>(size, 0));
    if (idle && size == -1) {
      pollfd wait{.fd = connection.get(), .events = POLLIN, .revents = 0};
      wait.events = static_cast<short>(sending ? POLLIN | POLLOUT : POLLIN);
      if (::poll(&wait, 1, static_cast<int>(answer_limit.count())) == 0) {
        errno = EAGAIN;
        fail("poll");
      }
    }
  }
  count.time = Clock::now() - start;
  if (count.number != sent) {
    throw Failure("of " + std::to_string(sent) + " bytes " + std::to_string(count.number) +
                  " came back");
  }
  return count;
}

Crowd::Crowd(unsigned port, std::size_t size)
    : start_(Clock::now()), events_(own(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      clients_(size) {
  const sockaddr_in server = loopback(1, port);
  for (std::size_t i = 0; i < size; ++i) {
    Client& client = clients_[i];
    client.socket = new_socket(false);
    if (::connect(client.socket.get(), reinterpret_cast<const sockaddr*>(&server), sizeof server) !=
            0 &&
        errno != EINPROGRESS) {
      fail("connect");
    }
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLET;
    event.data.u64 = i;
    or_throw(::epoll_ctl(events_.get(), EPOLL_CTL_ADD, client.socket.get(), &event), "epoll_ctl");
  }
}

/// A client whose socket is ready for something: sends its line, and takes in what comes back.
void Crowd::advance(Client& client) {
  if (!client.sent) {
    const ssize_t sent = ::send(client.socket.get(), message.data(), message.size(), MSG_NOSIGNAL);
    if (sent == -1 && errno != EAGAIN) {
      fail("send");
    }
    client.sent = sent > 0;
  }
  std::array<char, message.size()> answer; // NOLINT(*-member-init): recv fills it
  while (client.received < message.size()) {
    const ssize_t got = ::recv(client.socket.get(), answer.data(), answer.size(), 0);
    if (got == -1 && errno == EAGAIN) {
      return;
    }
    if (got == -1) {
      fail("recv");
    }
    if (got == 0) {
      throw Failure("the server closed the connection of one of " +
                    std::to_string(clients_.size()) + " clients");
    }
    client.received += static_cast<std::size_t>(got);
    served_ += client.received == message.size() ? 1U : 0U;
  }
}

std::optional<Seconds> Crowd::wait_until_served(std::chrono::milliseconds limit) {
  const Deadline deadline(limit);
  std::array<epoll_event, 256> ready{};
  while (served_ < clients_.size()) {
    const int count = ::epoll_wait(events_.get(), ready.data(), ready.size(),
                                   static_cast<int>(deadline.left().count()));
    if (count == -1 && errno != EINTR) {
      throw_errno("epoll_wait");
    }
    if (count == 0 && deadline.passed()) {
      return std::nullopt;
    }
    for (int i = 0; i < count; ++i) {
      advance(clients_[ready.at(static_cast<std::size_t>(i)).data.u64]);
    }
  }
  return Clock::now() - start_;
}

void Crowd::leave() {
  for (const Client& client : clients_) {
    ::shutdown(client.socket.get(), SHUT_WR); // one that is not connected has nothing to say
  }
}

} // namespace lab::bench
