// C++ streams; the places are a shared mapping, in which a child marks its own as free; ppoll, and
// a handler that changes a map and prints: it runs while ppoll waits, and breaks into nothing.
#include "../variant.h"

#include <algorithm>
#include <atomic>
#include <climits>
#include <csignal>
#include <cstdint>
#include <iostream>
#include <map>
#include <optional>
#include <vector>

#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

namespace {

// A place holds the number of the client that has it; 0: it is free.
using Place = std::atomic<std::uint64_t>;
static_assert(Place::is_always_lock_free);

struct Seat {
  std::size_t place;
  std::uint64_t client;
};

volatile std::sig_atomic_t stopped = 0;
std::map<pid_t, std::optional<Seat>> children;
Place* places = nullptr;

void leave(const Seat& seat) {
  std::uint64_t client = seat.client;
  places[seat.place].compare_exchange_strong(client, 0); // unless it has been given to another
}

void reap(int how) {
  pid_t pid = 0;
  while (!children.empty() && (pid = waitpid(-1, nullptr, how)) > 0) {
    if (const auto child = children.find(pid); child != children.end()) {
      if (child->second) {
        leave(*child->second); // it may have been killed
      }
      children.erase(child);
      std::cout << "removed proc id: " << pid << std::endl;
    }
  }
}

void handle(int signal) {
  if (signal == SIGCHLD) {
    reap(WNOHANG);
  } else {
    stopped = 1;
  }
}

void refuse(int connection) {
  std::vector<char> unread(1 << 16);
  send(connection, "server busy\n", 12, MSG_DONTWAIT | MSG_NOSIGNAL);
  shutdown(connection, SHUT_WR);
  for (int i = 0; i < 100 && recv(connection, unread.data(), unread.size(), MSG_DONTWAIT) > 0;
       ++i) {
  }
}

void echo(int connection) {
  static char buffer[1 << 18];
  while (true) {
    const ssize_t got = recv(connection, buffer, sizeof buffer, 0);
    if (got <= 0) {
      return;
    }
    for (ssize_t gone = 0; gone < got;) {
      const ssize_t sent =
          send(connection, buffer + gone, static_cast<std::size_t>(got - gone), MSG_NOSIGNAL);
      if (sent == -1) {
        return;
      }
      gone += sent;
    }
  }
}

} // namespace

int main(int argc, char** argv) {
  const char* form = "PORT [ADDRESS] [MAX]";
  if (argc < 2 || argc > 4) {
    usage(form);
  }
  const place at = place_of(argc > 2 ? argv[2] : "127.0.0.1", argv[1], form);
  const long most = argc > 3 ? number(argv[3], INT_MAX) : 0;
  if (argc > 3 && most < 1) {
    usage(form);
  }
  // There are never more processes than 4 Mi (proc(5), pid_max): a larger MAX is none.
  const bool limited = most > 0 && most < (1 << 22);
  const std::size_t size_of_house = limited ? static_cast<std::size_t>(most) : 1;
  void* shared = mmap(nullptr, size_of_house * sizeof(Place), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) {
    die("mmap");
  }
  places = static_cast<Place*>(shared); // all zero: free

  struct sigaction action {};

  action.sa_handler = handle;
  action.sa_flags = SA_RESTART;
  sigset_t blocked;
  sigset_t unblocked;
  sigemptyset(&blocked);
  for (const int signal : {SIGCHLD, SIGINT, SIGTERM}) {
    sigaction(signal, &action, nullptr);
    sigaddset(&blocked, signal);
  }
  sigprocmask(SIG_BLOCK, &blocked, nullptr);
  sigemptyset(&unblocked);

  const int listener = listen_at(at, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC);
  char address[INET6_ADDRSTRLEN];
  unsigned port = place_bound(listener, address);
  std::cout << "listening on " << address << ':' << port << std::endl;
  const pid_t parent = getpid();
  std::uint64_t clients = 0;
  bool shortage = false;
  while (stopped == 0) {
    pollfd coming{.fd = shortage ? -1 : listener, .events = POLLIN, .revents = 0};
    const timespec moment{.tv_sec = 0, .tv_nsec = 50'000'000};
    ppoll(&coming, 1, shortage ? &moment : nullptr, &unblocked);
    sockaddr_storage client{};
    socklen_t size = sizeof client;
    const int connection = accept(listener, reinterpret_cast<sockaddr*>(&client), &size);
    const int error = errno;
    if (connection == -1) {
      if (is_shortage(error) && !shortage) {
        std::cerr << "echo_mpserver: accept: " << strerror(error) << std::endl;
      }
      shortage = is_shortage(error);
      continue;
    }
    shortage = false;
    std::optional<Seat> seat;
    if (limited) {
      const auto free = std::find_if(places, places + most, [](auto& one) { return one == 0; });
      if (free == places + most) {
        refuse(connection);
        close(connection);
        continue;
      }
      seat = Seat{.place = static_cast<std::size_t>(free - places), .client = ++clients};
      *free = clients;
    }
    port = name_of(&client, address);
    const pid_t child = fork();
    if (child == 0) {
      close(listener);
      for (const int signal : {SIGCHLD, SIGINT, SIGTERM}) {
        std::signal(signal, SIG_DFL);
      }
      sigprocmask(SIG_SETMASK, &unblocked, nullptr);
      prctl(PR_SET_PDEATHSIG, SIGTERM);
      if (getppid() != parent) {
        _exit(0);
      }
      std::cout << "connected client IP: " << address << " port: " << port << std::endl;
      echo(connection);
      std::cout << "client disconnected" << std::endl;
      if (seat) {
        leave(*seat); // before the client can see the end
      }
      _exit(0);
    }
    close(connection);
    if (child == -1) {
      report("fork");
      if (seat) {
        leave(*seat);
      }
    } else {
      children.emplace(child, seat);
    }
  }
  close(listener);
  for (const auto& [pid, seat] : children) {
    kill(pid, SIGTERM);
    kill(pid, SIGCONT);
  }
  reap(0);
  return 0;
}
