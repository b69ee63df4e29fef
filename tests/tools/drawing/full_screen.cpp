#include "tools/drawing/full_screen.hpp"

#include <cerrno>
#include <csignal>
#include <exception>
#include <utility>

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace lab {

void write_to_terminal(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written != -1) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) { // a terminal that somebody has made non-blocking
      pollfd output{.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
      ::poll(&output, 1, -1);
    } else if (errno != EINTR) {
      throw_errno("write");
    }
  }
}

TerminalSignals::TerminalSignals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP}) {
    sigaddset(&set, signal);
  }
  or_throw(::sigprocmask(SIG_BLOCK, &set, nullptr), "sigprocmask");
  fd_ = own(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), "signalfd");
}

int TerminalSignals::next() const {
  signalfd_siginfo info{};
  return ::read(fd_.get(), &info, sizeof info) == sizeof info ? static_cast<int>(info.ssi_signo)
                                                              : 0;
}

FullScreen::FullScreen()
    : drawn_on_(::isatty(STDOUT_FILENO) == 1), typed_at_(::isatty(STDIN_FILENO) == 1) {
  enter();
}

FullScreen::~FullScreen() {
  try {
    leave();
  } catch (const std::exception&) { // the terminal is gone
  }
}

void FullScreen::enter() {
  // From the background, a terminal's settings are not ours to change: it would stop us.
  keys_ = typed_at_ && ::tcgetpgrp(STDIN_FILENO) == ::getpgrp() &&
          ::tcgetattr(STDIN_FILENO, &former_) == 0;
  if (keys_) {
    termios raw = former_;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    ::tcsetattr(STDIN_FILENO, TCSANOW, &raw);
  }
  if (drawn_on_) {
    write_to_terminal("\x1b[?1049h\x1b[?25l\x1b[H\x1b[2J");
  }
  inside_ = true;
}

void FullScreen::leave() {
  if (!std::exchange(inside_, false)) {
    return;
  }
  if (keys_) {
    ::tcsetattr(STDIN_FILENO, TCSANOW, &former_);
  }
  if (drawn_on_) {
    write_to_terminal("\x1b[?25h\x1b[?1049l");
  }
}

void FullScreen::be_stopped() {
  leave();
  ::raise(SIGSTOP);
  enter();
}

std::size_t FullScreen::rows() {
  winsize size{};
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_row : 0;
}

} // namespace lab
