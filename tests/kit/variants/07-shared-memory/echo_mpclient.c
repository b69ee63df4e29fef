// Plain C: getline, a counter in shared memory, and a signalfd for the writer's end and for Ctrl-C.
#include "../variant.h"

#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

static struct shared {
  _Atomic uint64_t sent;
  atomic_int half_closing;
} * shared;

static int send_all(int connection, const char* text, size_t size) {
  while (size > 0) {
    const ssize_t sent = send(connection, text, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0) {
      shared->sent += (uint64_t)sent;
      text += sent;
      size -= (size_t)sent;
    } else if (errno == EAGAIN) {
      struct pollfd room = {.fd = connection, .events = POLLOUT};
      poll(&room, 1, -1);
    } else if (errno != EINTR) {
      return 0;
    }
  }
  return 1;
}

static void write_lines(int connection) {
  char* line = NULL;
  size_t room = 0;
  ssize_t size = 0;
  while ((size = getline(&line, &room, stdin)) > 0) {
    const ssize_t length = line[size - 1] == '\n' ? size - 1 : size;
    if (length == 1 && (line[0] == 'q' || line[0] == 'Q')) {
      break;
    }
    if (!send_all(connection, line, (size_t)size)) {
      _exit(1);
    }
  }
  if (ferror(stdin)) {
    report("read");
    _exit(2);
  }
  shared->half_closing = 1;
  shutdown(connection, SHUT_WR);
  _exit(0);
}

// The message that is under way, with room for more; what stands before each line is its start.
static const char start[] = "message from server: ";

enum { start_size = sizeof start - 1 };

static char* message;
static size_t size_of_message;
static size_t room_for_message;

static void begin(void) {
  if (room_for_message == 0) {
    room_for_message = 4096;
    message = malloc(room_for_message);
  }
  memcpy(message, start, start_size);
  size_of_message = start_size;
}

static int print(void) {
  message[size_of_message++] = '\n';
  for (size_t gone = 0; gone < size_of_message;) {
    const ssize_t put = write(1, message + gone, size_of_message - gone);
    if (put == -1 && errno != EINTR) {
      return 0;
    }
    gone += put > 0 ? (size_t)put : 0;
  }
  begin();
  return 1;
}

static int add(const char* text, size_t size) {
  for (size_t i = 0; i < size; ++i) {
    if (size_of_message + 2 > room_for_message) {
      room_for_message *= 2;
      message = realloc(message, room_for_message);
      if (message == NULL) {
        die("realloc");
      }
    }
    if (text[i] != '\n') {
      message[size_of_message++] = text[i];
    } else if (!print()) {
      return 0;
    }
  }
  return 1;
}

int main(int argc, char** argv) {
  if (argc != 3) {
    usage("ADDRESS PORT");
  }
  const struct place server = place_of(argv[1], argv[2], "ADDRESS PORT");
  const int connection = socket(server.at.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  if (connection == -1) {
    die("socket");
  }
  setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect(connection, (const struct sockaddr*)&server.at, server.size) == -1) {
    die("connect");
  }
  dprintf(1, "connected\n");
  begin();
  shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  sigset_t watched;
  sigset_t unblocked;
  sigemptyset(&watched);
  sigaddset(&watched, SIGCHLD);
  sigaddset(&watched, SIGINT);
  sigaddset(&watched, SIGTERM);
  sigprocmask(SIG_BLOCK, &watched, &unblocked);
  signal(SIGPIPE, SIG_IGN);
  const int signals = signalfd(-1, &watched, SFD_NONBLOCK | SFD_CLOEXEC);
  if (shared == MAP_FAILED || signals == -1) {
    die("signalfd");
  }
  const pid_t reader = getpid();
  const pid_t writer = fork();
  if (writer == -1) {
    die("fork");
  }
  if (writer == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != reader) {
      _exit(1);
    }
    write_lines(connection);
  }

  uint64_t received = 0;
  int status = 0;
  int ended = 0;
  int complete = 0;
  int stop = 0;
  for (int over = 0; !over;) {
    struct pollfd events[2] = {{.fd = connection, .events = POLLIN},
                               {.fd = signals, .events = POLLIN}};
    poll(events, 2, -1);
    struct signalfd_siginfo info;
    while (read(signals, &info, sizeof info) == sizeof info) {
      if (info.ssi_signo != SIGCHLD) {
        stop = (int)info.ssi_signo;
        over = 1;
      }
    }
    if (!ended && waitpid(writer, &status, WNOHANG) == writer) {
      ended = 1;
      if (status != 0) {
        shutdown(connection, SHUT_WR);
      }
    }
    if (!over && events[0].revents != 0) {
      static char buffer[1 << 16];
      const ssize_t got = read(connection, buffer, sizeof buffer);
      if (got == -1 && errno == EINTR) {
        continue;
      }
      if (got == -1) {
        report("read");
        over = 1;
      } else if (got == 0 ? size_of_message > start_size && !print() : !add(buffer, (size_t)got)) {
        report("write");
        received += (uint64_t)got;
        over = 1;
      } else {
        received += (uint64_t)got;
        complete = over = got == 0;
      }
    }
  }

  const int half_closed = shared->half_closing;
  const int ended_by_itself = ended;
  if (!ended) { // blocked in a send, it gets EPIPE and ends; waiting for a line, it does not
    shutdown(connection, SHUT_WR);
    struct pollfd child = {.fd = signals, .events = POLLIN};
    poll(&child, 1, 200);
    if (waitpid(writer, &status, WNOHANG) != writer) {
      kill(writer, SIGKILL);
      waitpid(writer, &status, 0);
    }
  }
  const unsigned long long sent = shared->sent;
  if (dprintf(1, "sent %llu bytes, received %llu bytes\n", sent, (unsigned long long)received) <
      0) {
    report("write");
    return 1;
  }
  if (stop != 0) {
    signal(stop, SIG_DFL);
    sigprocmask(SIG_SETMASK, &unblocked, NULL);
    raise(stop);
  }
  if (!complete) {
    return 1;
  }
  if (half_closed) {
    return 0;
  }
  if (!ended_by_itself || WEXITSTATUS(status) != 2) {
    dprintf(2, "%s: the server has gone before the end of what there was to say\n",
            program_invocation_short_name);
  }
  return 1;
}
