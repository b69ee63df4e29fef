// Comes as a client to each server that a classmate's check has started, sends, and stays, for ten
// seconds. Those are the listeners of users that lab-grade takes, and none else.
#include "bounded.hpp"

#include <set>
#include <vector>

#include <arpa/inet.h>
#include <sys/socket.h>

namespace {

/// The ports on which other users of lab-grade listen.
std::vector<unsigned> ports_of_others() {
  std::vector<unsigned> ports;
  std::ifstream file("/proc/net/tcp");
  for (std::string line; std::getline(file, line);) {
    unsigned port = 0;
    unsigned state = 0;
    unsigned user = 0;
    constexpr unsigned listens = 10;
    if (std::sscanf(line.c_str(), " %*u: %*x:%x %*x:%*x %x %*x:%*x %*x:%*x %*x %u", &port, &state,
                    &user) == 3 &&
        state == listens && user != getuid() && user >= 50'000 && user <= 59'999) {
      ports.push_back(port);
    }
  }
  return ports;
}

} // namespace

bool attack() {
  for (int round = 0; round < 200; ++round) {
    for (const unsigned port : ports_of_others()) {
      const int client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_port = htons(static_cast<in_port_t>(port));
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof address);
      usleep(1'000);
      send(client, "not from you\n", 13, MSG_NOSIGNAL);
    }
    usleep(50'000);
  }
  return false;
}
