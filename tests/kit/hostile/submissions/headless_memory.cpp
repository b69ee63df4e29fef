// The same eight, each with its main thread ended: /proc shows no memory of a process in state Z.
#include "bounded.hpp"

#include <thread>

#include <sys/syscall.h>

bool attack() {
  return bounded::fill_in_eight([](std::size_t size, std::atomic<int>& full) {
    std::thread([size, &full] {
      bounded::fill_memory(size, full);
      while (true) {
        pause();
      }
    }).detach();
    syscall(SYS_exit, 0);
  });
}
