// serves PORT ADDRESS HOW: a server with a child for each client. HOW is `echo`; `corrupt`: changes
// the byte at offset 100,000; `reset`: answers the first byte with a reset; `half`: echoes five
// bytes and closes; `unreaped`: echoes and never reaps; `deaf`: never listens.
#include "say.hpp"

#include <array>
#include <csignal>
#include <cstdlib>
#include <string_view>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/wait.h>

namespace {

void serve(int connection, std::string_view how) {
  std::array<char, 65536> buffer{};
  std::size_t offset = 0;
  while (true) {
    const std::size_t most = how == "half" ? 5 : buffer.size();
    const ssize_t got = ::read(connection, buffer.data(), most);
    if (got <= 0) {
      return;
    }
    const auto size = static_cast<std::size_t>(got);
    if (how == "reset") {
      const linger at_once{.l_onoff = 1, .l_linger = 0};
      ::setsockopt(connection, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
      return;
    }
    if (how == "corrupt" && offset <= 100'000 && offset + size > 100'000) {
      buffer.at(100'000 - offset) ^= 1;
    }
    offset += size;
    for (std::size_t done = 0; done < size;) {
      const ssize_t written = ::write(connection, buffer.data() + done, size - done);
      if (written <= 0) {
        return;
      }
      done += static_cast<std::size_t>(written);
    }
    if (how == "half") {
      return;
    }
  }
}

} // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    say("too few arguments");
    return 2;
  }
  const std::string_view how = argv[3];
  if (how != "unreaped") {
    ::signal(SIGCHLD, SIG_IGN);
  }
  if (how == "deaf") {
    ::pause();
  }
  sockaddr_in6 address{};
  socklen_t size = sizeof address;
  auto& four = reinterpret_cast<sockaddr_in&>(address);
  const auto port = htons(static_cast<in_port_t>(std::atoi(argv[1])));
  if (::inet_pton(AF_INET6, argv[2], &address.sin6_addr) == 1) {
    address.sin6_family = AF_INET6;
    address.sin6_port = port;
  } else if (::inet_pton(AF_INET, argv[2], &four.sin_addr) == 1) {
    four.sin_family = AF_INET;
    four.sin_port = port;
    size = sizeof four;
  }
  const int listener = ::socket(address.sin6_family, SOCK_STREAM, 0);
  const int on = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(listener, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      ::listen(listener, 64) != 0) {
    say("cannot listen");
    return 1;
  }
  while (true) {
    const int connection = ::accept(listener, nullptr, nullptr);
    if (connection == -1) {
      continue;
    }
    if (::fork() == 0) {
      ::close(listener);
      serve(connection, how);
      ::close(connection);
      ::_exit(0);
    }
    ::close(connection);
  }
}
