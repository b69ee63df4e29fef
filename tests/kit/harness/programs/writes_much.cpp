// writes_much BYTES: so many to standard output, then so many to standard error.
#include <cstdlib>
#include <string>

#include <unistd.h>

int main(int argc, char** argv) {
  const std::string bytes(static_cast<std::size_t>(argc > 1 ? std::atol(argv[1]) : 0), 'y');
  for (const int fd : {STDOUT_FILENO, STDERR_FILENO}) {
    std::size_t done = 0;
    while (done < bytes.size()) {
      const ssize_t written = ::write(fd, bytes.data() + done, bytes.size() - done);
      if (written <= 0) {
        return 1;
      }
      done += static_cast<std::size_t>(written);
    }
  }
}
