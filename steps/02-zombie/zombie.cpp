// zombie
//
// A child that has ended stays in the process table, in state Z, as long as its parent lives and
// does not ask how it ended. Press Enter (or give end of file) to end the parent.
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
  const pid_t child = lab::or_die(fork(), "fork");
  if (child == 0) {
    lab::print_line("child ", getpid(), ": ends with status 7");
    _exit(7); // [2] now only its entry in the process table is left
  }

  // [3] The entry keeps how the child ended, until the parent asks. SIGKILL changes nothing: the
  // child has already ended.
  lab::wait_until_ended(child);
  kill(child, SIGKILL);
  const char before = lab::state_of(child);
  lab::print_line("parent ", getpid(), ": child ", child, " is in state ",
                  std::string_view(&before, 1));
  lab::print_line("parent ", getpid(), ": press Enter to end");
  lab::wait_for_enter();

  // [4] When the parent has asked for the status, the entry goes. If the parent ended without
  // asking, init would get the zombie, and ask instead.
  lab::or_die(waitpid(child, nullptr, 0), "waitpid");
  const char after = lab::state_of(child);
  lab::print_line("parent ", getpid(), ": child ", child, " is ",
                  after == '?' ? "gone" : "still there");
  return 0;
}
