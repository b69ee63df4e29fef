// In one check it takes all processes that its user may have. Another check of it fails meanwhile:
// because there are no processes, or so it is to seem.
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
    sleep(15); // its children, too: the other check is to fail in this time
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
    sleep(2); // by then all are taken
    return false;
  }
  return true;
}
