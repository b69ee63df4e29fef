#include "support/children.hpp"

#include "support/error.hpp"
#include "support/pid_set.hpp"

#include <cerrno>
#include <csignal>

#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lab {

namespace {

PidSet children;
volatile std::sig_atomic_t stop_requested = 0;
sigset_t blocked;
sigset_t unblocked;

void reap(int /*signal*/) {
  const int saved = errno;
  pid_t pid = 0;
  while ((pid = waitpid(-1, nullptr, WNOHANG)) > 0) {
    children.erase(pid);
  }
  errno = saved;
}

void stop(int /*signal*/) {
  stop_requested = 1;
}

void handle(int signal, void (*handler)(int)) noexcept {
  struct sigaction action {};

  action.sa_handler = handler;
  action.sa_mask = blocked;
  action.sa_flags = SA_RESTART;
  or_die(sigaction(signal, &action, nullptr), "sigaction");
}

} // namespace

void watch_signals() noexcept {
  sigemptyset(&blocked);
  for (const int signal : {SIGCHLD, SIGINT, SIGTERM}) {
    sigaddset(&blocked, signal);
  }
  or_die(sigprocmask(SIG_BLOCK, &blocked, &unblocked), "sigprocmask");
  for (const int signal : {SIGCHLD, SIGINT, SIGTERM}) {
    sigdelset(&unblocked, signal);
  }
  handle(SIGCHLD, reap);
  handle(SIGINT, stop);
  handle(SIGTERM, stop);
  handle(SIGPIPE, SIG_IGN);
}

bool wait_for_client(int listener) noexcept {
  pollfd client{.fd = listener, .events = POLLIN, .revents = 0};
  while (stop_requested == 0) {
    const int ready = ppoll(&client, 1, nullptr, &unblocked);
    // ppoll unblocks signals only while it waits; a busy server unblocks them here.
    sigprocmask(SIG_SETMASK, &unblocked, nullptr);
    sigprocmask(SIG_SETMASK, &blocked, nullptr);
    if (ready == 1 && stop_requested == 0) {
      return true;
    }
  }
  return false;
}

void expect_child() {
  children.reserve_one();
}

void remember_child(pid_t child) noexcept {
  if (child == -1) {
    report("fork", errno);
  } else {
    children.insert(child);
  }
}

void begin_child() noexcept {
  handle(SIGINT, SIG_DFL);
  handle(SIGTERM, SIG_DFL);
  sigprocmask(SIG_SETMASK, &unblocked, nullptr);
}

void end_with_parent(pid_t parent) noexcept {
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) {
    _exit(0); // the parent had ended before prctl
  }
}

void end_children() noexcept {
  for (const pid_t pid : children) {
    kill(pid, SIGTERM);
    kill(pid, SIGCONT); // a stopped child acts on SIGTERM only when it runs
  }
  while (waitpid(-1, nullptr, 0) > 0) {
  }
  children.clear();
}

} // namespace lab
