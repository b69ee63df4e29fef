// A server as on a language's runtime, which opens descriptors of its own with the first clients and
// keeps them. Its handlers are set after listen.
#include "../variant.h"

#include <fcntl.h>
#include <signal.h>
#include <time.h>

static void end(int signal) {
  (void)signal;
  _exit(0);
}

static void echo(int connection) {
  static char buffer[1 << 16];
  for (;;) {
    ssize_t got = read(connection, buffer, sizeof buffer);
    if (got == -1 && errno == EINTR) {
      continue;
    }
    if (got <= 0) {
      return;
    }
    for (char* next = buffer; got > 0;) {
      const ssize_t put = write(connection, next, (size_t)got);
      if (put == -1 && errno == EINTR) {
        continue;
      }
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
  const int listener = listen_at(place, SOCK_STREAM);
  char address[INET6_ADDRSTRLEN];
  unsigned port = place_bound(listener, address);
  printf("listening on %s:%u\n", address, port);
  fflush(stdout);
  signal(SIGINT, end);
  signal(SIGTERM, end);
  signal(SIGPIPE, SIG_IGN);
  for (int pool = 0;;) {
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
    pool += pool < 13 && open("/dev/null", O_RDONLY) != -1;
    echo(connection);
    printf("client disconnected\n");
    fflush(stdout);
    close(connection);
  }
}
