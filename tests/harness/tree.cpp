#include "harness/tree.hpp"

#include "harness/deadline.hpp"
#include "harness/fd.hpp"
#include "harness/urgent.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <map>
#include <mutex>
#include <new>
#include <optional>
#include <thread>
#include <utility>

#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lab {

namespace {

Identity identity_of(const ProcessInfo& process) {
  return {process.pid, process.start_time};
}

/// All trees of this process, and which processes each has been seen to have. A zombie shows no
/// token: it may have been seen while it lived.
struct Registry {
  static constexpr pid_t not_forked = -1;
  static constexpr pid_t reaped = 0;

  std::mutex mutex;
  std::map<const Tree*, pid_t> roots;
  std::map<Identity, const Tree*> owners;
};

Registry& registry() {
  static auto& the_registry = *new Registry; // for a Process that is static itself
  return the_registry;
}

/// Whether `tokens`, the value of one of our variables, contains `token`.
bool has_token(std::string_view tokens, std::string_view token) {
  while (!tokens.empty()) {
    const auto end = std::min(tokens.find('/'), tokens.size());
    if (tokens.substr(0, end) == token) {
      return true;
    }
    tokens.remove_prefix(std::min(end + 1, tokens.size()));
  }
  return false;
}

/// Whether one of the entries `NAME=VALUE` is the variable, with the token in its value.
bool has_entry(const std::vector<std::string>& entries, std::string_view variable,
               std::string_view token) {
  return std::any_of(entries.begin(), entries.end(), [&](std::string_view entry) {
    return entry.size() > variable.size() && entry.starts_with(variable) &&
           entry[variable.size()] == '=' && has_token(entry.substr(variable.size() + 1), token);
  });
}

} // namespace

std::atomic<pid_t>& own_guard() {
  static std::atomic<pid_t> pid{-1};
  return pid;
}

std::string new_token() {
  static std::atomic<unsigned> count{0};
  return std::to_string(::getpid()) + "." + std::to_string(own_start_time()) + "." +
         std::to_string(++count);
}

namespace {

std::atomic<unsigned long long>& known_start_time() {
  static std::atomic<unsigned long long> start_time{0};
  return start_time;
}

} // namespace

unsigned long long own_start_time() {
  if (known_start_time() == 0) {
    const auto self = process_info(::getpid());
    known_start_time() = self ? self->start_time : 0;
  }
  return known_start_time(); // in a child of ours, its parent's until forget_trees
}

void forget_trees() {
  known_start_time() = 0;
  own_guard() = -1;
  const std::lock_guard lock(registry().mutex);
  registry().roots.clear();
  registry().owners.clear();
}

bool carries_token(pid_t pid, std::string_view variable, std::string_view token) {
  return has_entry(environment_of(pid), variable, token);
}

bool send_signal(const ProcessInfo& process, int signal) noexcept {
  // The pidfd names one process for good. It is opened first and the process looked at then: so
  // what was looked at is what gets the signal. pidfd_open(2).
  const Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0)));
  if (!pidfd && errno != ENOSYS && errno != EPERM) {
    return false;
  }
  try {
    const auto now = process_info(process.pid);
    if (!now || !now->same_as(process)) {
      return false;
    }
  } catch (const std::bad_alloc&) {
    return false;
  }
  return (pidfd ? ::syscall(SYS_pidfd_send_signal, pidfd.get(), signal, nullptr, 0)
                : ::kill(process.pid, signal)) == 0;
}

void for_each_pid(unsigned long long start_time, const std::function<bool(pid_t)>& look,
                  const std::function<bool(const Identity&)>& skip) {
  pid_t newest = system_load().newest_pid;
  auto processes = identities_since(start_time);
  std::sort(processes.begin(), processes.end(), std::greater<>());
  for (const Identity& process : processes) {
    if (!skip || !skip(process)) {
      look(process.first);
    }
  }
  constexpr int rounds = 4;
  constexpr pid_t few = 12;
  for (int round = 0, in_all = 0; round < rounds && in_all < 1000; ++round, ++in_all) {
    const pid_t now = system_load().newest_pid;
    if (now == newest) {
      break; // none was born since: none was missed
    }
    const pid_t last = std::max(now - few, newest < now ? newest : 1);
    newest = now;
    for (pid_t pid = now; pid > last; --pid) {
      if (look(pid)) {
        round = -1;
      }
    }
  }
}

void adopt_orphans() {
  or_throw(::prctl(PR_SET_CHILD_SUBREAPER, 1), "prctl");

  struct sigaction action {};

  or_throw(::sigaction(SIGCHLD, nullptr, &action), "sigaction");
  if (action.sa_handler == SIG_IGN || (action.sa_flags & SA_NOCLDWAIT) != 0) {
    action = {};
    action.sa_handler = SIG_DFL;
    or_throw(::sigaction(SIGCHLD, &action, nullptr), "sigaction");
  }
}

Tree::Tree(std::string token) : token_(std::move(token)) {
  const std::lock_guard lock(registry().mutex);
  registry().roots.emplace(this, Registry::not_forked);
}

Tree::~Tree() {
  const std::lock_guard lock(registry().mutex);
  registry().roots.erase(this);
  std::erase_if(registry().owners, [&](const auto& entry) { return entry.second == this; });
}

void Tree::set_root(const ProcessInfo& root) {
  root_ = root;
  const std::lock_guard lock(registry().mutex);
  registry().roots[this] = root.pid;
}

void Tree::root_reaped() {
  root_reaped_ = true;
  const std::lock_guard lock(registry().mutex);
  registry().roots[this] = Registry::reaped;
}

namespace {

/// Whether a process with this environment has made one of its own: what we start has our marks,
/// and so has what that starts.
bool is_foreign(const std::vector<std::string>& environment) {
  return std::ranges::any_of(std::array{run_variable, guard_variable}, [&](auto variable) {
    const char* const value = std::getenv(std::string(variable).c_str());
    const std::string_view tokens = value == nullptr ? "" : value;
    return !tokens.empty() &&
           !has_entry(environment, variable, tokens.substr(tokens.rfind('/') + 1));
  });
}

} // namespace

bool Tree::remember(const ProcessInfo& process) const {
  const std::lock_guard lock(registry().mutex);
  return registry().owners.insert_or_assign(identity_of(process), this).second;
}

bool Tree::belongs(const ProcessInfo& process) const {
  // As long as the root is not reaped, the kernel gives its pid to no other process or session.
  if (!root_reaped_ && (process.pid == root_.pid || process.session == root_.pid)) {
    return true;
  }
  bool alone = false;
  {
    const std::lock_guard lock(registry().mutex);
    if (const auto owner = registry().owners.find(identity_of(process));
        owner != registry().owners.end()) {
      return owner->second == this;
    }
    alone = registry().roots.size() == 1;
  }
  if (process.start_time < root_.start_time || process.pid == ::getpid()) {
    return false;
  }
  if (strangers_.contains(identity_of(process))) {
    return false;
  }
  const auto environment =
      process.zombie() ? std::vector<std::string>() : environment_of(process.pid);
  // A child begins with its parent's environment. So a process without our token never gets it.
  if (has_entry(environment, run_variable, token_)) {
    return true;
  }
  if (!environment.empty() && !is_foreign(environment)) {
    return false;
  }
  // One that left the session and shows no token, because it is a zombie or has another
  // environment. If handed to us, and not forked by us (it would be in our session), it is an
  // orphan of a program under test; of this one where there is no other.
  return alone && process.parent == ::getpid() && process.session != ::getsid(0) &&
         process.pid != own_guard();
}

bool Tree::descends_from_member(const ProcessInfo& process) {
  std::vector<Identity> line;
  constexpr std::size_t longest = 1000; // what changes meanwhile may go round in circles
  for (auto at = std::optional(process); at && line.size() < longest;
       at = process_info(at->parent)) {
    if (at->pid != process.pid && belongs(*at)) {
      return true;
    }
    if (at->parent == ::getpid()) {
      return false; // handed to us, or another tree's: it will be looked at again
    }
    if (!at->zombie()) {
      line.push_back(identity_of(*at));
    }
    if (at->start_time < root_.start_time || at->parent <= 1 ||
        strangers_.contains(identity_of(*at))) {
      strangers_.insert(line.begin(), line.end());
      return false;
    }
  }
  return false; // its parent went away meanwhile
}

std::vector<ProcessInfo> Tree::members(bool with_root) {
  const auto all = processes_since(
      root_.start_time, [this](const Identity& identity) { return strangers_.contains(identity); });
  std::map<pid_t, ProcessInfo> found;
  const auto add = [&](const ProcessInfo& process) {
    remember(process);
    found.emplace(process.pid, process);
  };
  const auto add_with_descendants = [&](const ProcessInfo& process) {
    add(process);
    for (const ProcessInfo& below : descendants_of(process.pid, all)) {
      add(below);
    }
  };
  for (const ProcessInfo& process : all) {
    if (!found.contains(process.pid) && belongs(process)) {
      add_with_descendants(process);
    }
  }
  for (const ProcessInfo& process : all) {
    if (!found.contains(process.pid) && !process.zombie() && descends_from_member(process)) {
      add_with_descendants(process); // the list is no snapshot
    }
  }
  std::vector<ProcessInfo> result;
  for (auto& [pid, process] : found) {
    if (with_root || root_reaped_ || pid != root_.pid) {
      result.push_back(std::move(process));
    }
  }
  return result;
}

/// Whether nobody but us will ever reap this zombie, and no other tree has a use for it.
bool Tree::reapable(const ProcessInfo& zombie, bool member) {
  if (zombie.parent != ::getpid() || zombie.session == ::getsid(0) || zombie.pid == own_guard()) {
    return false;
  }
  const std::lock_guard lock(registry().mutex);
  return member ||
         (!registry().owners.contains(identity_of(zombie)) &&
          std::none_of(registry().roots.begin(), registry().roots.end(), [&](const auto& entry) {
            const pid_t root = entry.second;
            return root == Registry::not_forked || root == zombie.pid || root == zombie.session;
          }));
}

bool Tree::act_on(pid_t pid, bool to_stop, bool reap_root, Look& look) {
  const auto process = process_info(pid);
  if (!process) {
    return false;
  }
  const bool is_root = pid == root_.pid && !root_reaped_;
  const bool member = belongs(*process) || descends_from_member(*process);
  if (process->zombie()) {
    const bool to_reap = is_root ? reap_root : reapable(*process, member);
    if (!to_reap || ::waitpid(pid, nullptr, WNOHANG) != pid) {
      look.any |= member && !is_root; // of a parent that is about to go
      return false;
    }
    look.any = true;
    if (is_root) {
      root_reaped();
    }
    return true;
  }
  if (!member) {
    return false;
  }
  const bool alone = is_root && !look.any; // the oldest of them is looked at last
  look.any = true;
  look.grown |= remember(*process);
  if (!to_stop || alone || process->lives_without_main()) { // that shows as state Z when stopped
    look.killed_root |= is_root;
    return send_signal(*process, SIGKILL);
  }
  if (process->stopped() || !send_signal(*process, SIGSTOP)) {
    return false;
  }
  look.running |= process->state != 'D'; // a parent in vfork waits for a child that has stopped
  return true;
}

Tree::Look Tree::look_and_act(bool to_stop, bool reap_root) {
  Look look;
  for_each_pid(
      own_start_time(), // the zombies of former trees among them
      [&](pid_t pid) { return act_on(pid, to_stop, reap_root, look); },
      [this](const Identity& identity) { return strangers_.contains(identity); });
  return look;
}

namespace {

/// Waits until a child of ours is a zombie, but no longer than `limit`.
void await_end(pid_t child, std::chrono::milliseconds limit) {
  const Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, child, 0))); // -1 before Linux 5.3
  pollfd end{.fd = pidfd.get(), .events = POLLIN, .revents = 0};
  ::poll(&end, 1, static_cast<int>(limit.count()));
}

} // namespace

bool Tree::end_all(bool reap_root, std::chrono::milliseconds limit) {
  const Deadline deadline(limit);
  const Deadline stopping(limit / 4);
  constexpr std::chrono::microseconds shortest{50};
  constexpr std::chrono::microseconds longest{2000};
  std::chrono::microseconds pause = shortest;
  std::optional<Urgent> urgent;
  bool to_stop = true;
  for (int turn = 0;; ++turn) {
    const Look look = look_and_act(to_stop, reap_root);
    if (!look.any) {
      return true;
    }
    if (deadline.passed()) {
      return false;
    }
    to_stop &= look.running && !stopping.passed(); // what cannot be stopped is killed all the same
    if (look.grown && turn >= 2 && !urgent) {
      urgent.emplace();
    }
    // They stop and end by themselves, and need a processor for it, which may be the one we have;
    // but what goes on forking gets little time for it.
    pause = look.grown ? shortest : std::min(pause * 2, longest);
    if (look.killed_root) {
      await_end(root_.pid, std::chrono::milliseconds{2});
    } else {
      std::this_thread::sleep_for(pause);
    }
  }
}

} // namespace lab
