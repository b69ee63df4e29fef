// collect SPEC...
//
// One child for each SPEC: an exit code, or the name of a signal. All of them run at once. When one
// ends, the program reports how. The task is in README.md.
//
//   build/exercises/03-wait/collect 7 KILL 0

#include "support/endings.hpp"
#include "support/error.hpp"
#include "support/output.hpp"

#include <cstring>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace {

// TODO 3: print `PID exited CODE`, or `PID killed by SIGKILL`.
void print_ending(pid_t pid, int status) {
  lab::print_line(pid, " has ended: ", status);
}

} // namespace

int main(int argc, char** argv) {
  const std::vector<lab::Ending> endings = lab::ending_arguments(argc, argv);

  // TODO 1: no child starts before the one ahead of it has ended. TODO 2: report first the child
  // that ends first, not the one that was started first.
  for (const lab::Ending& ending : endings) {
    const pid_t child = lab::or_die(fork(), "fork");
    if (child == 0) {
      lab::end_as(ending); // exits with the code, or sends itself the signal
    }
    int status = 0;
    lab::or_die(waitpid(child, &status, 0), "waitpid");
    print_ending(child, status);
  }
  return 0;
}
