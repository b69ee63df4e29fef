// zombies N
//
// N zombies at the same moment, one process id on each line. Enter or end of file ends them all.
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

  // [1] Room first: an allocation may fail, and it should fail while there is no child to reap.
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

  // [3] A zombie stays a zombie until its parent asks for its status. So after this loop all of
  // them are zombies. The order of the waiting does not matter.
  if (error == 0) {
    for (const pid_t child : children) {
      lab::wait_until_ended(child);
    }
    for (const pid_t child : children) {
      lab::print_line(child);
    }
    lab::wait_for_enter();
  } else {
    lab::report("fork", error); // for example a process limit: there are not N, so none is shown
  }

  // [4] One by one, by their ids. If waitpid fails to reap one, say so.
  for (const pid_t child : children) {
    lab::or_die(waitpid(child, nullptr, 0), "waitpid");
  }
  return error == 0 ? 0 : 1;
}
