#include "harness/tcp.hpp"

#include "harness/lock.hpp"
#include "harness/process.hpp"
#include "harness/trace.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <fstream>
#include <optional>
#include <random>
#include <system_error>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace lab {

namespace {

struct Endpoint {
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_storage);

  sockaddr* address() { return reinterpret_cast<sockaddr*>(&storage); }

  [[nodiscard]] unsigned port() const {
    if (storage.ss_family == AF_INET6) {
      return ntohs(reinterpret_cast<const sockaddr_in6&>(storage).sin6_port);
    }
    return ntohs(reinterpret_cast<const sockaddr_in&>(storage).sin_port);
  }
};

Endpoint endpoint_of(const std::string& address, unsigned port) {
  Endpoint result;
  const auto number = htons(static_cast<in_port_t>(port));
  auto& four = reinterpret_cast<sockaddr_in&>(result.storage);
  auto& six = reinterpret_cast<sockaddr_in6&>(result.storage);
  if (::inet_pton(AF_INET, address.c_str(), &four.sin_addr) == 1) {
    four.sin_family = AF_INET;
    four.sin_port = number;
    result.size = sizeof four;
  } else if (::inet_pton(AF_INET6, address.c_str(), &six.sin6_addr) == 1) {
    six.sin6_family = AF_INET6;
    six.sin6_port = number;
    result.size = sizeof six;
  } else {
    throw std::system_error(EINVAL, std::generic_category(), "address " + address);
  }
  return result;
}

Fd stream_socket(int family) {
  return own(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket");
}

/// Binds to the address alone. The port is chosen by connect, which knows the peer: the same one
/// may serve for several peers (IP_BIND_ADDRESS_NO_PORT of ip(7)).
void bind_to(const Fd& socket, const std::string& address) {
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  Endpoint own_end = endpoint_of(address, 0);
  or_throw(::bind(socket.get(), own_end.address(), own_end.size), "bind");
}

std::string received_so_far(const std::string& bytes) {
  return "received until then: " + quantity(bytes.size()) + (bytes.empty() ? "" : "\n") +
         shown(bytes);
}

bool is_reset(int error) {
  return error == ECONNRESET || error == EPIPE || error == ECONNABORTED;
}

constexpr std::size_t block_size = 65536;

/// A block of the pattern for exchange_pattern: of each place other bytes, so that a piece lost,
/// doubled or moved is seen. The generator is splitmix64.
void fill(std::array<char, block_size>& block, std::size_t number, std::uint64_t seed) {
  std::uint64_t state = seed + number * (block_size / 8) * 0x9e3779b97f4a7c15U;
  for (std::size_t at = 0; at < block_size; at += 8) {
    state += 0x9e3779b97f4a7c15U;
    std::uint64_t word = state;
    word = (word ^ (word >> 30U)) * 0xbf58476d1ce4e5b9U;
    word = (word ^ (word >> 27U)) * 0x94d049bb133111ebU;
    word ^= word >> 31U;
    std::memcpy(block.data() + at, &word, sizeof word);
  }
}

/// Throws at the first byte of `got`, which stands at `offset` of the whole, that differs.
void compare(std::string_view expected, std::string_view got, std::size_t offset, std::size_t total,
             std::string_view who) {
  const auto [want, seen] = std::mismatch(expected.begin(), expected.end(), got.begin(), got.end());
  if (seen == got.end()) {
    return;
  }
  const auto at = static_cast<std::size_t>(seen - got.begin());
  const auto around = [&](std::string_view bytes) { return shown(bytes.substr(at, 32)); };
  throw Failure("what came back to " + std::string(who) + " is not what was sent: of " +
                quantity(total) + ", the one at offset " + std::to_string(offset + at) +
                " is the first to differ; sent from there:\n" + around(expected) + "came back:\n" +
                around(got));
}

} // namespace

Connection::Connection(Fd socket) : socket_(std::move(socket)) {
  const int on = 1;
  or_throw(::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "setsockopt");
  Endpoint end;
  or_throw(::getsockname(socket_.get(), end.address(), &end.size), "getsockname");
  local_port_ = end.port();
}

std::string Connection::who() const {
  return "the connection from port " + std::to_string(local_port_) + " to port " +
         std::to_string(remote_port_);
}

Connection Connection::to(unsigned port, const std::string& address,
                          std::chrono::milliseconds limit, int receive_buffer,
                          const std::string& from) {
  const Deadline deadline(limit);
  Endpoint peer = endpoint_of(address, port);
  Fd socket = stream_socket(peer.storage.ss_family);
  if (!from.empty()) {
    bind_to(socket, from);
  }
  if (receive_buffer > 0) {
    or_throw(
        ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer),
        "setsockopt");
    // Of loopback's segments of 64 KiB each the peer's kernel would keep megabytes for us.
    constexpr int segment = 1448; // of Ethernet
    or_throw(::setsockopt(socket.get(), IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof segment),
             "setsockopt");
  }
  const auto fail = [&](int error) {
    throw Failure("cannot connect to " + address + " port " + std::to_string(port) + ": " +
                  std::generic_category().message(error));
  };
  if (::connect(socket.get(), peer.address(), peer.size) != 0) {
    if (errno != EINPROGRESS) {
      fail(errno);
    }
    pollfd wait{.fd = socket.get(), .events = POLLOUT, .revents = 0};
    while (::poll(&wait, 1, static_cast<int>(deadline.left().count())) <= 0) {
      if (deadline.passed()) {
        fail(ETIMEDOUT);
      }
    }
    int error = 0;
    socklen_t size = sizeof error;
    or_throw(::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size), "getsockopt");
    if (error != 0) {
      fail(error);
    }
  }
  Connection made(std::move(socket));
  made.remote_port_ = port;
  if (tracing()) {
    trace("a client connects: " + made.who());
  }
  return made;
}

bool Connection::ready(short events, const Deadline& deadline) const {
  pollfd wait{.fd = socket_.get(), .events = events, .revents = 0};
  while (true) {
    const int count = ::poll(&wait, 1, static_cast<int>(deadline.left().count()));
    if (count > 0) {
      return true;
    }
    if (count == -1 && errno != EINTR) {
      throw_errno("poll");
    }
    if (deadline.passed()) {
      return false;
    }
  }
}

void Connection::fail(std::string_view doing, int error, const std::string& so_far) {
  reset_ |= is_reset(error);
  std::string message = who() + ", while " + std::string(doing) + ": ";
  message += is_reset(error)      ? "the peer reset it"
             : error == ETIMEDOUT ? "waited, and nothing happened"
             : error == 0         ? "the peer closed it"
                                  : std::generic_category().message(error);
  throw Failure(message + "; " + so_far);
}

void Connection::send(std::string_view data, std::chrono::milliseconds limit) {
  if (tracing()) {
    trace("port " + std::to_string(local_port_) + " sends " + quoted(data));
  }
  const Deadline deadline(limit);
  std::size_t done = 0;
  while (done < data.size()) {
    const ssize_t sent =
        ::send(socket_.get(), data.data() + done, data.size() - done, MSG_NOSIGNAL);
    if (sent >= 0) {
      done += static_cast<std::size_t>(sent);
    } else if (errno == EAGAIN) {
      if (!ready(POLLOUT, deadline)) {
        fail("sending", ETIMEDOUT, std::to_string(done) + " of " + quantity(data.size()) + " went");
      }
    } else if (errno != EINTR) {
      fail("sending", errno, std::to_string(done) + " of " + quantity(data.size()) + " went");
    }
  }
}

std::size_t Connection::send_some_nonblocking(std::string_view data) {
  std::size_t done = 0;
  while (done < data.size()) {
    const ssize_t sent =
        ::send(socket_.get(), data.data() + done, data.size() - done, MSG_NOSIGNAL);
    if (sent >= 0) {
      done += static_cast<std::size_t>(sent);
    } else if (errno == EAGAIN) {
      break;
    } else if (errno != EINTR) {
      fail("sending", errno, std::to_string(done) + " of " + quantity(data.size()) + " went");
    }
  }
  if (tracing()) {
    trace("port " + std::to_string(local_port_) + " sends what is taken: " + quantity(done));
  }
  return done;
}

bool Connection::take(std::size_t most, const Deadline& deadline, std::string_view doing) {
  std::array<char, block_size> buffer; // NOLINT(*-member-init): recv fills what is used
  while (true) {
    const ssize_t got = ::recv(socket_.get(), buffer.data(), std::min(most, buffer.size()), 0);
    if (got >= 0) {
      if (tracing()) {
        const std::string_view bytes(buffer.data(), static_cast<std::size_t>(got));
        trace("port " + std::to_string(local_port_) +
              (got == 0 ? " receives end of file" : " receives " + quoted(bytes)));
      }
      pending_.append(buffer.data(), static_cast<std::size_t>(got));
      return got > 0;
    }
    if (errno == EAGAIN) {
      if (!ready(POLLIN, deadline)) {
        fail(doing, ETIMEDOUT, received_so_far(pending_));
      }
    } else if (errno != EINTR) {
      fail(doing, errno, received_so_far(pending_));
    }
  }
}

std::string Connection::receive(std::size_t size, std::chrono::milliseconds limit) {
  const Deadline deadline(limit);
  const std::string doing = "receiving " + quantity(size);
  while (pending_.size() < size) {
    if (!take(size - pending_.size(), deadline, doing)) {
      fail(doing, 0, received_so_far(pending_));
    }
  }
  std::string bytes = pending_.substr(0, size);
  pending_.erase(0, size);
  return bytes;
}

std::string Connection::receive_some(std::size_t most, std::chrono::milliseconds limit) {
  if (pending_.empty()) {
    take(most, Deadline(limit), "receiving");
  }
  std::string bytes = pending_.substr(0, most);
  pending_.erase(0, bytes.size());
  return bytes;
}

std::string Connection::receive_line(std::chrono::milliseconds limit) {
  const Deadline deadline(limit);
  std::size_t looked = 0;
  while (true) {
    const auto end = pending_.find('\n', looked);
    if (end != std::string::npos) {
      std::string line = pending_.substr(0, end);
      pending_.erase(0, end + 1);
      return line;
    }
    looked = pending_.size();
    if (!take(block_size, deadline, "receiving a line")) {
      fail("receiving a line", 0, received_so_far(pending_));
    }
  }
}

bool Connection::has_something(std::chrono::milliseconds limit) const {
  return !pending_.empty() || ready(POLLIN, Deadline(limit));
}

std::string Connection::receive_until_eof(std::chrono::milliseconds limit) {
  const Deadline deadline(limit);
  while (take(block_size, deadline, "receiving until the peer closes")) {
  }
  return std::exchange(pending_, {});
}

bool Connection::at_eof(std::chrono::milliseconds limit) {
  const Deadline deadline(limit);
  while (pending_.empty()) {
    char byte = 0;
    const ssize_t got = ::recv(socket_.get(), &byte, 1, MSG_PEEK);
    if (got >= 0) {
      return got == 0;
    }
    if (errno == EAGAIN) {
      if (!ready(POLLIN, deadline)) {
        return false;
      }
    } else if (errno != EINTR) {
      reset_ |= is_reset(errno);
      return false;
    }
  }
  return false;
}

/// Sends `bytes` bytes and receives as many. `source(offset)` gives bytes that stand there;
/// `sink(offset, piece)` looks at what came back from there.
template <typename Source, typename Sink>
void Connection::duplex(std::size_t bytes, Source&& source, Sink&& sink,
                        std::chrono::milliseconds limit) {
  std::array<char, block_size> buffer; // NOLINT(*-member-init): recv fills what is used
  std::size_t sent = 0;
  std::size_t received = 0;
  Deadline deadline(limit); // anew with each piece that goes through
  const auto so_far = [&] {
    return std::to_string(sent) + " of " + quantity(bytes) + " sent, " + std::to_string(received) +
           " came back";
  };
  while (received < bytes) {
    bool progress = false;
    while (sent < bytes) {
      const std::string_view piece = source(sent);
      const ssize_t count = ::send(socket_.get(), piece.data(), piece.size(), MSG_NOSIGNAL);
      if (count == -1) {
        if (errno != EAGAIN && errno != EINTR) {
          fail("exchanging", errno, so_far());
        }
        break;
      }
      sent += static_cast<std::size_t>(count);
      progress = true;
    }
    ssize_t count = 0;
    if (!pending_.empty()) { // received by an earlier call and left there
      count = static_cast<ssize_t>(
          pending_.copy(buffer.data(), std::min(buffer.size(), bytes - received)));
      pending_.erase(0, static_cast<std::size_t>(count));
    } else {
      count = ::recv(socket_.get(), buffer.data(), std::min(buffer.size(), bytes - received), 0);
    }
    if (count == 0) {
      fail("exchanging", 0, so_far());
    }
    if (count > 0) {
      sink(received, std::string_view(buffer.data(), static_cast<std::size_t>(count)));
      received += static_cast<std::size_t>(count);
      progress = true;
    } else if (errno != EAGAIN && errno != EINTR) {
      fail("exchanging", errno, so_far());
    }
    if (progress) {
      deadline = Deadline(limit);
    } else if (!ready(static_cast<short>(sent < bytes ? POLLIN | POLLOUT : POLLIN), deadline)) {
      fail("exchanging", ETIMEDOUT, so_far());
    }
  }
}

std::string Connection::exchange(std::string_view data, std::chrono::milliseconds limit) {
  std::string back;
  back.reserve(data.size());
  duplex(
      data.size(), [&](std::size_t offset) { return data.substr(offset); },
      [&](std::size_t offset, std::string_view piece) {
        compare(data.substr(std::min(offset, data.size())).substr(0, piece.size()), piece, offset,
                data.size(), who());
        back += piece;
      },
      limit);
  return back;
}

void Connection::exchange_pattern(std::size_t bytes, std::uint64_t seed,
                                  std::chrono::milliseconds limit) {
  // One block of the pattern for each direction, made when its place is reached.
  struct Window {
    std::array<char, block_size> block{};
    std::size_t number = SIZE_MAX;
  };

  std::vector<Window> windows(2);
  const auto at = [&](Window& window, std::size_t offset) {
    if (window.number != offset / block_size) {
      window.number = offset / block_size;
      fill(window.block, window.number, seed);
    }
    const std::size_t inside = offset % block_size;
    return std::string_view(window.block.data() + inside,
                            std::min(block_size - inside, bytes - offset));
  };
  duplex(
      bytes, [&](std::size_t offset) { return at(windows[0], offset); },
      [&](std::size_t offset, std::string_view piece) {
        while (!piece.empty()) {
          const std::string_view expected = at(windows[1], offset).substr(0, piece.size());
          compare(expected, piece.substr(0, expected.size()), offset, bytes, who());
          offset += expected.size();
          piece.remove_prefix(expected.size());
        }
      },
      limit);
}

void Connection::half_close() {
  if (tracing()) {
    trace("port " + std::to_string(local_port_) + " half-closes");
  }
  if (::shutdown(socket_.get(), SHUT_WR) != 0) {
    fail("half-closing", errno == ENOTCONN ? ECONNRESET : errno, "");
  }
}

void Connection::reset() {
  if (tracing()) {
    trace("port " + std::to_string(local_port_) + " resets");
  }
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  or_throw(::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once),
           "setsockopt");
  close();
}

void Connection::close() {
  socket_.close();
}

bool Connection::was_reset() {
  char byte = 0;
  if (!reset_ && socket_ && ::recv(socket_.get(), &byte, 1, MSG_PEEK) == -1) {
    reset_ = is_reset(errno);
  }
  return reset_;
}

Listener::Listener(const std::string& address, int backlog, unsigned port) {
  Endpoint end = endpoint_of(address, port);
  socket_ = stream_socket(end.storage.ss_family);
  const int on = 1; // a port that one before us has closed first
  or_throw(port == 0 ? 0 : ::setsockopt(socket_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on),
           "setsockopt");
  or_throw(::bind(socket_.get(), end.address(), end.size), "bind");
  or_throw(::listen(socket_.get(), backlog), "listen");
  or_throw(::getsockname(socket_.get(), end.address(), &end.size), "getsockname");
  port_ = end.port();
}

Connection Listener::accept(std::chrono::milliseconds limit) {
  const Deadline deadline(limit);
  while (true) {
    Endpoint peer;
    const int accepted =
        ::accept4(socket_.get(), peer.address(), &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (accepted != -1) {
      Connection made(own(accepted, "accept4"));
      made.remote_port_ = peer.port();
      return made;
    }
    if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
      throw_errno("accept4");
    }
    if (deadline.passed()) {
      throw Failure("waited " + in_words(limit) + " for a client to connect to port " +
                    std::to_string(port_));
    }
    pollfd wait{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    ::poll(&wait, 1, static_cast<int>(deadline.left().count()));
  }
}

std::optional<std::string> no_ipv6() {
  try {
    const Listener listener("::1");
    return std::nullopt;
  } catch (const std::system_error& error) {
    if (error.code() != std::errc::address_not_available &&
        error.code() != std::errc::address_family_not_supported) {
      throw;
    }
    return "this machine has no ::1 (" + std::string(error.what()) + ")";
  }
}

namespace {

/// Whether every address has this port free. Without SO_REUSEADDR, so that a connection that waits
/// in TIME_WAIT counts as a user: a server under test need not know of it.
bool is_free(unsigned port) {
  for (const char* address : {"0.0.0.0", "::"}) {
    Endpoint end = endpoint_of(address, port);
    const Fd socket(::socket(end.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket) {
      continue; // no IPv6 here
    }
    const int on = 1;
    if (end.storage.ss_family == AF_INET6) {
      ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    }
    if (::bind(socket.get(), end.address(), end.size) != 0 && errno != EADDRNOTAVAIL) {
      return false;
    }
  }
  return true;
}

/// Where to look for ports: away from those that the kernel gives to clients.
std::pair<unsigned, unsigned> port_range() {
  unsigned low = 32'768;
  unsigned high = 60'999;
  std::ifstream("/proc/sys/net/ipv4/ip_local_port_range") >> low >> high;
  if (low >= 12'000) {
    return {std::max(10'000U, low - std::min(low, 13'000U)), low - 1};
  }
  if (high <= 60'000) {
    return {high + 1, 65'535};
  }
  return {20'000, 32'000}; // the kernel gives clients nearly every port: then these are no worse
}

} // namespace

Port reserve_port() {
  const auto [first, last] = port_range();
  const unsigned count = last - first + 1;
  std::random_device random;
  const unsigned start = random() % count; // so that processes that begin together spread
  for (unsigned turn = 0; turn < count; ++turn) {
    const unsigned number = first + (start + turn) % count;
    auto lock = try_lock("fork-lab-port-" + std::to_string(number));
    if (lock && is_free(number)) {
      return {std::move(*lock), number};
    }
  }
  throw std::system_error(EADDRINUSE, std::generic_category(), "no free port");
}

} // namespace lab
