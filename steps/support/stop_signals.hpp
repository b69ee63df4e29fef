// How a program ends on a signal, alone or with its children. Step 04 explains handlers.
#pragma once

#include <sys/types.h>

namespace lab {

/// SIGPIPE is ignored: a write to a peer that has gone then fails with EPIPE, and the program can
/// report it. The signal would end the process without a message.
void ignore_broken_pipes() noexcept;

/// SIGPIPE is ignored. SIGINT and SIGTERM end this process at once, with status 0: the handler ends
/// and reaps the children, and calls _exit. The kernel closes every descriptor.
void exit_on_stop_signals() noexcept;

/// The same, and SIGCHLD reaps, in a loop. From here on SIGCHLD, SIGINT and SIGTERM are blocked.
void handle_signals() noexcept;

/// Before and after a call that waits: handlers run there, and nowhere else. errno is kept.
void unblock_signals() noexcept;
void block_signals() noexcept;

/// In the parent, with what fork returned: a child to end and reap, or a failure to report.
void remember_child(pid_t child);

/// In the child: SIGINT and SIGTERM end it, as they end any program.
void begin_child() noexcept;

} // namespace lab
