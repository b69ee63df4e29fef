#include "support/endings.hpp"

#include "support/arguments.hpp"

#include <csignal>
#include <cstring>
#include <optional>
#include <span>

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

std::vector<Ending> ending_arguments(int argc, char** argv) {
  constexpr std::string_view form = "SPEC...";
  if (argc < 2) {
    usage(form, "takes one argument or more, not 0");
  }
  std::vector<Ending> endings;
  for (const std::string_view spec : std::span(argv, static_cast<std::size_t>(argc)).subspan(1)) {
    const std::optional<int> status = number_argument(spec, 255);
    const int signal = status ? 0 : signal_that_ends(spec);
    if (!status && signal == 0) {
      usage(form,
            "SPEC is an exit code from 0 to 255, or the name of a signal that ends a process, such "
            "as KILL or TERM, not '",
            spec, "'");
    }
    endings.push_back({.status = status.value_or(0), .signal = signal});
  }
  return endings;
}

} // namespace lab
