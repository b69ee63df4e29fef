// Plain C: waitid and its siginfo_t, which needs no macro; signals by a table of its own.
#include "../variant.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static const struct {
  const char* name;
  int number;
} signals[] = {
    {"HUP", SIGHUP},   {"INT", SIGINT},   {"QUIT", SIGQUIT}, {"ILL", SIGILL},
    {"TRAP", SIGTRAP}, {"ABRT", SIGABRT}, {"BUS", SIGBUS},   {"FPE", SIGFPE},
    {"KILL", SIGKILL}, {"USR1", SIGUSR1}, {"SEGV", SIGSEGV}, {"USR2", SIGUSR2},
    {"PIPE", SIGPIPE}, {"ALRM", SIGALRM}, {"TERM", SIGTERM}, {"STKFLT", SIGSTKFLT},
    {"XCPU", SIGXCPU}, {"XFSZ", SIGXFSZ}, {"IO", SIGIO},     {"VTALRM", SIGVTALRM},
    {"PROF", SIGPROF}, {"POLL", SIGPOLL}, {"PWR", SIGPWR},   {"SYS", SIGSYS},
};

enum { known = sizeof signals / sizeof signals[0] };

static int signal_of(const char* name) {
  for (int i = 0; i < known; ++i) {
    if (strcmp(signals[i].name, name) == 0) {
      return signals[i].number;
    }
  }
  return -1;
}

static const char* name_of_signal(int number) {
  for (int i = 0; i < known; ++i) {
    if (signals[i].number == number) {
      return signals[i].name;
    }
  }
  return "?";
}

int main(int argc, char** argv) {
  const char* form = "SPEC...";
  if (argc < 2) {
    usage(form);
  }
  for (int i = 1; i < argc; ++i) {
    if (number(argv[i], 255) == -1 && signal_of(argv[i]) == -1) {
      usage(form);
    }
  }
  int failed = 0;
  int alive = 0;
  for (int i = 1; i < argc && !failed; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      const long code = number(argv[i], 255);
      if (code == -1) {
        const struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        raise(signal_of(argv[i]));
      }
      _exit((int)code);
    } else if (child == -1) {
      report("fork");
      failed = 1;
    } else {
      ++alive;
    }
  }
  while (alive > 0) {
    siginfo_t info;
    if (waitid(P_ALL, 0, &info, WEXITED) == -1) {
      continue;
    }
    --alive;
    if (info.si_code == CLD_EXITED) {
      printf("%d exited %d\n", (int)info.si_pid, info.si_status);
    } else {
      printf("%d killed by SIG%s\n", (int)info.si_pid, name_of_signal(info.si_status));
    }
    fflush(stdout);
  }
  return failed;
}
