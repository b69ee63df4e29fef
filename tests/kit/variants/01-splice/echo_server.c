// No byte passes through the program: splice moves them from the socket into a pipe and back.
#include "../variant.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>

static void end(int signal) {
  (void)signal;
  _exit(0);
}

static uint64_t echo(int connection) {
  int ends[2];
  uint64_t sum = 0;
  if (pipe2(ends, O_CLOEXEC) == -1) {
    report("pipe2");
    return 0;
  }
  for (;;) {
    ssize_t held = splice(connection, NULL, ends[1], NULL, 1 << 16, SPLICE_F_MOVE);
    if (held == -1 && errno == EINTR) {
      continue;
    }
    if (held <= 0) {
      break;
    }
    while (held > 0) {
      const ssize_t gone = splice(ends[0], NULL, connection, NULL, (size_t)held, SPLICE_F_MOVE);
      if (gone == -1 && errno == EINTR) {
        continue;
      }
      if (gone <= 0) {
        goto over;
      }
      held -= gone;
      sum += (uint64_t)gone;
    }
  }
over:
  close(ends[0]);
  close(ends[1]);
  return sum;
}

int main(int argc, char** argv) {
  const struct place place = server_place(argc, argv);
  const struct sigaction ending = {.sa_handler = end};
  sigaction(SIGINT, &ending, NULL);
  sigaction(SIGTERM, &ending, NULL);
  signal(SIGPIPE, SIG_IGN);
  const int listener = listen_at(place, SOCK_STREAM | SOCK_CLOEXEC);
  char address[INET6_ADDRSTRLEN];
  unsigned port = place_bound(listener, address);
  dprintf(1, "listening on %s:%u\n", address, port);
  for (;;) {
    struct sockaddr_storage client;
    socklen_t size = sizeof client;
    const int connection = accept4(listener, (struct sockaddr*)&client, &size, SOCK_CLOEXEC);
    if (connection == -1) {
      if (is_shortage(errno)) {
        usleep(50000);
      }
      continue;
    }
    port = name_of(&client, address);
    dprintf(1, "connected client IP: %s port: %u\n", address, port);
    const uint64_t bytes = echo(connection);
    dprintf(1, "client disconnected: %" PRIu64 " bytes\n", bytes);
    close(connection);
  }
}
