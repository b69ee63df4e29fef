// descriptor_server PORT [ADDRESS]
//
// A child for each client. The parent holds 0, 1, 2 and the listener, a child holds 0, 1, 2 and its
// client's socket, no matter what this program has inherited.
//
//   build/solutions/05-descriptors/descriptor_server 9190 9</etc/hostname      in one terminal
//   build/bin/echo_client 127.0.0.1 9190                                       in another
//   ls -l /proc/PID/fd                                                for the parent and the child
//
// The numbers [1] to [5] are those of README.md.

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

  // [1] A descriptor stays open over fork and exec unless it is close-on-exec: so this program may
  // have inherited some. It has not opened any itself yet, so all from 3 on are inherited.
  closefrom(STDERR_FILENO + 1);

  lab::handle_signals();
  lab::Descriptor listener = lab::listen_on(at); // [2] with an owner, which closes it at every end
  lab::print_listening(listener.get());

  for (;;) {
    lab::Endpoint client;
    lab::unblock_signals(); // handlers run while accept4 waits, and nowhere else
    lab::Descriptor connection(
        accept4(listener.get(), client.address(), &client.size, SOCK_CLOEXEC)); // [3]
    lab::block_signals();
    if (!connection) {
      lab::after_failed_accept(errno);
      continue;
    }
    lab::print_connected(client);

    const pid_t child = fork();
    if (child == 0) {
      listener.close(); // [4] first of all: from here on this process only serves its client
      lab::begin_child();
      lab::echo_until_eof(connection.get());
      lab::print_line("client disconnected");
      _exit(0);
    }
    lab::remember_child(child);
    connection.close(); // [5] also if fork has failed: then no process serves this client
  }
}
