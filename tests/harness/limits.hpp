// Making fork and accept fail in a program that runs, from outside: prlimit(2).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/resource.h>
#include <sys/types.h>

namespace lab {

/// If we are root: a user id that owns no process. No other run of the harness gets the same one.
/// (If programs are confined to a user, it is that one.) If we are not root: nothing.
///
/// The limit on processes counts all processes of a user, and it does not limit root (RLIMIT_NPROC
/// of getrlimit(2)). So a program whose fork is to fail has to run as another user:
/// ProcessOptions::user. Throws std::system_error.
std::optional<uid_t> unprivileged_user();

/// Why ProcessLimit has no effect on this machine, in a sentence. Nothing if it works. It is tried
/// on a child.
std::optional<std::string> cannot_limit_processes();

/// How much of the limit on processes this user has used: every thread of every process counts.
rlim_t tasks_of_user(uid_t user);

/// One of our control groups, see cgroups(7): the folder of its hierarchy, and its path from there.
struct ControlGroup {
  std::string top;
  std::string path;
};

/// Those that may have this controller: in version 2 there is one group for all of them.
std::vector<ControlGroup> control_groups_with(std::string_view controller);

/// How many processes and threads our user may have, as far as the system tells: RLIMIT_NPROC
/// (which does not hold root back), and pids.max of our control groups. RLIM_INFINITY: no limit.
rlim_t most_processes();

/// How many of `wanted` processes a program of ours could start now. It is tried. If programs are
/// confined to another user, it is tried as that user.
std::size_t room_for_processes(std::size_t wanted);

/// Lets this process have as many processes as the hard limit allows.
void raise_process_limit();

/// Lets this process, and what it starts, have `wanted` descriptors. It raises the soft limit, but
/// not above the hard one (getrlimit(2)). Returns how many they may have now.
std::size_t raise_descriptor_limit(std::size_t wanted);

/// While this object lives, a running process has another soft limit of `resource`. Then it has the
/// former one again. Throws Failure if the process is gone, std::system_error if another call
/// fails.
class Limit {
public:
  Limit(pid_t pid, __rlimit_resource resource, rlim_t soft);
  Limit(const Limit&) = delete;
  Limit& operator=(const Limit&) = delete;
  Limit(Limit&&) = delete;
  Limit& operator=(Limit&&) = delete;
  ~Limit();

  /// Puts the former limit back now. A process that is gone is left alone.
  void restore() noexcept;

private:
  pid_t pid_;
  __rlimit_resource resource_;
  rlimit former_{};
  bool in_force_ = false;
};

/// While it lives, every fork of the process fails with EAGAIN: see unprivileged_user.
class ProcessLimit : public Limit {
public:
  explicit ProcessLimit(pid_t pid) : Limit(pid, RLIMIT_NPROC, 0) {}
};

/// While it lives, the process can open no more than `room` further descriptors; then open, accept
/// and the like fail with EMFILE. Those it has stay open.
class DescriptorLimit : public Limit {
public:
  explicit DescriptorLimit(pid_t pid, unsigned room = 0);
};

} // namespace lab
