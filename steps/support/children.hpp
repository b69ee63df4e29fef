// What step 04 teaches, for the servers of step 05: children that are reaped, and a server that
// ends on a signal. Step 06 shows all of it in its own file.
#pragma once

#include <sys/types.h>

namespace lab {

/// SIGCHLD reaps, SIGINT and SIGTERM stop, SIGPIPE is ignored. From here on only wait_for_client
/// unblocks these signals.
void watch_signals() noexcept;

/// Waits until `listener` has a client to accept. False once SIGINT or SIGTERM has come.
bool wait_for_client(int listener) noexcept;

/// Call the first before fork. Call the second after it, in the parent, with what fork returned: it
/// reports a failure.
void expect_child();
void remember_child(pid_t child) noexcept;

/// In the child: SIGINT and SIGTERM end it, as they end any program.
void begin_child() noexcept;

/// In the child too: it ends when `parent` does, even by SIGKILL. Step 06 shows how.
void end_with_parent(pid_t parent) noexcept;

/// Ends all children, reaps them, and returns when there is none left.
void end_children() noexcept;

} // namespace lab
