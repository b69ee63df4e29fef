// An honest program, whose check gets no time while somebody takes all of it: it stands still then.
#include "bounded.hpp"

namespace {

/// How many processes want a processor, on the whole machine: proc(5), /proc/loadavg.
int running() {
  double load = 0;
  int count = 0;
  std::ifstream file("/proc/loadavg");
  file >> load >> load >> load >> count;
  return count;
}

} // namespace

bool attack() {
  constexpr int no_time_left = 80; // of a hundred that spin
  for (int i = 0; i < 100 && running() < no_time_left && bounded::argument(1) == "5"; ++i) {
    usleep(20'000); // a look: nothing tells how many want a processor. It ends after two seconds
  }
  while (running() >= no_time_left) {
    usleep(100'000); // the next look
  }
  return true;
}
