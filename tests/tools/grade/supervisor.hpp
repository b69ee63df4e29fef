// The process between the grader and a job. It ends when the job has ended. If it ends before, the
// job ends too.
#pragma once

#include "tools/grade/jail.hpp"

#include <filesystem>

#include <sys/types.h>

namespace lab::grade {

/// Descriptors of the supervisor. Besides them it has 0, 1, 2 and that of the results, and no
/// other.
struct Ends {
  int status = results_fd + 1;
  int group = group_fd; ///< if the job has one
  int go = group_fd + 1;
};

/// Starts the job and waits for its end. Then it writes to `ends.status` how the job ended. SIGTERM
/// ends the job, and so does the end of `parent`.
[[noreturn]] void supervise(const Protections& protections, const std::filesystem::path& workspace,
                            JobOptions& options, const Ends& ends, pid_t parent);

} // namespace lab::grade
