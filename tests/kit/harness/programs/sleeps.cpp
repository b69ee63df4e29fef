// sleeps HOW: says `ready`, and sleeps, in one of many ways. `orphan`: for ever, but a process that
// it has left to init only naps.
#include "say.hpp"

#include <array>
#include <csignal>
#include <cstdint>
#include <ctime>
#include <string_view>
#include <thread>

#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>

namespace {

constexpr time_t long_time = 3600;

[[noreturn]] void nap_for_ever() {
  while (true) {
    const timespec time{.tv_sec = long_time, .tv_nsec = 0};
    ::nanosleep(&time, nullptr); // what is under test: a sleep that time ends. The test ends it
  }
}

[[noreturn]] void pause_for_ever() {
  while (true) {
    ::pause();
  }
}

void read_from(int fd) {
  std::uint64_t ticks = 0;
  [[maybe_unused]] const ssize_t got = ::read(fd, &ticks, sizeof ticks);
}

void leave_an_orphan() {
  const pid_t child = ::fork();
  if (child == 0) {
    if (::fork() == 0) {
      nap_for_ever();
    }
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
}

} // namespace

int main(int argc, char** argv) {
  const std::string_view how = argc > 1 ? argv[1] : "";
  if (how == "orphan") {
    leave_an_orphan();
  }
  if (how == "child" && ::fork() == 0) {
    pause_for_ever();
  }
  if (how == "alarm") {
    ::signal(SIGALRM, [](int) {});
    const itimerval time{.it_interval = {}, .it_value = {.tv_sec = long_time, .tv_usec = 0}};
    ::setitimer(ITIMER_REAL, &time, nullptr);
  }
  if (how == "timer") {
    timer_t timer{};
    ::signal(SIGUSR1, [](int) {});
    sigevent event{};
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = SIGUSR1;
    const itimerspec time{.it_interval = {}, .it_value = {.tv_sec = long_time, .tv_nsec = 0}};
    if (::timer_create(CLOCK_MONOTONIC, &event, &timer) != 0 ||
        ::timer_settime(timer, 0, &time, nullptr) != 0) {
      return 1;
    }
  }
  std::array<int, 2> ends{-1, -1};
  if (how == "socket" && ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) != 0) {
    return 1;
  }
  const int clock = how == "timerfd" ? ::timerfd_create(CLOCK_MONOTONIC, 0) : -1;
  std::thread other;
  if (how == "threads") {
    other = std::thread(pause_for_ever);
  } else if (how == "one-thread-naps") {
    other = std::thread(nap_for_ever);
  }
  say("ready");
  pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
  if (how == "read") {
    read_from(STDIN_FILENO);
  } else if (how == "poll") {
    ::poll(&input, 1, -1);
  } else if (how == "child") {
    ::wait(nullptr);
  } else if (how == "threads") {
    other.join();
  } else if (how == "nap") {
    nap_for_ever();
  } else if (how == "poll-a-while") {
    ::poll(&input, 1, static_cast<int>(long_time));
  } else if (how == "timerfd") {
    read_from(clock);
  } else if (how == "socket") {
    read_from(ends[0]);
  }
  pause_for_ever();
}
