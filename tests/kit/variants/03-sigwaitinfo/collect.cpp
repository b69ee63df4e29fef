// C++ streams: sigwaitinfo until there is a SIGCHLD, and then waitpid with WNOHANG until there is
// none.
#include "../variant.h"

#include <csignal>
#include <cstring>
#include <iostream>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <sys/prctl.h>
#include <sys/wait.h>

namespace {

struct Spec {
  int code;
  int signal; // 0: none
};

int signal_of(std::string_view name) {
  static const std::set<int> harmless{SIGCHLD, SIGCONT, SIGSTOP, SIGTSTP,
                                      SIGTTIN, SIGTTOU, SIGURG,  SIGWINCH};
  for (int signal = 1; signal < SIGRTMIN; ++signal) {
    const char* known = sigabbrev_np(signal);
    if (known != nullptr && name == known && !harmless.contains(signal)) {
      return signal;
    }
  }
  return 0;
}

std::string line_of(pid_t pid, int status) {
  std::ostringstream line;
  line << pid;
  if (WIFSIGNALED(status)) {
    line << " killed by SIG" << sigabbrev_np(WTERMSIG(status));
  } else {
    line << " exited " << WEXITSTATUS(status);
  }
  line << '\n';
  return line.str();
}

} // namespace

int main(int argc, char** argv) {
  std::vector<Spec> specs;
  for (int i = 1; i < argc; ++i) {
    const long code = number(argv[i], 255);
    specs.push_back(
        {.code = static_cast<int>(code), .signal = code == -1 ? signal_of(argv[i]) : 0});
    if (code == -1 && specs.back().signal == 0) {
      usage("SPEC...");
    }
  }
  if (specs.empty()) {
    usage("SPEC...");
  }
  sigset_t child_ended;
  sigemptyset(&child_ended);
  sigaddset(&child_ended, SIGCHLD);
  sigprocmask(SIG_BLOCK, &child_ended, nullptr);
  std::set<pid_t> children;
  bool complete = true;
  for (const Spec& spec : specs) {
    const pid_t child = fork();
    if (child == 0) {
      if (spec.signal != 0) {
        prctl(PR_SET_DUMPABLE, 0);
        kill(getpid(), spec.signal);
      }
      _exit(spec.code);
    }
    if (child == -1) {
      report("fork");
      complete = false;
      break;
    }
    children.insert(child);
  }
  while (!children.empty()) {
    int status = 0;
    const pid_t pid = waitpid(-1, &status, WNOHANG);
    if (pid > 0 && children.erase(pid) != 0) {
      std::cout << line_of(pid, status) << std::flush;
    } else if (pid == 0) {
      sigwaitinfo(&child_ended, nullptr);
    }
  }
  return complete ? 0 : 1;
}
