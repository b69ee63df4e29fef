// Writes 1 GiB to both outputs, as fast as they are read.
#include "bounded.hpp"

bool attack() {
  const std::string block(std::size_t{1} << 16, 'x');
  for (std::size_t written = 0; written < std::size_t{1} << 30;) {
    const ssize_t one = write(STDOUT_FILENO, block.data(), block.size());
    const ssize_t two = write(STDERR_FILENO, block.data(), block.size());
    if (one <= 0 || two <= 0) {
      return false;
    }
    written += static_cast<std::size_t>(one + two);
  }
  return true;
}
