// Whether a program that waits leaves the processor alone.
#pragma once

#include "harness/deadline.hpp"
#include "harness/proc.hpp"

#include <chrono>
#include <string>
#include <vector>

#include <sys/types.h>

namespace lab {

/// What a process used within a window of time: here the time itself has to pass, since what is
/// asked is that nothing happens in it. Throws Failure when the process ends meanwhile.
CpuUse idle_report(pid_t pid, std::chrono::milliseconds window = std::chrono::milliseconds{400});

/// What part of the processor that it could have had a process used, from 0 to 1, while it had
/// nothing to do for `window`. How busy the machine is plays no part: time in which others had the
/// processor is not counted, and the window is longer where there is much of that. Throws Failure
/// when the process ends meanwhile.
double share_of_processor(pid_t pid,
                          std::chrono::milliseconds window = std::chrono::milliseconds{400});

/// Throws Failure unless the process sleeps through one whole window: no switch, no time on a
/// processor. It is given several windows, because it may still be on its way to its wait when the
/// first begins; one that polls more often than once a window passes none. Returns the idle
/// window's report.
CpuUse expect_idle(pid_t pid, std::chrono::milliseconds window = std::chrono::milliseconds{400});

/// Tells whether a program and all its descendants have slept for a while, each of them, without
/// being woken once: then nothing more happens until somebody else does something. On a machine
/// however busy, a process that has been woken is in state R until it has run.
class Quiescence {
public:
  /// `window` is how long they have to sleep; by default so long that a program's own pauses do not
  /// pass for its rest.
  explicit Quiescence(pid_t program, std::chrono::milliseconds window = std::chrono::seconds{1});

  /// To be asked again and again.
  bool reached();

private:
  [[nodiscard]] std::chrono::milliseconds between_looks() const;
  /// The state of each known process, and how often it has been woken; sets `asleep_`.
  std::string use_of_all();

  pid_t program_;
  std::chrono::milliseconds window_;
  std::vector<ProcessInfo> known_;
  std::string former_;
  bool asleep_ = false; // all that are known, at the last look
  Clock::time_point since_ = Clock::now();
  Clock::time_point next_look_; // the first is not at once: mostly what is awaited comes before it
};

} // namespace lab
