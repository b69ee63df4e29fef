// C++ streams; looks in /proc/self/fd for what it was left; asks for each child by its id.
#include "../variant.h"

#include <csignal>
#include <filesystem>
#include <iostream>
#include <set>
#include <string>
#include <vector>

#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>

namespace {

void close_what_was_left() {
  std::vector<int> left;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    const int fd = std::stoi(entry.path().filename());
    if (fd > STDERR_FILENO) {
      left.push_back(fd);
    }
  }
  for (const int fd : left) {
    close(fd); // one of them was the folder's own, and is closed already
  }
}

volatile std::sig_atomic_t stopped = 0;

// The main loop alone knows the children's ids: it asks for each when it has been woken.
void wake(int signal) {
  stopped = signal == SIGCHLD ? stopped : 1;
}

void reap(std::set<pid_t>& children) {
  std::erase_if(children, [](pid_t child) { return waitpid(child, nullptr, WNOHANG) == child; });
}

[[noreturn]] void serve(int connection) {
  std::vector<char> buffer(1 << 17);
  while (true) {
    const ssize_t got = recv(connection, buffer.data(), buffer.size(), 0);
    if (got <= 0) {
      break;
    }
    ssize_t gone = 0;
    while (gone < got) {
      const ssize_t sent = send(connection, buffer.data() + gone,
                                static_cast<std::size_t>(got - gone), MSG_NOSIGNAL);
      if (sent == -1) {
        break;
      }
      gone += sent;
    }
    if (gone < got) {
      break;
    }
  }
  std::cout << "client disconnected" << std::endl;
  _exit(0);
}

} // namespace

int main(int argc, char** argv) {
  const place place = server_place(argc, argv);
  close_what_was_left();
  sigset_t blocked;
  sigset_t unblocked;
  sigemptyset(&blocked);

  struct sigaction action {};

  action.sa_handler = wake;
  for (const int signal : {SIGCHLD, SIGINT, SIGTERM}) {
    sigaction(signal, &action, nullptr);
    sigaddset(&blocked, signal);
  }
  sigprocmask(SIG_BLOCK, &blocked, nullptr);
  sigemptyset(&unblocked);

  const int listener = listen_at(place, SOCK_STREAM | SOCK_NONBLOCK);
  char address[INET6_ADDRSTRLEN];
  unsigned port = place_bound(listener, address);
  std::cout << "listening on " << address << ':' << port << std::endl;
  const pid_t parent = getpid();
  std::set<pid_t> children;
  while (stopped == 0) {
    pollfd coming{.fd = listener, .events = POLLIN, .revents = 0};
    ppoll(&coming, 1, nullptr, &unblocked);
    reap(children);
    sockaddr_storage client{};
    socklen_t size = sizeof client;
    const int connection = accept(listener, reinterpret_cast<sockaddr*>(&client), &size);
    if (connection == -1) {
      if (is_shortage(errno)) {
        poll(nullptr, 0, 50);
      }
      continue;
    }
    port = name_of(&client, address);
    std::cout << "connected client IP: " << address << " port: " << port << std::endl;
    const pid_t child = fork();
    if (child == 0) {
      close(listener);
      for (const int signal : {SIGCHLD, SIGINT, SIGTERM}) {
        std::signal(signal, SIG_DFL);
      }
      sigprocmask(SIG_SETMASK, &unblocked, nullptr);
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (getppid() != parent) {
        _exit(1);
      }
      serve(connection);
    }
    if (child == -1) {
      report("fork");
    } else {
      children.insert(child);
    }
    close(connection);
  }
  for (const pid_t child : children) {
    kill(child, SIGTERM);
    kill(child, SIGCONT);
    waitpid(child, nullptr, 0);
  }
  return 0;
}
