// What the clients read: lines from standard input, until `q`, `Q` or end of file.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace lab {

/// Standard input up to `q` or `Q` alone on a line, in the pieces in which it arrives: a line may
/// be longer than any buffer, and at a terminal each one is sent when it is typed.
class Input {
public:
  /// The bytes to send next, valid until the next call; none at the end. If read(2) fails for good,
  /// none either, and error() is its errno.
  std::string_view next() noexcept;

  [[nodiscard]] int error() const noexcept { return error_; }

private:
  std::array<char, 64 * 1024> buffer_{};
  char held_ = 0; // a `q` not yet given: the next byte tells whether it is alone on its line
  bool at_line_start_ = true;
  bool ended_ = false;
  int error_ = 0;
};

} // namespace lab
