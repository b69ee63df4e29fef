#include "support/input.hpp"

#include "support/io.hpp"

#include <cerrno>

#include <unistd.h>

namespace lab {

namespace {

// Where the line after the one at `from` starts; npos if `text` does not hold its end.
std::size_t next_line(std::string_view text, std::size_t from) noexcept {
  const std::size_t newline = text.find('\n', from);
  return newline == std::string_view::npos ? newline : newline + 1;
}

} // namespace

std::string_view Input::next() noexcept {
  while (!ended_) {
    std::size_t size = 0;
    if (held_ != 0) {
      buffer_[size++] = held_;
      held_ = 0;
    }
    const ssize_t got = read_some(STDIN_FILENO, buffer_.data() + size, buffer_.size() - size);
    ended_ = got <= 0;
    if (got == -1) {
      error_ = errno;
    } else {
      size += static_cast<std::size_t>(got);
    }

    const std::string_view text(buffer_.data(), size);
    std::size_t line = at_line_start_ ? 0 : next_line(text, 0);
    for (; line < size; line = next_line(text, line)) {
      if (text[line] != 'q' && text[line] != 'Q') {
        continue;
      }
      const bool is_last_byte = line + 1 == size;
      if (is_last_byte ? ended_ : text[line + 1] == '\n') {
        ended_ = true;
        return text.substr(0, line);
      }
      if (is_last_byte) {
        held_ = text[line];
        break;
      }
    }
    at_line_start_ = held_ != 0 || line == size;
    if (const auto piece = text.substr(0, held_ != 0 ? line : size); !piece.empty()) {
      return piece;
    }
  }
  return {};
}

} // namespace lab
