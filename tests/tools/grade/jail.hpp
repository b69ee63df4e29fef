// Runs a program that nobody knows: with limits, as a user who owns nothing, and in namespaces of
// its own if the kernel allows it. At its end nothing of it is left.
#pragma once

#include "harness/deadline.hpp"
#include "harness/fd.hpp"
#include "tools/grade/group.hpp"
#include "tools/grade/protections.hpp"

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace lab::grade {

/// Limits on each process of a job (getrlimit(2)), and on the whole job.
struct Limits {
  unsigned cpu_seconds = 60;
  std::optional<std::size_t> memory_bytes{}; ///< of address space
  std::size_t file_bytes = std::size_t{64} << 20;
  std::optional<unsigned> processes{}; ///< for each of its users, if it has its own
  std::size_t disk_bytes = std::size_t{256}
                           << 20;         ///< of all its files together; only with own mounts
  std::chrono::milliseconds time{60'000}; ///< wall clock
  std::size_t output_bytes = std::size_t{1}
                             << 20; ///< how much of its output is kept; the rest is thrown away
  int nice = 0;
};

/// A folder that a job sees. path_in_job says where it sees it.
struct Mount {
  std::filesystem::path folder;
  std::string name; ///< below /lab, if the job has own mounts
  bool writable = false;
};

/// The descriptor that a trusted command writes its results to.
inline constexpr int results_fd = 3;

/// The entry of the group for its programs (Group::entry), if it has one.
inline constexpr int group_fd = results_fd + 2;

/// What a job runs, and what it may use.
struct JobOptions {
  std::vector<std::string> command; ///< its paths are those of path_in_job
  std::string working_folder;
  std::vector<Mount> mounts;
  std::filesystem::path temporary; ///< for TMPDIR, if the job has no own mounts
  std::vector<uid_t> users;        ///< the users that it may become; the first one runs the command
  bool trusted =
      false; ///< it is our own command (lab-check), and keeps what it needs to run others
  Limits limits;
};

/// How a job ended.
struct JobEnd {
  bool timed_out = false;
  std::optional<int> status; ///< as wait(2) gives it; nothing if it could not be run
  std::string error;         ///< why it could not be run
};

/// A job that runs. The destructor ends it, and all that it has started.
class Job {
public:
  /// Throws std::system_error.
  Job(const Protections& protections, const std::filesystem::path& workspace, JobOptions options);
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;
  Job(Job&&) = delete;
  Job& operator=(Job&&) = delete;
  ~Job();

  /// Reads what there is to read. Returns the end, if the job has ended: then nothing of it is
  /// left.
  std::optional<JobEnd> poll();

  /// The descriptors to wait for by poll(2).
  [[nodiscard]] std::vector<int> events() const;

  [[nodiscard]] const std::string& output() const { return output_; }

  [[nodiscard]] bool output_cut() const { return output_cut_; }

  [[nodiscard]] const std::string& results() const { return results_; }

private:
  static void take_in(Fd& source, std::string& text, std::size_t most, bool& cut);
  void end();

  JobOptions options_;
  Group group_;           // removed last
  pid_t supervisor_ = -1; // our child
  Fd supervisor_end_;
  Fd status_;
  Fd out_;
  Fd results_end_;
  std::string output_;
  std::string results_;
  std::string told_;
  bool output_cut_ = false;
  bool results_cut_ = false;
  bool told_cut_ = false;
  bool timed_out_ = false;
  Deadline deadline_;
};

/// The folder for a job's temporary files.
std::string temporary_folder(const Protections& protections, const JobOptions& options);

/// The path at which a job sees a folder.
std::string path_in_job(const Protections& protections, const Mount& mount);

} // namespace lab::grade
