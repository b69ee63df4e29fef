// Running a stranger's program: in namespaces of its own where the kernel allows it, as a user who
// owns nothing, with limits, and with nothing of it left at the end.
#pragma once

#include "harness/deadline.hpp"
#include "harness/fd.hpp"

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

namespace lab::grade {

/// What stands between a submission and the rest of this machine. Found out by trying.
struct Protections {
  bool other_user = false;     ///< we are root, and may become somebody else
  bool user_namespace = false; ///< what follows needs one: we may not mount here
  bool namespaces = false;     ///< own mounts, processes, IPC and host name
  bool network = false;        ///< own network, of which loopback is all there is
  bool file_rules = false;     ///< landlock(7): used where there are no own mounts
  bool signal_rules = false;   ///< landlock(7), sixth version: used where there is no other user
  bool call_filter = false;    ///< seccomp(2)

  /// A line for each protection that is not to be had: what it is, and why.
  [[nodiscard]] std::vector<std::string> missing() const;

  std::string why_no_namespaces{}; // NOLINT(readability-redundant-member-init)
  std::string why_no_network{};    // NOLINT(readability-redundant-member-init)
};

Protections find_protections(const std::filesystem::path& workspace);

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

/// A folder that a job sees, and where it sees it.
struct Shown {
  std::filesystem::path folder;
  std::string name; ///< below Jail::top()
  bool writable = false;
};

/// What is run.
struct JobOptions {
  std::vector<std::string> command; ///< paths by Job::seen
  std::string working_folder;
  std::vector<Shown> folders;
  std::filesystem::path temporary; ///< for TMPDIR, where there are no own mounts
  std::vector<uid_t> users;        ///< that it may become; the first one runs the command
  bool trusted = false; ///< the command is ours (lab-check): it keeps what it needs to run others
  int results = -1;     ///< our end of a pipe that the command gets as descriptor 3
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
  pid_t keeper_ = -1; // our child, which keeps the job
  Fd keeper_end_;
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

/// Removes a folder that a stranger may have written in.
void remove_folder(const std::filesystem::path& folder);

/// Where a job sees a folder that it is shown.
std::string seen(const Protections& protections, const Shown& shown);

} // namespace lab::grade
