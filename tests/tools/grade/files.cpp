#include "tools/grade/files.hpp"

#include <array>
#include <cerrno>
#include <memory>
#include <string>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lab::grade {

namespace fs = std::filesystem;

namespace {

/// A folder of a stranger's, open to be read, whatever rights its owner has left to itself. Nothing
/// where it is no folder.
Fd open_folder(int parent, const char* name) {
  const Fd place(::openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!place) {
    return {};
  }
  // By way of /proc: fchmod(2) takes no such descriptor.
  ::chmod(("/proc/self/fd/" + std::to_string(place.get())).c_str(), S_IRWXU);
  return Fd(::openat(place.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

template <typename Function>
void for_each_entry(const Fd& folder, Function function) {
  constexpr auto close = [](DIR* entries) { ::closedir(entries); };
  const std::unique_ptr<DIR, decltype(close)> entries(
      ::fdopendir(::openat(folder.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
  while (const dirent* const entry = entries ? ::readdir(entries.get()) : nullptr) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") {
      function(entry->d_name);
    }
  }
}

} // namespace

std::pair<Fd, Fd> make_pipe() {
  std::array<int, 2> ends{-1, -1};
  or_throw(::pipe2(ends.data(), O_CLOEXEC), "pipe2");
  std::pair<Fd, Fd> made{own(ends[0], "pipe2"), own(ends[1], "pipe2")};
  or_throw(::fcntl(made.first.get(), F_SETFL, O_NONBLOCK), "fcntl");
  return made;
}

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written == -1 && errno != EINTR) {
      return;
    }
    text.remove_prefix(written == -1 ? 0 : static_cast<std::size_t>(written));
  }
}

void write_file(const fs::path& path, std::string_view text) {
  const Fd file =
      own(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644), "open " + path.string());
  if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    throw_errno("write " + path.string());
  }
}

void remove_folder(const fs::path& folder) {
  // A stranger can nest folders deeper than a path is long, and than there are descriptors. So only
  // two are open at a time: a folder within a folder is moved up to `folder`.
  const Fd top = open_folder(AT_FDCWD, folder.c_str());
  if (!top) {
    ::unlink(folder.c_str());
    return;
  }
  std::size_t moved = 0;
  for (bool more = true; more;) {
    more = false;
    for_each_entry(top, [&](const char* name) {
      const Fd inner = open_folder(top.get(), name);
      if (!inner) {
        more |= ::unlinkat(top.get(), name, 0) == 0;
        return;
      }
      for_each_entry(inner, [&](const char* below) {
        if (!open_folder(inner.get(), below)) { // rename(2) has to write into what it moves
          ::unlinkat(inner.get(), below, 0);
          return;
        }
        while (::renameat(inner.get(), below, top.get(), std::to_string(++moved).c_str()) == -1 &&
               (errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR)) {
        }
      });
      more |= ::unlinkat(top.get(), name, AT_REMOVEDIR) == 0;
    });
  }
  ::rmdir(folder.c_str());
}

} // namespace lab::grade
