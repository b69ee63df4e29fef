// Which processes belong to one program under test, and how to end them all. Internal.
#pragma once

#include "harness/proc.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/types.h>

namespace lab {

/// The environment variable with the tokens of the processes of one Process.
inline constexpr std::string_view run_variable = "LAB_RUN";

/// The environment variable with the tokens of the descendants of one tool.
inline constexpr std::string_view guard_variable = "LAB_GUARD";

/// What the guard process of guard_descendants calls itself.
inline constexpr std::string_view guard_name = "lab-guard";

/// The guard process of this process, which none of its trees may touch; -1: none.
std::atomic<pid_t>& own_guard();

/// When this process was started, in clock ticks since boot; whatever descends from it was later.
unsigned long long own_start_time();

/// For a child that goes on as a tool of its own, without exec: the trees it knows of are its
/// parent's, and it begins with none.
void forget_trees();

/// A value that no other token has: it names this process, and counts.
std::string new_token();

/// Whether the process was started with an environment in which `variable` contains `token`. Where
/// one tool runs another, a value is the tokens of both, with a slash between them.
bool carries_token(pid_t pid, std::string_view variable, std::string_view token);

/// Sends a signal to this very process: false when it is gone, even where another has been given
/// its pid. Never throws.
bool send_signal(const ProcessInfo& process, int signal) noexcept;

/// Calls `look` with the ids of all processes that were started at `start_time` (clock ticks since
/// boot) or later, the newest first, and then with those that were born meanwhile, again and again
/// as long as it returns true: some program's processes may each live for less time than a list of
/// all takes to make. Those for which `skip` is true are left out.
void for_each_pid(unsigned long long start_time, const std::function<bool(pid_t)>& look,
                  const std::function<bool(const Identity&)>& skip = nullptr);

/// Makes this process the one that orphans are handed to, with SIGCHLD at its default, so that what
/// a program under test has not reaped stays to be seen. prctl(2), wait(2).
void adopt_orphans();

/// The processes of one program under test: those that descend from its root, are in its session,
/// or carry its token. One thread at a time; another Tree may be used in another thread.
class Tree {
public:
  /// Before the root is forked, so that no other Tree takes its processes for its own.
  explicit Tree(std::string token);
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;
  Tree(Tree&&) = delete;
  Tree& operator=(Tree&&) = delete;
  ~Tree();

  /// The root has been forked.
  void set_root(const ProcessInfo& root);

  /// The root has been reaped: from now on its pid may be somebody else's.
  void root_reaped();

  /// All that there are now, zombies included, by pid; the root only where `with_root`.
  std::vector<ProcessInfo> members(bool with_root);

  /// Ends all of them, and reaps those that are our children; the root only if `reap_root`. Stops
  /// them first, where there are several: a program that forks faster than we can kill comes to a
  /// halt. Gives up when `limit` passes: false.
  bool end_all(bool reap_root, std::chrono::milliseconds limit);

private:
  /// By what one process itself shows; a child of a member may not be known yet.
  bool belongs(const ProcessInfo& process) const;
  /// For one that does not show it itself. Remembers those of whom it is known for good that they
  /// do not.
  bool descends_from_member(const ProcessInfo& process);
  /// False when it was known already.
  bool remember(const ProcessInfo& process) const;

  /// One look at every process, the newest first, that acts at once: what was seen is soon gone.
  /// With `to_stop`, stops all that run, and kills a root that is alone; else kills them. Reaps
  /// zombies.
  struct Look {
    bool any = false;     // that is still to be ended, or was until now
    bool running = false; // one had to be stopped
    bool grown = false;   // there is one that no look had seen before
    bool killed_root = false;
  };

  Look look_and_act(bool to_stop, bool reap_root);
  /// For one process; whether it was ended or stopped.
  bool act_on(pid_t pid, bool to_stop, bool reap_root, Look& look);
  [[nodiscard]] static bool reapable(const ProcessInfo& zombie, bool member);

  ProcessInfo root_{.pid = -1, .session = -1}; // so that before set_root nothing belongs to it
  std::string token_;
  bool root_reaped_ = false;
  std::set<Identity> strangers_; // no members, and never will be
};

} // namespace lab
