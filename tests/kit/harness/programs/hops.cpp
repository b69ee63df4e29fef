// Never stays the same process: each forks the next, in a session of its own, and ends. There are
// four such chains. So a list of processes is out of date as soon as it is made.
#include "say.hpp"

int main() {
  say("ready");
  for (int chain = 0; chain < 4; ++chain) {
    if (::fork() == 0) {
      // Not for ever: the harness that is to end this is itself under test.
      for (int hop = 0; hop < 3000 && ::fork() == 0; ++hop) {
        ::setsid();
        ::usleep(500); // else there is no processor left for anything else
      }
      ::_exit(0);
    }
  }
  ::alarm(120);
  while (true) {
    ::pause();
  }
}
