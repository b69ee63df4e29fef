// How a program of one process ends on a signal. Step 04 explains handlers.
#pragma once

namespace lab {

/// SIGPIPE is ignored: a write to a peer that has gone then fails with EPIPE, and the program can
/// report it. The signal would end the process without a message.
void ignore_broken_pipes() noexcept;

/// SIGINT and SIGTERM end this process at once, with status 0: the handler reaps the children that
/// have ended and calls _exit, which is async-signal-safe, and the kernel closes every descriptor.
/// SIGPIPE is ignored, as above.
void exit_on_stop_signals() noexcept;

} // namespace lab
