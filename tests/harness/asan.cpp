#include "harness/asan.hpp"

#include "harness/fd.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lab {

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
const bool built_with_address_sanitizer = true;
#else
const bool built_with_address_sanitizer = false;
#endif

bool has_address_sanitizer(const std::filesystem::path& program) {
  struct stat status {};

  if (::stat(program.c_str(), &status) != 0) {
    return false;
  }
  // A check starts the same program many times.
  using File = std::tuple<dev_t, ino_t, off_t, time_t, long>;
  thread_local std::map<File, bool> known;
  const auto [entry, is_new] = known.try_emplace(File(
      status.st_dev, status.st_ino, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec));
  if (is_new) {
    constexpr std::string_view backwards = "tini_nasa__"; // else this program would have it as well
    const std::string name(backwards.rbegin(), backwards.rend());
    const Fd file(::open(program.c_str(), O_RDONLY | O_CLOEXEC));
    std::array<char, 65536> piece; // NOLINT(*-member-init): read fills what is used
    std::size_t kept = 0;          // of the piece before: the name may begin in it
    ssize_t got = 0;
    while (file && !entry->second &&
           (got = ::read(file.get(), piece.data() + kept, piece.size() - kept)) > 0) {
      const std::size_t size = kept + static_cast<std::size_t>(got);
      entry->second = ::memmem(piece.data(), size, name.data(), name.size()) != nullptr;
      kept = std::min(size, name.size() - 1);
      std::memmove(piece.data(), piece.data() + size - kept, kept);
    }
  }
  return entry->second;
}

void forgo_leaks(ProcessOptions& options) {
  constexpr const char* variable = "ASAN_OPTIONS";
  auto entry =
      std::ranges::find(options.environment, variable, &std::pair<std::string, std::string>::first);
  if (entry == options.environment.end()) {
    const char* present = std::getenv(variable);
    options.environment.emplace_back(variable, present == nullptr ? "" : present);
    entry = std::prev(options.environment.end());
  }
  entry->second += entry->second.empty() ? "detect_leaks=0" : ":detect_leaks=0";
}

} // namespace lab
