// System calls that no exercise needs, and that reach into others or into the kernel: seccomp(2).
#pragma once

namespace lab::grade {

/// Whether the filter knows the calls of this architecture.
bool knows_calls();

/// From now on these calls fail in the calling process and in all that it starts, with EPERM as a
/// rule; those that make objects of IPC too, unless it has an IPC namespace of its own. After
/// PR_SET_NO_NEW_PRIVS. Throws std::system_error.
void filter_calls(bool own_ipc);

} // namespace lab::grade
