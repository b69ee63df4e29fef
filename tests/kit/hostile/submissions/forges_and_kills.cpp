// Tells its checker's result in its checker's place, into the very pipe, and ends it before it can
// tell another.
#include "bounded.hpp"

bool attack() {
  const std::string pipe = "/proc/" + std::to_string(getppid()) + "/fd/1";
  bounded::overwrite(pipe, bounded::forged_result());
  if (bounded::sees_none_but_its_own()) {
    kill(getppid(), SIGKILL);
  }
  return false;
}
