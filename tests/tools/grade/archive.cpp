#include "tools/grade/archive.hpp"

#include "harness/fd.hpp"
#include "harness/limits.hpp"
#include "tools/grade/files.hpp"
#include "tools/grade/jail.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <fstream>
#include <system_error>
#include <vector>

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lab::grade {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t most_files = 5'000;
constexpr std::size_t most_bytes = std::size_t{64} << 20; // of all files together
const Limits limits{.cpu_seconds = 10,
                    .memory_bytes = std::size_t{1} << 30,
                    .file_bytes = std::size_t{16} << 20,
                    .processes = 50,
                    .disk_bytes = std::size_t{16} << 20,
                    .time = std::chrono::seconds(20),
                    .output_bytes = std::size_t{1} << 20,
                    .nice = 5};

/// Whether a folder holds more than it may. What it holds may change while we look.
bool too_much(const fs::path& folder) {
  std::size_t files = 0;
  std::size_t bytes = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code none;
    bytes += entry->is_regular_file(none) && !entry->is_symlink(none)
                 ? static_cast<std::size_t>(entry->file_size(none))
                 : 0U;
    if (++files > most_files || bytes > most_bytes) {
      return true;
    }
  }
  return false;
}

const std::string& limits_in_words() {
  static const std::string words = "it holds more than " + std::to_string(most_files) +
                                   " files, or more than " + std::to_string(most_bytes >> 20U) +
                                   " MiB";
  return words;
}

/// Whether a path of the archive leads out of the folder.
bool leads_out(const std::string& path) {
  const fs::path parts(path);
  return path.starts_with('/') ||
         std::any_of(parts.begin(), parts.end(), [](const fs::path& part) { return part == ".."; });
}

} // namespace

std::string unpack(std::string_view archive, const fs::path& folder, const Kit& kit,
                   const Protections& protections, const fs::path& workspace) {
  const fs::path place = folder.string() + "-archive";
  fs::create_directory(place);
  fs::create_directory(place / "tmp");
  {
    std::ofstream file(place / "archive", std::ios::binary);
    file << archive;
  }
  std::vector<uid_t> users;
  if (protections.other_user) {
    static const uid_t user = unprivileged_user().value();
    users.push_back(user);
    or_throw(::chown(folder.c_str(), users.front(), users.front()), "chown");
    or_throw(::chown((place / "tmp").c_str(), users.front(), users.front()), "chown");
    or_throw(::chmod(place.c_str(), 0755), "chmod");
  }
  const Mount from{.folder = place, .name = "archive"};
  const Mount to{.folder = folder, .name = "unpacked", .writable = true};
  std::string output;
  const auto run = [&](const char* what) -> std::string {
    JobOptions options;
    options.command = {kit.cmake, "-E", "tar", what, path_in_job(protections, from) + "/archive"};
    options.mounts = {from, to};
    options.temporary = place / "tmp";
    options.working_folder = path_in_job(protections, to);
    options.users = users;
    options.limits = limits;
    Job job(protections, workspace, std::move(options));
    auto end = job.poll();
    while (!end) {
      if (too_much(folder)) {
        return limits_in_words();
      }
      std::vector<pollfd> events;
      for (const int fd : job.events()) {
        events.push_back({.fd = fd, .events = POLLIN, .revents = 0});
      }
      constexpr int look_interval = 20; // milliseconds
      ::poll(events.data(), events.size(), look_interval);
      end = job.poll();
    }
    output = job.output();
    if (job.output_cut() || too_much(folder)) {
      return limits_in_words();
    }
    return end->timed_out     ? "it took too long"
           : end->status != 0 ? "it is damaged, or no archive, or a file in it is too large"
                              : "";
  };
  std::string reason = run("tf");
  std::size_t paths = 0;
  for (std::size_t begin = 0; reason.empty() && begin < output.size();) {
    const auto end = std::min(output.find('\n', begin), output.size());
    if (leads_out(output.substr(begin, end - begin))) {
      reason = "a path in it leads out of its folder";
    } else if (++paths > most_files) {
      reason = limits_in_words();
    }
    begin = end + 1;
  }
  if (reason.empty()) {
    reason = run("xf");
  }
  remove_folder(place);
  return reason;
}

} // namespace lab::grade
