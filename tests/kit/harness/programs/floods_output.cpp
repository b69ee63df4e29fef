// Writes without end.
#include <string>

#include <unistd.h>

int main() {
  const std::string line = std::string(4000, 'x') + '\n';
  while (::write(STDOUT_FILENO, line.data(), line.size()) > 0) {
  }
}
