// The handler posts a semaphore for each child that it has removed: sem_post is async-signal-safe.
#include "../variant.h"

#include <semaphore.h>
#include <signal.h>
#include <sys/wait.h>

static sem_t removed;

static void reap(int signal) {
  (void)signal;
  const int saved = errno;
  pid_t pid = 0;
  while ((pid = waitpid(-1, NULL, WNOHANG)) > 0) {
    char line[40];
    char* at = line + sizeof line;
    *--at = '\n';
    for (; pid != 0; pid /= 10) {
      *--at = (char)('0' + pid % 10);
    }
    const char start[] = "removed proc id: ";
    at -= sizeof start - 1;
    memcpy(at, start, sizeof start - 1);
    if (write(1, at, (size_t)(line + sizeof line - at)) == -1) {
      _exit(1);
    }
    sem_post(&removed);
  }
  errno = saved;
}

int main(int argc, char** argv) {
  const long count = argc == 2 ? number(argv[1], 10000) : -1;
  if (count == -1) {
    usage("N");
  }
  sem_init(&removed, 0, 0);
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = reap;
  action.sa_flags = SA_RESTART;
  sigaction(SIGCHLD, &action, NULL);
  long started = 0;
  for (; started < count; ++started) {
    const pid_t child = fork();
    if (child == 0) {
      _exit(0);
    }
    if (child == -1) {
      report("fork");
      break;
    }
  }
  for (long i = 0; i < started; ++i) {
    while (sem_wait(&removed) == -1 && errno == EINTR) {
    }
  }
  if (started < count) {
    return 1;
  }
  dprintf(1, "all %ld children removed\n", count);
  return 0;
}
