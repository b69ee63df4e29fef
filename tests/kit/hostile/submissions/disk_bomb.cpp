// A file of 256 MiB, and 256 of 1 MiB, wherever it may write: always the same ones, so that all
// runs of it together take no more.
#include "bounded.hpp"

#include <vector>

namespace {

bool fill(const std::string& path, std::size_t mib) {
  static const std::vector<char> block(std::size_t{1} << 20, 'x');
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  bool all = fd != -1;
  for (std::size_t i = 0; all && i < mib; ++i) {
    all = write(fd, block.data(), block.size()) == static_cast<ssize_t>(block.size());
  }
  close(fd);
  return all;
}

} // namespace

bool attack() {
  std::signal(SIGXFSZ, SIG_IGN);
  bool all = false;
  for (const std::string folder : {".", "/tmp", "/var/tmp", "/dev/shm"}) {
    const std::string path = folder + "/" HOSTILE_TAG;
    all = fill(path, 256) || all;
    bool many = true;
    for (int i = 0; many && i < 256; ++i) {
      many = fill(path + "-" + std::to_string(i), 1);
    }
    all = all || many;
  }
  return all;
}
