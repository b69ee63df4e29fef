// Sockets of IPv6 alone: an IPv4 address is a mapped one, and so are the clients shown.
#include "../variant.h"

#include <inttypes.h>
#include <signal.h>

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

// ::ffff:127.0.0.1 for 127.0.0.1, where the machine has IPv6.
static struct place mapped(struct place place) {
  const int six_works = socket(AF_INET6, SOCK_STREAM, 0);
  if (place.at.ss_family == AF_INET && six_works != -1) {
    const struct sockaddr_in four = *(struct sockaddr_in*)&place.at;
    struct sockaddr_in6* six = (struct sockaddr_in6*)&place.at;
    memset(six, 0, sizeof *six);
    six->sin6_family = AF_INET6;
    six->sin6_port = four.sin_port;
    six->sin6_addr.s6_addr[10] = six->sin6_addr.s6_addr[11] = 0xff;
    memcpy(&six->sin6_addr.s6_addr[12], &four.sin_addr, 4);
    place.size = sizeof *six;
  }
  close(six_works);
  return place;
}

int main(int argc, char** argv) {
  const struct place place = mapped(server_place(argc, argv));
  signal(SIGINT, end);
  signal(SIGTERM, end);
  signal(SIGPIPE, SIG_IGN);
  setvbuf(stdout, NULL, _IOLBF, 0); // lines, also into a pipe or a file
  const int listener = listen_at(place, SOCK_STREAM);
  char address[INET6_ADDRSTRLEN];
  unsigned port = place_bound(listener, address);
  printf("listening on %s:%u\n", strncmp(address, "::ffff:", 7) == 0 ? address + 7 : address, port);
  for (;;) {
    struct sockaddr_storage client;
    socklen_t size = sizeof client;
    const int connection = accept(listener, (struct sockaddr*)&client, &size);
    if (connection == -1) {
      if (is_shortage(errno)) {
        usleep(50000);
      }
      continue;
    }
    port = name_of(&client, address);
    printf("connected client IP: %s port: %u\n", address, port);
    printf("client disconnected: %" PRIu64 " bytes\n", echo(connection));
    close(connection);
  }
}
