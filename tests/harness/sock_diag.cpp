#include "harness/sock_diag.hpp"

#include "harness/fd.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace lab {

namespace {

struct Request {
  nlmsghdr header{};
  inet_diag_req_v2 diag{};
};

std::string address_of(int family, const void* bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(family, bytes, text.data(), text.size());
  return text.data();
}

SocketInfo info_of(const inet_diag_msg& message) {
  return {.inode = message.idiag_inode,
          .local_address = address_of(message.idiag_family, message.id.idiag_src),
          .local_port = ntohs(message.id.idiag_sport),
          .remote_address = address_of(message.idiag_family, message.id.idiag_dst),
          .remote_port = ntohs(message.id.idiag_dport),
          .state = static_cast<TcpState>(message.idiag_state),
          .send_queue = message.idiag_wqueue,
          .receive_queue = message.idiag_rqueue,
          .ipv6 = message.idiag_family == AF_INET6};
}

// Adds the answers to `found`. False where the kernel does not know the question.
bool ask(Request request, std::vector<SocketInfo>& found) {
  const Fd netlink(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  request.header.nlmsg_flags |= NLM_F_REQUEST;
  request.diag.sdiag_protocol = IPPROTO_TCP;
  if (!netlink || ::send(netlink.get(), &request, sizeof request, 0) == -1) {
    return false;
  }
  alignas(nlmsghdr) std::array<char, 65536> buffer; // NOLINT(*-member-init): recv fills it
  while (true) {
    const ssize_t size = ::recv(netlink.get(), buffer.data(), buffer.size(), 0);
    if (size == -1 && errno == EINTR) {
      continue;
    }
    if (size <= 0) {
      return false;
    }
    std::size_t at = 0;
    while (at + sizeof(nlmsghdr) <= static_cast<std::size_t>(size)) {
      nlmsghdr header{};
      std::memcpy(&header, buffer.data() + at, sizeof header);
      const char* const body = buffer.data() + at + NLMSG_HDRLEN;
      if (header.nlmsg_type == NLMSG_DONE) {
        return true;
      }
      if (header.nlmsg_type == NLMSG_ERROR) {
        nlmsgerr error{};
        std::memcpy(&error, body, sizeof error);
        return error.error == -ENOENT && (request.header.nlmsg_flags & NLM_F_DUMP) == 0;
      }
      inet_diag_msg message{};
      std::memcpy(&message, body, sizeof message);
      found.push_back(info_of(message));
      if ((request.header.nlmsg_flags & NLM_F_DUMP) == 0) {
        return true;
      }
      at += NLMSG_ALIGN(header.nlmsg_len);
    }
  }
}

// The address and port as the kernel's question has them; the family.
// NOLINTNEXTLINE(*-avoid-c-arrays): the kernel's struct has one
sa_family_t put(const sockaddr_storage& from, __be32 (&address)[4], __be16& port) {
  if (from.ss_family == AF_INET6) {
    const auto& six = reinterpret_cast<const sockaddr_in6&>(from);
    std::memcpy(address, &six.sin6_addr, sizeof six.sin6_addr);
    port = six.sin6_port;
  } else {
    const auto& four = reinterpret_cast<const sockaddr_in&>(from);
    address[0] = four.sin_addr.s_addr;
    port = four.sin_port;
  }
  return from.ss_family;
}

} // namespace

std::optional<std::vector<SocketInfo>> ask_for_end_of(int fd, bool own_end) {
  sockaddr_storage own{};
  sockaddr_storage peer{};
  socklen_t size = sizeof own;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&own), &size) == -1) {
    return std::nullopt;
  }
  size = sizeof peer;
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) == -1) {
    return std::nullopt;
  }
  if (!own_end) {
    std::swap(own, peer);
  }
  Request request;
  request.diag.idiag_states = ~0U;
  request.diag.id.idiag_cookie[0] = INET_DIAG_NOCOOKIE;
  request.diag.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  request.diag.sdiag_family =
      static_cast<__u8>(put(own, request.diag.id.idiag_src, request.diag.id.idiag_sport));
  put(peer, request.diag.id.idiag_dst, request.diag.id.idiag_dport);
  std::vector<SocketInfo> found;
  if (!ask(request, found)) {
    return std::nullopt;
  }
  // Where there is no such connection, the kernel answers with the socket that would accept it.
  std::erase_if(found, [&](const SocketInfo& socket) {
    return socket.remote_port != ntohs(request.diag.id.idiag_dport);
  });
  return found;
}

std::optional<std::vector<SocketInfo>> ask_for_listener(const std::string& address, unsigned port) {
  Request request;
  request.diag.idiag_states = ~0U;
  request.diag.id.idiag_cookie[0] = INET_DIAG_NOCOOKIE;
  request.diag.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  const int family = address.find(':') == std::string::npos ? AF_INET : AF_INET6;
  request.diag.sdiag_family = static_cast<__u8>(family);
  request.diag.id.idiag_sport = htons(static_cast<in_port_t>(port));
  std::vector<SocketInfo> found;
  if (::inet_pton(family, address.c_str(), &request.diag.id.idiag_src) != 1 ||
      !ask(request, found)) {
    return std::nullopt;
  }
  return found;
}

namespace {

std::optional<std::vector<SocketInfo>> ask_for_those_in(unsigned states) {
  std::vector<SocketInfo> found;
  for (const int family : {AF_INET, AF_INET6}) {
    Request request;
    request.header.nlmsg_flags = NLM_F_DUMP;
    request.diag.sdiag_family = static_cast<__u8>(family);
    request.diag.idiag_states = states;
    if (!ask(request, found)) {
      return std::nullopt;
    }
  }
  return found;
}

} // namespace

std::optional<std::vector<SocketInfo>> ask_for_listeners() {
  return ask_for_those_in(1U << static_cast<unsigned>(TcpState::listen));
}

std::optional<std::vector<SocketInfo>> ask_for_all() {
  return ask_for_those_in(~0U);
}

} // namespace lab
