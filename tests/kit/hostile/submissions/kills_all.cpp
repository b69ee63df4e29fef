// Ends all that it may signal.
#include "bounded.hpp"

bool attack() {
  if (bounded::sees_none_but_its_own()) {
    kill(-1, SIGKILL);
  }
  return false;
}
