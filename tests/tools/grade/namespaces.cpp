#include "tools/grade/namespaces.hpp"

#include "harness/fd.hpp"
#include "tools/grade/files.hpp"

#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace lab::grade {

namespace {

/// The ids that there are here, each mapped to itself. user_namespaces(7).
std::string same_ids(const char* map) {
  std::ifstream file(map);
  std::string text;
  for (std::string first, parent, count; file >> first >> parent >> count;) {
    text.append(first).append(" ").append(first).append(" ").append(count).append("\n");
  }
  return text;
}

} // namespace

unsigned long namespaces_of(const Protections& protections) {
  unsigned long flags = 0;
  if (protections.user_namespace) {
    flags |= CLONE_NEWUSER;
  }
  if (protections.namespaces) {
    flags |= CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS;
  }
  if (protections.network) {
    flags |= CLONE_NEWNET;
  }
  return flags;
}

pid_t fork_into(unsigned long namespaces) {
  return static_cast<int>(
      ::syscall(SYS_clone, namespaces | SIGCHLD, nullptr, nullptr, nullptr, nullptr));
}

void map_users(pid_t pid) {
  const std::filesystem::path folder = "/proc/" + std::to_string(pid);
  if (::geteuid() == 0) {
    write_file(folder / "uid_map", same_ids("/proc/self/uid_map"));
    write_file(folder / "gid_map", same_ids("/proc/self/gid_map"));
    return;
  }
  const std::string user = std::to_string(::geteuid());
  const std::string group = std::to_string(::getegid());
  write_file(folder / "setgroups", "deny");
  write_file(folder / "uid_map", user + " " + user + " 1\n");
  write_file(folder / "gid_map", group + " " + group + " 1\n");
}

void raise_loopback() {
  const Fd socket = own(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");
  ifreq request{};
  std::strncpy(request.ifr_name, "lo", sizeof request.ifr_name - 1);
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  or_throw(::ioctl(socket.get(), SIOCSIFFLAGS, &request), "ioctl SIOCSIFFLAGS lo");
}

} // namespace lab::grade
