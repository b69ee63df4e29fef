// Plain C, printf and fflush; accept and read that block, and a handler that ends the process.
#include "../variant.h"

#include <inttypes.h>
#include <signal.h>
#include <time.h>

static void end(int signal) {
  (void)signal;
  _exit(0);
}

static uint64_t echo(int connection) {
  static char buffer[1 << 16];
  uint64_t sum = 0;
  for (;;) {
    ssize_t got = read(connection, buffer, sizeof buffer);
    if (got == -1 && errno == EINTR) {
      continue;
    }
    if (got <= 0) {
      return sum;
    }
    for (char* next = buffer; got > 0;) {
      const ssize_t put = write(connection, next, (size_t)got);
      if (put == -1 && errno == EINTR) {
        continue;
      }
      if (put == -1) {
        return sum;
      }
      next += put;
      got -= put;
      sum += (uint64_t)put;
    }
  }
}

int main(int argc, char** argv) {
  const struct place place = server_place(argc, argv);
  signal(SIGINT, end);
  signal(SIGTERM, end);
  signal(SIGPIPE, SIG_IGN);
  const int listener = listen_at(place, SOCK_STREAM);
  char address[INET6_ADDRSTRLEN];
  unsigned port = place_bound(listener, address);
  printf("listening on %s:%u\n", address, port);
  fflush(stdout);
  for (;;) {
    struct sockaddr_storage client;
    socklen_t size = sizeof client;
    const int connection = accept(listener, (struct sockaddr*)&client, &size);
    if (connection == -1) {
      if (is_shortage(errno)) {
        report("accept");
        const struct timespec moment = {0, 50000000};
        nanosleep(&moment, NULL);
      }
      continue;
    }
    port = name_of(&client, address);
    printf("connected client IP: %s port: %u\n", address, port);
    fflush(stdout);
    printf("client disconnected: %" PRIu64 " bytes\n", echo(connection));
    fflush(stdout);
    close(connection);
  }
}
