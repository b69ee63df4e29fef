// TCP sockets: those of a network namespace, and those of a process.
#include "harness/proc.hpp"
#include "harness/proc_files.hpp"
#include "harness/sock_diag.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <set>
#include <tuple>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace lab {

namespace {

/// An address of /proc/net/tcp: words of 32 bits in host order, each in hexadecimal.
std::string address_in(std::string_view hex) {
  in6_addr address{};
  const bool ipv6 = hex.size() > 8;
  for (std::size_t word = 0; word * 8 + 8 <= hex.size() && word < 4; ++word) {
    const auto value = proc::number_in<std::uint32_t>(hex.substr(word * 8, 8), 16);
    std::memcpy(address.s6_addr + word * 4, &value, sizeof value);
  }
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(ipv6 ? AF_INET6 : AF_INET, &address, text.data(), text.size());
  return text.data();
}

void add_sockets(std::vector<SocketInfo>& sockets, const std::string& path, bool ipv6) {
  const auto table = proc::read_file(path);
  if (!table) {
    return; // no IPv6 in this kernel, or the process is gone
  }
  proc::for_each_line(*table, [&](std::string_view line) {
    // "sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode"
    const auto words = proc::words_of(line);
    if (words.size() < 10 || words[0] == "sl") {
      return;
    }
    const auto half = [](std::string_view pair, bool second) {
      const auto colon = std::min(pair.find(':'), pair.size());
      return second ? pair.substr(std::min(colon + 1, pair.size())) : pair.substr(0, colon);
    };
    sockets.push_back({.inode = proc::number_in<unsigned long>(words[9]),
                       .local_address = address_in(half(words[1], false)),
                       .local_port = proc::number_in<unsigned>(half(words[1], true), 16),
                       .remote_address = address_in(half(words[2], false)),
                       .remote_port = proc::number_in<unsigned>(half(words[2], true), 16),
                       .state = static_cast<TcpState>(proc::number_in<unsigned char>(words[3], 16)),
                       .send_queue = proc::number_in<unsigned long>(half(words[4], false), 16),
                       .receive_queue = proc::number_in<unsigned long>(half(words[4], true), 16),
                       .ipv6 = ipv6});
  });
}

std::string endpoint(const std::string& address, unsigned port) {
  return (address.find(':') == std::string::npos ? address : "[" + address + "]") + ":" +
         std::to_string(port);
}

} // namespace

std::string_view name_of(TcpState state) {
  constexpr std::array<std::string_view, 13> names{
      "?",      "ESTABLISHED", "SYN_SENT", "SYN_RECEIVED", "FIN_WAIT_1", "FIN_WAIT_2",  "TIME_WAIT",
      "CLOSED", "CLOSE_WAIT",  "LAST_ACK", "LISTEN",       "CLOSING",    "SYN_RECEIVED"};
  const auto number = static_cast<std::size_t>(state);
  return number < names.size() ? names[number] : names[0];
}

std::string describe(const SocketInfo& socket) {
  std::string text(name_of(socket.state));
  text += " " + endpoint(socket.local_address, socket.local_port);
  if (socket.state != TcpState::listen) {
    text += " <-> " + endpoint(socket.remote_address, socket.remote_port);
  }
  return text;
}

std::vector<SocketInfo> tcp_sockets(pid_t in_namespace_of) {
  std::vector<SocketInfo> sockets;
  auto told =
      in_namespace_of == 0 || !in_other_network(in_namespace_of) ? ask_for_all() : std::nullopt;
  if (told) {
    sockets = std::move(*told);
  } else {
    const std::string folder =
        "/proc/" + (in_namespace_of == 0 ? "self" : std::to_string(in_namespace_of)) + "/net/";
    add_sockets(sockets, folder + "tcp", false);
    add_sockets(sockets, folder + "tcp6", true);
  }
  // Where others have appeared since the read before, the kernel goes on too early in its table,
  // and shows some sockets again.
  const auto key = [](const SocketInfo& socket) {
    return std::tie(socket.inode, socket.local_address, socket.local_port, socket.remote_address,
                    socket.remote_port);
  };
  std::set<decltype(key(sockets.front()))> seen;
  std::vector<SocketInfo> once;
  once.reserve(sockets.size());
  for (const SocketInfo& socket : sockets) {
    if (seen.insert(key(socket)).second) {
      once.push_back(socket);
    }
  }
  return once;
}

std::vector<SocketInfo> sockets_of(pid_t pid) {
  std::set<unsigned long> held;
  for (const DescriptorInfo& descriptor : descriptors_of(pid)) {
    if (descriptor.kind == DescriptorInfo::Kind::socket) {
      held.insert(descriptor.inode);
    }
  }
  if (held.empty()) {
    return {};
  }
  auto sockets = tcp_sockets(pid);
  std::erase_if(sockets, [&](const SocketInfo& socket) { return !held.contains(socket.inode); });
  return sockets;
}

std::optional<SocketInfo> listening_socket_of(pid_t pid) {
  for (SocketInfo& socket : sockets_of(pid)) {
    if (socket.state == TcpState::listen) {
      return std::move(socket);
    }
  }
  return std::nullopt;
}

} // namespace lab
