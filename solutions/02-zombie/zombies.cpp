// zombies N
//
// N zombies at the same moment, one process id a line. Enter or end of file ends them all.
//
//   build/solutions/02-zombie/zombies 3           in one terminal
//   ps -o pid,ppid,stat,comm -C zombies           in another
//
// The numbers [1] to [4] are those of README.md.

#include "support/arguments.hpp"
#include "support/error.hpp"
#include "support/output.hpp"
#include "support/processes.hpp"
#include "support/stop_signals.hpp"

#include <cerrno>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char** argv) {
  const int count = lab::count_argument(argc, argv);
  lab::exit_on_stop_signals(); // Ctrl-C leaves no zombie to init

  // [1] Room first: what allocates may fail, and should do so while there is nobody to bury.
  std::vector<pid_t> children;
  children.reserve(static_cast<std::size_t>(count));
  int error = 0;
  while (children.size() < static_cast<std::size_t>(count) && error == 0) {
    const pid_t child = fork();
    if (child == 0) {
      _exit(0); // [2] it must not go on in this loop: N children would become 2^N
    }
    if (child == -1) {
      error = errno;
    } else {
      children.push_back(child);
    }
  }

  // [3] All of them are zombies once each has been one: who is not asked for its status stays what
  // it is. So the order of the waiting does not matter, and nothing has to be looked at twice.
  if (error == 0) {
    for (const pid_t child : children) {
      lab::wait_until_ended(child);
    }
    for (const pid_t child : children) {
      lab::print_line(child);
    }
    lab::wait_for_enter();
  } else {
    lab::report("fork", error); // a process limit, say: there are not N, so none is shown
  }

  // [4] One by one, by their ids. A waitpid that has failed to take one away is worth a word.
  for (const pid_t child : children) {
    lab::check(waitpid(child, nullptr, 0), "waitpid");
  }
  return error == 0 ? 0 : 1;
}
