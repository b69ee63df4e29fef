// A program that draws on the whole terminal and reads keys: what becomes of the terminal, and of
// signals.
#pragma once

#include "harness/fd.hpp"

#include <cstddef>
#include <string_view>

#include <termios.h>

namespace lab {

/// Writes all of the text to standard output. It waits where the terminal does not take more.
/// Throws std::system_error.
void write_to_terminal(std::string_view text);

/// The signals that a terminal and a shell send, as something to poll: SIGINT, SIGTERM, SIGHUP,
/// SIGQUIT, SIGWINCH, SIGTSTP. They stay blocked. Make it before there is a thread.
class TerminalSignals {
public:
  TerminalSignals();

  [[nodiscard]] int fd() const { return fd_.get(); }

  /// The next one; 0: none has come.
  [[nodiscard]] int next() const;

private:
  Fd fd_;
};

/// The terminal while we draw on it: the alternate screen, no cursor, keys as they are typed. What
/// it was before comes back with the end of the object. If standard output is no terminal, nothing
/// is drawn; if standard input is none, no keys come.
class FullScreen {
public:
  FullScreen();
  FullScreen(const FullScreen&) = delete;
  FullScreen& operator=(const FullScreen&) = delete;
  FullScreen(FullScreen&&) = delete;
  FullScreen& operator=(FullScreen&&) = delete;
  ~FullScreen();

  [[nodiscard]] bool drawn_on() const { return drawn_on_; }

  [[nodiscard]] bool typed_at() const { return typed_at_; }

  void enter();
  void leave();

  /// For SIGTSTP: the shell gets its terminal as it was, and we ours when we go on.
  void be_stopped();

  /// Rows of the terminal; 0: it does not say.
  [[nodiscard]] static std::size_t rows();

private:
  bool drawn_on_;
  bool typed_at_;
  bool keys_ = false;
  bool inside_ = false;
  termios former_{};
};

} // namespace lab
