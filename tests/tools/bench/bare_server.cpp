// bare_server PORT
//
// The limit of lab-bench: the fastest loop that has a child for each client. It looks at no error,
// and prints nothing. Only a signal that kills it stops it. The kernel reaps its children (SIGCHLD
// is ignored). A yardstick, not an example.

#include <array>
#include <csignal>
#include <cstddef>
#include <cstdlib>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

static std::array<char, std::size_t{256} * 1024> buffer;

int main(int argc, char** argv) {
  if (argc != 2) {
    return 2;
  }
  signal(SIGCHLD, SIG_IGN);
  const int on = 1;
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in at = {};
  at.sin_family = AF_INET;
  at.sin_port = htons(static_cast<in_port_t>(atoi(argv[1])));
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  static_cast<void>(bind(listener, reinterpret_cast<sockaddr*>(&at), sizeof at));
  listen(listener, SOMAXCONN);
  for (;;) {
    const int connection = accept(listener, nullptr, nullptr);
    if (fork() == 0) {
      close(listener);
      ssize_t size = 0;
      while ((size = read(connection, buffer.data(), buffer.size())) > 0) {
        if (write(connection, buffer.data(), static_cast<size_t>(size)) != size) {
          break;
        }
      }
      close(connection); // the client need not wait until _exit has freed the memory
      _exit(0);
    }
    close(connection);
  }
}
