// Takes memory and uses it, as long as there is any.
#include "say.hpp"

#include <new>

int main() {
  constexpr std::size_t step = 1 << 20;
  while (true) {
    char* block = new (std::nothrow) char[step];
    if (block == nullptr) {
      say("out of memory");
      return 1;
    }
    for (std::size_t at = 0; at < step; at += 4096) {
      static_cast<volatile char*>(block)[at] = 1;
    }
  }
}
