// C++ streams on both sides, and pselect; the writer tells its number by a pipe, and its half-close
// by a bit of that number.
#include "../variant.h"

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <iostream>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/wait.h>

namespace {

volatile std::sig_atomic_t stop = 0;

// A number as the writer tells it: how much has been sent. The top bit says that it half-closes.
constexpr std::uint64_t half_close = std::uint64_t{1} << 63U;

void tell(int pipe, std::uint64_t word) {
  while (write(pipe, &word, sizeof word) == -1) {
    pollfd room{.fd = pipe, .events = POLLOUT, .revents = 0};
    poll(&room, 1, -1);
  }
}

bool send_all(int connection, std::string_view text, int pipe, std::uint64_t& sent) {
  while (!text.empty()) {
    const ssize_t gone = send(connection, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (gone > 0) {
      sent += static_cast<std::uint64_t>(gone);
      tell(pipe, sent);
      text.remove_prefix(static_cast<std::size_t>(gone));
    } else if (errno == EAGAIN) {
      pollfd room{.fd = connection, .events = POLLOUT, .revents = 0};
      poll(&room, 1, -1);
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

[[noreturn]] void write_lines(int connection, int pipe) {
  std::uint64_t sent = 0;
  std::string line;
  while (std::getline(std::cin, line) && line != "q" && line != "Q") {
    if (!std::cin.eof()) { // the last line may have had no newline
      line += '\n';
    }
    if (!send_all(connection, line, pipe, sent)) {
      _exit(1);
    }
  }
  if (std::cin.bad()) {
    std::cerr << "echo_mpclient: read: the standard input cannot be read" << std::endl;
    _exit(2);
  }
  tell(pipe, sent | half_close);
  shutdown(connection, SHUT_WR);
  _exit(0);
}

} // namespace

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  if (argc != 3) {
    usage("ADDRESS PORT");
  }
  const place server = place_of(argv[1], argv[2], "ADDRESS PORT");
  const int connection = socket(server.at.ss_family, SOCK_STREAM, 0);
  if (connection == -1) {
    die("socket");
  }
  const int on = 1;
  setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect(connection, reinterpret_cast<const sockaddr*>(&server.at), server.size) == -1) {
    die("connect");
  }
  std::cout << "connected" << std::endl;

  struct sigaction action {};

  action.sa_handler = [](int signal) { stop = signal; };
  sigset_t blocked;
  sigset_t unblocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGINT);
  sigaddset(&blocked, SIGTERM);
  sigprocmask(SIG_BLOCK, &blocked, &unblocked);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  int pipe[2];
  if (pipe2(pipe, O_NONBLOCK | O_CLOEXEC) == -1) {
    die("pipe2");
  }
  const pid_t reader = getpid();
  const pid_t writer = fork();
  if (writer == -1) {
    die("fork");
  }
  if (writer == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != reader) {
      _exit(1);
    }
    close(pipe[0]);
    write_lines(connection, pipe[1]);
  }
  close(pipe[1]);

  std::uint64_t told = 0;
  std::uint64_t received = 0;
  bool alive = true;
  int status = 0;
  const auto listen_to_writer = [&] {
    std::uint64_t word = 0;
    ssize_t size = 0;
    while ((size = read(pipe[0], &word, sizeof word)) == sizeof word) {
      told = word;
    }
    if (size == 0 && alive) {
      waitpid(writer, &status, 0);
      alive = false;
      if (status != 0) {
        shutdown(connection, SHUT_WR);
      }
    }
  };

  std::string pending; // what came without its newline
  bool complete = false;
  while (stop == 0) {
    fd_set ready;
    FD_ZERO(&ready);
    FD_SET(connection, &ready);
    if (alive) {
      FD_SET(pipe[0], &ready);
    }
    const int found =
        pselect(std::max(connection, pipe[0]) + 1, &ready, nullptr, nullptr, nullptr, &unblocked);
    sigprocmask(SIG_SETMASK, &unblocked, nullptr); // lets in what is pending: pselect need not have
    sigprocmask(SIG_SETMASK, &blocked, nullptr);
    if (found == -1) {
      continue;
    }
    if (alive && FD_ISSET(pipe[0], &ready)) {
      listen_to_writer();
    }
    if (!FD_ISSET(connection, &ready)) {
      continue;
    }
    static char buffer[1 << 16];
    const ssize_t got = recv(connection, buffer, sizeof buffer, 0);
    if (got == -1) {
      report("recv");
      break;
    }
    received += static_cast<std::uint64_t>(got);
    pending.append(buffer, static_cast<std::size_t>(got));
    if (got == 0 && !pending.empty()) {
      pending += '\n';
    }
    std::size_t start = 0;
    for (auto end = pending.find('\n', start); end != std::string::npos;
         end = pending.find('\n', start)) {
      const std::string line = "message from server: " + pending.substr(start, end + 1 - start);
      std::cout.write(line.data(), std::ssize(line)).flush();
      start = end + 1;
    }
    pending.erase(0, start);
    if (!std::cout) {
      std::cerr << "echo_mpclient: the standard output cannot be written" << std::endl;
      break;
    }
    if (got == 0) {
      complete = true;
      break;
    }
  }

  listen_to_writer(); // its word may have come together with the server's end of file
  const bool half_closed = (told & half_close) != 0;
  const bool ended_by_itself = !alive;
  shutdown(connection, SHUT_WR);
  pollfd words{.fd = pipe[0], .events = POLLIN, .revents = 0};
  while (alive && poll(&words, 1, 200) == 1) {
    listen_to_writer();
  }
  if (alive) {
    kill(writer, SIGKILL);
    waitpid(writer, &status, 0);
    alive = false;
    listen_to_writer();
  }
  std::cout << "sent " << (told & ~half_close) << " bytes, received " << received << " bytes"
            << std::endl;
  if (stop != 0) {
    std::signal(stop, SIG_DFL);
    sigprocmask(SIG_SETMASK, &unblocked, nullptr);
    raise(stop);
  }
  if (complete && half_closed) {
    return 0;
  }
  if (complete && (!ended_by_itself || WEXITSTATUS(status) != 2)) {
    std::cerr << "echo_mpclient: the server closed the connection" << std::endl;
  }
  return 1;
}
