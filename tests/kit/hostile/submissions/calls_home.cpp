// Takes its loopback for the grader's, where the test listens.
#include "bounded.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

bool attack() {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(HOSTILE_PORT);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool connected =
      connect(connection, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  close(connection);
  return connected;
}
