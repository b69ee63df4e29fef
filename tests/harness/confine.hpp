// For programs of people whom nobody knows: takes away what they could do to the harness. lab-grade
// asks for it.
#pragma once

#include <optional>

#include <sys/types.h>

namespace lab {

/// From now on each Process of this process runs with fewer privileges than we have:
///
/// - as `user`, if one is given and ProcessOptions::user names no other;
/// - without capabilities, and without a way to gain any (PR_SET_NO_NEW_PRIVS of prctl(2));
/// - as the first that the kernel ends when memory runs out;
/// - if the kernel has landlock(7): in a domain of its own. From there it cannot trace a process
///   outside, and since Linux 6.12 it cannot signal one either;
/// - if the kernel has seccomp(2): with a filter. It cannot set limits, priorities or processors of
///   other processes, and it cannot have memory that belongs to no process (memfd_create, shmget).
///   If a Probe looks into it, it cannot become another program, which the Probe would not see.
///
/// With `group`, the entry of a control group, all of them are in that group: cgroups(7),
/// `cgroup.procs`.
///
/// Call it before there is any thread.
void confine_programs(std::optional<uid_t> user, std::optional<int> group = {});

/// Whether confine_programs has been called.
bool programs_confined();

/// The user that confine_programs was given.
std::optional<uid_t> confined_user();

/// The group that confine_programs was given.
std::optional<int> confined_group();

/// Confines the calling process itself, except for the user and for what the kernel ends first.
/// Async-signal-safe. If a protection that every kernel has could not be set up: false, and errno
/// says why. With `last_arguments` only execve(2) with these arguments is allowed from now on.
bool confine_self(char* const* last_arguments = nullptr) noexcept;

/// When memory runs out, the kernel ends first the calling process and all that it starts: proc(5),
/// oom_score_adj. Call it before a change of user: another user may not be allowed to.
/// Async-signal-safe.
void end_first() noexcept;

} // namespace lab
