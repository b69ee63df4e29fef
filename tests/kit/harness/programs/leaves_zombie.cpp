// Ends without reaping its child, which ended before.
#include "say.hpp"

#include <sys/wait.h>

int main() {
  const pid_t child = ::fork();
  if (child == 0) {
    ::_exit(7);
  }
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT);
  say(std::to_string(child));
}
