// SA_SIGINFO, waitid in the handler, an atomic counter, and ppoll on nothing for the sleep.
#include "../variant.h"

#include <array>
#include <atomic>
#include <charconv>
#include <csignal>
#include <iostream>
#include <string_view>

#include <poll.h>
#include <sys/wait.h>

namespace {

std::atomic<long> removed = 0;
static_assert(std::atomic<long>::is_always_lock_free); // or a handler must not touch it

void reap(int /*signal*/, siginfo_t* /*first*/, void* /*context*/) {
  const int saved = errno;
  while (true) {
    siginfo_t info{};
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG) == -1 || info.si_pid == 0) {
      break;
    }
    std::array<char, 64> line{};
    constexpr std::string_view start = "removed proc id: ";
    start.copy(line.data(), start.size());
    char* end =
        std::to_chars(line.data() + start.size(), line.data() + line.size(), info.si_pid).ptr;
    *end++ = '\n';
    if (write(STDOUT_FILENO, line.data(), static_cast<std::size_t>(end - line.data())) == -1) {
      _exit(1);
    }
    ++removed;
  }
  errno = saved;
}

} // namespace

int main(int argc, char** argv) {
  const long count = argc == 2 ? number(argv[1], 10'000) : -1;
  if (count == -1) {
    usage("N");
  }

  struct sigaction action {};

  action.sa_sigaction = reap;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  sigaction(SIGCHLD, &action, nullptr);
  sigset_t child_ended;
  sigset_t unblocked;
  sigemptyset(&child_ended);
  sigaddset(&child_ended, SIGCHLD);
  sigprocmask(SIG_BLOCK, &child_ended, &unblocked);
  sigdelset(&unblocked, SIGCHLD);
  long started = 0;
  while (started < count) {
    const pid_t child = fork();
    if (child == 0) {
      _exit(0);
    }
    if (child == -1) {
      report("fork");
      break;
    }
    ++started;
  }
  while (removed < started) {
    ppoll(nullptr, 0, nullptr, &unblocked);
  }
  if (started == count) {
    std::cout << "all " << count << " children removed" << std::endl;
  }
  return started == count ? 0 : 1;
}
