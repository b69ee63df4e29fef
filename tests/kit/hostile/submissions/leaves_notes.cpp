// Leaves something behind in every place that outlives a process, for finds_notes and for good.
#include "bounded.hpp"

#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/un.h>

bool attack() {
  for (const std::string folder : {".", "/tmp", "/var/tmp", "/dev/shm", "/run", "/var/lock"}) {
    bounded::overwrite(folder + "/" HOSTILE_TAG "-note", "here\n");
  }
  shmget(HOSTILE_KEY, 4096, IPC_CREAT | 0666);
  // A process that holds an abstract socket as long as it lives.
  if (bounded::fork() == 0) {
    setsid();
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path + 1, HOSTILE_TAG, sizeof HOSTILE_TAG - 1);
    const int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    if (bind(listener, reinterpret_cast<sockaddr*>(&address),
             offsetof(sockaddr_un, sun_path) + sizeof HOSTILE_TAG) == 0) {
      listen(listener, 1);
    }
    for (;;) {
      pause();
    }
  }
  // A folder that is not easily removed.
  std::string deep = HOSTILE_TAG "-deep";
  if (mkdir(deep.c_str(), 0700) == 0) {
    for (int i = 0; i < 600 && chdir(deep.c_str()) == 0; ++i) {
      deep = "a-long-name-for-a-folder";
      mkdir(deep.c_str(), 0700);
      chmod(".", 0300);
    }
  }
  usleep(200'000);
  return false;
}
