#include "support/endings.hpp"

#include <csignal>
#include <cstring>

#include <sys/prctl.h>
#include <unistd.h>

namespace lab {

int signal_that_ends(std::string_view name) noexcept {
  if (name.starts_with("SIG")) {
    name.remove_prefix(3);
  }
  for (int signal = 1; signal < SIGRTMIN; ++signal) {
    const char* known = sigabbrev_np(signal); // null if there is no signal of that number
    if (known == nullptr || name != known) {
      continue;
    }
    switch (signal) { // signal(7): what is not in this list ends a process, with a core or without
    case SIGCHLD:
    case SIGCONT:
    case SIGSTOP:
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU:
    case SIGURG:
    case SIGWINCH:
      return 0;
    default:
      return signal;
    }
  }
  return 0;
}

void end_as(const Ending& ending) noexcept {
  if (ending.signal != 0) {
    prctl(PR_SET_DUMPABLE, 0); // RLIMIT_CORE would not stop a crash reporter

    struct sigaction by_default {};

    by_default.sa_handler = SIG_DFL;
    sigaction(ending.signal, &by_default, nullptr); // EINVAL for KILL, which always has its default
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, ending.signal);
    sigprocmask(SIG_UNBLOCK, &only, nullptr);
    kill(getpid(), ending.signal); // does not return: a process takes its own signal at once
  }
  _exit(ending.status);
}

} // namespace lab
