// reap_all N
//
// sigaction, and waitpid until none is left: one delivery may stand for many exits, and then all of
// them are reaped. The handler keeps errno, and calls only what signal-safety(7) allows.
//
//   build/bin/reap_all 50

#include "support/arguments.hpp"
#include "support/error.hpp"
#include "support/processes.hpp"

#include <cerrno>
#include <csignal>

#include <sys/wait.h>

namespace {

volatile std::sig_atomic_t reaped = 0;

// [1] 0: there are children, and none has ended. -1 with ECHILD: there are no children. Both end
// the loop. waitpid may have set errno, and the interrupted code may be about to read it.
void reap(int /*signal*/) {
  const int saved = errno;
  while (waitpid(-1, nullptr, WNOHANG) > 0) {
    reaped = reaped + 1;
  }
  errno = saved;
}

} // namespace

int main(int argc, char** argv) {
  const int count = lab::count_argument(argc, argv);

  struct sigaction action {};

  action.sa_handler = reap;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART | SA_NOCLDSTOP;
  lab::or_die(sigaction(SIGCHLD, &action, nullptr), "sigaction");

  lab::Crowd children(count);

  // [2] The parent is busy for a moment: blocked signals wait. The kernel keeps one bit, "a SIGCHLD
  // is pending", and no count.
  sigset_t blocked;
  sigset_t unblocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGCHLD);
  lab::or_die(sigprocmask(SIG_BLOCK, &blocked, &unblocked), "sigprocmask");
  children.let_go();
  lab::or_die(sigprocmask(SIG_SETMASK, &unblocked, nullptr),
              "sigprocmask"); // [3] the handler runs here

  return lab::count_zombies(reaped, count);
}
