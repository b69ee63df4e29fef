// echo_mpserver PORT [ADDRESS] [MAX]
//
// The full server of step 06. It has to serve at most MAX clients at a time: the next one gets
// `server busy`, and its connection is closed. The task is in README.md.
//
//   build/exercises/06-mp-server/echo_mpserver 9190 127.0.0.1 2      in one terminal
//   build/bin/echo_mpclient 127.0.0.1 9190                           in three others

#include "support/descriptor.hpp"
#include "support/echo.hpp"
#include "support/endpoint.hpp"
#include "support/error.hpp"
#include "support/failed_accept.hpp"
#include "support/limited_server.hpp"
#include "support/output.hpp"

#include <cerrno>
#include <csignal>
#include <vector>

#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

std::vector<pid_t> children; // those not yet reaped
volatile std::sig_atomic_t stop_requested = 0;
sigset_t blocked;   // SIGCHLD, SIGINT and SIGTERM: blocked but where the parent waits
sigset_t unblocked; // the mask without them, for the calls that wait

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

// Blocked signals stay pending: none is lost, and none breaks a call.
void handle_signals() {
  lab::or_die(sigprocmask(SIG_BLOCK, nullptr, &unblocked), "sigprocmask"); // reads the mask
  sigemptyset(&blocked);
  for (const int signal : {SIGCHLD, SIGINT, SIGTERM}) {
    sigaddset(&blocked, signal);
    sigdelset(&unblocked, signal);
  }
  lab::or_die(sigprocmask(SIG_BLOCK, &blocked, nullptr), "sigprocmask");
  handle(SIGCHLD, reap_children, SA_RESTART | SA_NOCLDSTOP);
  handle(SIGINT, stop, 0);
  handle(SIGTERM, stop, 0);
  handle(SIGPIPE, SIG_IGN, 0); // a write to a client that has gone fails with EPIPE
}

// ppoll unblocks the signals and waits, in one call. True: there is a client. If there is one
// already, ppoll lets no handler run. The two lines after it do, so that a busy server reaps too.
bool wait_for_client(int listener) {
  pollfd client{.fd = listener, .events = POLLIN, .revents = 0};
  const int ready = ppoll(&client, 1, nullptr, &unblocked);
  sigprocmask(SIG_SETMASK, &unblocked, nullptr);
  sigprocmask(SIG_BLOCK, &blocked, nullptr);
  return ready == 1;
}

// TODO 1: send `server busy` and a newline, and then the end. The client must see both, even if it
// has already sent something. And no other client may wait for that.
void refuse(int /*connection*/) {}

// All that a child does. SIGINT and SIGTERM end it, as they end any program.
[[noreturn]] void serve(int connection) {
  handle(SIGINT, SIG_DFL, 0);
  handle(SIGTERM, SIG_DFL, 0);
  sigprocmask(SIG_SETMASK, &unblocked, nullptr);
  lab::echo_until_eof(connection);
  // TODO 3: this client may connect again as soon as it has seen the end of this connection, and
  // its place has to be free by then. When does the client see the end, and when does the parent?
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
  const auto [at, most] = lab::limited_server_arguments(argc, argv); // most: MAX, or no limit
  handle_signals();
  lab::Descriptor listener = lab::listen_on(at, SOCK_NONBLOCK); // ppoll waits, accept4 does not
  lab::print_listening(listener.get());

  while (stop_requested == 0) {
    if (!wait_for_client(listener.get())) {
      continue; // a signal
    }
    lab::Endpoint client;
    lab::Descriptor connection(
        accept4(listener.get(), client.address(), &client.size, SOCK_CLOEXEC));
    if (!connection) {
      lab::after_failed_accept(errno);
      continue;
    }
    const bool full = false; // TODO 2: are `most` clients being served?
    if (full) {
      refuse(connection.get());
      continue;
    }
    lab::print_connected(client);
    const pid_t child = fork(); // now both processes hold both sockets
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
  }
  listener.close();
  end_children();
  return 0;
}
