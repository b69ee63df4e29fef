// Whether a program that waits uses the processor.
#pragma once

#include "harness/deadline.hpp"
#include "harness/proc.hpp"

#include <chrono>
#include <string>
#include <vector>

#include <sys/types.h>

namespace lab {

/// What a process used within a window of time. (Here the time itself has to pass: the question is
/// whether something happens in it.) Throws Failure if the process ends in it.
CpuUse idle_report(pid_t pid, std::chrono::milliseconds window = std::chrono::milliseconds{400});

/// What part of the processor a process used, of what it could have had, from 0 to 1, in a `window`
/// in which it had nothing to do. It does not matter how busy the machine is: time in which others
/// had the processor does not count, and if there is much of that, the window is longer. Throws
/// Failure if the process ends in it.
double share_of_processor(pid_t pid,
                          std::chrono::milliseconds window = std::chrono::milliseconds{400});

/// Throws Failure if the process does not sleep through one whole window, with no switch and no
/// time on a processor. It has several windows to try, because in the first one it may not yet have
/// begun to wait. A process that polls more often than once in a window passes none of them.
/// Returns the report of the window in which it slept.
CpuUse expect_idle(pid_t pid, std::chrono::milliseconds window = std::chrono::milliseconds{400});

/// Whether the process sleeps until another process does something. Each of its threads is in a
/// call that has no limit of time (waitpid, a read from a pipe, sigsuspend, ppoll without a
/// timeout), and it has no timer. False also if the kernel does not tell, and for a process with a
/// socket, a terminal, or another thing that the kernel itself makes ready, sooner or later.
bool sleeps_for_good(pid_t pid);

/// Tells whether a program and all its descendants have slept for a while, and none of them was
/// woken once. Then nothing more happens until something outside the program happens. This holds on
/// a busy machine too: a process that has been woken is in state R until it has run.
class Quiescence {
public:
  /// `window` is how long they have to sleep. The default is longer than the pauses that programs
  /// make themselves. If all of them sleep for good, two looks are enough: time brings nothing
  /// more.
  explicit Quiescence(pid_t program, std::chrono::milliseconds window = std::chrono::seconds{1});

  /// Whether it is so now. Each call looks again, so call it again and again.
  bool reached();

private:
  [[nodiscard]] std::chrono::milliseconds between_looks() const;
  /// The state of each known process, and how often it has been woken. Sets `asleep_`.
  std::string use_of_all();
  bool all_for_good();

  pid_t program_;
  std::chrono::milliseconds window_;
  std::vector<ProcessInfo> known_;
  std::string former_;
  bool asleep_ = false; // whether all known processes were, at the last look
  Clock::time_point since_ = Clock::now();
  Clock::time_point next_look_; // not at once: mostly the awaited event comes before it
};

} // namespace lab
