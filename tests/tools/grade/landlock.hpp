// Rules for files, where a job has no mounts of its own: landlock(7).
#pragma once

#include "tools/grade/jail.hpp"

namespace lab::grade {

/// The version of landlock that the kernel has; -1: none.
int landlock_version();

/// From now on the calling process, and all that it starts, can open what a job with mounts of its
/// own would see, and no other file. Throws std::system_error.
void restrict_files(const JobOptions& options);

} // namespace lab::grade
