// Reads of a signalfd that a child has ended, and asks wait4 who: the resources used come with it.
#include "../variant.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

static int signal_of(const char* name) {
  const int harmless[] = {SIGCHLD, SIGCONT, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, SIGURG, SIGWINCH};
  for (int signal = 1; signal < SIGRTMIN; ++signal) {
    const char* known = sigabbrev_np(signal);
    int ends = 1;
    for (size_t i = 0; i < sizeof harmless / sizeof harmless[0]; ++i) {
      ends &= signal != harmless[i];
    }
    if (known != NULL && ends && strcmp(known, name) == 0) {
      return signal;
    }
  }
  return -1;
}

int main(int argc, char** argv) {
  if (argc < 2) {
    usage("SPEC...");
  }
  for (int i = 1; i < argc; ++i) {
    if (number(argv[i], 255) == -1 && signal_of(argv[i]) == -1) {
      usage("SPEC...");
    }
  }
  sigset_t child_ended;
  sigset_t unblocked;
  sigemptyset(&child_ended);
  sigaddset(&child_ended, SIGCHLD);
  sigprocmask(SIG_BLOCK, &child_ended, &unblocked);
  const int signals = signalfd(-1, &child_ended, SFD_CLOEXEC);
  if (signals == -1) {
    die("signalfd");
  }
  int failed = 0;
  int alive = 0;
  for (int i = 1; i < argc && !failed; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      sigprocmask(SIG_SETMASK, &unblocked, NULL);
      const long code = number(argv[i], 255);
      if (code == -1) {
        prctl(PR_SET_DUMPABLE, 0);
        raise(signal_of(argv[i]));
      }
      _exit((int)code);
    }
    if (child == -1) {
      report("fork");
      failed = 1;
    } else {
      ++alive;
    }
  }
  while (alive > 0) {
    struct signalfd_siginfo info;
    if (read(signals, &info, sizeof info) == -1 && errno != EINTR) {
      die("read");
    }
    int status = 0;
    struct rusage used;
    pid_t pid = 0;
    while ((pid = wait4(-1, &status, WNOHANG, &used)) > 0) {
      --alive;
      if (WIFEXITED(status)) {
        dprintf(1, "%d exited %d\n", (int)pid, WEXITSTATUS(status));
      } else {
        dprintf(1, "%d killed by SIG%s\n", (int)pid, sigabbrev_np(WTERMSIG(status)));
      }
    }
  }
  return failed;
}
