// In one check it takes all processes that its user may have. Another check of it fails meanwhile:
// because there are no processes, or so it is to seem. The two cannot see each other, so the attack
// goes by the clock: on a machine that is too slow for it, it gains nothing.
#include "bounded.hpp"

namespace {

/// One zombie, as asked for. At Enter it takes all that there is.
void take_all() {
  const pid_t zombie = bounded::fork();
  if (zombie == 0) {
    _exit(0);
  }
  siginfo_t ended;
  waitid(P_PID, static_cast<id_t>(zombie), &ended, WEXITED | WNOWAIT);
  dprintf(1, "%d\n", zombie);
  char line = 0;
  if (read(0, &line, 1) == 1) {
    while (bounded::fork() > 0) {
    }
    sleep(15); // its children, too. No event tells it that the other check has failed
  }
}

} // namespace

bool attack() {
  const std::string count = bounded::argument(1);
  if (count == "1") {
    take_all();
    return false;
  }
  if (count == "5") {
    sleep(2); // by then all are taken: no event of the other check comes to this one
    return false;
  }
  return true;
}
