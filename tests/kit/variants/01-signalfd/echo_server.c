// One loop of poll over a signalfd and the sockets, none of which blocks.
#include "../variant.h"

#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>

int main(int argc, char** argv) {
  const struct place place = server_place(argc, argv);
  sigset_t stops;
  sigemptyset(&stops);
  sigaddset(&stops, SIGINT);
  sigaddset(&stops, SIGTERM);
  sigprocmask(SIG_BLOCK, &stops, NULL);
  signal(SIGPIPE, SIG_IGN);
  const int signals = signalfd(-1, &stops, SFD_CLOEXEC);
  if (signals == -1) {
    die("signalfd");
  }
  const int listener = listen_at(place, SOCK_STREAM | SOCK_NONBLOCK);
  char address[INET6_ADDRSTRLEN];
  unsigned port = place_bound(listener, address);
  dprintf(1, "listening on %s:%u\n", address, port);

  static char buffer[1 << 18];
  size_t at = 0;   // what is to be sent begins here
  size_t held = 0; // and is so much
  uint64_t sum = 0;
  int client = -1;
  int shortage = 0;
  for (;;) {
    struct pollfd events[2] = {{.fd = signals, .events = POLLIN},
                               {.fd = client == -1 ? (shortage ? -1 : listener) : client,
                                .events = client != -1 && held > 0 ? POLLOUT : POLLIN}};
    if (poll(events, 2, shortage ? 50 : -1) == -1) {
      continue;
    }
    if (events[0].revents != 0) {
      return 0;
    }
    if (client == -1) {
      struct sockaddr_storage from;
      socklen_t size = sizeof from;
      client = accept4(listener, (struct sockaddr*)&from, &size, SOCK_NONBLOCK);
      shortage = client == -1 && is_shortage(errno);
      if (client != -1) {
        port = name_of(&from, address);
        dprintf(1, "connected client IP: %s port: %u\n", address, port);
        sum = held = at = 0;
      }
      continue;
    }
    ssize_t size = 0;
    if (held > 0) {
      size = write(client, buffer + at, held);
      if (size > 0) {
        at += (size_t)size;
        held -= (size_t)size;
        sum += (uint64_t)size;
        continue;
      }
    } else {
      size = read(client, buffer, sizeof buffer);
      if (size > 0) {
        at = 0;
        held = (size_t)size;
        continue;
      }
    }
    if (size == -1 && (errno == EAGAIN || errno == EINTR)) {
      continue;
    }
    dprintf(1, "client disconnected: %" PRIu64 " bytes\n", sum);
    close(client);
    client = -1;
  }
}
