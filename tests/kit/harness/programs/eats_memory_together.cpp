// Four processes that take and use 100 MiB each, and stay.
#include "say.hpp"

#include <vector>

#include <unistd.h>

int main() {
  constexpr std::size_t size = std::size_t{100} << 20;
  for (int i = 0; i < 3 && fork() > 0; ++i) {
  }
  const std::vector<char> memory(size, 1);
  say("has it");
  while (true) {
    pause();
  }
}
