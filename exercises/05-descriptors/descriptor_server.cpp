// descriptor_server PORT [ADDRESS]
//
// A child for each client, and three leaks. Two are those of leaky_server. The third is there
// before the first line of main. The task is in README.md.
//
//   build/exercises/05-descriptors/descriptor_server 9190 9</etc/hostname      in one terminal
//   build/bin/echo_client 127.0.0.1 9190                                       in another
//   ls -l /proc/PID/fd                                                for the parent and the child

#include "support/arguments.hpp"
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

  // TODO 1: what does this process hold that it has not opened?

  lab::handle_signals();
  const int listener = lab::listen_on(at).release(); // release: from here on it has no owner
  lab::print_listening(listener);

  for (;;) {
    lab::Endpoint client;
    lab::unblock_signals(); // handlers run while accept4 waits, and nowhere else
    const int connection = accept4(listener, client.address(), &client.size, SOCK_CLOEXEC);
    lab::block_signals();
    if (connection == -1) {
      lab::after_failed_accept(errno);
      continue;
    }
    lab::print_connected(client);

    const pid_t child = fork();
    if (child == 0) {
      // TODO 2: which descriptors does the child not need?
      lab::begin_child();
      lab::echo_until_eof(connection);
      lab::print_line("client disconnected");
      _exit(0);
    }
    lab::remember_child(child);
    // TODO 3: and the parent, whether fork has failed or not?
  }
}
