// orphan
//
// A parent that ends first leaves an orphan. The kernel gives it a new parent at once: its nearest
// ancestor that has asked for that (prctl(2), PR_SET_CHILD_SUBREAPER), otherwise init, process 1.
//
//   build/bin/orphan

#include "support/arguments.hpp"
#include "support/error.hpp"
#include "support/output.hpp"
#include "support/processes.hpp"

#include <unistd.h>

int main(int argc, char** argv) {
  lab::no_arguments(argc, argv);

  lab::Gate said_before; // the parent stays until the child has printed its parent's id
  const pid_t parent = getpid();
  const pid_t child = lab::or_die(fork(), "fork");
  if (child != 0) {
    said_before.wait();
    lab::print_line("parent ", parent, ": ends before its child ", child);
    return 0; // [1] no wait: the child's next parent will ask how it ended
  }

  lab::print_line("child ", getpid(), ": my parent is ", getppid());
  said_before.open();
  lab::wait_until_orphaned(parent);

  // [2] The shell shows its prompt by now: it waited for the parent, and knows nothing of the
  // child.
  lab::print_line("child ", getpid(), ": adopted, my parent is ", getppid());
  _exit(0);
}
