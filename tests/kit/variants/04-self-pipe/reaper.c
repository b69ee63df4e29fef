// The handler reaps, and writes a byte for each child into a pipe that main reads: the self-pipe
// trick.
#include "../variant.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

static int to_main = -1;

// Safe in a handler: no snprintf.
static void print_removed(pid_t pid) {
  char line[48] = "removed proc id: ";
  char digits[16];
  size_t count = 0;
  size_t size = strlen(line);
  for (; pid != 0 || count == 0; pid /= 10) {
    digits[count++] = (char)('0' + pid % 10);
  }
  while (count > 0) {
    line[size++] = digits[--count];
  }
  line[size++] = '\n';
  if (write(1, line, size) == -1) {
    _exit(1);
  }
}

static void reap(int signal) {
  (void)signal;
  const int saved = errno;
  pid_t pid = 0;
  while ((pid = waitpid(-1, NULL, WNOHANG)) > 0) {
    print_removed(pid);
    if (write(to_main, "", 1) == -1) {
      _exit(1);
    }
  }
  errno = saved;
}

int main(int argc, char** argv) {
  const long count = argc == 2 ? number(argv[1], 10000) : -1;
  if (count == -1) {
    usage("N");
  }
  int self[2];
  int gate[2];
  if (pipe2(self, O_CLOEXEC) == -1 || pipe2(gate, O_CLOEXEC) == -1) {
    die("pipe2");
  }
  to_main = self[1];
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = reap;
  action.sa_flags = SA_NOCLDSTOP; // no SA_RESTART: read says EINTR
  sigaction(SIGCHLD, &action, NULL);
  int failed = 0;
  long started = 0;
  while (started < count && !failed) {
    const pid_t child = fork();
    if (child == 0) {
      char nothing = 0;
      close(gate[1]);
      while (read(gate[0], &nothing, 1) == -1 && errno == EINTR) {
      }
      _exit(0);
    }
    if (child == -1) {
      report("fork");
      failed = 1;
    } else {
      ++started;
    }
  }
  close(gate[1]);
  for (long removed = 0; removed < started;) {
    char bytes[256];
    const ssize_t got = read(self[0], bytes, sizeof bytes);
    removed += got > 0 ? got : 0;
  }
  if (!failed) {
    printf("all %ld children removed\n", count);
    fflush(stdout);
  }
  return failed;
}
