// Echoes lines; at the end of input prints how many bytes there were. `idle`: reads nothing.
#include "say.hpp"

#include <array>
#include <string_view>

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "idle") {
    ::pause();
  }
  std::array<char, 65536> buffer{};
  std::size_t bytes = 0;
  std::string line;
  while (true) {
    const ssize_t got = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (got <= 0) {
      break;
    }
    bytes += static_cast<std::size_t>(got);
    for (const char byte : std::string_view(buffer.data(), static_cast<std::size_t>(got))) {
      if (byte == '\n') {
        if (line.size() < 100) {
          say("got " + line);
        }
        line.clear();
      } else {
        line += byte;
      }
    }
  }
  say(std::to_string(bytes) + " bytes");
}
