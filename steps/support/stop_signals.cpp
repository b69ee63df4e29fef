#include "support/stop_signals.hpp"

#include "support/error.hpp"

#include <csignal>

#include <sys/wait.h>
#include <unistd.h>

namespace lab {

void ignore_broken_pipes() noexcept {
  struct sigaction action {};

  action.sa_handler = SIG_IGN;
  or_die(sigaction(SIGPIPE, &action, nullptr), "sigaction");
}

void exit_on_stop_signals() noexcept {
  struct sigaction action {};

  sigemptyset(&action.sa_mask);
  action.sa_handler = [](int) {
    while (waitpid(-1, nullptr, WNOHANG) > 0) {
    }
    _exit(0);
  };
  or_die(sigaction(SIGINT, &action, nullptr), "sigaction");
  or_die(sigaction(SIGTERM, &action, nullptr), "sigaction");
  ignore_broken_pipes();
}

} // namespace lab
