// Learns that a child has ended from its pidfd, which poll then calls readable.
#include "../variant.h"

#include <iostream>
#include <string>
#include <vector>

#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>

namespace {

void wait_until_ended(pid_t child) {
  pollfd ended{
      .fd = static_cast<int>(syscall(SYS_pidfd_open, child, 0)), .events = POLLIN, .revents = 0};
  if (ended.fd == -1) {
    die("pidfd_open");
  }
  while (poll(&ended, 1, -1) != 1) {
  }
  close(ended.fd);
}

} // namespace

int main(int argc, char** argv) {
  const long count = argc == 2 ? number(argv[1], 10'000) : -1;
  if (count == -1) {
    usage("N");
  }
  std::vector<pid_t> children;
  bool complete = true;
  while (complete && std::ssize(children) < count) {
    switch (const pid_t child = fork()) {
    case 0:
      _exit(0);
    case -1:
      report("fork");
      complete = false;
      break;
    default:
      children.push_back(child);
    }
  }
  if (complete) {
    for (auto child = children.rbegin(); child != children.rend(); ++child) {
      wait_until_ended(*child);
    }
    for (const pid_t child : children) {
      std::cout << child << std::endl;
    }
    std::string line;
    std::getline(std::cin, line);
  }
  for (const pid_t child : children) {
    waitpid(child, nullptr, 0);
  }
  return complete ? 0 : 1;
}
