// shows_itself [WORD...]: prints in what state a program is started, then its arguments, and waits
// for the end of input.
#include "say.hpp"

#include <csignal>
#include <cstdlib>

#include <fcntl.h>
#include <sys/prctl.h>

int main(int argc, char** argv) {
  std::string open;
  for (int fd = 0; fd < 1024; ++fd) {
    if (::fcntl(fd, F_GETFD) != -1) {
      open += " " + std::to_string(fd);
    }
  }
  sigset_t blocked;
  ::sigprocmask(SIG_BLOCK, nullptr, &blocked);
  std::string unusual;
  for (int signal = 1; signal < NSIG; ++signal) {
    struct sigaction action {};

    const bool known = ::sigaction(signal, nullptr, &action) == 0;
    if (::sigismember(&blocked, signal) == 1 || (known && action.sa_handler == SIG_IGN)) {
      unusual += " " + std::to_string(signal);
    }
  }
  int death_signal = 0;
  ::prctl(PR_GET_PDEATHSIG, &death_signal);
  const char* variable = std::getenv("HARNESS_TEST");
  std::string terminals;
  for (int fd = 0; fd < 3; ++fd) {
    terminals += ::isatty(fd) == 1 ? " terminal" : " other";
  }
  say("open" + open);
  say("signals" + unusual);
  say("session " + std::to_string(::getsid(0)));
  say("death signal " + std::to_string(death_signal));
  say("user " + std::to_string(::getuid()) + " " + std::to_string(::getgid()));
  say("variable " + std::string(variable == nullptr ? "" : variable));
  say("standard" + terminals);
  for (int at = 1; at < argc; ++at) {
    say(argv[at]);
  }
  char byte = 0;
  while (::read(STDIN_FILENO, &byte, 1) > 0) {
  }
}
