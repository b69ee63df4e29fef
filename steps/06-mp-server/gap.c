// gap.so: preloaded, it sends the program a SIGTERM right before its first call of accept4 or ppoll.
// So the signal comes between the last line of the program and the call that waits.
//
//   cc -shared -fPIC steps/06-mp-server/gap.c -o gap.so
//   LD_PRELOAD=./gap.so build/bin/flag_server 9190

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

static void gap(void) {
  static int calls = 0;
  if (++calls == 1) {
    kill(getpid(), SIGTERM);
  }
}

int accept4(int fd, void *address, void *size, int flags) {
  gap();
  return (int)syscall(SYS_accept4, fd, address, size, flags);
}

int ppoll(void *fds, unsigned long count, const void *timeout, const void *mask) {
  gap();
  return (int)syscall(SYS_ppoll, fds, count, timeout, mask, 8); // 8: the size of the kernel's mask
}
