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
  ::alarm(120);
  while (left-- > 0) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::alarm(120); // of its own: it has none by fork
    } else if (child == -1) {
      // No room, for now: other processes of this user may end. A hundred that ask without a pause
      // would take the processor from them.
      ++left;
      ::usleep(100'000);
    }
  }
  while (true) {
    ::pause();
  }
}
