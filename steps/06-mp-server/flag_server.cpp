// flag_server PORT [ADDRESS]
//
// echo_mpserver with another wait: it tests a flag, and then accept4 waits. A signal that comes
// between the two is lost: the server waits, and does not look at the flag again.
//
//   cc -shared -fPIC steps/06-mp-server/gap.c -o gap.so          the signal comes there
//   LD_PRELOAD=./gap.so build/bin/flag_server 9190               and the server does not end

#include "support/arguments.hpp"
#include "support/descriptor.hpp"
#include "support/echo.hpp"
#include "support/endpoint.hpp"
#include "support/error.hpp"
#include "support/failed_accept.hpp"
#include "support/output.hpp"

#include <cerrno>
#include <csignal>
#include <vector>

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

std::vector<pid_t> children; // those not yet reaped
volatile std::sig_atomic_t stop_requested = 0;
sigset_t blocked;   // SIGCHLD, SIGINT and SIGTERM: blocked while the server is busy with a client
sigset_t unblocked; // the mask without them

// One delivery may stand for many exits. errno belongs to the code that is interrupted.
void reap_children(int /*signal*/) {
  const int saved = errno;
  pid_t pid = 0;
  while ((pid = waitpid(-1, nullptr, WNOHANG)) > 0) {
    std::erase(children, pid);
    lab::print_line("removed proc id: ", pid); // async-signal-safe: one write(2)
  }
  errno = saved;
}

void stop(int /*signal*/) {
  stop_requested = 1; // the loop of main tests it
}

void handle(int signal, void (*handler)(int), int flags) {
  struct sigaction action {};

  action.sa_handler = handler;
  action.sa_mask = blocked; // no handler interrupts another
  action.sa_flags = flags;
  lab::or_die(sigaction(signal, &action, nullptr), "sigaction");
}

// The signals are unblocked: from here on a handler may run at any moment.
void handle_signals() {
  lab::or_die(sigprocmask(SIG_BLOCK, nullptr, &unblocked), "sigprocmask"); // reads the mask
  sigemptyset(&blocked);
  for (const int signal : {SIGCHLD, SIGINT, SIGTERM}) {
    sigaddset(&blocked, signal);
    sigdelset(&unblocked, signal);
  }
  lab::or_die(sigprocmask(SIG_SETMASK, &unblocked, nullptr), "sigprocmask");
  handle(SIGCHLD, reap_children, SA_RESTART | SA_NOCLDSTOP);
  handle(SIGINT, stop, 0);
  handle(SIGTERM, stop, 0);
  handle(SIGPIPE, SIG_IGN, 0); // a write to a client that has gone fails with EPIPE
}

// All that a child does. SIGINT and SIGTERM end it, as they end any program.
[[noreturn]] void serve(int connection) {
  handle(SIGINT, SIG_DFL, 0);
  handle(SIGTERM, SIG_DFL, 0);
  sigprocmask(SIG_SETMASK, &unblocked, nullptr);
  lab::echo_until_eof(connection);
  close(connection); // _exit does it too, but only after it has freed the memory
  lab::print_line("client disconnected");
  _exit(0); // not exit: buffers and atexit functions are the parent's
}

// No child outlives the parent.
void end_children() {
  for (const pid_t pid : children) {
    kill(pid, SIGTERM);
    kill(pid, SIGCONT); // a stopped child acts on SIGTERM only when it runs
  }
  while (!children.empty()) {
    sigsuspend(&unblocked); // reap_children runs here
  }
}

} // namespace

int main(int argc, char** argv) {
  const lab::Endpoint at = lab::server_arguments(argc, argv);
  handle_signals();
  lab::Descriptor listener = lab::listen_on(at); // accept4 waits
  lab::print_listening(listener.get());

  while (stop_requested == 0) { // the test
    lab::Endpoint client;       // a SIGTERM that comes here is lost
    lab::Descriptor connection(
        accept4(listener.get(), client.address(), &client.size, SOCK_CLOEXEC)); // the wait
    if (!connection) {
      lab::after_failed_accept(errno);
      continue;
    }
    lab::print_connected(client);
    sigprocmask(SIG_BLOCK, &blocked, nullptr); // no handler finds `children` half changed
    const pid_t child = fork();                // now both processes hold both sockets
    if (child == 0) {
      listener.close();
      serve(connection.get());
    }
    if (child == -1) {
      lab::report("fork", errno); // only this client loses something: its connection
    } else {
      children.push_back(child);
    }
    connection.close();
    sigprocmask(SIG_SETMASK, &unblocked, nullptr);
  }
  sigprocmask(SIG_BLOCK, &blocked, nullptr);
  listener.close();
  end_children();
  return 0;
}
