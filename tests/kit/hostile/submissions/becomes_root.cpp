// More than it was given: another user, the grader's mounts, the machine's memory and disks.
#include "bounded.hpp"

#include <sched.h>

bool attack() {
  bool more = false;
  if (!bounded::own_mounts() && HOSTILE_UID == 0) {
    more = setuid(0) == 0;
  }
  const int mounts = open("/proc/1/ns/mnt", O_RDONLY | O_CLOEXEC);
  if (mounts != -1 && bounded::own_mounts() && setns(mounts, CLONE_NEWNS) == 0) {
    more = more || bounded::link("/proc/self/ns/mnt") == HOSTILE_MOUNT_NAMESPACE;
  }
  close(mounts);
  for (const char* device : {"/dev/mem", "/dev/kmsg", "/dev/sda", "/dev/vda", "/dev/nvme0n1"}) {
    const int opened = open(device, O_RDWR | O_CLOEXEC | O_NONBLOCK);
    more = more || opened != -1;
    close(opened);
  }
  return more;
}
