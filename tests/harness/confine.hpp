// Programs under test that are a stranger's: what they may do to the harness. lab-grade asks for
// it.
#pragma once

#include <optional>

#include <sys/types.h>

namespace lab {

/// From now on each Process of this process runs without the privileges that we have: as `user`,
/// where one is given and ProcessOptions::user says nothing else; without capabilities; with no way
/// to gain any (PR_SET_NO_NEW_PRIVS of prctl(2)); as what the kernel ends first where memory runs
/// out; and, where the kernel has it, in a domain of its own (landlock(7)), from which it can
/// neither trace nor, since Linux 6.12, signal a process outside. Call it before there is any
/// thread.
void confine_programs(std::optional<uid_t> user);

/// Whether confine_programs has been called.
bool programs_confined();

/// The user that it was given.
std::optional<uid_t> confined_user();

/// Makes the calling process such a one, the user and the choice of the kernel aside.
/// Async-signal-safe. False where a promise that every kernel can keep was not kept; errno tells
/// why.
bool confine_self() noexcept;

/// Makes the calling process what the kernel ends first where memory runs out, with all that it
/// starts: proc(5), oom_score_adj. Before a change of user, which takes the right to.
/// Async-signal-safe.
void end_first() noexcept;

} // namespace lab
