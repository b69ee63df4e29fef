// echo_server PORT [ADDRESS]
//
// The echo server of step 01. When a client has gone, it has to say how many bytes it has echoed to
// it: `client disconnected: N bytes`. The task is in README.md.
//
//   build/exercises/01-echo-server/echo_server 9190     in one terminal
//   build/bin/echo_client 127.0.0.1 9190                in another

#include "support/arguments.hpp"
#include "support/descriptor.hpp"
#include "support/endpoint.hpp"
#include "support/error.hpp"
#include "support/failed_accept.hpp"
#include "support/output.hpp"
#include "support/stop_signals.hpp"

#include <array>
#include <cerrno>

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
// TODO 1: if a client resets the connection, write fails in the middle. How many bytes of `data`
// had been echoed by then? The caller has to know.
bool write_all(int connection, const char* data, std::size_t size) {
  while (size > 0) {
    const ssize_t written = write(connection, data, size);
    if (written == -1) {
      if (errno == EINTR) {
        continue;
      }
      return false;
    }
    data += written;
    size -= static_cast<std::size_t>(written);
  }
  return true;
}

// TCP carries bytes, not messages: send back as many bytes as came. 0 is the client's end of file,
// -1 an error: neither is a number of bytes to send.
//
// TODO 2: add up what has been echoed, and return it. A client may send more than 4 GiB.
void echo(int connection) {
  static std::array<char, 256 * 1024> buffer;
  for (;;) {
    const ssize_t size = read(connection, buffer.data(), buffer.size());
    if (size == -1 && errno == EINTR) {
      continue;
    }
    if (size <= 0 || !write_all(connection, buffer.data(), static_cast<std::size_t>(size))) {
      return; // end of file, or the client has reset the connection: it is done either way
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
    echo(connection.get());
    lab::print_line("client disconnected"); // TODO 3: with the number of bytes
  } // the connection is closed here: now the next client can be served
}
