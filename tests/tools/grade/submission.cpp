#include "tools/grade/submission.hpp"

#include "harness/fd.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <system_error>

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace lab::grade {

namespace {

constexpr std::size_t most_bytes = std::size_t{2} << 20; // of one exercise
constexpr std::size_t most_files = 100;
constexpr int deepest = 3;

/// Opens what is there itself: never what a link points to, never anything above `folder`.
Fd open_beneath(const Fd& folder, const std::string& name, int flags) {
  open_how how{};
  how.flags = static_cast<unsigned>(flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  auto fd = static_cast<int>(::syscall(SYS_openat2, folder.get(), name.c_str(), &how, sizeof how));
  if (fd == -1 && (errno == ENOSYS || errno == EPERM)) {
    fd = ::openat(folder.get(), name.c_str(), static_cast<int>(how.flags)); // of one component
  }
  return Fd(fd);
}

/// `a link`, `a folder`: what is no regular file.
std::string kind_of(mode_t mode) {
  switch (mode & static_cast<mode_t>(S_IFMT)) {
  case S_IFREG:
    return "a file";
  case S_IFDIR:
    return "a folder";
  case S_IFLNK:
    return "a link, and links are not followed";
  case S_IFIFO:
    return "a FIFO";
  case S_IFSOCK:
    return "a socket";
  default:
    return "a device";
  }
}

class Reader {
public:
  explicit Reader(Sources& sources) : sources_(sources) {}

  void read_folder(const Fd& folder, const std::string& prefix, int depth) {
    std::vector<std::string> names;
    const std::unique_ptr<DIR, int (*)(DIR*)> list(::fdopendir(::dup(folder.get())), ::closedir);
    if (!list) {
      return;
    }
    while (const dirent* const entry = ::readdir(list.get())) {
      names.emplace_back(entry->d_name); // NOLINT(*-array-to-pointer-decay)
      if (names.size() > 10 * most_files) {
        break;
      }
    }
    std::ranges::sort(names);
    for (const std::string& name : names) {
      if (name != "." && name != "..") {
        read_entry(folder, name, prefix, depth);
      }
    }
  }

private:
  void read_entry(const Fd& folder, const std::string& name, const std::string& prefix, int depth) {
    struct stat status {};

    if (::fstatat(folder.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
      return;
    }
    if (S_ISDIR(status.st_mode) && depth < deepest) {
      if (const Fd below = open_beneath(folder, name, O_RDONLY | O_DIRECTORY)) {
        read_folder(below, prefix + name + "/", depth + 1);
      }
    } else if (S_ISREG(status.st_mode) && sources_.files.size() < most_files) {
      read_file(folder, name, prefix);
    }
  }

  void read_file(const Fd& folder, const std::string& name, const std::string& prefix) {
    const Fd file = open_beneath(folder, name, O_RDONLY);

    struct stat status {};

    if (!file || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode) ||
        static_cast<std::size_t>(status.st_size) > room_) {
      return;
    }
    std::string bytes;
    std::array<char, 65536> buffer; // NOLINT(*-member-init): read fills what is used
    ssize_t got = 0;
    while ((got = ::read(file.get(), buffer.data(), buffer.size())) > 0) {
      bytes.append(buffer.data(), static_cast<std::size_t>(got));
      if (bytes.size() > room_) {
        return; // it grows while we read
      }
    }
    if (got == 0) {
      room_ -= bytes.size();
      sources_.files.push_back({.name = prefix + name, .bytes = std::move(bytes)});
    }
  }

  Sources& sources_;
  std::size_t room_ = most_bytes;
};

/// Why the program's source is not among the files.
std::string reason_without(const Fd& folder, const std::string& name) {
  struct stat status {};

  if (::fstatat(folder.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    return "is not there";
  }
  if (!S_ISREG(status.st_mode)) {
    return "is " + kind_of(status.st_mode);
  }
  if (static_cast<std::size_t>(status.st_size) > most_bytes) {
    return "has more than " + std::to_string(most_bytes >> 20U) + " MiB";
  }
  return "cannot be read";
}

} // namespace

Sources read_sources(const Submission& submission, const Exercise& exercise) {
  Sources sources;
  const std::string program = exercise.program + ".cpp";
  const std::string path = exercise.folder + "/" + program;
  const Fd top(::open(submission.folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  Fd folder = open_beneath(top, exercise.folder, O_RDONLY | O_DIRECTORY);
  if (!folder) {
    if (const Fd exercises = open_beneath(top, "exercises", O_RDONLY | O_DIRECTORY)) {
      folder = open_beneath(exercises, exercise.folder, O_RDONLY | O_DIRECTORY);
    }
  }
  if (!folder) {
    struct stat status {};

    const bool there =
        ::fstatat(top.get(), exercise.folder.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
    sources.unusable =
        exercise.folder + (!there                    ? " is not there"
                           : S_ISDIR(status.st_mode) ? " cannot be read"
                                                     : " is " + kind_of(status.st_mode));
    return sources;
  }
  Reader(sources).read_folder(folder, "", 0);
  std::ranges::sort(sources.files, {}, &SourceFile::name);
  if (std::ranges::find(sources.files, program, &SourceFile::name) == sources.files.end()) {
    sources.unusable = path + " " + reason_without(folder, program);
  }
  return sources;
}

Fingerprint& Fingerprint::add(std::string_view text) {
  const auto mix = [&](unsigned char byte) {
    value_ ^= byte;
    value_ *= 0x100000001b3U;
  };
  for (std::uint64_t size = text.size(), i = 0; i < 8; ++i, size >>= 8U) {
    mix(static_cast<unsigned char>(size));
  }
  for (const char c : text) {
    mix(static_cast<unsigned char>(c));
  }
  return *this;
}

std::string Fingerprint::text() const {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string result;
  for (int shift = 60; shift >= 0; shift -= 4) {
    result += digits[(value_ >> static_cast<unsigned>(shift)) & 0xfU];
  }
  return result;
}

void add(Fingerprint& fingerprint, const Sources& sources) {
  fingerprint.add(sources.unusable).add(std::to_string(sources.files.size()));
  for (const SourceFile& file : sources.files) {
    fingerprint.add(file.name).add(file.bytes);
  }
}

} // namespace lab::grade
