// Writes a result into every descriptor that it was started with, and into every one of every
// process that it sees, its checker's among them.
#include "bounded.hpp"

#include <filesystem>

bool attack() {
  const std::string result = bounded::forged_result();
  for (int fd = 1; fd < 1024; ++fd) {
    if (fcntl(fd, F_SETFL, O_NONBLOCK) != -1) {
      (void)!write(fd, result.data(), result.size());
    }
  }
  if (!bounded::sees_none_but_its_own()) { // what reaches into others' pipes is as bad as a signal
    return false;
  }
  std::error_code error;
  for (const auto& process : std::filesystem::directory_iterator("/proc", error)) {
    const std::string name = process.path().filename();
    if (std::atoi(name.c_str()) <= 0 || name == std::to_string(getpid())) {
      continue;
    }
    // One that cannot be listed may still be opened by number.
    for (int fd = 0; fd < 64; ++fd) {
      const std::string path = process.path().string() + "/fd/" + std::to_string(fd);

      struct stat info {};

      // Pipes and sockets of results, no files: those are for guesses_paths.
      if (stat(path.c_str(), &info) == 0 && (S_ISFIFO(info.st_mode) || S_ISSOCK(info.st_mode))) {
        bounded::overwrite(path, result);
      }
    }
  }
  return false;
}
