// polls MICROSECONDS: wakes up for nothing, again and again; 0: never sleeps at all; without an
// argument: sleeps as it should.
#include "say.hpp"

#include <cstdlib>

int main(int argc, char** argv) {
  say("ready");
  const auto pause = static_cast<useconds_t>(argc > 1 ? std::atoi(argv[1]) : 0);
  while (true) {
    if (argc == 1) {
      ::pause();
    } else if (pause > 0) {
      ::usleep(pause);
    }
  }
}
