// echo_mpserver PORT [ADDRESS] [MAX]
//
// The full server of step 06. It serves at most MAX clients at a time: the next one gets `server
// busy`, and its connection is closed.
//
//   build/solutions/06-mp-server/echo_mpserver 9190 127.0.0.1 2      in one terminal
//   build/bin/echo_mpclient 127.0.0.1 9190                           in three others
//
// The numbers [1] to [7] are those of README.md. What has none is as in step 06.

#include "support/arguments.hpp"
#include "support/descriptor.hpp"
#include "support/echo.hpp"
#include "support/endpoint.hpp"
#include "support/error.hpp"
#include "support/output.hpp"
#include "support/pid_set.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <string_view>

#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

lab::PidSet children; // all that have not been reaped
lab::PidSet served;   // [1] those of them whose client has not gone: each takes one of MAX places
volatile std::sig_atomic_t stop_requested = 0;
volatile std::sig_atomic_t serving = -1; // a child's connection; -1 in the parent

// SIGCHLD is not queued: one delivery can stand for many exits, so reap until none is left.
// errno belongs to the code that the signal interrupts.
void reap_children(int /*signal*/) {
  const int saved = errno;
  pid_t pid = 0;
  while ((pid = waitpid(-1, nullptr, WNOHANG)) > 0) {
    children.erase(pid);
    served.erase(pid); // [2] if it is still there: a killed child has not said anything
    lab::print_line("removed proc id: ", pid); // async-signal-safe: no buffer, one write(2)
  }
  errno = saved;
}

// [3] A child says that its client has gone. SIGCHLD would come too late: exit closes the socket,
// the client sees that, and only then there is a zombie to reap. A real-time signal is queued, one
// for each child that sends it, and says which child that was; SIGUSR1 is one bit, like SIGCHLD.
void give_back_place(int /*signal*/, siginfo_t* info, void* /*context*/) {
  served.erase(info->si_pid);
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

void take_places_back(int signal, const sigset_t& blocked) {
  struct sigaction action {};

  action.sa_sigaction = give_back_place;
  action.sa_mask = blocked;
  action.sa_flags = SA_RESTART | SA_SIGINFO;
  lab::or_die(sigaction(signal, &action, nullptr), "sigaction");
}

// SA_RESTART: a child's blocked call goes on after a signal.
void handle(int signal, void (*handler)(int), const sigset_t& blocked) {
  struct sigaction action {};

  action.sa_handler = handler;
  action.sa_mask = blocked; // no handler interrupts another
  action.sa_flags = SA_RESTART | (signal == SIGCHLD ? SA_NOCLDSTOP : 0);
  lab::or_die(sigaction(signal, &action, nullptr), "sigaction");
}

// [4] MAX clients are being served, and this is one more. Twelve bytes fit into a socket that has
// sent none. shutdown sends the end after them, before the owner closes. If a socket is closed with
// unread bytes, it resets the connection, and the message may be lost. So read what has come, but
// no more than that: no other client waits for one that goes on sending.
void refuse(const lab::Descriptor& connection, const lab::Endpoint& client) {
  constexpr std::string_view message = "server busy\n";
  send(connection.get(), message.data(), message.size(), MSG_DONTWAIT);
  shutdown(connection.get(), SHUT_WR);
  static std::array<char, 64 * 1024> unread;
  for (int i = 0; i < 64; ++i) {
    if (recv(connection.get(), unread.data(), unread.size(), MSG_DONTWAIT) <= 0) {
      break;
    }
  }
  lab::print_line("refused client IP: ", lab::AddressText(client).view(), " port: ", client.port());
}

// All that a child does.
[[noreturn]] void serve(int connection, const lab::Line& connected, pid_t parent,
                        const sigset_t& unblocked) {
  prctl(PR_SET_PDEATHSIG, SIGTERM); // if the parent is killed, its children end too
  serving = connection;
  sigprocmask(SIG_SETMASK, &unblocked, nullptr);
  if (getppid() == parent) { // the parent still lives
    connected.write_to(STDOUT_FILENO);
    lab::echo_until_eof(connection);
    lab::print_line("client disconnected");
    if (getppid() == parent) {
      kill(parent, SIGRTMIN); // [5] before the client can see the end of its connection, in _exit
    }
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
  const auto [at, most] = lab::limited_server_arguments(argc, argv);

  // Handlers run only where this program unblocks the signals: in ppoll and right after accept. So
  // no handler finds the set of children half changed, no signal comes between the test of a flag
  // and the call that blocks, and no call fails with EINTR.
  sigset_t blocked;
  sigset_t unblocked;
  sigemptyset(&blocked);
  for (const int signal : {SIGCHLD, SIGINT, SIGTERM, SIGALRM, SIGRTMIN}) {
    sigaddset(&blocked, signal);
  }
  lab::or_die(sigprocmask(SIG_BLOCK, &blocked, &unblocked), "sigprocmask");
  for (const int signal : {SIGCHLD, SIGINT, SIGTERM, SIGALRM, SIGRTMIN}) {
    sigdelset(&unblocked, signal);
  }
  handle(SIGCHLD, reap_children, blocked);
  take_places_back(SIGRTMIN, blocked);
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

    // [6] Unblocks what is pending: a busy server never waits, and reaps here. It comes after
    // accept: a place that was given back before this client connected is free from here on.
    sigprocmask(SIG_SETMASK, &unblocked, nullptr);
    sigprocmask(SIG_SETMASK, &blocked, nullptr);
    if (served.size() >= most) {
      refuse(connection, client);
      continue;
    }

    // Made here, written by the child: a child has to map again each page of code that it runs.
    const lab::Line connected = lab::connected_line(client);
    children.reserve_one();
    served.reserve_one();
    const pid_t child = fork(); // now both processes hold both sockets
    if (child == 0) {
      listener.close();
      serve(connection.get(), connected, parent, unblocked);
    }
    if (child == -1) {
      lab::report("fork", errno); // only this client loses something: its connection
    } else {
      children.insert(child);
      served.insert(child); // [7] its signal is still blocked, until the next turn
    }
  } // the parent's copy of the connection is closed here, in each turn

  listener.close();
  end_children();
  return 0;
}
