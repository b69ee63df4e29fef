// What recording costs: run it alone, and then by lab-film (target measure-film).

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <limits>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

/// Nanoseconds for a call, the best of some rounds.
template <typename Call>
double cost_of(int calls, Call call) {
  constexpr int rounds = 7;
  double best = std::numeric_limits<double>::max();
  for (int round = 0; round < rounds; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < calls; ++i) {
      call();
    }
    const std::chrono::duration<double, std::nano> time = std::chrono::steady_clock::now() - begin;
    best = std::min(best, time.count() / calls);
  }
  return best;
}

void need(bool done, const char* what) {
  if (!done) {
    std::perror(what);
    std::exit(EXIT_FAILURE); // NOLINT(concurrency-mt-unsafe)
  }
}

} // namespace

int main() {
  const int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
  need(null != -1, "open /dev/null");
  std::array<int, 2> ends{};
  need(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0, "socketpair");
  std::array<char, 64> bytes{};
  const double write_null = cost_of(
      500, [&] { need(write(null, bytes.data(), bytes.size()) != -1, "write to /dev/null"); });
  const double socket = cost_of(300, [&] {
    need(write(ends[0], bytes.data(), bytes.size()) != -1, "write to a socket");
    need(read(ends[1], bytes.data(), bytes.size()) != -1, "read from a socket");
  });
  const double child = cost_of(20, [] {
    const pid_t pid = fork();
    if (pid == 0) {
      _exit(0);
    }
    need(pid != -1, "fork");
    need(waitpid(pid, nullptr, 0) == pid, "waitpid");
  });
  std::printf(
      "write to /dev/null %.0f ns; 64 bytes through a socket %.0f ns; fork and waitpid of a "
      "child %.0f us\n",
      write_null, socket, child / 1000);
}
