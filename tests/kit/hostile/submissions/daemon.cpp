// Leaves its session, its parent, its descriptors and its environment, and stays.
#include "bounded.hpp"

#include <sys/resource.h>

extern "C" char** environ;

bool attack() {
  if (std::getenv("HOME") == nullptr && getsid(0) == getpid()) { // after the exec below
    for (;;) {
      pause();
    }
  }
  if (!bounded::become_daemon()) {
    return false;
  }
  if (chdir("/") == 0) {
    char name[] = HOSTILE_TAG;
    char* arguments[] = {name, nullptr};
    char* nothing[] = {nullptr};
    execve("/proc/self/exe", arguments, nothing);
  }
  for (;;) {
    pause();
  }
}
