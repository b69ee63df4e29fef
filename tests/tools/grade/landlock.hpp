// Rules for the files that a job may open, if it has no mounts of its own: landlock(7).
#pragma once

#include "tools/grade/jail.hpp"

namespace lab::grade {

/// The version of landlock that the kernel has; -1: none.
int landlock_version();

/// From now on the calling process and all that it starts can open no other files than those that a
/// job with mounts of its own would see. Throws std::system_error.
void restrict_files(const JobOptions& options);

} // namespace lab::grade
