// Gets hold of the process that checks it: who may trace it, or write its memory, decides what it
// finds.
#include "bounded.hpp"

#include <sys/ptrace.h>
#include <sys/uio.h>

bool attack() {
  const pid_t checker = getppid();
  bool held = ptrace(PTRACE_SEIZE, checker, nullptr, nullptr) == 0; // let go by our end
  const std::string memory = "/proc/" + std::to_string(checker) + "/mem";
  const int fd = open(memory.c_str(), O_RDWR | O_CLOEXEC);
  held = held || fd != -1;
  close(fd);
  // A read of one byte of its own program, wherever that is, is allowed exactly where a write is.
  std::ifstream maps("/proc/" + std::to_string(checker) + "/maps");
  unsigned long from = 0;
  if (maps >> std::hex >> from) {
    char byte = 0;
    const iovec here{&byte, 1};
    const iovec there{reinterpret_cast<void*>(from), 1};
    held = held || process_vm_readv(checker, &here, 1, &there, 1, 0) == 1;
  }
  return held;
}
