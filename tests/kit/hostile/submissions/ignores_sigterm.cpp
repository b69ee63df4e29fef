// Ignores every signal that it may ignore but the alarm that bounds it, and sleeps.
#include "bounded.hpp"

bool attack() {
  for (int number = 1; number < NSIG; ++number) {
    if (number != SIGALRM) {
      std::signal(number, SIG_IGN);
    }
  }
  for (;;) {
    pause();
  }
}
