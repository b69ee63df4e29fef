// collect SPEC...
//
// One child for each SPEC: an exit code, or the name of a signal. All of them run at once. When one
// ends, the program reports how.
//
//   build/solutions/03-wait/collect 7 KILL 0
//
// The numbers [1] to [5] are those of README.md.

#include "support/endings.hpp"
#include "support/error.hpp"
#include "support/output.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace {

// [1] The status has its own encoding: after exit(7) it is not 7. Ask first how the child ended.
void print_ending(pid_t pid, int status) {
  if (WIFEXITED(status)) {
    lab::print_line(pid, " exited ", WEXITSTATUS(status));
  } else if (WIFSIGNALED(status)) {
    lab::print_line(pid, " killed by SIG", sigabbrev_np(WTERMSIG(status)));
  }
}

} // namespace

int main(int argc, char** argv) {
  const std::vector<lab::Ending> endings = lab::ending_arguments(argc, argv);

  // [2] First all are started, then all are collected.
  std::vector<pid_t> children;
  children.reserve(endings.size());
  bool complete = true;
  for (const lab::Ending& ending : endings) {
    const pid_t child = fork();
    if (child == 0) {
      lab::end_as(ending);
    }
    if (child == -1) { // [3] those that were started must still be collected
      lab::report("fork", errno);
      complete = false;
      break;
    }
    children.push_back(child);
  }

  // [4] Any child that has ended, until the last of its own. A loop until ECHILD would also wait
  // for a child that this process had before exec (collect 7 > >(cat), in bash).
  while (!children.empty()) {
    int status = 0;
    const pid_t pid = waitpid(-1, &status, 0);
    if (pid == -1 && errno == EINTR) {
      continue;
    }
    const auto found = std::find(children.begin(), children.end(), lab::or_die(pid, "waitpid"));
    if (found != children.end()) { // [5] no line for a child that it did not start
      children.erase(found);
      print_ending(pid, status);
    }
  }
  return complete ? 0 : 1;
}
