#include "support/processes.hpp"

#include "support/error.hpp"
#include "support/io.hpp"
#include "support/output.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lab {

char state_of(pid_t pid) {
  // proc(5): PID (NAME) STATE ..., and NAME may itself hold spaces and brackets.
  const std::string path = "/proc/" + std::to_string(pid) + "/stat";
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 256> begin{}; // NAME has 64 bytes at most
  const ssize_t size = read_some(file.get(), begin.data(), begin.size());
  const std::string_view text(begin.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  const std::size_t name_end = text.rfind(") ");
  return name_end == std::string_view::npos ? '?' : text[name_end + 2];
}

void wait_until_ended(pid_t child) noexcept {
  siginfo_t info{};
  while (waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT) == -1 &&
         errno == EINTR) {
  }
}

void wait_until_orphaned(pid_t parent) noexcept {
  // pidfd_open(2): poll says that it is readable when the process has ended, and the kernel gives a
  // process's children their new parent before it says so.
  const Descriptor pidfd(static_cast<int>(syscall(SYS_pidfd_open, parent, 0)));
  pollfd ended{.fd = pidfd.get(), .events = POLLIN, .revents = 0};
  while (getppid() == parent) {
    or_die(pidfd.get(), "pidfd_open");
    poll(&ended, 1, -1);
  }
}

void wait_for_enter() noexcept {
  char next = 0;
  while (read_some(STDIN_FILENO, &next, 1) == 1 && next != '\n') {
  }
}

Gate::Gate() {
  std::array<int, 2> ends{};
  or_die(pipe2(ends.data(), O_CLOEXEC), "pipe2");
  waiting_ = Descriptor(ends[0]);
  opening_ = Descriptor(ends[1]);
}

void Gate::wait() noexcept {
  opening_.close(); // a pipe ends when the last process that could write to it closes it
  char nothing = 0;
  read_some(waiting_.get(), &nothing, 1);
}

void Gate::open() noexcept {
  opening_.close();
}

Crowd::Crowd(int count) {
  pids_.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    const pid_t pid = or_die(fork(), "fork");
    if (pid == 0) {
      gate_.wait();
      _exit(0);
    }
    pids_.push_back(pid);
  }
}

void Crowd::let_go() noexcept {
  gate_.open();
  for (const pid_t pid : pids_) {
    wait_until_ended(pid);
  }
}

int count_zombies(int reaped, int count) {
  struct sigaction by_default {}; // SIG_DFL

  or_die(sigaction(SIGCHLD, &by_default, nullptr), "sigaction");
  if (isatty(STDIN_FILENO) == 1) {
    print_line("look at the children now: ps --ppid ", getpid(),
               " -o pid,stat,comm; then press Enter");
    wait_for_enter();
  }
  int zombies = 0;
  while (waitpid(-1, nullptr, WNOHANG) > 0) {
    ++zombies;
  }
  print_line("reaped ", reaped, " of ", count, ", ", zombies, " zombies left");
  return 0;
}

} // namespace lab
