// The other end of the programs under test: TCP clients and listeners. No call of them blocks for
// ever.
#pragma once

#include "harness/deadline.hpp"
#include "harness/fd.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lab {

/// One TCP connection of ours. Small messages leave at once (TCP_NODELAY). A limit is for the whole
/// call, unless the call says otherwise. If something goes wrong, a Failure says how many bytes
/// went through.
class Connection {
public:
  /// Connects to a numeric IPv4 or IPv6 address. Throws Failure if it is refused or takes longer
  /// than `limit`.
  ///
  /// `receive_buffer` is SO_RCVBUF in bytes; 0 leaves it to the kernel. It is set before connect,
  /// and segments are as small as on Ethernet. So the window is small from the start, and the
  /// peer's kernel keeps little for us.
  ///
  /// `from` is our own address; if it is empty, the kernel chooses. A caller that connects many
  /// thousand times in a minute needs several: each address has some 28,000 ports to a server, and
  /// a port that was used is kept for a minute (TIME_WAIT).
  static Connection to(unsigned port, const std::string& address = "127.0.0.1",
                       std::chrono::milliseconds limit = patience, int receive_buffer = 0,
                       const std::string& from = {});

  /// Sends all of `data`. Throws Failure when the peer resets, or does not take it in time.
  void send(std::string_view data, std::chrono::milliseconds limit = patience);

  /// Sends what the socket takes at once, possibly nothing, and returns how much that was. Throws
  /// Failure on a reset.
  std::size_t send_some_nonblocking(std::string_view data);

  /// Exactly `size` bytes. Throws Failure at an earlier end of file, on a reset or when time is up,
  /// with what came until then.
  std::string receive(std::size_t size, std::chrono::milliseconds limit = patience);

  /// What is there now, at most `most` bytes; waits for the first byte. Empty at end of file.
  std::string receive_some(std::size_t most = 65536, std::chrono::milliseconds limit = patience);

  /// The next line, without its newline.
  std::string receive_line(std::chrono::milliseconds limit = patience);

  /// Whether there is something to receive, an end or an error within `limit`. Takes nothing.
  [[nodiscard]] bool has_something(std::chrono::milliseconds limit) const;

  /// Everything until the peer closes. Throws Failure on a reset or when time is up.
  std::string receive_until_eof(std::chrono::milliseconds limit = patience);

  /// Waits until the peer closes or sends. True if it has closed and all has been received. False
  /// if there is data, if the peer has reset (was_reset()), and if nothing happens within `limit`.
  bool at_eof(std::chrono::milliseconds limit = patience);

  /// Sends `data`, receives as many bytes at the same time, and compares. (Because it does both at
  /// the same time, neither side can block the other.) Returns what came back. `limit` is for a
  /// time without any progress. Throws Failure at the first byte that differs, with its offset.
  std::string exchange(std::string_view data, std::chrono::milliseconds limit = patience);

  /// As exchange, with `bytes` bytes of a pattern that `seed` determines, and in little memory.
  void exchange_pattern(std::size_t bytes, std::uint64_t seed = 1,
                        std::chrono::milliseconds limit = patience);

  /// End of file for the peer; we still receive. SHUT_WR of shutdown(2).
  void half_close();

  /// Closes with a reset: SO_LINGER with 0 seconds, socket(7).
  void reset();

  void close();

  /// Whether the peer has reset the connection, as far as the kernel knows by now.
  [[nodiscard]] bool was_reset();

  /// Our own port: the remote port of the socket that the program under test holds.
  [[nodiscard]] unsigned local_port() const { return local_port_; }

  [[nodiscard]] unsigned remote_port() const { return remote_port_; }

  [[nodiscard]] int fd() const { return socket_.get(); }

private:
  friend class Listener;
  explicit Connection(Fd socket);

  /// Waits for `events` of poll(2); false when the deadline passes.
  bool ready(short events, const Deadline& deadline) const;
  /// Adds what comes next to pending_: true if something did, false at end of file.
  bool take(std::size_t most, const Deadline& deadline, std::string_view doing);
  [[nodiscard]] std::string who() const;
  [[noreturn]] void fail(std::string_view doing, int error, const std::string& so_far);
  template <typename Source, typename Sink>
  void duplex(std::size_t bytes, Source&& source, Sink&& sink, std::chrono::milliseconds limit);

  Fd socket_;
  unsigned local_port_ = 0;
  unsigned remote_port_ = 0;
  std::string pending_; // received, and not yet returned
  bool reset_ = false;
};

/// A listening socket of ours, for checks of clients.
class Listener {
public:
  /// With port 0 the kernel chooses. Throws std::system_error.
  explicit Listener(const std::string& address = "127.0.0.1", int backlog = 128, unsigned port = 0);

  [[nodiscard]] unsigned port() const { return port_; }

  /// The next connection. Throws Failure when none comes.
  Connection accept(std::chrono::milliseconds limit = patience);

  void close() { socket_.close(); }

private:
  Fd socket_;
  unsigned port_ = 0;
};

/// Why nothing can listen on ::1 on this machine, in a sentence. Nothing if ::1 works. Throws
/// std::system_error for an error that has nothing to do with IPv6.
std::optional<std::string> no_ipv6();

/// A port for a program under test, while this object lives. No other process of the harness gets
/// the same one. The kernel does not choose it for a client either: it is outside
/// net.ipv4.ip_local_port_range. The port is kept by the name of an abstract unix(7) socket. That
/// leaves nothing on disk, and is gone when the process is.
class Port {
public:
  [[nodiscard]] unsigned number() const { return number_; }

private:
  friend Port reserve_port();

  Port(Fd lock, unsigned number) : lock_(std::move(lock)), number_(number) {}

  Fd lock_;
  unsigned number_;
};

/// A port that is free now on every address, IPv4 and IPv6, without even a socket in TIME_WAIT.
/// Throws std::system_error when there is none.
Port reserve_port();

} // namespace lab
