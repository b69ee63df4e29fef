// Ends its parent, and whatever is then its parent, so that nobody is there to fail it.
#include "bounded.hpp"

bool attack() {
  if (!bounded::sees_none_but_its_own()) {
    return false;
  }
  for (int i = 0; i < 3; ++i) {
    kill(getppid(), SIGKILL);
    usleep(10'000);
  }
  return false;
}
