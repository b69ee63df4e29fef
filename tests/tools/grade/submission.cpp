#include "tools/grade/submission.hpp"

#include "harness/fd.hpp"
#include "tools/grade/files.hpp"
#include "tools/text/text.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <optional>
#include <set>
#include <system_error>

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace lab::grade {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t most_bytes = std::size_t{2} << 20; // of one exercise
constexpr std::size_t most_files = 100;                  // of one exercise
constexpr std::size_t deepest_part = 3;                  // of one exercise
constexpr std::size_t most_entries = 20'000;             // that are looked at
constexpr std::size_t deepest = 12;
constexpr std::size_t most_archive_bytes = std::size_t{32} << 20;
constexpr std::size_t most_archives = 5;
constexpr std::size_t most_named = 4; // in a message

/// Opens what is there itself: never what a link points to, never anything above `folder`. `name`
/// has one component.
Fd open_beneath(const Fd& folder, const std::string& name, int flags) {
  open_how how{};
  how.flags = static_cast<unsigned>(flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  auto fd = static_cast<int>(::syscall(SYS_openat2, folder.get(), name.c_str(), &how, sizeof how));
  if (fd == -1 && (errno == ENOSYS || errno == EPERM)) {
    fd = ::openat(folder.get(), name.c_str(), static_cast<int>(how.flags));
  }
  return Fd(fd);
}

/// The same for `a/b/c`, and for ``, the folder itself.
Fd open_path(const Fd& top, const std::string& path, int flags) {
  if (path.empty()) {
    return Fd(::openat(top.get(), ".", flags | O_CLOEXEC));
  }
  Fd folder;
  std::size_t begin = 0;
  for (auto slash = path.find('/'); slash != std::string::npos; slash = path.find('/', begin)) {
    folder = open_beneath(folder ? folder : top, path.substr(begin, slash - begin),
                          O_RDONLY | O_DIRECTORY);
    if (!folder) {
      return {};
    }
    begin = slash + 1;
  }
  return open_beneath(folder ? folder : top, path.substr(begin), flags);
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

std::string_view file_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1); // npos + 1 is 0
}

std::string joined(const std::string& folder, std::string_view name) {
  return folder.empty() ? std::string(name) : folder + "/" + std::string(name);
}

/// The bytes of a regular file that has no more than `most`.
std::optional<std::string> bytes_of(const Fd& file, std::size_t most) {
  struct stat status {};

  if (!file || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode) ||
      static_cast<std::size_t>(status.st_size) > most) {
    return std::nullopt;
  }
  std::string bytes;
  std::array<char, 65536> buffer; // NOLINT(*-member-init): read fills what is used
  ssize_t got = 0;
  while ((got = ::read(file.get(), buffer.data(), buffer.size())) > 0) {
    bytes.append(buffer.data(), static_cast<std::size_t>(got));
    if (bytes.size() > most) {
      return std::nullopt; // it grows while we read
    }
  }
  return got == 0 ? std::optional(bytes) : std::nullopt;
}

/// The names in a folder, in order.
std::vector<std::string> names_in(const Fd& folder) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> list(
      folder ? ::fdopendir(::dup(folder.get())) : nullptr, ::closedir);
  while (const dirent* const entry = list ? ::readdir(list.get()) : nullptr) {
    const std::string_view name = entry->d_name; // NOLINT(*-array-to-pointer-decay)
    if (name != "." && name != "..") {
      names.emplace_back(name);
    }
    if (names.size() > most_entries) {
      break;
    }
  }
  std::ranges::sort(names);
  return names;
}

/// A file or folder, by its path below the top of its tree.
struct Entry {
  std::string path;
  mode_t mode = 0;
  std::size_t size = 0;
};

/// Names of folders that hold nothing of a student's: an editor's and git's, and what a Mac adds.
bool is_never_entered(const std::string& name) {
  return name.starts_with('.') || name == "__MACOSX";
}

/// Folders that the kit has beside `exercises`: its steps have programs of the same names.
bool is_of_kit(const std::string& name) {
  static const std::set<std::string> names{"steps", "solutions", "tests", "slides"};
  return names.contains(name) || name.starts_with("build");
}

/// What lies below a folder, level by level.
class Tree {
public:
  explicit Tree(const fs::path& folder)
      : top_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {}

  /// All entries below `folder`, those near it first.
  [[nodiscard]] std::vector<Entry> below(const std::string& folder, std::size_t levels,
                                         std::size_t most,
                                         std::vector<std::string>& passed_over) const {
    std::vector<Entry> found;
    std::vector<std::string> level{folder};
    for (std::size_t depth = 0; depth < levels && !level.empty(); ++depth) {
      std::vector<std::string> next;
      for (const std::string& place : level) {
        const Fd here = open_path(top_, place, O_RDONLY | O_DIRECTORY);
        const auto names = names_in(here);
        const bool of_kit = std::ranges::binary_search(names, std::string("exercises"));
        for (const std::string& name : names) {
          struct stat status {};

          if (::fstatat(here.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
            continue;
          }
          const std::string path = joined(place, name);
          const bool is_folder = S_ISDIR(status.st_mode);
          if (is_folder && (is_never_entered(name) || (of_kit && is_of_kit(name)))) {
            passed_over.push_back(path + "/");
            continue;
          }
          if (found.size() >= most) {
            passed_over.push_back("all but the first " + std::to_string(most) + " files");
            return found;
          }
          found.push_back({.path = path,
                           .mode = status.st_mode,
                           .size = static_cast<std::size_t>(status.st_size)});
          if (is_folder) {
            next.push_back(path);
          }
        }
      }
      level = std::move(next);
    }
    return found;
  }

  [[nodiscard]] std::optional<std::string> read(const std::string& path, std::size_t most) const {
    return bytes_of(open_path(top_, path, O_RDONLY), most);
  }

  [[nodiscard]] explicit operator bool() const { return static_cast<bool>(top_); }

private:
  Fd top_;
};

/// Where programs can lie: the submission's folder, or what was in an archive.
struct Place {
  Tree tree;
  std::string prefix; ///< for messages: `work.zip/`
  std::vector<Entry> entries;
};

/// A file that has a program's name.
struct Candidate {
  const Place* place = nullptr;
  const Entry* entry = nullptr;

  [[nodiscard]] std::string shown() const { return place->prefix + entry->path; }
};

std::vector<Candidate> candidates_in(const Place& place, const std::string& name) {
  std::vector<Candidate> found;
  for (const Entry& entry : place.entries) {
    if (file_name(entry.path) == name) {
      found.push_back({.place = &place, .entry = &entry});
    }
  }
  return found;
}

std::string list_of(const std::vector<std::string>& names) {
  std::string text;
  const std::size_t shown = std::min(names.size(), most_named);
  for (std::size_t i = 0; i < shown; ++i) {
    text += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + names[i];
  }
  return shown == names.size() ? text
                               : text + " and " + std::to_string(names.size() - shown) + " more";
}

/// The program's file, and what lies in its folder.
void read_files(const Candidate& program, Sources& sources) {
  const Tree& tree = program.place->tree;
  const std::string& path = program.entry->path;
  const std::string name(file_name(path));
  auto own = tree.read(path, most_bytes);
  if (!own) {
    sources.unusable =
        program.shown() + (program.entry->size > most_bytes
                               ? " has more than " + std::to_string(most_bytes >> 20U) + " MiB"
                               : " cannot be read");
    return;
  }
  std::size_t room = most_bytes - own->size();
  sources.files.push_back({.name = name, .bytes = std::move(*own)});
  const std::string folder = path.substr(0, path.size() - std::min(name.size() + 1, path.size()));
  std::vector<std::string> passed_over;
  for (const Entry& entry : tree.below(folder, deepest_part + 1, most_entries, passed_over)) {
    if (sources.files.size() == most_files) {
      break;
    }
    if (S_ISREG(entry.mode) && entry.path != path && !is_archive(entry.path)) {
      if (auto bytes = tree.read(entry.path, room)) {
        room -= bytes->size();
        sources.files.push_back({.name = entry.path.substr(folder.empty() ? 0 : folder.size() + 1),
                                 .bytes = std::move(*bytes)});
      }
    }
  }
  std::ranges::sort(sources.files, {}, &SourceFile::name);
}

class Finder {
public:
  Finder(fs::path workspace, const Unpack& unpack)
      : workspace_(std::move(workspace)), unpack_(unpack) {}

  Finder(const Finder&) = delete;
  Finder& operator=(const Finder&) = delete;
  Finder(Finder&&) = delete;
  Finder& operator=(Finder&&) = delete;

  ~Finder() {
    for (const fs::path& folder : unpacked_) {
      remove_folder(folder);
    }
  }

  HandedIn read(const Submission& submission, const std::vector<Exercise>& exercises) {
    if (!submission.loose.empty()) {
      add_place(put_together(submission.loose, exercises), "");
    } else if (is_archive(submission.path.filename().string()) &&
               !fs::is_directory(submission.path)) {
      const Fd file(::open(submission.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
      unpack(bytes_of(file, most_archive_bytes), submission.path.filename().string(), "");
    } else {
      add_place(submission.path, "");
    }
    const std::size_t outside = places_.size();
    if (std::ranges::any_of(exercises, [&](const Exercise& one) {
          return regular(candidates(one.program + ".cpp", 0, outside)).empty();
        })) {
      for (std::size_t i = 0; i < outside; ++i) {
        open_archives(*places_[i]);
      }
    } else {
      for (const Entry& entry : archives()) {
        notes_.push_back("not opened, because all programs are there without it: " + entry.path);
      }
    }
    for (const Exercise& exercise : exercises) {
      result_.sources.push_back(find(exercise, outside));
    }
    if (std::ranges::none_of(result_.sources,
                             [](const Sources& one) { return one.unusable.empty(); })) {
      tell_what_is_there();
    }
    result_.notes = std::move(notes_);
    return std::move(result_);
  }

private:
  void add_place(const fs::path& folder, const std::string& prefix) {
    auto place =
        std::make_unique<Place>(Place{.tree = Tree(folder), .prefix = prefix, .entries = {}});
    std::vector<std::string> passed_over;
    place->entries = place->tree.below("", deepest, most_entries, passed_over);
    if (!place->tree) {
      notes_.emplace_back("it cannot be read");
    }
    for (const std::string& one : passed_over) {
      if (notes_.size() < most_notes) {
        notes_.push_back(std::string("passed over: ").append(prefix).append(one));
      }
    }
    places_.push_back(std::move(place));
  }

  fs::path new_folder() {
    std::string name = (workspace_ / "unpacked-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) {
      throw_errno("mkdtemp " + name);
    }
    return unpacked_.emplace_back(name);
  }

  /// A folder with the files by their students' names. Two of one name lie in folders of their own.
  fs::path put_together(const std::vector<LooseFile>& files,
                        const std::vector<Exercise>& exercises) {
    fs::path folder = new_folder();
    for (const LooseFile& file : files) {
      const Fd from(
          ::open(file.path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
      const auto bytes = bytes_of(from, is_archive(file.name) ? most_archive_bytes : most_bytes);
      if (!bytes) {
        notes_.push_back("it cannot be read: " + file.path.filename().string());
        continue;
      }
      fs::path place = folder / first_name(file.name, exercises);
      if (fs::exists(place)) {
        place = folder / file.path.filename() / place.filename();
        fs::create_directories(place.parent_path());
      }
      std::ofstream(place, std::ios::binary) << *bytes;
    }
    return folder;
  }

  /// A program that is handed in again is `zombies-1.cpp` on Canvas.
  static std::string first_name(const std::string& name, const std::vector<Exercise>& exercises) {
    const std::string stem = fs::path(name).stem().string();
    const std::string first = stem.substr(0, stem.rfind('-'));
    const bool again =
        stem.size() > first.size() + 1 &&
        stem.find_first_not_of("0123456789", first.size() + 1) == std::string::npos &&
        std::ranges::find(exercises, first, &Exercise::program) != exercises.end();
    return again ? first + fs::path(name).extension().string() : name;
  }

  [[nodiscard]] std::vector<Entry> archives() const {
    std::vector<Entry> found;
    for (const auto& place : places_) {
      std::ranges::copy_if(place->entries, std::back_inserter(found), [](const Entry& entry) {
        return S_ISREG(entry.mode) && is_archive(entry.path);
      });
    }
    return found;
  }

  void open_archives(const Place& place) {
    std::size_t opened = 0;
    for (const Entry& entry : place.entries) {
      if (S_ISREG(entry.mode) && is_archive(entry.path)) {
        if (++opened > most_archives) {
          notes_.push_back("not opened: more than " + std::to_string(most_archives) + " archives");
          return;
        }
        unpack(place.tree.read(entry.path, most_archive_bytes), place.prefix + entry.path,
               place.prefix + entry.path + "/");
      }
    }
  }

  void unpack(const std::optional<std::string>& bytes, const std::string& shown,
              const std::string& prefix) {
    const fs::path name = new_folder();
    const std::string reason = bytes ? unpack_(*bytes, name)
                                     : "it cannot be read, or has more than " +
                                           std::to_string(most_archive_bytes >> 20U) + " MiB";
    if (reason.empty()) {
      notes_.push_back("opened: " + shown);
      add_place(name, prefix);
    } else {
      notes_.push_back("not opened: " + shown + ": " + reason);
    }
  }

  [[nodiscard]] std::vector<Candidate> candidates(const std::string& name, std::size_t begin,
                                                  std::size_t end) const {
    std::vector<Candidate> found;
    for (std::size_t i = begin; i < end; ++i) {
      std::ranges::copy(candidates_in(*places_[i], name), std::back_inserter(found));
    }
    return found;
  }

  static std::vector<Candidate> regular(std::vector<Candidate> all) {
    std::erase_if(all, [](const Candidate& one) { return !S_ISREG(one.entry->mode); });
    return all;
  }

  Sources find(const Exercise& exercise, std::size_t outside) {
    Sources sources;
    const std::string name = exercise.program + ".cpp";
    auto found = regular(candidates(name, 0, outside));
    if (found.empty()) {
      found = regular(candidates(name, outside, places_.size()));
    }
    if (found.empty()) {
      sources.unusable = reason_without(exercise);
      return sources;
    }
    const auto bytes = found.front().place->tree.read(found.front().entry->path, most_bytes);
    const bool same = found.size() <= most_same && std::ranges::all_of(found, [&](const auto& one) {
                        return one.place->tree.read(one.entry->path, most_bytes) == bytes;
                      });
    if (found.size() > 1) {
      std::vector<std::string> shown;
      std::ranges::transform(found, std::back_inserter(shown), &Candidate::shown);
      if (!same) {
        sources.ambiguous = true;
        sources.unusable = exercise.folder + ": " + std::to_string(found.size()) +
                           " different files have the name " + name + ": " + list_of(shown) +
                           ". Hand in one of them";
        return sources;
      }
      notes_.push_back("the same file: " + list_of(shown));
    }
    const std::string path = found.front().shown();
    const std::string expected = exercise.folder + "/" + name;
    if (path != expected && path != "exercises/" + expected) {
      notes_.push_back("found: " + path);
    }
    read_files(found.front(), sources);
    return sources;
  }

  [[nodiscard]] std::string reason_without(const Exercise& exercise) const {
    const std::string path = exercise.folder + "/" + exercise.program;
    for (const Candidate& one : candidates(exercise.program + ".cpp", 0, places_.size())) {
      return one.shown() + " is " + kind_of(one.entry->mode);
    }
    for (const Candidate& one : candidates(exercise.program + ".c", 0, places_.size())) {
      return path + ".cpp is not there, but " + one.shown() + ": exercises are written in C++";
    }
    for (const Candidate& one : candidates(exercise.folder, 0, places_.size())) {
      if (!S_ISDIR(one.entry->mode)) {
        return one.shown() + " is " + kind_of(one.entry->mode);
      }
    }
    return path + ".cpp is not there";
  }

  void tell_what_is_there() {
    constexpr std::size_t most = 40;
    std::size_t told = 0;
    std::size_t files = 0;
    for (const auto& place : places_) {
      for (const Entry& entry : place->entries) {
        files += S_ISDIR(entry.mode) ? 0U : 1U;
        if (!S_ISDIR(entry.mode) && told < most) {
          ++told;
          notes_.push_back("there is: " + place->prefix + entry.path);
        }
      }
    }
    if (files == 0) {
      notes_.emplace_back("there is no file");
    } else if (files > told) {
      notes_.push_back("and " + std::to_string(files - told) + " more files");
    }
  }

  static constexpr std::size_t most_same = 8;
  static constexpr std::size_t most_notes = 20;
  fs::path workspace_;
  const Unpack& unpack_;
  std::vector<fs::path> unpacked_;
  std::vector<std::unique_ptr<Place>> places_;
  std::vector<std::string> notes_;
  HandedIn result_;
};

} // namespace

bool is_archive(const std::string& name) {
  std::string lower = name;
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return lower.ends_with(".zip") || lower.ends_with(".tar") || lower.ends_with(".tar.gz") ||
         lower.ends_with(".tgz");
}

HandedIn read_submission(const Submission& submission, const std::vector<Exercise>& exercises,
                         const fs::path& workspace, const Unpack& unpack) {
  return Finder(workspace, unpack).read(submission, exercises);
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

void add(Fingerprint& fingerprint, const HandedIn& handed_in) {
  for (const Sources& sources : handed_in.sources) {
    fingerprint.add(sources.unusable).add(std::to_string(sources.files.size()));
    for (const SourceFile& file : sources.files) {
      fingerprint.add(file.name).add(file.bytes);
    }
  }
  for (const std::string& note : handed_in.notes) {
    fingerprint.add(note);
  }
}

} // namespace lab::grade
