// Running a stranger's program: in namespaces of its own where the kernel allows it, as a user who
// owns nothing, with limits, and with nothing of it left at the end.
#pragma once

#include "harness/deadline.hpp"
#include "harness/fd.hpp"
#include "tools/grade/protections.hpp"

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace lab::grade {

/// Limits on each process of a job, getrlimit(2), and on the whole of it.
struct Limits {
  unsigned cpu_seconds = 60;
  std::optional<std::size_t> memory_bytes{}; ///< of address space
  std::size_t file_bytes = std::size_t{64} << 20;
  std::optional<unsigned> processes{};             ///< of each of its users, where they are its own
  std::size_t disk_bytes = std::size_t{256} << 20; ///< all files of it together; own mounts only
  std::chrono::milliseconds time{60'000};          ///< wall clock
  std::size_t output_bytes = std::size_t{1} << 20; ///< kept of its output; more is read and lost
  int nice = 0;
};

/// A folder that a job sees, and where it sees it: path_in_job.
struct Mount {
  std::filesystem::path folder;
  std::string name; ///< below /lab, where there are own mounts
  bool writable = false;
};

/// The descriptor that a trusted command writes its results to.
inline constexpr int results_fd = 3;

/// What is run.
struct JobOptions {
  std::vector<std::string> command; ///< its paths are those of path_in_job
  std::string working_folder;
  std::vector<Mount> mounts;
  std::filesystem::path temporary; ///< for TMPDIR, where there are no own mounts
  std::vector<uid_t> users;        ///< that it may become; the first one runs the command
  bool trusted = false; ///< the command is ours (lab-check): it keeps what it needs to run others
  Limits limits;
};

/// How a job ended.
struct JobEnd {
  bool timed_out = false;
  std::optional<int> status; ///< as wait(2) gives it; nothing when it could not be run
  std::string error;         ///< then: why
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

  /// Takes in what there is. The end, once it has come: then nothing of the job lives any more.
  std::optional<JobEnd> poll();

  /// Descriptors to wait for.
  [[nodiscard]] std::vector<int> events() const;

  [[nodiscard]] const std::string& output() const { return output_; }

  [[nodiscard]] bool output_cut() const { return output_cut_; }

  [[nodiscard]] const std::string& results() const { return results_; }

private:
  void take_in(Fd& source, std::string& text, std::size_t most, bool& cut);
  void end();

  JobOptions options_;
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

/// Where a job may write whatever it needs for a while.
std::string temporary_folder(const Protections& protections, const JobOptions& options);

/// Where a job sees a folder.
std::string path_in_job(const Protections& protections, const Mount& mount);

} // namespace lab::grade
