// echo_mpserver PORT [ADDRESS], wrong as in the textbook.
//
// The server that textbooks print, written anew from what was seen of it: right where the kit's
// contract is not about one of its faults, and with each of these. A comment names the fault where
// it stands; failing.txt names the checks that find it. It is here for the checks, not to learn
// from: that is steps/06-mp-server.

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <netdb.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

// FAULT: errors by number lost. It says which call failed, and not why.
[[noreturn]] void fail(const char* message) {
  std::fputs(message, stderr);
  std::fputc('\n', stderr);
  std::exit(1);
}

[[noreturn]] void usage() {
  std::fputs("usage: echo_mpserver PORT [ADDRESS]\n", stderr);
  std::exit(2);
}

addrinfo* endpoint(int argc, char** argv) {
  if (argc != 2 && argc != 3) {
    usage();
  }
  unsigned port = 0;
  const char* end = argv[1] + std::strlen(argv[1]);
  const auto parsed = std::from_chars(argv[1], end, port);
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (parsed.ec != std::errc() || parsed.ptr != end || port > 65535 ||
      getaddrinfo(argc == 3 ? argv[2] : "127.0.0.1", argv[1], &hints, &found) != 0) {
    usage();
  }
  return found;
}

struct Name {
  std::array<char, NI_MAXHOST> address{};
  std::array<char, NI_MAXSERV> port{};
};

Name name_of(const sockaddr_storage& storage, socklen_t size) {
  Name name;
  getnameinfo(reinterpret_cast<const sockaddr*>(&storage), size, name.address.data(),
              name.address.size(), name.port.data(), name.port.size(),
              NI_NUMERICHOST | NI_NUMERICSERV);
  return name;
}

void reap(int /*signal*/) {
  // FAULT: one waitpid a signal. FAULT: printf in the handler.
  const pid_t pid = waitpid(-1, nullptr, WNOHANG);
  if (pid > 0) {
    std::printf("removed proc id: %d\n", pid);
  }
}

void echo(int connection) {
  std::array<char, 30> buffer{}; // FAULT: a buffer of 30 bytes, and Nagle's algorithm
  ssize_t size = 0;
  while ((size = read(connection, buffer.data(), buffer.size())) != 0) {
    // FAULT: read's error not told from data. FAULT: short writes ignored, and EINTR with them.
    [[maybe_unused]] const ssize_t written =
        write(connection, buffer.data(), static_cast<std::size_t>(size));
  }
}

} // namespace

int main(int argc, char** argv) {
  addrinfo* at = endpoint(argc, argv);

  struct sigaction action {};

  action.sa_handler = reap;
  sigemptyset(&action.sa_mask);
  sigaction(SIGCHLD, &action, nullptr);
  // FAULT: no way to stop. SIGTERM ends the parent as it ends any program, and no child.

  const int listener = socket(at->ai_family, SOCK_STREAM, 0);
  // FAULT: no SO_REUSEADDR.
  if (bind(listener, at->ai_addr, at->ai_addrlen) == -1) {
    fail("bind() error");
  }
  if (listen(listener, SOMAXCONN) == -1) {
    fail("listen() error");
  }
  freeaddrinfo(at);

  sockaddr_storage own{};
  socklen_t own_size = sizeof own;
  getsockname(listener, reinterpret_cast<sockaddr*>(&own), &own_size);
  const Name name = name_of(own, own_size);
  // FAULT: stdio's buffers are copied by fork, here and below: nothing flushes them.
  std::printf(own.ss_family == AF_INET6 ? "listening on [%s]:%s\n" : "listening on %s:%s\n",
              name.address.data(), name.port.data());

  for (;;) {
    sockaddr_storage client{};
    socklen_t size = sizeof client;
    const int connection = accept(listener, reinterpret_cast<sockaddr*>(&client), &size);
    if (connection == -1) {
      continue; // FAULT: accept's error not looked at
    }
    const Name peer = name_of(client, size);
    std::printf("connected client IP: %s port: %s\n", peer.address.data(), peer.port.data());
    const pid_t pid = fork();
    if (pid == -1) {
      std::fputs("echo_mpserver: fork failed\n", stderr);
      close(connection);
      continue;
    }
    if (pid == 0) {
      close(listener);
      echo(connection);
      close(connection);
      std::puts("client disconnected");
      return 0; // by exit, which writes the copied buffers out
    }
    close(connection);
  }
}
