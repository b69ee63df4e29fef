// C++ streams; a thread of its own waits for the signals that end it; send with MSG_NOSIGNAL.
#include "../variant.h"

#include <chrono>
#include <csignal>
#include <cstdint>
#include <iostream>
#include <thread>
#include <vector>

namespace {

std::uint64_t echo(int connection) {
  std::vector<char> buffer(100'000);
  std::uint64_t sum = 0;
  while (true) {
    const ssize_t got = recv(connection, buffer.data(), buffer.size(), 0);
    if (got <= 0) {
      return sum;
    }
    for (ssize_t gone = 0; gone < got;) {
      const ssize_t sent = send(connection, buffer.data() + gone,
                                static_cast<std::size_t>(got - gone), MSG_NOSIGNAL);
      if (sent == -1) {
        return sum;
      }
      gone += sent;
      sum += static_cast<std::uint64_t>(sent);
    }
  }
}

} // namespace

int main(int argc, char** argv) {
  const place place = server_place(argc, argv);
  sigset_t stops;
  sigemptyset(&stops);
  sigaddset(&stops, SIGINT);
  sigaddset(&stops, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stops, nullptr); // and in the thread, which inherits it
  std::thread([stops] {
    int signal = 0;
    sigwait(&stops, &signal);
    _exit(0);
  }).detach();

  const int listener = listen_at(place, SOCK_STREAM);
  char address[INET6_ADDRSTRLEN];
  unsigned port = place_bound(listener, address);
  std::cout << "listening on " << address << ':' << port << '\n' << std::flush;
  while (true) {
    sockaddr_storage client{};
    socklen_t size = sizeof client;
    const int connection = accept(listener, reinterpret_cast<sockaddr*>(&client), &size);
    if (connection == -1) {
      if (is_shortage(errno)) {
        report("accept");
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
      }
      continue;
    }
    port = name_of(&client, address);
    std::cout << "connected client IP: " << address << " port: " << port << std::endl;
    const std::uint64_t bytes = echo(connection);
    close(connection);
    std::cout << "client disconnected: " << bytes << " bytes" << std::endl;
  }
}
