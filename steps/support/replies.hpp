// What the clients print: `message from server: LINE`, a line for each line that comes back.
#pragma once

#include <string>
#include <string_view>

namespace lab {

/// Puts the lines together from the pieces in which they arrive: TCP keeps the order of the bytes
/// and nothing else, so a piece may hold half a line or twenty. Each line is one write(2), of any
/// length.
class Replies {
public:
  /// Prints the lines that `piece` completes. False if standard output failed, with errno set.
  bool add(std::string_view piece);

  /// Prints what is left when no more will come: a last line without its newline.
  bool finish();

private:
  static constexpr std::string_view prefix = "message from server: ";
  bool print();

  std::string line_{prefix};
};

} // namespace lab
