// reaper N
//
// N children that end together. The handler reaps each and prints its id. When the last one has
// been removed, the program says so and ends.
//
//   build/solutions/04-signal-vs-sigaction/reaper 50
//
// The numbers [1] to [5] are those of README.md.

#include "support/arguments.hpp"
#include "support/error.hpp"
#include "support/output.hpp"
#include "support/processes.hpp"

#include <cerrno>
#include <csignal>

#include <sys/wait.h>
#include <unistd.h>

namespace {

volatile std::sig_atomic_t reaped = 0;

// [1] One delivery may stand for many exits, so go on until none is left. print_line is one
// write(2), which signal-safety(7) lists; printf is not there.
void reap(int /*signal*/) {
  const int saved = errno;
  pid_t pid = 0;
  while ((pid = waitpid(-1, nullptr, WNOHANG)) > 0) {
    lab::print_line("removed proc id: ", pid);
    reaped = reaped + 1;
  }
  errno = saved;
}

} // namespace

int main(int argc, char** argv) {
  const int count = lab::count_argument(argc, argv);

  // [2] SIGCHLD is blocked from before the first fork, and only sigsuspend unblocks it: the handler
  // runs there and nowhere else. `unblocked` is the mask of that wait. It must not have SIGCHLD,
  // even if this program was started with SIGCHLD blocked: a mask is inherited.
  sigset_t blocked;
  sigset_t unblocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGCHLD);
  lab::or_die(sigprocmask(SIG_BLOCK, &blocked, &unblocked), "sigprocmask");
  sigdelset(&unblocked, SIGCHLD);

  struct sigaction action {};

  action.sa_handler = reap;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART | SA_NOCLDSTOP;
  lab::or_die(sigaction(SIGCHLD, &action, nullptr), "sigaction");

  lab::Gate gate;
  int started = 0;
  while (started < count) {
    const pid_t child = fork();
    if (child == 0) {
      gate.wait();
      _exit(0);
    }
    if (child == -1) { // [3] those that were started must still be removed
      lab::report("fork", errno);
      break;
    }
    ++started;
  }
  gate.open();

  // [4] Test and wait. If a child ends between the two, its SIGCHLD is pending. sigsuspend unblocks
  // it and waits in one step, so it returns at once. pause() would miss that signal.
  while (reaped < started) {
    sigsuspend(&unblocked); // always -1 with EINTR: it returns because a handler has run
  }

  // [5] The handler cannot run any more, and no child is left that it could remove.
  if (started < count) {
    return 1;
  }
  lab::print_line("all ", count, " children removed");
  return 0;
}
