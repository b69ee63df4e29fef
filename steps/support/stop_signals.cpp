#include "support/stop_signals.hpp"

#include "support/error.hpp"

#include <cerrno>
#include <csignal>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace lab {

namespace {

std::vector<pid_t> children; // those remembered and not yet reaped
sigset_t blocked;            // static, so all zero: the empty set, on Linux

void reap_children(int /*signal*/) {
  const int saved = errno;
  pid_t pid = 0;
  while ((pid = waitpid(-1, nullptr, WNOHANG)) > 0) {
    std::erase(children, pid);
  }
  errno = saved;
}

void stop(int /*signal*/) {
  for (const pid_t pid : children) {
    kill(pid, SIGTERM);
    kill(pid, SIGCONT); // a stopped child acts on SIGTERM only when it runs
  }
  const int options = children.empty() ? WNOHANG : 0; // alone: waits for nothing
  while (waitpid(-1, nullptr, options) > 0) {
  }
  _exit(0);
}

void handle(int signal, void (*handler)(int)) noexcept {
  struct sigaction action {};

  action.sa_handler = handler;
  action.sa_mask = blocked; // no handler interrupts another
  action.sa_flags = SA_RESTART | SA_NOCLDSTOP;
  or_die(sigaction(signal, &action, nullptr), "sigaction");
}

} // namespace

void ignore_broken_pipes() noexcept {
  handle(SIGPIPE, SIG_IGN);
}

void exit_on_stop_signals() noexcept {
  handle(SIGINT, stop);
  handle(SIGTERM, stop);
  ignore_broken_pipes();
}

void handle_signals() noexcept {
  for (const int signal : {SIGCHLD, SIGINT, SIGTERM}) {
    sigaddset(&blocked, signal);
  }
  block_signals();
  handle(SIGCHLD, reap_children);
  exit_on_stop_signals();
}

void unblock_signals() noexcept {
  or_die(sigprocmask(SIG_UNBLOCK, &blocked, nullptr), "sigprocmask");
}

void block_signals() noexcept {
  const int saved = errno;
  or_die(sigprocmask(SIG_BLOCK, &blocked, nullptr), "sigprocmask");
  errno = saved;
}

void remember_child(pid_t child) {
  if (child == -1) {
    report("fork", errno);
  } else {
    children.push_back(child);
  }
}

void begin_child() noexcept {
  handle(SIGINT, SIG_DFL);
  handle(SIGTERM, SIG_DFL);
  unblock_signals();
}

} // namespace lab
