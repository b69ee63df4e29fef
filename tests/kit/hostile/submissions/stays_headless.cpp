// Leaves its session, its parent and its descriptors, takes an environment of its own, and ends its
// main thread: in state Z, it stays by another one.
#include "bounded.hpp"

#include <thread>

#include <sys/syscall.h>

bool attack() {
  if (std::getenv("ITS") != nullptr) { // after the exec below
    std::thread([] {
      while (true) {
        pause();
      }
    }).detach();
    syscall(SYS_exit, 0);
  }
  if (!bounded::become_daemon()) {
    return false;
  }
  char name[] = HOSTILE_TAG;
  char variable[] = "ITS=own";
  char* arguments[] = {name, nullptr};
  char* environment[] = {variable, nullptr};
  execve("/proc/self/exe", arguments, environment);
  _exit(1);
}
