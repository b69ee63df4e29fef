// Whether a program that waits leaves the processor alone.
#pragma once

#include "harness/proc.hpp"

#include <chrono>

namespace lab {

/// What a process used within a window of time: here the time itself has to pass, since what is
/// asked is that nothing happens in it. Throws Failure when the process ends meanwhile.
CpuUse idle_report(pid_t pid, std::chrono::milliseconds window = std::chrono::milliseconds{400});

/// Throws Failure unless the process sleeps through one whole window: no switch, no time on a
/// processor. It is given several windows, because it may still be on its way to its wait when the
/// first begins; one that polls more often than once a window passes none. Returns the idle
/// window's report.
CpuUse expect_idle(pid_t pid, std::chrono::milliseconds window = std::chrono::milliseconds{400});

} // namespace lab
