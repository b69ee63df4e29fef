// Each process forks as long as it may. It does not come through: it stays behind where it can.
#include "bounded.hpp"

bool attack() {
  while (bounded::fork() != -1) {
  }
  pause();
  return false;
}
