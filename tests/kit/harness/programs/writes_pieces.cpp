// Standard output and standard error in pieces that do not agree with lines.
#include <string>
#include <string_view>

#include <unistd.h>

namespace {

void put(int fd, std::string_view text) {
  [[maybe_unused]] const ssize_t written = ::write(fd, text.data(), text.size());
}

} // namespace

int main() {
  put(STDOUT_FILENO, "one ");
  put(STDOUT_FILENO, "line\n");
  put(STDOUT_FILENO, std::string(9999, 'x') + "\n");
  put(STDOUT_FILENO, "two\nlines\n");
  put(STDERR_FILENO, "an error\n");
  put(STDERR_FILENO, "its reason\n");
  put(STDOUT_FILENO, "no newline");
  return 3;
}
