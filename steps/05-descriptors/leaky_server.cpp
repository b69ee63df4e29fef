// leaky_server PORT [ADDRESS]
//
// tidy_server without its two closes. The parent keeps every client's socket: the client never sees
// end of file, and the parent's table grows. Each child keeps the listener: the port stays taken
// when the parent dies.
//
//   build/bin/leaky_server 9190                 in one terminal
//   build/bin/echo_mpclient 127.0.0.1 9190      in another: type q, and it does not end
//   ls -l /proc/PID/fd                          for the parent and for the child
//
// The numbers [1] to [4] are those of tidy_server.

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
    const int connection = accept4(listener.get(), client.address(), &client.size, SOCK_CLOEXEC);
    lab::block_signals();
    if (connection == -1) {
      lab::after_failed_accept(errno);
      continue;
    }
    lab::print_connected(client);

    // [1] Both processes now hold both sockets.
    const pid_t child = fork();
    if (child == 0) {
      // [2] listener.close() is missing.
      lab::begin_child();
      lab::echo_until_eof(connection);
      lab::print_line("client disconnected");
      _exit(0); // [3] closes one of the two descriptors of the client's socket
    }
    lab::remember_child(child);
    // [4] connection is never closed: it has no owner, as in a program without RAII.
  }
}
