// signal_handlers
//
// Handlers for SIGALRM, SIGCHLD and SIGINT, and what a signal does to a blocked call: the call
// fails with EINTR, or goes on, with SA_RESTART. Takes about two seconds.
//
//   build/bin/signal_handlers

#include "support/arguments.hpp"
#include "support/descriptor.hpp"
#include "support/error.hpp"
#include "support/output.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string_view>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

volatile std::sig_atomic_t reaped = 0;
volatile std::sig_atomic_t bell = -1; // the pipe that the alarm's handler writes to; -1: none

// [1] A handler may call only what signal-safety(7) lists: alarm, write, waitpid are there; printf,
// malloc and exit are not. print_line is one write(2).
void on_alarm(int /*signal*/) {
  const int saved = errno;
  lab::print_line("SIGALRM: a second has passed");
  if (bell == -1) {
    alarm(1); // again: a signal just before the read below would not interrupt it
  } else {
    lab::write_all(bell, "!", 1);
  }
  errno = saved;
}

void on_interrupt(int /*signal*/) {
  const int saved = errno;
  lab::print_line("SIGINT: caught, and the program goes on");
  errno = saved;
}

void on_child(int /*signal*/) {
  const int saved = errno;
  pid_t pid = 0;
  while ((pid = waitpid(-1, nullptr, WNOHANG)) > 0) {
    lab::print_line("SIGCHLD: child ", pid, " has ended");
    reaped = reaped + 1;
  }
  errno = saved;
}

void handle(int signal, void (*handler)(int), int flags) {
  struct sigaction action {};

  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);
  action.sa_flags = flags;
  lab::or_die(sigaction(signal, &action, nullptr), "sigaction");
}

struct Pipe {
  lab::Descriptor read_end;
  lab::Descriptor write_end;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  lab::or_die(pipe2(ends.data(), O_CLOEXEC), "pipe2");
  return {.read_end = lab::Descriptor(ends[0]), .write_end = lab::Descriptor(ends[1])};
}

} // namespace

int main(int argc, char** argv) {
  lab::no_arguments(argc, argv);
  const Pipe words = make_pipe();
  const Pipe bell_pipe = make_pipe();
  std::array<char, 64> word{};

  // [2] Nothing is written to this pipe. The alarm's handler runs, and then read fails.
  handle(SIGALRM, on_alarm, 0);
  alarm(1);
  if (read(words.read_end.get(), word.data(), word.size()) == -1) {
    lab::print_line("read without SA_RESTART: ", std::strerror(errno));
  }
  alarm(0);

  // [3] The same with SA_RESTART: the handler runs, and read goes on until there is something to
  // read. The child writes only after the alarm, so the signal comes first.
  handle(SIGALRM, on_alarm, SA_RESTART);
  handle(SIGCHLD, on_child, SA_RESTART | SA_NOCLDSTOP);
  bell = bell_pipe.write_end.get();
  const pid_t child = lab::or_die(fork(), "fork");
  if (child == 0) {
    char heard = 0;
    lab::read_some(bell_pipe.read_end.get(), &heard, 1);
    lab::write_all(words.write_end.get(), "hello", 5);
    _exit(0);
  }
  alarm(1);
  const ssize_t size = read(words.read_end.get(), word.data(), word.size());
  lab::or_die(size, "read");
  lab::print_line("read with SA_RESTART: ",
                  std::string_view(word.data(), static_cast<std::size_t>(size)));

  // [4] To wait for a signal: block it, test, and let sigsuspend unblock it and wait in one step. A
  // pause() after the test would miss a signal that comes between the two.
  sigset_t blocked;
  sigset_t unblocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGCHLD);
  lab::or_die(sigprocmask(SIG_BLOCK, &blocked, &unblocked), "sigprocmask");
  while (reaped == 0) {
    sigsuspend(&unblocked);
  }
  lab::or_die(sigprocmask(SIG_SETMASK, &unblocked, nullptr), "sigprocmask");

  // [5] Ctrl-C is this signal, sent by the terminal. Here the program sends it to itself.
  handle(SIGINT, on_interrupt, SA_RESTART);
  lab::or_die(raise(SIGINT), "raise");
  return 0;
}
