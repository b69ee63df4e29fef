// echo_mpserver PORT [ADDRESS] [MAX]
//
// The full server of step 06. It has to serve at most MAX clients at a time: the next one gets
// `server busy`, and its connection is closed. The task is in README.md.
//
//   build/exercises/06-mp-server/echo_mpserver 9190 127.0.0.1 2      in one terminal
//   build/bin/echo_mpclient 127.0.0.1 9190                           in three others

#include "support/arguments.hpp"
#include "support/descriptor.hpp"
#include "support/echo.hpp"
#include "support/endpoint.hpp"
#include "support/error.hpp"
#include "support/output.hpp"
#include "support/pid_set.hpp"

#include <cerrno>
#include <csignal>

#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

lab::PidSet children;
volatile std::sig_atomic_t stop_requested = 0;
volatile std::sig_atomic_t serving = -1; // a child's connection; -1 in the parent

// SIGCHLD is not queued: one delivery can stand for many exits, so reap until none is left.
// errno belongs to the code that the signal interrupts.
void reap_children(int /*signal*/) {
  const int saved = errno;
  pid_t pid = 0;
  while ((pid = waitpid(-1, nullptr, WNOHANG)) > 0) {
    children.erase(pid);
    lab::print_line("removed proc id: ", pid); // async-signal-safe: no buffer, one write(2)
  }
  errno = saved;
}

// The parent leaves its loop. A child shuts its connection down. So its blocked call returns, and
// it ends as if its client had left.
void stop(int /*signal*/) {
  const int saved = errno;
  stop_requested = 1;
  if (serving != -1) {
    shutdown(serving, SHUT_RDWR);
  }
  errno = saved;
}

// SA_RESTART: a child's blocked call goes on after a signal.
void handle(int signal, void (*handler)(int), const sigset_t& blocked) {
  struct sigaction action {};

  action.sa_handler = handler;
  action.sa_mask = blocked; // no handler interrupts another
  action.sa_flags = SA_RESTART | (signal == SIGCHLD ? SA_NOCLDSTOP : 0);
  lab::or_die(sigaction(signal, &action, nullptr), "sigaction");
}

// TODO 1: send `server busy` and a newline, and then the end. The client must see both, even if it
// has already sent something. And no other client may wait for that.
void refuse(const lab::Descriptor& /*connection*/) {}

// All that a child does.
[[noreturn]] void serve(int connection, const lab::Line& connected, pid_t parent,
                        const sigset_t& unblocked) {
  prctl(PR_SET_PDEATHSIG, SIGTERM); // if the parent is killed, its children end too
  serving = connection;
  sigprocmask(SIG_SETMASK, &unblocked, nullptr);
  if (getppid() == parent) { // the parent still lives
    connected.write_to(STDOUT_FILENO);
    lab::echo_until_eof(connection);
    // TODO 3: this client may connect again as soon as it has seen the end of this connection, and
    // its place has to be free by then. When does the client see the end, and when does the parent?
    lab::print_line("client disconnected");
  }
  _exit(0); // not exit: buffers and atexit functions are the parent's
}

// accept has failed with `error`. Returns 0 if that concerns only one client, which has left or
// never came. Otherwise returns the error, and reports it only the first time.
int note_shortage(int error, int shortage) {
  switch (error) {
  case EAGAIN:
  case EINTR:
  case ECONNABORTED:
  case EPROTO:
  case EPERM:
    return 0;
  default: // EMFILE, ENFILE, ENOBUFS, ENOMEM
    if (error != shortage) {
      lab::report("accept", error);
    }
    return error;
  }
}

// No child outlives the parent. A child that has not ended after half a second is killed: a
// debugger may hold it.
void end_children() {
  for (const pid_t pid : children) {
    kill(pid, SIGTERM);
    kill(pid, SIGCONT); // a stopped child acts on SIGTERM only when it runs
  }
  sigset_t ended_or_late;
  sigemptyset(&ended_or_late);
  sigaddset(&ended_or_late, SIGCHLD);
  sigaddset(&ended_or_late, SIGALRM);
  const itimerval half_a_second{.it_interval = {}, .it_value = {.tv_sec = 0, .tv_usec = 500'000}};
  setitimer(ITIMER_REAL, &half_a_second, nullptr);
  for (reap_children(SIGCHLD); !children.empty(); reap_children(SIGCHLD)) {
    if (sigwaitinfo(&ended_or_late, nullptr) == SIGALRM) {
      for (const pid_t pid : children) {
        kill(pid, SIGKILL);
      }
    }
  }
}

} // namespace

int main(int argc, char** argv) {
  // most: MAX; if it is not given, more than there can be clients.
  const auto [at, most] = lab::limited_server_arguments(argc, argv);

  // Handlers run only where this program unblocks the signals: in ppoll and right after accept. So
  // no handler finds the set of children half changed, no signal comes between the test of a flag
  // and the call that blocks, and no call fails with EINTR.
  sigset_t blocked;
  sigset_t unblocked;
  sigemptyset(&blocked);
  for (const int signal : {SIGCHLD, SIGINT, SIGTERM, SIGALRM}) {
    sigaddset(&blocked, signal);
  }
  lab::or_die(sigprocmask(SIG_BLOCK, &blocked, &unblocked), "sigprocmask");
  for (const int signal : {SIGCHLD, SIGINT, SIGTERM, SIGALRM}) {
    sigdelset(&unblocked, signal);
  }
  handle(SIGCHLD, reap_children, blocked);
  handle(SIGINT, stop, blocked);
  handle(SIGTERM, stop, blocked);
  handle(SIGPIPE, SIG_IGN, blocked); // if a peer has gone, its child gets EPIPE and is not killed

  lab::Descriptor listener = lab::listen_on(at);
  lab::print_listening(listener.get());

  const pid_t parent = getpid();
  int shortage = 0; // what accept lacked the last time: 0 or an errno value
  while (stop_requested == 0) {
    // ppoll unblocks the signals only while it waits. Without free descriptors there is no event to
    // wait for, and the client stays in the backlog: look again after 50 ms, and do not spin.
    pollfd clients{.fd = listener.get(), .events = POLLIN, .revents = 0};
    const timespec pause{.tv_sec = 0, .tv_nsec = 50'000'000};
    ppoll(&clients, shortage == 0 ? 1 : 0, shortage == 0 ? nullptr : &pause, &unblocked);

    lab::Endpoint client;
    const lab::Descriptor connection(
        accept4(listener.get(), client.address(), &client.size, SOCK_CLOEXEC));
    if (!connection) {
      shortage = note_shortage(errno, shortage);
      continue;
    }
    shortage = 0;

    // Unblocks what is pending: a busy server never waits, and reaps here. From here on the parent
    // knows what happened before this client connected.
    sigprocmask(SIG_SETMASK, &unblocked, nullptr);
    sigprocmask(SIG_SETMASK, &blocked, nullptr);

    const bool full = false; // TODO 2: are `most` clients being served?
    if (full) {
      refuse(connection);
      continue;
    }

    // Made here, written by the child: a child has to map again each page of code that it runs.
    const lab::Line connected = lab::connected_line(client);
    children.reserve_one();
    const pid_t child = fork(); // now both processes hold both sockets
    if (child == 0) {
      listener.close();
      serve(connection.get(), connected, parent, unblocked);
    }
    if (child == -1) {
      lab::report("fork", errno); // only this client loses something: its connection
    } else {
      children.insert(child);
    }
  } // the parent's copy of the connection is closed here, in each turn

  listener.close();
  end_children();
  return 0;
}
