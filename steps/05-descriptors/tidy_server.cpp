// tidy_server PORT [ADDRESS]
//
// A child for each client, and each process closes what it does not use: the parent keeps the
// listener, the child keeps its client's socket.
//
//   build/bin/tidy_server 9190                  in one terminal
//   build/bin/echo_client 127.0.0.1 9190        in another
//   ls -l /proc/PID/fd                          for the parent and for the child
//
// The numbers [1] to [4] are the anchors of README.md and of the slides.

#include "support/arguments.hpp"
#include "support/descriptor.hpp"
#include "support/echo.hpp"
#include "support/endpoint.hpp"
#include "support/failed_accept.hpp"
#include "support/output.hpp"
#include "support/stop_signals.hpp"

#include <cerrno>

#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char** argv) {
  const lab::Endpoint at = lab::server_arguments(argc, argv);
  lab::handle_signals();
  lab::Descriptor listener = lab::listen_on(at);
  lab::print_listening(listener.get());

  for (;;) {
    lab::Endpoint client;
    lab::unblock_signals(); // handlers run while accept4 waits, and nowhere else
    lab::Descriptor connection(
        accept4(listener.get(), client.address(), &client.size, SOCK_CLOEXEC));
    lab::block_signals();
    if (!connection) {
      lab::after_failed_accept(errno);
      continue;
    }
    lab::print_connected(client);

    // [1] fork copies the table of descriptors, not the sockets: both processes now hold both, and
    // a socket is closed when the last of its descriptors is.
    const pid_t child = fork();
    if (child == 0) {
      listener.close(); // [2] or the port stays taken as long as this client stays
      lab::begin_child();
      lab::echo_until_eof(connection.get());
      lab::print_line("client disconnected");
      _exit(0); // [3] closes the client's socket by its last descriptor: the client is told
    }
    lab::remember_child(child);
    connection.close(); // [4] or [3] would not be the last, and the table would grow
  }
}
