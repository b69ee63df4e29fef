// Lists of processes: all, those since a moment, children and descendants.
#include "harness/proc.hpp"
#include "harness/proc_files.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <set>
#include <tuple>

#include <dirent.h>

namespace lab {

namespace {

/// By birth, as far as the clock tells, and not by pid: pids begin anew when the last has been
/// given.
void sort_by_age(std::vector<ProcessInfo>& processes) {
  std::sort(processes.begin(), processes.end(), [](const ProcessInfo& a, const ProcessInfo& b) {
    return std::tie(a.start_time, a.pid) < std::tie(b.start_time, b.pid);
  });
}

/// Calls `visit` with the pid of each process and the inode number of its folder in /proc.
template <typename Visit>
void for_each_folder_of_proc(Visit visit) {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc"), ::closedir);
  while (const dirent* entry = folder ? ::readdir(folder.get()) : nullptr) {
    const std::string_view name = entry->d_name;
    if (const auto pid = proc::number_in<pid_t>(name); pid > 0) {
      visit(pid, entry->d_ino);
    }
  }
}

/// When each process was started, as seen at the last look of this thread. Looks follow each other
/// by milliseconds, and most processes of a machine are the same and of no interest each time: to
/// list /proc costs less than to read five files in it. The kernel makes the inode of /proc/PID for
/// one process, and a new one for the next that is given this pid.
class StartTimes {
public:
  /// Calls `visit` with each process that was started at `moment` or later, and its ProcessInfo
  /// where it had to be read to find that out, else nullptr.
  template <typename Visit>
  void for_each_since(unsigned long long moment, Visit visit) {
    now_.clear();
    for_each_folder_of_proc([&](pid_t pid, ino_t inode) {
      const auto at = std::ranges::lower_bound(known_, pid, {}, &Known::pid);
      if (at != known_.end() && at->pid == pid && at->inode == inode) {
        now_.push_back(*at);
        if (at->start_time >= moment) {
          visit(Identity{pid, at->start_time}, nullptr);
        }
        return;
      }
      auto info = process_info(pid);
      if (!info) {
        return;
      }
      constexpr ino_t none = 1; // what the kernel gives where it could not make one
      if (inode > none) {
        now_.push_back({.pid = pid, .inode = inode, .start_time = info->start_time});
      }
      if (info->start_time >= moment) {
        visit(Identity{pid, info->start_time}, &*info);
      }
    });
    std::ranges::sort(now_, {}, &Known::pid); // the kernel lists them so, but need not
    known_.swap(now_);
  }

private:
  struct Known {
    pid_t pid;
    ino_t inode;
    unsigned long long start_time;
  };

  std::vector<Known> known_;
  std::vector<Known> now_;
};

StartTimes& start_times() {
  thread_local StartTimes the_start_times;
  return the_start_times;
}

/// Of a process that is gone: 0, which is before all others. No child is older than its parent.
unsigned long long start_time_of(pid_t pid) {
  const auto info = process_info(pid);
  return info ? info->start_time : 0;
}

/// The lists of children of all threads, one after the other; nothing where the kernel has none.
std::optional<std::string> lists_of_children(pid_t pid) {
  std::optional<std::string> all;
  proc::for_each_thread(pid, [&](const std::string& folder) {
    if (const auto list = proc::read_file(folder + "/children")) {
      all = all.value_or("") + *list;
    }
  });
  return all;
}

} // namespace

Load system_load() {
  // "0.20 0.18 0.12 1/80 11206": those that run, and all; the last is the newest pid.
  std::array<char, 128> buffer; // NOLINT(*-member-init): read fills what is used
  const auto words = proc::words_of(proc::read_short("/proc/loadavg", buffer));
  if (words.size() < 5) {
    return {};
  }
  return {.tasks = proc::number_in<std::size_t>(
              words[3].substr(std::min(words[3].find('/') + 1, words[3].size()))),
          .newest_pid = proc::number_in<pid_t>(words[4])};
}

std::vector<pid_t> all_pids() {
  std::vector<pid_t> pids;
  for_each_folder_of_proc([&](pid_t pid, ino_t) { pids.push_back(pid); });
  return pids;
}

std::vector<Identity> identities_since(unsigned long long start_time) {
  std::vector<Identity> identities;
  start_times().for_each_since(start_time, [&](const Identity& identity, const ProcessInfo*) {
    identities.push_back(identity);
  });
  return identities;
}

std::vector<ProcessInfo> processes_since(unsigned long long start_time,
                                         const std::function<bool(const Identity&)>& skip) {
  std::vector<ProcessInfo> processes;
  start_times().for_each_since(start_time, [&](const Identity& identity, const ProcessInfo* info) {
    if (skip && skip(identity)) {
      return;
    }
    if (auto seen = info != nullptr ? std::optional(*info) : process_info(identity.first)) {
      processes.push_back(std::move(*seen));
    }
  });
  sort_by_age(processes);
  return processes;
}

std::vector<ProcessInfo> all_processes() {
  return processes_since(0);
}

std::vector<ProcessInfo> children_of(pid_t pid) {
  auto processes = processes_since(start_time_of(pid));
  std::erase_if(processes, [&](const ProcessInfo& process) { return process.parent != pid; });
  return processes;
}

std::vector<ProcessInfo> descendants_of(pid_t pid, const std::vector<ProcessInfo>& all) {
  std::multimap<pid_t, const ProcessInfo*> by_parent;
  for (const ProcessInfo& process : all) {
    by_parent.emplace(process.parent, &process);
  }
  std::vector<ProcessInfo> found;
  std::vector<pid_t> to_visit{pid};
  std::set<pid_t> visited{pid}; // the list is no snapshot: a pid may have been given twice
  while (!to_visit.empty()) {
    const pid_t parent = to_visit.back();
    to_visit.pop_back();
    const auto [first, last] = by_parent.equal_range(parent);
    for (auto child = first; child != last; ++child) {
      if (visited.insert(child->second->pid).second) {
        found.push_back(*child->second);
        to_visit.push_back(child->second->pid);
      }
    }
  }
  sort_by_age(found);
  return found;
}

std::vector<ProcessInfo> descendants_of(pid_t pid) {
  return descendants_of(pid, processes_since(start_time_of(pid)));
}

bool descends_from(pid_t pid, pid_t ancestor) {
  constexpr int longest = 1000; // what changes meanwhile may go round in circles
  for (int steps = 0; pid > 0 && steps < longest; ++steps) {
    const auto process = process_info(pid);
    pid = process ? process->parent : 0;
    if (pid == ancestor) {
      return true;
    }
  }
  return false;
}

bool has_children(pid_t pid) {
  const auto lists = lists_of_children(pid);
  return lists ? !lists->empty() : !children_of(pid).empty(); // without CONFIG_PROC_CHILDREN
}

std::vector<pid_t> some_children_of(pid_t pid) {
  std::vector<pid_t> children;
  if (const auto lists = lists_of_children(pid)) {
    for (const std::string_view word : proc::words_of(*lists)) {
      children.push_back(proc::number_in<pid_t>(word));
    }
  } else {
    for (const ProcessInfo& child : children_of(pid)) {
      children.push_back(child.pid);
    }
  }
  return children;
}

} // namespace lab
