#include "harness/trace.hpp"

#include "harness/deadline.hpp"

#include <array>
#include <atomic>
#include <cstdio>

#include <unistd.h>

namespace lab {

namespace {

struct Trace {
  std::atomic<bool> on = false;
  Clock::time_point start;
};

Trace& the_trace() {
  static Trace trace;
  return trace;
}

} // namespace

void start_trace() {
  the_trace().start = Clock::now();
  the_trace().on = true;
}

bool tracing() {
  return the_trace().on;
}

void trace(const std::string& text) {
  if (!tracing()) {
    return;
  }
  std::array<char, 32> time{};
  std::snprintf(time.data(), time.size(), "%8.3f s  ",
                std::chrono::duration<double>(Clock::now() - the_trace().start).count());
  const std::string line = time.data() + text + "\n";
  static_cast<void>(::write(STDERR_FILENO, line.data(), line.size()));
}

std::string quoted(std::string_view text) {
  constexpr std::size_t most = 48;
  std::string result = "\"";
  for (const char character : text.substr(0, most)) {
    const auto byte = static_cast<unsigned char>(character);
    if (character == '\n') {
      result += "\\n";
    } else if (byte < ' ' || byte == 0x7f) {
      std::array<char, 8> code{};
      std::snprintf(code.data(), code.size(), "\\x%02x", byte);
      result += code.data();
    } else {
      result += character;
    }
  }
  return result + (text.size() > most ? "\"..., " + std::to_string(text.size()) + " bytes" : "\"");
}

} // namespace lab
