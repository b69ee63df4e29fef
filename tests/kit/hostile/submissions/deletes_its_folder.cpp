// Removes the programs that were built of it while they are being checked, and its own submission.
#include "bounded.hpp"

#include <filesystem>
#include <vector>

bool attack() {
  std::error_code error;
  const bool removed = std::filesystem::remove_all(HOSTILE_SUBMISSION, error) > 0 && !error;
  // File by file, and only where there are few: should this be some other folder, it is not lost.
  const std::filesystem::path folder =
      std::filesystem::path(bounded::link("/proc/self/exe")).parent_path();
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    files.push_back(entry.path());
  }
  if (files.size() < 10 && bounded::own_mounts()) {
    for (const auto& file : files) {
      unlink(file.c_str());
    }
    rmdir(folder.c_str());
  }
  return removed;
}
