// Plain C and stdio; close_range, and closefrom where that is refused; a handler that only notes that a child has ended, and the main loop
// reaps.
#include "../variant.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

static volatile sig_atomic_t stopped;

static void note(int signal) {
  if (signal != SIGCHLD) {
    stopped = 1;
  }
}

static pid_t* children;
static size_t count;
static size_t room;

static void reap(int how) {
  pid_t pid = 0;
  while (count > 0 && (pid = waitpid(-1, NULL, how)) > 0) {
    for (size_t i = 0; i < count; ++i) {
      if (children[i] == pid) {
        children[i] = children[--count];
        break;
      }
    }
  }
}

static void serve(int connection) {
  static char buffer[1 << 16];
  ssize_t got = 0;
  while ((got = read(connection, buffer, sizeof buffer)) > 0) {
    for (char* next = buffer; got > 0;) {
      const ssize_t put = write(connection, next, (size_t)got);
      if (put == -1) {
        return;
      }
      next += put;
      got -= put;
    }
  }
}

int main(int argc, char** argv) {
  const struct place place = server_place(argc, argv);
  if (close_range(3, ~0U, 0) == -1) {
    closefrom(3);
  }
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = note;
  sigset_t unblocked;
  sigemptyset(&action.sa_mask);
  sigaddset(&action.sa_mask, SIGCHLD);
  sigaddset(&action.sa_mask, SIGINT);
  sigaddset(&action.sa_mask, SIGTERM);
  sigprocmask(SIG_BLOCK, &action.sa_mask, &unblocked);
  sigdelset(&unblocked, SIGCHLD);
  sigaction(SIGCHLD, &action, NULL);
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  signal(SIGPIPE, SIG_IGN);

  const int listener = listen_at(place, SOCK_STREAM | SOCK_NONBLOCK);
  char address[INET6_ADDRSTRLEN];
  unsigned port = place_bound(listener, address);
  printf("listening on %s:%u\n", address, port);
  fflush(stdout);
  const pid_t parent = getpid();
  int shortage = 0;
  while (!stopped) {
    struct pollfd coming = {.fd = shortage ? -1 : listener, .events = POLLIN};
    const struct timespec moment = {0, 50000000};
    ppoll(&coming, 1, shortage ? &moment : NULL, &unblocked);
    reap(WNOHANG);
    if (count == room) {
      pid_t* more = realloc(children, (2 * room + 16) * sizeof *children);
      if (more == NULL) {
        die("realloc");
      }
      children = more;
      room = 2 * room + 16;
    }
    struct sockaddr_storage client;
    socklen_t size = sizeof client;
    const int connection = accept(listener, (struct sockaddr*)&client, &size);
    if (connection == -1) {
      shortage = is_shortage(errno);
      continue;
    }
    shortage = 0;
    port = name_of(&client, address);
    printf("connected client IP: %s port: %u\n", address, port);
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
      close(listener);
      signal(SIGINT, SIG_DFL);
      signal(SIGTERM, SIG_DFL);
      signal(SIGCHLD, SIG_DFL);
      sigprocmask(SIG_SETMASK, &unblocked, NULL);
      prctl(PR_SET_PDEATHSIG, SIGTERM);
      if (getppid() == parent) {
        serve(connection);
        printf("client disconnected\n");
        fflush(stdout);
      }
      _exit(0);
    }
    if (child == -1) {
      report("fork");
    } else {
      children[count++] = child;
    }
    close(connection);
  }
  close(listener);
  for (size_t i = 0; i < count; ++i) {
    kill(children[i], SIGTERM);
    kill(children[i], SIGCONT);
  }
  reap(0);
  free(children);
  return 0;
}
