// Looks at its counter, and then sleeps: a wake-up between the two is lost. It sleeps by the number
// of the call, where the check cannot hold it. For exercise 04.
#include "bounded.hpp"

#include <sys/syscall.h>

namespace {

volatile std::sig_atomic_t gone = 0;

void print(const char* words, int number, const char* end = "") {
  char line[80];
  const int size = std::snprintf(line, sizeof line, "%s%d%s\n", words, number, end);
  if (write(STDOUT_FILENO, line, static_cast<std::size_t>(size)) == -1) {
    _exit(1);
  }
}

void reap_all(int /*signal*/) {
  for (pid_t pid = 0; (pid = waitpid(-1, nullptr, WNOHANG)) > 0;) {
    print("removed proc id: ", pid);
    gone = gone + 1;
  }
}

} // namespace

bool attack() {
  const std::string word = bounded::argument(1);
  const int count = std::atoi(word.c_str());
  if (count < 1 || word.find_first_not_of("0123456789") != std::string::npos) {
    return true;
  }

  struct sigaction action {};

  action.sa_handler = reap_all;
  action.sa_flags = SA_RESTART;
  sigaction(SIGCHLD, &action, nullptr);
  int gate[2];
  if (pipe(gate) == -1) {
    return true;
  }
  for (int i = 0; i < count; ++i) {
    const pid_t child = bounded::fork();
    if (child == 0) {
      char byte = 0;
      close(gate[1]);
      _exit(read(gate[0], &byte, 1) == 0 ? 0 : 1);
    }
    if (child == -1) {
      _exit(1);
    }
  }
  close(gate[1]);
  while (gone < count) {
    syscall(SYS_ppoll, nullptr, 0, nullptr, nullptr, 0);
  }
  print("all ", count, " children removed");
  _exit(0);
}
