// Plain C, printf and fflush; the end is a loop of wait until there is nobody left.
#include "../variant.h"

#include <sys/wait.h>

int main(int argc, char** argv) {
  const long count = argc == 2 ? number(argv[1], 10000) : -1;
  if (count == -1) {
    usage("N");
  }
  pid_t* children = calloc((size_t)count + 1, sizeof *children);
  if (children == NULL) {
    die("calloc");
  }
  int failed = 0;
  long started = 0;
  for (; started < count; ++started) {
    children[started] = fork();
    if (children[started] == 0) {
      _exit(EXIT_SUCCESS);
    }
    if (children[started] == -1) {
      report("fork");
      failed = 1;
      break;
    }
  }
  for (long i = 0; i < started && !failed; ++i) {
    siginfo_t info;
    while (waitid(P_PID, (id_t)children[i], &info, WEXITED | WNOWAIT) == -1 && errno == EINTR) {
    }
  }
  for (long i = 0; i < started && !failed; ++i) {
    printf("%ld\n", (long)children[i]);
    fflush(stdout);
  }
  if (!failed) {
    int c = 0;
    while ((c = getchar()) != EOF && c != '\n') {
    }
  }
  while (wait(NULL) > 0) {
  }
  free(children);
  return failed;
}
