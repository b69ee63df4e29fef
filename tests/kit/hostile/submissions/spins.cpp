// A hundred processes that never rest, each in a session of its own: for the kernel, as many users.
#include "bounded.hpp"

bool attack() {
  if (bounded::argument(1) != "3") {
    return false; // once is enough
  }
  for (int i = 0; i < 100; ++i) {
    if (bounded::fork() == 0) {
      setsid();
      alarm(12);
      for (;;) {
        asm volatile("");
      }
    }
  }
  sleep(12); // as long as its children spin: a program that ends has them ended
  return false;
}
