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
  const pid_t child = bounded::fork();
  if (child != 0) {
    waitpid(child, nullptr, 0);
    return false;
  }
  setsid();
  if (bounded::fork() != 0) {
    _exit(0);
  }
  setsid();
  for (int fd = 0; fd < 1024; ++fd) {
    close(fd);
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
