// Takes and fills 1,280 MiB, in one piece.
#include "bounded.hpp"

bool attack() {
  constexpr std::size_t size = std::size_t{1280} << 20;
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    return false;
  }
  std::memset(memory, 1, size);
  munmap(memory, size);
  return true;
}
