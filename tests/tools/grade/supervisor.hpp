// The process between the grader and a job: it ends when the job has ended, and the job ends with
// it.
#pragma once

#include "tools/grade/jail.hpp"

#include <filesystem>

#include <sys/types.h>

namespace lab::grade {

/// Descriptors of the supervisor: 0, 1, 2, that of the results, these, and no other.
struct Ends {
  int status = results_fd + 1;
  int go = results_fd + 2;
};

/// Starts the job and waits for its end, which it tells on `ends.status`; SIGTERM ends the job, and
/// so does the end of `parent`.
[[noreturn]] void supervise(const Protections& protections, const std::filesystem::path& workspace,
                            JobOptions& options, const Ends& ends, pid_t parent);

} // namespace lab::grade
