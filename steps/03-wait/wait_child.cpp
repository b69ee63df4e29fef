// wait_child
//
// wait(2) reaps a child that has ended, and writes a number that says how: by itself, with a
// status, or by a signal. The macros of <sys/wait.h> take that number apart.
//
//   build/bin/wait_child

#include "support/arguments.hpp"
#include "support/error.hpp"
#include "support/output.hpp"
#include "support/processes.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>

#include <sys/wait.h>
#include <unistd.h>

namespace {

// [2] WEXITSTATUS means something only if WIFEXITED is true, WTERMSIG only if WIFSIGNALED is.
void print_status(pid_t pid, int status) {
  if (WIFEXITED(status)) {
    lab::print_line("wait: child ", pid, " exited with status ", WEXITSTATUS(status));
  } else if (WIFSIGNALED(status)) {
    const int signal = WTERMSIG(status);
    lab::print_line("wait: child ", pid, " was killed by signal ", signal, ", SIG",
                    sigabbrev_np(signal));
  }
}

} // namespace

int main(int argc, char** argv) {
  lab::no_arguments(argc, argv);

  const pid_t exits = lab::or_die(fork(), "fork");
  if (exits == 0) {
    lab::print_line("child ", getpid(), ": exits with status 7");
    _exit(7);
  }
  int status = 0;
  pid_t pid = lab::or_die(wait(&status), "wait"); // [1] blocks until a child, any child, has ended
  print_status(pid, status);

  lab::Gate gate; // never opened: the child would wait as long as its parent lives
  const pid_t waits = lab::or_die(fork(), "fork");
  if (waits == 0) {
    gate.wait();
    _exit(0);
  }
  lab::print_line("parent: kills child ", waits, " with SIGTERM");
  lab::or_die(kill(waits, SIGTERM), "kill");
  pid = lab::or_die(wait(&status), "wait");
  print_status(pid, status);

  // [3] ECHILD is an answer, not a failure: no child is left to wait for.
  if (wait(&status) == -1 && errno == ECHILD) {
    lab::print_line("wait: no child is left");
  }
  return 0;
}
