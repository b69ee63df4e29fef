// echo_server PORT [ADDRESS]
//
// The echo server of step 01. When a client has gone, it says how many bytes it has echoed to it.
//
//   build/solutions/01-echo-server/echo_server 9190     in one terminal
//   build/bin/echo_client 127.0.0.1 9190                in another
//
// The numbers [1] to [4] are those of README.md.

#include "support/arguments.hpp"
#include "support/descriptor.hpp"
#include "support/endpoint.hpp"
#include "support/error.hpp"
#include "support/failed_accept.hpp"
#include "support/output.hpp"
#include "support/stop_signals.hpp"

#include <array>
#include <cerrno>
#include <cstdint>

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

lab::Descriptor open_listener(const lab::Endpoint& at) {
  lab::Descriptor listener(
      lab::or_die(socket(at.family(), SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));

  // A connection that this server closed first stays in TIME_WAIT for a minute and holds the port.
  // With SO_REUSEADDR a restarted server can still bind it.
  const int on = 1;
  lab::or_die(setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), "setsockopt");

  // Without it the end of a message waits 40 ms for the client's delayed ACK (Nagle's algorithm).
  // The sockets that accept returns inherit it from the listener.
  lab::or_die(setsockopt(listener.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "setsockopt");

  lab::or_die(bind(listener.get(), at.address(), at.size), "bind");

  // From here on the kernel accepts clients, SOMAXCONN of them before the program takes one.
  lab::or_die(listen(listener.get(), SOMAXCONN), "listen");
  return listener;
}

// write may take less than it was given, and a signal may interrupt it before it takes anything.
//
// [1] Returns how many bytes write has taken: fewer than `size` if it has failed. A bool would not
// tell whether half of them went out or none.
std::size_t write_all(int connection, const char* data, std::size_t size) {
  std::size_t taken = 0;
  while (taken < size) {
    const ssize_t written = write(connection, data + taken, size - taken);
    if (written == -1) {
      if (errno == EINTR) {
        continue;
      }
      break;
    }
    taken += static_cast<std::size_t>(written);
  }
  return taken;
}

// TCP carries bytes, not messages: send back as many bytes as came. 0 is the client's end of file,
// -1 an error: neither is a number of bytes to send.
//
// [2] Returns how many bytes went back. 64 bits on every machine: an int ends at 2 GiB, and a
// client on the same machine sends that within seconds.
std::uint64_t echo(int connection) {
  static std::array<char, 256 * 1024> buffer;
  std::uint64_t echoed = 0;
  for (;;) {
    const ssize_t size = read(connection, buffer.data(), buffer.size());
    if (size == -1 && errno == EINTR) {
      continue;
    }
    if (size <= 0) {
      return echoed; // end of file, or the client has reset the connection: it is done either way
    }
    // [3] What was written, not what was read: if a client resets, some of its bytes never went
    // back.
    const auto got = static_cast<std::size_t>(size);
    const std::size_t taken = write_all(connection, buffer.data(), got);
    echoed += taken;
    if (taken < got) {
      return echoed;
    }
  }
}

} // namespace

int main(int argc, char** argv) {
  const lab::Endpoint at = lab::server_arguments(argc, argv);
  lab::exit_on_stop_signals();

  const lab::Descriptor listener = open_listener(at);
  lab::print_listening(listener.get());

  for (;;) {
    // Takes a client from the backlog, or waits for one. Returns a new socket for this client.
    lab::Endpoint client;
    const lab::Descriptor connection(
        accept4(listener.get(), client.address(), &client.size, SOCK_CLOEXEC));
    if (!connection) {
      lab::after_failed_accept(errno);
      continue;
    }
    lab::print_connected(client);
    const std::uint64_t echoed = echo(connection.get());
    lab::print_line("client disconnected: ", echoed, " bytes"); // [4] the step's line, and more
  } // the connection is closed here: now the next client can be served
}
