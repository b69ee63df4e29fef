// reap_signal N
//
// signal() as System V defines it and POSIX still allows: the handler is for one delivery, and then
// the disposition is the default again. N children end one at a time, each only when the parent is
// ready for it. It could not be easier, but only the first is reaped.
//
//   build/bin/reap_signal 5

#include "support/arguments.hpp"
#include "support/error.hpp"
#include "support/processes.hpp"

#include <cerrno>
#include <csignal>

#include <sys/wait.h>
#include <unistd.h>

namespace {

volatile std::sig_atomic_t reaped = 0;

void reap(int /*signal*/) {
  const int saved = errno;
  if (waitpid(-1, nullptr, WNOHANG) > 0) {
    reaped = reaped + 1;
  }
  errno = saved;
}

} // namespace

int main(int argc, char** argv) {
  const int count = lab::count_argument(argc, argv);

  // [1] signal() may keep the handler, as BSD's did. sysv_signal is the other kind. A program that
  // calls signal() gets the kind that its system and its compiler's options chose, and cannot tell.
  // So use sigaction.
  if (sysv_signal(SIGCHLD, reap) == SIG_ERR) {
    lab::die("sysv_signal");
  }

  for (int i = 0; i < count; ++i) {
    const pid_t child = lab::or_die(fork(), "fork");
    if (child == 0) {
      _exit(0);
    }
    lab::wait_until_ended(child);
  }
  return lab::count_zombies(reaped, count);
}
