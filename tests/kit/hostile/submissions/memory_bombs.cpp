// Eight processes that take and fill 150 MiB each: none of them more than a program may have.
#include "bounded.hpp"

bool attack() {
  // Not where the check is one of wrong arguments: a gibibyte each time is much for the machine.
  std::string line;
  std::getline(std::ifstream("/proc/self/cmdline"), line);
  if (std::atoi(line.c_str() + std::strlen(line.c_str()) + 1) < 1) {
    return false;
  }
  constexpr int processes = 8;
  constexpr std::size_t size = std::size_t{150} << 20;
  static auto* full =
      static_cast<std::atomic<int>*>(mmap(nullptr, sizeof(std::atomic<int>), PROT_READ | PROT_WRITE,
                                          MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  pid_t children[processes];
  for (pid_t& child : children) {
    child = bounded::fork();
    if (child == 0) {
      void* memory =
          mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      if (memory != MAP_FAILED) {
        std::memset(memory, 1, size);
        ++*full;
      }
      for (;;) {
        pause();
      }
    }
  }
  for (int i = 0; i < 100 && *full < processes; ++i) {
    usleep(100'000); // until all are full, or somebody has put an end to it
  }
  sleep(1); // and they stay
  const bool came_through = *full == processes;
  for (const pid_t child : children) { // the solution, which comes then, has none of its own
    if (child > 0) {
      kill(child, SIGKILL);
      waitpid(child, nullptr, 0);
    }
  }
  return came_through;
}
