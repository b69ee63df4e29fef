// Looking at a child without changing anything, and a gate at which children wait.
#pragma once

#include "support/descriptor.hpp"

#include <vector>

#include <sys/types.h>

namespace lab {

/// The state letter of a process, as in ps(1) and proc(5): R running, S sleeping, T stopped, Z
/// zombie; '?' if there is no such process.
char state_of(pid_t pid);

/// Waits until `child` has ended, and leaves it as it is: a zombie, unless a handler reaps it
/// first. It is waitid(2) with WNOWAIT.
void wait_until_ended(pid_t child) noexcept;

/// Waits until the process that forked this one has ended, and has been replaced as its parent.
void wait_until_orphaned(pid_t parent) noexcept;

/// Reads standard input up to the end of its next line, or to end of file.
void wait_for_enter() noexcept;

/// A gate between processes, made before fork (it is a pipe): some wait at it, one opens it. It
/// also opens when every process that could open it has ended.
class Gate {
public:
  Gate();

  void wait() noexcept; ///< returns once the gate is open
  void open() noexcept; ///< opens it for all that wait

private:
  Descriptor waiting_;
  Descriptor opening_;
};

/// Children that wait to end together.
class Crowd {
public:
  /// Forks `count` children. Each waits until let_go, then ends with status 0.
  explicit Crowd(int count);

  /// Lets all of them end, and waits until they have: those that are not reaped are zombies.
  void let_go() noexcept;

private:
  Gate gate_;
  std::vector<pid_t> pids_;
};

/// The end of the programs of step 04: reaps and counts the zombies that are left, prints `reaped R
/// of N, Z zombies left`, and returns 0. At a terminal it first waits for Enter: look with ps(1).
int count_zombies(int reaped, int count);

} // namespace lab
