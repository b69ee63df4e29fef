// waitpid_poll
//
// waitpid(2) waits for one child, or for any. With WNOHANG it does not wait at all: 0 means that
// the child is there and has not ended.
//
//   build/bin/waitpid_poll

#include "support/arguments.hpp"
#include "support/error.hpp"
#include "support/output.hpp"
#include "support/processes.hpp"

#include <cerrno>

#include <sys/wait.h>
#include <unistd.h>

namespace {

// A child that ends with `status` once `gate` is open.
pid_t start(lab::Gate& gate, int status) {
  const pid_t child = lab::or_die(fork(), "fork");
  if (child == 0) {
    gate.wait();
    _exit(status);
  }
  lab::print_line("child ", child, " runs, and will exit with status ", status);
  return child;
}

} // namespace

int main(int argc, char** argv) {
  lab::no_arguments(argc, argv);

  lab::Gate gate_of_first;
  const pid_t first = start(gate_of_first, 3);
  lab::Gate gate_of_second;
  const pid_t second = start(gate_of_second, 5);

  // [1] No child has ended: with WNOHANG it returns 0 at once.
  int status = 0;
  pid_t pid = lab::or_die(waitpid(first, &status, WNOHANG), "waitpid");
  lab::print_line("waitpid(", first, ", WNOHANG) returned ", pid);

  // [2] One child by its id: it does not matter whether another has ended.
  gate_of_second.open();
  lab::wait_until_ended(second);
  pid = lab::or_die(waitpid(first, &status, WNOHANG), "waitpid");
  lab::print_line("waitpid(", first, ", WNOHANG) returned ", pid, ", though ", second,
                  " has ended");

  // [3] Any child: -1. It returns the one that has ended, and blocks if there is none.
  pid = lab::or_die(waitpid(-1, &status, 0), "waitpid");
  lab::print_line("waitpid(-1, 0) returned ", pid, ", status ", WEXITSTATUS(status));
  gate_of_first.open();
  pid = lab::or_die(waitpid(first, &status, 0), "waitpid");
  lab::print_line("waitpid(", first, ", 0) returned ", pid, ", status ", WEXITSTATUS(status));

  // [4] 0 and -1 with ECHILD are two answers: "not yet" and "never".
  if (waitpid(-1, &status, WNOHANG) == -1 && errno == ECHILD) {
    lab::print_line("waitpid(-1, WNOHANG) returned -1: no child is left");
  }
  return 0;
}
