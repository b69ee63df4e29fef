// A signalfd beside the listener in one poll, and no handler at all. A child tells by a pipe that
// its client has gone: the word is there before the client can see the end.
#include "../variant.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

static struct {
  pid_t pid;
  int served;
} * children;

static size_t count;
static size_t room;
static size_t served;

static size_t find(pid_t pid) {
  size_t i = 0;
  while (i < count && children[i].pid != pid) {
    ++i;
  }
  return i;
}

static void give_back(size_t i) {
  if (i < count && children[i].served) {
    children[i].served = 0;
    --served;
  }
}

static void reap(int how) {
  pid_t pid = 0;
  while (count > 0 && (pid = waitpid(-1, NULL, how)) > 0) {
    const size_t i = find(pid);
    if (i < count) {
      give_back(i);
      children[i] = children[--count];
      dprintf(1, "removed proc id: %d\n", (int)pid);
    }
  }
}

static void hear(int words) {
  pid_t pid = 0;
  while (read(words, &pid, sizeof pid) == sizeof pid) {
    give_back(find(pid));
  }
}

static void refuse(int connection) {
  static char unread[1 << 16];
  send(connection, "server busy\n", 12, MSG_DONTWAIT | MSG_NOSIGNAL);
  shutdown(connection, SHUT_WR);
  for (int i = 0; i < 100 && recv(connection, unread, sizeof unread, MSG_DONTWAIT) > 0; ++i) {
  }
}

static void serve(int connection) {
  static char buffer[1 << 18];
  ssize_t got = 0;
  while ((got = recv(connection, buffer, sizeof buffer, 0)) > 0) {
    for (ssize_t gone = 0; gone < got;) {
      const ssize_t sent = send(connection, buffer + gone, (size_t)(got - gone), MSG_NOSIGNAL);
      if (sent == -1) {
        return;
      }
      gone += sent;
    }
  }
}

int main(int argc, char** argv) {
  const char* form = "PORT [ADDRESS] [MAX]";
  if (argc < 2 || argc > 4) {
    usage(form);
  }
  const struct place place = place_of(argc > 2 ? argv[2] : "127.0.0.1", argv[1], form);
  const long most = argc > 3 ? number(argv[3], INT_MAX) : LONG_MAX;
  if (most < 1) {
    usage(form);
  }
  sigset_t watched;
  sigset_t unblocked;
  sigemptyset(&watched);
  sigaddset(&watched, SIGCHLD);
  sigaddset(&watched, SIGINT);
  sigaddset(&watched, SIGTERM);
  sigprocmask(SIG_BLOCK, &watched, &unblocked);
  const int signals = signalfd(-1, &watched, SFD_NONBLOCK | SFD_CLOEXEC);
  int words[2];
  if (signals == -1 || pipe2(words, O_NONBLOCK | O_CLOEXEC) == -1) {
    die("signalfd");
  }
  const int listener = listen_at(place, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC);
  char address[INET6_ADDRSTRLEN];
  unsigned port = place_bound(listener, address);
  dprintf(1, "listening on %s:%u\n", address, port);
  const pid_t parent = getpid();
  int shortage = 0;
  for (int stopped = 0; !stopped;) {
    struct pollfd events[3] = {{.fd = signals, .events = POLLIN},
                               {.fd = words[0], .events = POLLIN},
                               {.fd = shortage ? -1 : listener, .events = POLLIN}};
    poll(events, 3, shortage ? 50 : -1);
    struct signalfd_siginfo info;
    while (read(signals, &info, sizeof info) == sizeof info) {
      stopped |= info.ssi_signo != SIGCHLD;
    }
    struct sockaddr_storage client;
    socklen_t size = sizeof client;
    const int connection = stopped ? -1 : accept(listener, (struct sockaddr*)&client, &size);
    const int error = errno;
    hear(words[0]); // after accept: who had gone before this client came is not counted any more
    reap(WNOHANG);
    if (connection == -1) {
      if (is_shortage(error) && !shortage) {
        errno = error;
        report("accept");
      }
      shortage = is_shortage(error);
      continue;
    }
    shortage = 0;
    if (count == room) {
      room = 2 * room + 16;
      children = realloc(children, room * sizeof *children);
      if (children == NULL) {
        die("realloc");
      }
    }
    pid_t child = 0;
    if (served >= (size_t)most) {
      refuse(connection);
    } else if ((child = fork()) == 0) {
      close(listener);
      close(signals);
      close(words[0]);
      sigprocmask(SIG_SETMASK, &unblocked, NULL);
      prctl(PR_SET_PDEATHSIG, SIGTERM);
      if (getppid() != parent) {
        _exit(0);
      }
      port = name_of(&client, address);
      dprintf(1, "connected client IP: %s port: %u\n", address, port);
      serve(connection);
      dprintf(1, "client disconnected\n");
      const pid_t self = getpid();
      while (write(words[1], &self, sizeof self) == -1 && errno == EAGAIN) {
        struct pollfd full = {.fd = words[1], .events = POLLOUT};
        poll(&full, 1, -1);
      }
      _exit(0);
    } else if (child == -1) {
      report("fork");
    } else {
      children[count].pid = child;
      children[count++].served = 1;
      ++served;
    }
    close(connection);
  }
  close(listener);
  for (size_t i = 0; i < count; ++i) {
    kill(children[i].pid, SIGTERM);
    kill(children[i].pid, SIGCONT);
  }
  reap(0);
  free(children);
  return 0;
}
