// writes_pieces [SIZE]: standard output and standard error in pieces that do not agree with lines,
// one of them of SIZE bytes.
#include <cstdlib>
#include <string>
#include <string_view>

#include <unistd.h>

namespace {

void put(int fd, std::string_view text) {
  [[maybe_unused]] const ssize_t written = ::write(fd, text.data(), text.size());
}

} // namespace

int main(int argc, char** argv) {
  const auto size = static_cast<std::size_t>(argc > 1 ? std::atol(argv[1]) : 10'000);
  put(STDOUT_FILENO, "one ");
  put(STDOUT_FILENO, "line\n");
  put(STDOUT_FILENO, std::string(size - 1, 'x') + "\n");
  put(STDOUT_FILENO, "two\nlines\n");
  put(STDERR_FILENO, "an error\n");
  put(STDERR_FILENO, "its reason\n");
  put(STDOUT_FILENO, "no newline");
  return 3;
}
