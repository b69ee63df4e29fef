// The last steps before a job's command runs: the process gives up what the command may not have.
#pragma once

#include "tools/grade/jail.hpp"

#include <exception>

#include <sys/types.h>

namespace lab::grade {

/// How a job ended: a process of it writes this to descriptor `fd`. Job::poll reads it.
void tell_status(int fd, int status);
void tell_error(int fd, const std::exception& error);

/// Becomes a user with a group of the same number, and no other. Throws std::system_error.
void become(uid_t user);

/// Becomes the command. If it cannot, it writes that to descriptor `status`.
[[noreturn]] void run_command(const Protections& protections, JobOptions& options, int status);

} // namespace lab::grade
