// Sleeps in sigwaitinfo until there is a SIGCHLD, and then looks who has ended, without taking
// anybody.
#include "../variant.h"

#include <signal.h>
#include <sys/wait.h>

int main(int argc, char** argv) {
  const long count = argc == 2 ? number(argv[1], 10000) : -1;
  if (count == -1) {
    usage("N");
  }
  sigset_t child_ended;
  sigemptyset(&child_ended);
  sigaddset(&child_ended, SIGCHLD);
  sigprocmask(SIG_BLOCK, &child_ended, NULL);
  static pid_t children[10000];
  long started = 0;
  int failed = 0;
  while (started < count && !failed) {
    const pid_t child = fork();
    if (child == 0) {
      _exit(0);
    } else if (child == -1) {
      report("fork");
      failed = 1;
    } else {
      children[started++] = child;
    }
  }
  for (long ended = 0; ended < started && !failed;) {
    siginfo_t info;
    info.si_pid = 0;
    if (waitid(P_PID, (id_t)children[ended], &info, WEXITED | WNOWAIT | WNOHANG) == 0 &&
        info.si_pid != 0) {
      ++ended;
    } else {
      sigwaitinfo(&child_ended, NULL);
    }
  }
  if (!failed) {
    for (long i = started - 1; i >= 0; --i) {
      dprintf(1, "%d\n", (int)children[i]);
    }
    char byte = 0;
    ssize_t got = 0;
    do {
      got = read(0, &byte, 1);
    } while ((got == 1 && byte != '\n') || (got == -1 && errno == EINTR));
  }
  for (long i = 0; i < started; ++i) {
    waitpid(children[i], NULL, 0);
  }
  return failed;
}
