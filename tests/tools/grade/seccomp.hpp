// A filter for system calls that no exercise needs, and that could harm others or the kernel:
// seccomp(2).
#pragma once

namespace lab::grade {

/// From now on these calls fail in the calling process and in all that it starts, most with EPERM.
/// If the process has no IPC namespace of its own (`own_ipc`), so do the calls that make objects of
/// IPC. Call it after PR_SET_NO_NEW_PRIVS. Throws std::system_error.
void filter_calls(bool own_ipc);

} // namespace lab::grade
