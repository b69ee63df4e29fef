// Eight processes that never rest, for five seconds.
#include "bounded.hpp"

bool attack() {
  for (int i = 0; i < 7 && bounded::fork() > 0; ++i) {
  }
  alarm(5);
  for (;;) {
    asm volatile("");
  }
}
