// Forks, and so does each child, and so on.
#include "say.hpp"

#include <atomic>
#include <new>

#include <sys/mman.h>

int main() {
  say("ready");
  // Not for ever: the harness that is to end this is itself under test.
  void* shared = ::mmap(nullptr, sizeof(std::atomic<int>), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  auto& left = *new (shared) std::atomic<int>(3000);
  while (left-- > 0) {
    if (::fork() == -1) {
      ::usleep(1000);
    }
  }
  ::alarm(120);
  while (true) {
    ::pause();
  }
}
