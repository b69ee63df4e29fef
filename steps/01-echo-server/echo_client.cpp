// echo_client ADDRESS PORT
//
// The client in one process: a line out, its echo in. `q`, `Q` or end of file ends it. While it
// waits for you to type, it cannot see what the server does: step 07 gives it a second process.
//
//   build/bin/echo_server 9190                  in one terminal
//   build/bin/echo_client 127.0.0.1 9190        in another: type lines, then q

#include "support/arguments.hpp"
#include "support/descriptor.hpp"
#include "support/endpoint.hpp"
#include "support/error.hpp"
#include "support/input.hpp"
#include "support/output.hpp"
#include "support/replies.hpp"
#include "support/stop_signals.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

// [2] As many bytes come back as went out, in pieces of any size.
bool receive_echo(int connection, std::size_t size, lab::Replies& replies) {
  std::array<char, 16 * 1024> buffer{};
  while (size > 0) {
    const ssize_t got = read(connection, buffer.data(), std::min(size, buffer.size()));
    if (got == -1 && errno == EINTR) {
      continue;
    }
    if (got == -1) {
      lab::report("read", errno);
      return false;
    }
    if (got == 0) {
      lab::report("the server closed the connection first");
      return false;
    }
    if (!replies.add({buffer.data(), static_cast<std::size_t>(got)})) {
      lab::report("write", errno);
      return false;
    }
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

} // namespace

int main(int argc, char** argv) {
  const lab::Endpoint server = lab::client_arguments(argc, argv);
  lab::ignore_broken_pipes();

  const lab::Descriptor connection(
      lab::or_die(socket(server.family(), SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
  const int on = 1;
  lab::or_die(setsockopt(connection.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "setsockopt");
  lab::or_die(connect(connection.get(), server.address(), server.size), "connect");
  lab::print_line("connected");

  lab::Input input;
  lab::Replies replies;
  for (auto text = input.next(); !text.empty(); text = input.next()) {
    while (!text.empty()) {
      // [1] One line at a time. A long line goes in parts that fit into the buffers of the two
      // sockets: if both sides wrote and neither read, both would wait for ever.
      constexpr std::size_t part = 16 * 1024;
      const std::string_view line = text.substr(0, std::min(text.find('\n'), part - 1) + 1);
      if (!lab::write_all(connection.get(), line.data(), line.size())) {
        lab::report("write", errno);
        return 1;
      }
      if (!receive_echo(connection.get(), line.size(), replies)) {
        return 1;
      }
      text.remove_prefix(line.size());
    }
  }
  if (input.error() != 0) {
    lab::report("read", input.error());
    return 1;
  }
  if (!replies.finish()) {
    lab::report("write", errno);
    return 1;
  }
  return 0;
}
