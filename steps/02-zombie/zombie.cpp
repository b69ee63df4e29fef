// zombie
//
// A child that has ended stays in the process table, in state Z, for as long as its parent lives
// and does not ask how it ended. Press Enter (or give end of file) to end the parent.
//
//   build/bin/zombie                            in one terminal
//   ps -o pid,ppid,stat,comm -C zombie          in another

#include "support/arguments.hpp"
#include "support/error.hpp"
#include "support/output.hpp"
#include "support/processes.hpp"

#include <csignal>
#include <string_view>

#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char** argv) {
  lab::no_arguments(argc, argv);

  // [1] From here on there are two processes. fork returns 0 in the child, and in the parent the
  // child's process id.
  const pid_t child = lab::check(fork(), "fork");
  if (child == 0) {
    lab::print_line("child ", getpid(), ": ends with status 7");
    _exit(7); // [2] all of it is gone now but its entry in the process table
  }

  // [3] The entry keeps what nobody has asked for yet: how the child ended. SIGKILL changes
  // nothing, for there is nothing left to kill.
  lab::wait_until_ended(child);
  kill(child, SIGKILL);
  const char before = lab::state_of(child);
  lab::print_line("parent ", getpid(), ": child ", child, " is in state ",
                  std::string_view(&before, 1));
  lab::print_line("parent ", getpid(), ": press Enter to end");
  lab::wait_for_enter();

  // [4] Asking for the status is what takes the entry away. Had the parent ended without it, init
  // would have inherited the zombie, and asked in its stead.
  lab::check(waitpid(child, nullptr, 0), "waitpid");
  const char after = lab::state_of(child);
  lab::print_line("parent ", getpid(), ": child ", child, " is ",
                  after == '?' ? "gone" : "still there");
  return 0;
}
