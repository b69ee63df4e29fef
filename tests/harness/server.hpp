// A server under test.
#pragma once

#include "harness/process.hpp"
#include "harness/tcp.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace lab {

/// The TCP sockets in state LISTEN in our network namespace: quicker than tcp_sockets.
std::vector<SocketInfo> listening_sockets();

/// What the kernel shows of either end of a connection of ours to a program of this machine;
/// nothing where it is gone. Quicker than tcp_sockets. A server's end that it has not accepted yet
/// has inode 0.
std::optional<SocketInfo> own_end(const Connection& connection);
std::optional<SocketInfo> server_end(const Connection& connection);

struct ServerOptions {
  /// Its arguments come before the port.
  ProcessOptions process{};
  /// Handed to the program after the port, unless empty.
  std::string address{}; // NOLINT(readability-redundant-member-init): for designated initializers
  /// Handed to the program last.
  std::vector<std::string> extra{}; // NOLINT(readability-redundant-member-init)
  /// Instead of a port of its own: that of a Port which the caller holds, for a second start.
  std::optional<unsigned> port{};
  /// How long it may take until it listens.
  std::chrono::milliseconds limit = patience;
};

/// A server under test, on a port of its own. The constructor returns when the kernel shows that
/// the program, or a child of it, listens and sleeps: no line of output is needed. By then it waits
/// for a client, and has set its handlers. One that spins instead is told
/// by the processor that it uses.
class Server {
public:
  /// `program` as for lab::program. Throws Failure when the server ends or does not listen.
  explicit Server(const std::string& program, ServerOptions options = {});

  Process& process() { return *process_; }

  [[nodiscard]] pid_t pid() const { return process_->pid(); }

  [[nodiscard]] unsigned port() const { return port_; }

  /// The address to reach it at: that of the options; for the unspecified ones, loopback.
  [[nodiscard]] const std::string& address() const { return address_; }

  /// Connects, as soon as fewer than two others wait for accept: a right server may have a small
  /// backlog. Throws Failure.
  Connection connect(std::chrono::milliseconds limit = patience, int receive_buffer = 0);

  /// The connections that wait for accept.
  [[nodiscard]] std::size_t waiting() const;

  /// SIGSTOP, as soon as no connection waits for accept and the program sleeps: it has done all
  /// that it does about those who have come, and what comes from now on waits. Throws Failure.
  void stop_accepting();

  /// How many connections can wait for accept, as the program has asked of listen(2). 1 where the
  /// kernel does not tell.
  [[nodiscard]] std::size_t backlog() const;

  /// The living children of the program.
  [[nodiscard]] std::vector<ProcessInfo> children() const;

  /// The zombies among its descendants.
  [[nodiscard]] std::vector<ProcessInfo> zombies() const;

  /// Waits until it has `count` living children, no more and no fewer. Throws Failure.
  void wait_for_children(std::size_t count, std::chrono::milliseconds limit = patience) const;

  /// Waits until it has no child, not even a zombie. Throws Failure, with those it has.
  void wait_for_no_children(std::chrono::milliseconds limit = patience) const;

  /// The descendant that holds the server's end of `connection`. Waits until there is one; throws
  /// Failure when there is none.
  pid_t child_serving(const Connection& connection, std::chrono::milliseconds limit = patience);

  /// All of the program's processes that hold the server's end of `connection` now.
  [[nodiscard]] std::vector<pid_t> holders_of(const Connection& connection) const;

  /// Whether some process listens on the port now, the server's or another.
  [[nodiscard]] bool listening() const;

  /// Sends a signal and waits for the end.
  Exit stop(int signal = 15, std::chrono::milliseconds limit = patience);

private:
  /// The sockets that listen on the port.
  [[nodiscard]] std::vector<SocketInfo> listeners() const;

  std::optional<Port> reserved_;
  unsigned port_;
  std::string address_;
  unsigned long only_listener_ = 0; ///< its inode, if it was alone on the port at first
  std::optional<Process> process_;
};

} // namespace lab
