// Output that fork cannot double and another process cannot cut: each line is one write(2). stdio
// and iostreams keep a buffer of their own, which fork copies; these functions keep none.
#pragma once

#include "support/io.hpp"

#include <array>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <string_view>

#include <unistd.h>

namespace lab {

/// A line of output, put together in place and written with its newline by one write(2).
/// Async-signal-safe, so that a signal handler may use it too (signal-safety(7)): no allocation,
/// no locale, no lock. What does not fit into 1,023 bytes is cut.
class Line {
public:
  template <typename... Parts>
  explicit Line(const Parts&... parts) noexcept {
    (add(parts), ...);
    text_[size_++] = '\n';
  }

  /// False where write(2) failed, with errno set.
  bool write_to(int fd) const noexcept { return write_all(fd, text_.data(), size_); }

private:
  void add(std::string_view part) noexcept {
    const std::size_t room = text_.size() - 1 - size_;
    size_ += part.copy(text_.data() + size_, part.size() < room ? part.size() : room);
  }

  void add(std::integral auto number) noexcept {
    std::array<char, 24> digits; // NOLINT(*-init*): to_chars fills what is read
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    add(std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data())));
  }

  std::array<char, 1024> text_; // not cleared: only the first size_ bytes are read
  std::size_t size_ = 0;
};

/// Writes the parts, text and whole numbers, to standard output as one line by one write(2).
/// Async-signal-safe. False if write(2) failed, with errno set.
template <typename... Parts>
bool print_line(const Parts&... parts) noexcept {
  return Line(parts...).write_to(STDOUT_FILENO);
}

} // namespace lab
