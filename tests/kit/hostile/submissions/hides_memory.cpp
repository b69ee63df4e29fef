// The same eight, with memory that is no process's: in files without a name, and of System V.
#include "bounded.hpp"

#include <sys/ipc.h>
#include <sys/shm.h>

namespace {

void fill_files(std::size_t size, std::atomic<int>& full) {
  static char piece[1 << 20];
  std::memset(piece, 1, sizeof piece);
  for (int file = 0; file < 2; ++file) { // files have a limit of their own
    const int memory = memfd_create(HOSTILE_TAG, MFD_CLOEXEC);
    for (std::size_t done = 0; done < size / 2; done += sizeof piece) {
      if (write(memory, piece, sizeof piece) != sizeof piece) {
        return;
      }
    }
  }
  ++full;
}

void fill_system_v(std::size_t size, std::atomic<int>& full) {
  const int segment = shmget(IPC_PRIVATE, size, IPC_CREAT | 0600);
  void* memory = segment == -1 ? MAP_FAILED : shmat(segment, nullptr, 0);
  if (memory != MAP_FAILED) {
    shmctl(segment, IPC_RMID, nullptr); // it goes with the process, whatever happens
    std::memset(memory, 1, size);
    ++full;
  }
}

} // namespace

bool attack() {
  return bounded::fill_in_eight(fill_files) || bounded::fill_in_eight(fill_system_v);
}
