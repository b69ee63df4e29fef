// echo_mpserver PORT [ADDRESS] [MAX]
//
// The full server of step 06. It serves at most MAX clients at a time: the next one gets `server
// busy`, and its connection is closed.
//
//   build/solutions/06-mp-server/echo_mpserver 9190 127.0.0.1 2      in one terminal
//   build/bin/echo_mpclient 127.0.0.1 9190                           in three others
//
// The numbers [1] to [7] are those of README.md. What has none is as in step 06.

#include "support/descriptor.hpp"
#include "support/echo.hpp"
#include "support/endpoint.hpp"
#include "support/error.hpp"
#include "support/failed_accept.hpp"
#include "support/limited_server.hpp"
#include "support/output.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <vector>

#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

const pid_t parent = getpid();
std::vector<pid_t> children; // those not yet reaped
std::vector<pid_t> served;   // [1] those whose client has not gone: each takes one of MAX places
volatile std::sig_atomic_t stop_requested = 0;
sigset_t blocked;   // all signals that it handles: blocked but where the parent waits
sigset_t unblocked; // the mask without them, for the calls that wait

// One delivery may stand for many exits. errno belongs to the code that is interrupted.
void reap_children(int /*signal*/) {
  const int saved = errno;
  pid_t pid = 0;
  while ((pid = waitpid(-1, nullptr, WNOHANG)) > 0) {
    std::erase(children, pid);
    std::erase(served, pid); // [2] if it is still there: a killed child has not said anything
    lab::print_line("removed proc id: ", pid); // async-signal-safe: one write(2)
  }
  errno = saved;
}

// [3] A child says that its client has gone. SIGCHLD would come too late: close ends the
// connection, the client sees that, and only then there is a zombie to reap. A real-time signal is
// queued, one for each child that sends it, and says which child that was; SIGUSR1 is one bit, like
// SIGCHLD.
void give_back_place(int /*signal*/, siginfo_t* info, void* /*context*/) {
  std::erase(served, info->si_pid);
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

void take_places_back(int signal) {
  struct sigaction action {};

  action.sa_sigaction = give_back_place;
  action.sa_mask = blocked;
  action.sa_flags = SA_RESTART | SA_SIGINFO;
  lab::or_die(sigaction(signal, &action, nullptr), "sigaction");
}

// Blocked signals stay pending: none is lost, and none breaks a call.
void handle_signals() {
  lab::or_die(sigprocmask(SIG_BLOCK, nullptr, &unblocked), "sigprocmask"); // reads the mask
  sigemptyset(&blocked);
  for (const int signal : {SIGCHLD, SIGINT, SIGTERM, SIGRTMIN}) {
    sigaddset(&blocked, signal);
    sigdelset(&unblocked, signal);
  }
  lab::or_die(sigprocmask(SIG_BLOCK, &blocked, nullptr), "sigprocmask");
  handle(SIGCHLD, reap_children, SA_RESTART | SA_NOCLDSTOP);
  take_places_back(SIGRTMIN);
  handle(SIGINT, stop, 0);
  handle(SIGTERM, stop, 0);
  handle(SIGPIPE, SIG_IGN, 0); // a write to a client that has gone fails with EPIPE
}

// ppoll unblocks the signals and waits, in one call. True: there is a client. If there is one
// already, ppoll lets no handler run. The two lines after it do, so that a busy server reaps too.
// [4] They come after ppoll: what a child said before this client connected is handled here.
bool wait_for_client(int listener) {
  pollfd client{.fd = listener, .events = POLLIN, .revents = 0};
  const int ready = ppoll(&client, 1, nullptr, &unblocked);
  sigprocmask(SIG_SETMASK, &unblocked, nullptr);
  sigprocmask(SIG_BLOCK, &blocked, nullptr);
  return ready == 1;
}

// [5] MAX clients are being served, and this is one more. Twelve bytes fit into a socket that has
// sent none. shutdown sends the end after them, before the owner closes. If a socket is closed with
// unread bytes, it resets the connection, and the message may be lost. So read what has come, but
// no more than that: no other client waits for one that goes on sending.
void refuse(int connection) {
  send(connection, "server busy\n", 12, MSG_DONTWAIT);
  shutdown(connection, SHUT_WR);
  static std::array<char, 64 * 1024> unread;
  for (int i = 0; i < 64; ++i) {
    if (recv(connection, unread.data(), unread.size(), MSG_DONTWAIT) <= 0) {
      break;
    }
  }
}

// All that a child does. SIGINT and SIGTERM end it, as they end any program.
[[noreturn]] void serve(int connection) {
  handle(SIGINT, SIG_DFL, 0);
  handle(SIGTERM, SIG_DFL, 0);
  sigprocmask(SIG_SETMASK, &unblocked, nullptr);
  lab::echo_until_eof(connection);
  if (getppid() == parent) {
    kill(parent, SIGRTMIN); // [6] before the client can see the end of its connection
  }
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
    if (served.size() >= most) {
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
      served.push_back(child); // [7] its signal is still blocked, until the next wait
    }
    connection.close();
  }
  listener.close();
  end_children();
  return 0;
}
