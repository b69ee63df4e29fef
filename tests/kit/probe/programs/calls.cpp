// calls WHAT [N]: makes the calls that a test wants to see, and prints what they returned.

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

void show(std::string_view call, std::int64_t result) {
  const int error = errno;
  std::cout << call << ' ';
  if (result == -1) {
    std::cout << strerrorname_np(error);
  } else {
    std::cout << result;
  }
  std::cout << std::endl; // NOLINT(performance-avoid-endl): a child must not print it once more
}

void fork_often(int times) {
  for (int i = 0; i < times; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      _exit(i);
    }
    show("fork", child == -1 ? -1 : 0);
    if (child > 0) {
      waitpid(child, nullptr, 0);
    }
  }
}

[[gnu::noinline]] pid_t run_true() {
  const pid_t child = vfork(); // NOLINT(clang-analyzer-security.insecureAPI.vfork)
  if (child == 0) {
    close(-1); // a call of the child, in its parent's memory
    execl("/bin/true", "true", nullptr);
    _exit(9);
  }
  return child;
}

void vfork_often(int times) {
  for (int i = 0; i < times; ++i) {
    const pid_t child = run_true();
    const int error = errno;
    int status = 0;
    if (child > 0) {
      waitpid(child, &status, 0);
    }
    errno = error;
    show("vfork", child == -1 ? -1 : WEXITSTATUS(status));
  }
}

int listening(sockaddr_in& address) {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), size) == -1 ||
      listen(listener, 50) == -1 ||
      getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == -1) {
    std::perror("listening");
    std::exit(7);
  }
  return listener;
}

void accept_often(int times) {
  sockaddr_in address{};
  const int listener = listening(address);
  for (int i = 0; i < times; ++i) {
    const int client = socket(AF_INET, SOCK_STREAM, 0);
    show("connect", connect(client, reinterpret_cast<sockaddr*>(&address), sizeof address));
    const int connection =
        i % 2 == 0 ? accept(listener, nullptr, nullptr) : accept4(listener, nullptr, nullptr, 0);
    show("accept", connection == -1 ? -1 : 0);
    if (connection != -1) {
      close(connection);
    }
    close(client);
  }
}

void connect_again() {
  sockaddr_in address{};
  const int listener = listening(address);
  const int client = socket(AF_INET, SOCK_STREAM, 0);
  int result = 0;
  do {
    result = connect(client, reinterpret_cast<sockaddr*>(&address), sizeof address);
    show("connect", result);
  } while (result == -1 && errno == EINTR);
  const int connection = accept(listener, nullptr, nullptr);
  show("write", write(client, "ab", 2));
  std::array<char, 8> text{};
  show("read", read(connection, text.data(), text.size()));
}

// What a program does that polls for the connection which EINTR has left under way: connect(2).
void connect_and_poll() {
  sockaddr_in address{};
  const int listener = listening(address);
  const int client = socket(AF_INET, SOCK_STREAM, 0);
  show("connect", connect(client, reinterpret_cast<sockaddr*>(&address), sizeof address));
  pollfd ready{.fd = client, .events = POLLOUT, .revents = 0};
  show("poll", poll(&ready, 1, 10'000));
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(client, SOL_SOCKET, SO_ERROR, &error, &size);
  show("error", error);
  accept(listener, nullptr, nullptr);
  show("write", write(client, "ab", 2));
}

void read_often(int times) {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == -1) {
    std::exit(7);
  }
  for (int i = 0; i < times; ++i) {
    show("write", write(ends[0], "0123456789", 10));
    std::array<char, 16> text{};
    show("read", recv(ends[1], text.data(), text.size(), MSG_DONTWAIT | MSG_PEEK) == -1
                     ? -1
                     : read(ends[1], text.data(), text.size()));
  }
  const std::array<iovec, 3> pieces{{{const_cast<char*>("abc"), 3},    // NOLINT(*-const-cast)
                                     {const_cast<char*>(""), 0},       // NOLINT(*-const-cast)
                                     {const_cast<char*>("defg"), 4}}}; // NOLINT(*-const-cast)
  show("writev", writev(ends[0], pieces.data(), 3));
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(pieces.data()); // NOLINT(*-const-cast)
  message.msg_iovlen = 3;
  show("sendmsg", sendmsg(ends[0], &message, 0));
  show("send", send(ends[0], "0123456789", 10, MSG_DONTWAIT)); // a full socket takes less, too
  std::array<int, 2> pipe_ends{};
  if (pipe(pipe_ends.data()) == 0) {
    show("to a pipe", write(pipe_ends[1], "0123456789", 10));
  }
}

void splice_through() {
  std::array<int, 2> ends{};
  std::array<int, 2> pipe_ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == -1 || pipe(pipe_ends.data()) == -1) {
    std::exit(7);
  }
  show("write", write(ends[0], "0123456789", 10));
  show("in", splice(ends[1], nullptr, pipe_ends[1], nullptr, 10, 0));
  show("in", splice(ends[1], nullptr, pipe_ends[1], nullptr, 10, SPLICE_F_NONBLOCK));
  show("out", splice(pipe_ends[0], nullptr, ends[1], nullptr, 10, 0));
}

void wait_often() {
  const pid_t child = fork();
  if (child == 0) {
    _exit(3);
  }
  show("waitpid, WNOHANG", waitpid(child, nullptr, WNOHANG) == -1 ? -1 : 0);
  int status = 0;
  pid_t ended = 0;
  while ((ended = wait(&status)) != child) {
    if (ended > 0) {
      show("the other", 0);
      continue;
    }
    show("wait", ended);
    if (ended == -1 && errno != EINTR) {
      return;
    }
  }
  show("status", WEXITSTATUS(status));
}

// EINTR comes only where a handler lets calls break.
void interruptible() {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) == -1) {
    std::exit(7);
  }
  const auto once = [&ends](std::string_view name) {
    char c = 'x';
    show(name, write(ends[1], &c, 1) == -1 ? -1 : read(ends[0], &c, 1));
  };
  once("no handler");

  struct sigaction action {};

  action.sa_handler = [](int) {};
  action.sa_flags = SA_RESTART;
  sigaction(SIGUSR1, &action, nullptr);
  once("SA_RESTART");
  action.sa_flags = 0;
  sigaction(SIGUSR1, &action, nullptr);
  once("no SA_RESTART");
  action.sa_handler = SIG_DFL;
  sigaction(SIGUSR1, &action, nullptr);
  once("default");
}

// One process after another counts for itself, or all together.
void in_children(int times) {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == -1) {
    std::exit(7);
  }
  show("parent", write(ends[0], "x", 1));
  for (int i = 0; i < times; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      show("child", write(ends[0], "x", 1));
      show("child", write(ends[0], "x", 1));
      _exit(0);
    }
    waitpid(child, nullptr, 0);
  }
}

void list_descriptors() {
  std::vector<std::string> names;
  DIR* const folder = opendir("/proc/self/fd");
  for (const dirent* entry = readdir(folder); entry != nullptr; entry = readdir(folder)) {
    names.emplace_back(entry->d_name);
  }
  closedir(folder);
  const int next = dup(0); // the lowest that is free
  std::cout << "descriptors " << names.size() << ", next " << next << '\n';
}

// Many processes at once, each of which forks, closes, writes to nobody and ends.
void crowd(int processes) {
  for (int i = 0; i < processes; ++i) {
    if (fork() == 0) {
      for (int k = 0; k < 100; ++k) {
        close(1000 + k);
      }
      _exit(i % 100);
    }
  }
  int reaped = 0;
  while (wait(nullptr) > 0) {
    ++reaped;
  }
  show("reaped", reaped);
}

std::int64_t used() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

// The nanoseconds of processor time that a pair of calls takes, in the best of ten runs.
template <typename Act>
std::int64_t cost(int times, Act&& act) {
  std::int64_t best = -1;
  for (int run = 0; run < 10; ++run) {
    const std::int64_t start = used();
    for (int i = 0; i < times; ++i) {
      act();
    }
    const std::int64_t taken = (used() - start) / times;
    best = best == -1 || taken < best ? taken : best;
  }
  return best;
}

void work(int times) {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) == -1) {
    std::exit(7);
  }
  std::cout << cost(times, [] {
    void* volatile memory = std::malloc(100);
    std::free(memory);
  });
  std::cout << ' ' << cost(times / 10, [&ends] {
    char c = 'x';
    if (write(ends[1], &c, 1) != 1 || read(ends[0], &c, 1) != 1) {
      std::exit(7);
    }
  }) << '\n';
}

} // namespace

int main(int argc, char** argv) {
  const std::string_view what = argc > 1 ? argv[1] : "";
  const int times = argc > 2 ? std::atoi(argv[2]) : 4; // NOLINT(cert-err34-c)
  if (what == "fork") {
    fork_often(times);
  } else if (what == "vfork") {
    vfork_often(times);
  } else if (what == "accept") {
    accept_often(times);
  } else if (what == "connect") {
    connect_again();
  } else if (what == "connect, poll") {
    connect_and_poll();
  } else if (what == "read") {
    read_often(times);
  } else if (what == "splice") {
    splice_through();
  } else if (what == "wait") {
    wait_often();
  } else if (what == "interrupt") {
    interruptible();
  } else if (what == "children") {
    in_children(times);
  } else if (what == "descriptors") {
    list_descriptors();
  } else if (what == "crowd") {
    crowd(times);
  } else if (what == "work") {
    work(times);
  } else if (what == "kill itself") {
    kill(getpid(), SIGKILL);
  } else {
    return 6;
  }
  return 0;
}
