// Looks for what leaves_notes has left: two students could share their work that way.
#include "bounded.hpp"

#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/un.h>

bool attack() {
  for (int i = 0; i < 20; ++i) {
    for (const std::string folder : {"/tmp", "/var/tmp", "/dev/shm", "/run", "/var/lock"}) {
      if (access((folder + "/" HOSTILE_TAG "-note").c_str(), F_OK) == 0) {
        return true;
      }
    }
    if (shmget(HOSTILE_KEY, 0, 0) != -1) {
      return true;
    }
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path + 1, HOSTILE_TAG, sizeof HOSTILE_TAG - 1);
    const int connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool found = connect(connection, reinterpret_cast<sockaddr*>(&address),
                               offsetof(sockaddr_un, sun_path) + sizeof HOSTILE_TAG) == 0;
    close(connection);
    if (found) {
      return true;
    }
    usleep(50'000);
  }
  return false;
}
