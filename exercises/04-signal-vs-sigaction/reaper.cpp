// reaper N
//
// N children that end together. The handler reaps each and prints its id. When the last one has
// been removed, the program says so and ends. The task is in README.md.
//
//   build/exercises/04-signal-vs-sigaction/reaper 50

#include "support/arguments.hpp"
#include "support/error.hpp"
#include "support/output.hpp"
#include "support/processes.hpp"

#include <cerrno>
#include <csignal>

#include <sys/wait.h>
#include <unistd.h>

namespace {

volatile std::sig_atomic_t reaped = 0;

// TODO 1: reap all that have ended, and print `removed proc id: PID` for each.
void reap(int /*signal*/) {
  const int saved = errno;
  if (waitpid(-1, nullptr, WNOHANG) > 0) {
    reaped = reaped + 1;
  }
  errno = saved;
}

} // namespace

int main(int argc, char** argv) {
  const int count = lab::count_argument(argc, argv);

  struct sigaction action {};

  action.sa_handler = reap;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART | SA_NOCLDSTOP;
  lab::or_die(sigaction(SIGCHLD, &action, nullptr), "sigaction");

  lab::Gate gate;
  for (int i = 0; i < count; ++i) {
    const pid_t child = lab::or_die(fork(), "fork");
    if (child == 0) {
      gate.wait();
      _exit(0);
    }
  }
  gate.open(); // now they end, each at its own time; this does not wait for them

  // TODO 2: wait here for the last of them, do not poll, and never miss the last signal; then print
  // `all N children removed`.
  return 0;
}
