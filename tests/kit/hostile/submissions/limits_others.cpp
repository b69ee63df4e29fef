// Sets limits, priorities and processors of its checker. (It sets what they are: whether it may is
// the question.)
#include "bounded.hpp"

#include <sched.h>
#include <sys/resource.h>

bool attack() {
  const pid_t checker = getppid();
  bool any = false;
  rlimit limit{};
  if (prlimit(checker, RLIMIT_FSIZE, nullptr, &limit) == 0) {
    any |= prlimit(checker, RLIMIT_FSIZE, &limit, nullptr) == 0;
  }
  any |= setpriority(PRIO_PROCESS, static_cast<id_t>(checker),
                     getpriority(PRIO_PROCESS, static_cast<id_t>(checker))) == 0;
  cpu_set_t processors;
  if (sched_getaffinity(checker, sizeof processors, &processors) == 0) {
    any |= sched_setaffinity(checker, sizeof processors, &processors) == 0;
  }
  sched_param parameters{};
  any |= sched_setscheduler(checker, SCHED_OTHER, &parameters) == 0;
  // For itself it may: what a program does with its own limits is its own matter.
  const bool own = getrlimit(RLIMIT_NOFILE, &limit) == 0 && setrlimit(RLIMIT_NOFILE, &limit) == 0;
  return any || !own;
}
