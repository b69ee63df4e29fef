#include "support/replies.hpp"

#include "support/io.hpp"

#include <unistd.h>

namespace lab {

bool Replies::add(std::string_view piece) {
  std::size_t newline = 0;
  while ((newline = piece.find('\n')) != std::string_view::npos) {
    line_.append(piece.substr(0, newline + 1));
    piece.remove_prefix(newline + 1);
    if (!print()) {
      return false;
    }
  }
  line_.append(piece);
  return true;
}

bool Replies::finish() {
  if (line_.size() == prefix.size()) {
    return true;
  }
  line_.push_back('\n');
  return print();
}

bool Replies::print() {
  const bool written = write_all(STDOUT_FILENO, line_.data(), line_.size());
  line_ = prefix;
  return written;
}

} // namespace lab
