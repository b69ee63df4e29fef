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

/// The environment variable that marks the processes of one Process: it contains a token.
inline constexpr std::string_view run_variable = "LAB_RUN";

/// The environment variable that marks the descendants of one tool: it contains a token.
inline constexpr std::string_view guard_variable = "LAB_GUARD";

/// The name of the guard process of guard_descendants.
inline constexpr std::string_view guard_name = "lab-guard";

/// The guard process of this process, or -1. No Tree of this process may end it.
std::atomic<pid_t>& own_guard();

/// When this process was started, in clock ticks since boot. All its descendants were started
/// later.
unsigned long long own_start_time();

/// For a child that goes on as a tool of its own, without exec. The trees that it knows of belong
/// to its parent: it forgets them.
void forget_trees();

/// A new token: the id of this process and a number. No other token is the same.
std::string new_token();

/// Whether the process was started with an environment in which `variable` contains `token`. If one
/// tool runs another, the value has the tokens of both, with a slash between them.
bool carries_token(pid_t pid, std::string_view variable, std::string_view token);

/// Sends a signal to this process, and never to another one that has its pid now. False when the
/// process is gone. Never throws.
bool send_signal(const ProcessInfo& process, int signal) noexcept;

/// Calls `look` with the ids of all processes that were started at `start_time` (clock ticks since
/// boot) or later, the newest first. Then it calls `look` with those that were started meanwhile,
/// and so on as long as `look` returns true: a program may have processes that live for less time
/// than it takes to list all. Processes for which `skip` is true are left out.
void for_each_pid(unsigned long long start_time, const std::function<bool(pid_t)>& look,
                  const std::function<bool(const Identity&)>& skip = nullptr);

/// Orphans of this process's descendants become its children from now on, and SIGCHLD has its
/// default. So a zombie that a program under test has not reaped stays, and a check can see it.
/// prctl(2), wait(2).
void adopt_orphans();

/// The processes of one program under test: those that descend from its root, are in its session,
/// or carry its token. Only one thread at a time may use a Tree. Two threads may use two of them.
class Tree {
public:
  /// Make it before the root is forked. Then no other Tree takes the root's processes for its own.
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

  /// All that there are now, zombies included, in the order of their pids. The root only if
  /// `with_root`.
  std::vector<ProcessInfo> members(bool with_root);

  /// Ends all of them, and reaps those that are our children. The root is reaped only if
  /// `reap_root`. If there are several, it stops them first: else a program that forks faster than
  /// we can kill would never end. False if they have not all ended after `limit`.
  bool end_all(bool reap_root, std::chrono::milliseconds limit);

private:
  /// Whether the process itself shows that it belongs to this tree. (A child of a member may not.)
  bool belongs(const ProcessInfo& process) const;
  /// For a process that does not show it itself. A process that will never belong to this tree is
  /// remembered, and not looked at again.
  bool descends_from_member(const ProcessInfo& process);
  /// False if it was remembered already.
  bool remember(const ProcessInfo& process) const;

  /// What was found in one look at all processes, the newest first. Each process is acted on as
  /// soon as it is seen, because it may soon be gone. With `to_stop` it is stopped (a root that is
  /// alone is killed). Without it, it is killed. Zombies are reaped.
  struct Look {
    bool any = false;     // there is one that had to be ended
    bool running = false; // one had to be stopped
    bool grown = false;   // there is one that no look had seen before
    bool killed_root = false;
  };

  Look look_and_act(bool to_stop, bool reap_root);
  /// The part of look_and_act for one process. Whether the process was ended or stopped.
  bool act_on(pid_t pid, bool to_stop, bool reap_root, Look& look);
  [[nodiscard]] static bool reapable(const ProcessInfo& zombie, bool member);

  ProcessInfo root_{.pid = -1, .session = -1}; // so that before set_root nothing belongs to it
  std::string token_;
  bool root_reaped_ = false;
  std::set<Identity> strangers_; // no members, and never will be
};

} // namespace lab
