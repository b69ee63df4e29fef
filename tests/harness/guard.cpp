#include "harness/guard.hpp"

#include "harness/deadline.hpp"
#include "harness/fd.hpp"
#include "harness/tree.hpp"
#include "harness/urgent.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lab {

namespace {

struct Guard {
  pid_t tool = -1;
  pid_t pid = -1;
  int line = -1; // to the guard; never closed before our end
};

Guard& guard() {
  static Guard the_guard;
  return the_guard;
}

/// The parent of all threads of the kernel, which have no environment.
constexpr pid_t kernel_threads = 2;

/// What one look at all processes has found.
struct Look {
  bool any = false;     // marked ones
  bool running = false; // among them, not stopped yet
  bool doubt = false; // new ones that ended before they could be looked at: they may have children
};

/// Stops or kills every process that carries the token, each as soon as it is seen: it may be gone
/// the next moment. `settled` are those that need no second look.
Look look_and_act(const std::string& token, unsigned long long since, bool to_stop,
                  std::set<std::pair<pid_t, unsigned long long>>& settled) {
  Look look;
  for_each_pid(since, [&](pid_t pid) {
    const auto process = process_info(pid);
    if (!process || pid == ::getpid() || process->start_time < since ||
        settled.contains({pid, process->start_time})) {
      return false;
    }
    if (process->zombie() || !carries_token(pid, guard_variable, token)) {
      const auto now = process_info(pid);
      look.doubt |= !now || now->zombie();
      if (now && !now->zombie() && now->parent != kernel_threads && environment_of(pid).empty()) {
        look.doubt = true; // it may be on its way to its end: its memory goes first
        return false;
      }
      settled.emplace(pid, process->start_time);
      return false;
    }
    look.any = true;
    if (!to_stop || process->lives_without_main()) {
      return send_signal(*process, SIGKILL);
    }
    if (process->stopped() || !send_signal(*process, SIGSTOP)) {
      return false;
    }
    look.running |= process->state != 'D'; // a parent in vfork waits for a child that has stopped
    return true;
  });
  return look;
}

/// Ends every process that carries the token. `since`: start time of the tool, which none precedes.
void sweep(const std::string& token, unsigned long long since) {
  // What nothing can end must not hold up the tool's own end.
  const Deadline deadline(patience);
  // On a machine where processes come and go all the time, some will always be in doubt.
  constexpr std::chrono::milliseconds long_enough{300};
  Deadline doubts(long_enough);
  std::set<std::pair<pid_t, unsigned long long>> settled;
  std::optional<Urgent> urgent;
  bool to_stop = true;
  int quiet = 0;
  for (int turn = 0; quiet < 2 && !doubts.passed() && !deadline.passed(); ++turn) {
    const Look look = look_and_act(token, since, to_stop, settled);
    quiet = look.any || look.doubt ? 0 : quiet + 1;
    if (look.any) {
      doubts = Deadline(long_enough);
    }
    to_stop &= !look.any || (look.running && deadline.left() > patience * 3 / 4);
    if (look.running && turn == 2) {
      urgent.emplace();
    }
    if (look.any) { // they stop and end by themselves, and may need the processor that we have
      std::this_thread::sleep_for(std::chrono::microseconds(to_stop ? 50 : 500));
    }
  }
}

[[noreturn]] void keep_guard(pid_t tool, int line, const std::string& token) {
  const auto info = process_info(tool);
  const auto since = info ? info->start_time : 0;
  ::setsid();
  ::prctl(PR_SET_NAME, std::string(guard_name).c_str());
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGTSTP, SIGTTIN, SIGTTOU}) {
    ::signal(signal, SIG_IGN);
  }
  [[maybe_unused]] const int moved = ::chdir("/");
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = 0; fd < 3; ++fd) {
    ::dup2(null, fd); // a reader of the tool's output is not to wait for us
  }
  const int kept = 3;
  ::dup2(line, kept);
  ::closefrom(kept + 1);

  while (::write(kept, "r", 1) == -1 && errno == EINTR) { // ready: no signal can end it any more
  }

  // The line ends when no process has the other end: the tool, or a child of it before its exec.
  // The pidfd tells of the tool's own end at once.
  const int tool_end = static_cast<int>(::syscall(SYS_pidfd_open, tool, 0));
  std::array<pollfd, 2> waits{{{.fd = kept, .events = POLLIN, .revents = 0},
                               {.fd = tool_end, .events = POLLIN, .revents = 0}}};
  while (::poll(waits.data(), waits.size(), -1) == -1 && errno == EINTR) {
  }
  sweep(token, since);
  ::_exit(0);
}

/// The normal end: the guard does its work and is reaped, so that nothing of us is left to be seen.
void dismiss() {
  if (guard().tool == ::getpid()) { // not in a child that called exit
    ::shutdown(guard().line, SHUT_WR);
    while (::waitpid(guard().pid, nullptr, 0) == -1 && errno == EINTR) {
    }
  }
}

} // namespace

void guard_descendants() {
  if (guard().tool == ::getpid()) {
    return;
  }
  adopt_orphans();
  const std::string variable(guard_variable);
  const std::string token = new_token();
  const char* outer = std::getenv(variable.c_str());
  const std::string tokens = outer == nullptr ? token : std::string(outer) + "/" + token;
  or_throw(::setenv(variable.c_str(), tokens.c_str(), 1), "setenv");

  std::array<int, 2> ends{-1, -1};
  or_throw(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), "socketpair");
  static Fd line;
  line = own(ends[0], "socketpair");
  Fd far_end = own(ends[1], "socketpair");
  const pid_t tool = ::getpid();
  const pid_t child = or_throw(::fork(), "fork");
  if (child == 0) {
    line.close();
    keep_guard(tool, far_end.get(), token);
  }
  far_end.close();
  char ready = 0;
  ssize_t got = 0;
  while ((got = ::read(line.get(), &ready, 1)) == -1 && errno == EINTR) {
  }
  if (got != 1) {
    ::waitpid(child, nullptr, 0);
    throw std::runtime_error("the guard process ended at once");
  }
  own_guard() = child;
  guard() = {.tool = tool, .pid = child, .line = line.get()};
  if (std::atexit(dismiss) != 0) {
    throw_errno("atexit");
  }
}

} // namespace lab
