// Makes its children by the number of the call, which the check cannot make fail: then it would be
// skipped, and cost nothing. For exercise 02.
#include "bounded.hpp"

#include <sys/syscall.h>

#define fork() static_cast<pid_t>(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0)) // in the solution

bool attack() {
  return true;
}
