// zombies N
//
// N zombies at the same moment, one process id on each line. Enter or end of file ends them all.
// The task is in README.md.
//
//   build/exercises/02-zombie/zombies 3           in one terminal
//   ps -o pid,ppid,stat,comm -C zombies           in another

#include "support/arguments.hpp"
#include "support/error.hpp"
#include "support/output.hpp"
#include "support/processes.hpp"
#include "support/stop_signals.hpp"

#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char** argv) {
  const int count = lab::count_argument(argc, argv);
  lab::exit_on_stop_signals(); // Ctrl-C leaves no zombie to init

  for (int i = 0; i < count; ++i) {
    const pid_t child = lab::or_die(fork(), "fork");
    if (child == 0) {
      _exit(0);
    }

    // TODO 1: there is never more than one zombie here. Remember each child, and ask for its status
    // only at the end.
    lab::wait_until_ended(child);
    lab::print_line(child); // TODO 2: not before the last of them is a zombie
    lab::or_die(waitpid(child, nullptr, 0), "waitpid");
  }

  lab::wait_for_enter();

  // TODO 3: when this program ends, no zombie may be left, and none may be left to init.
  return 0;
}
