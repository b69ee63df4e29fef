// Stops those that check it, so that nothing ends and nothing fails; after a while it lets them go
// on.
#include "bounded.hpp"

bool attack() {
  if (!bounded::sees_none_but_its_own()) {
    return false;
  }
  const pid_t checker = getppid();
  std::string text;
  std::getline(std::ifstream("/proc/" + std::to_string(checker) + "/stat"), text);
  int above = 0; // the checker's own parent
  std::sscanf(text.c_str() + text.rfind(')') + 1, " %*c %d", &above);
  if (bounded::fork() == 0) { // even if somebody ends us meanwhile
    setsid();
    sleep(3);
    kill(checker, SIGCONT);
    kill(above > 1 ? above : checker, SIGCONT);
    _exit(0);
  }
  kill(checker, SIGSTOP);
  if (above > 1) {
    kill(above, SIGSTOP);
  }
  sleep(3);
  kill(checker, SIGCONT);
  if (above > 1) {
    kill(above, SIGCONT);
  }
  return false;
}
