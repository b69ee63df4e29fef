// The children that a server has now: main adds, the handler of SIGCHLD removes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include <sys/types.h>

namespace lab {

/// A set of process ids. The handler may call erase, which allocates nothing, provided that it can
/// never interrupt another call on the set: keep SIGCHLD blocked around those (sigprocmask(2)).
class PidSet {
public:
  /// Room for one more: insert after it allocates nothing and cannot fail.
  void reserve_one() {
    if (pids_.size() == pids_.capacity()) {
      pids_.reserve(std::max<std::size_t>(64, 2 * pids_.capacity()));
    }
  }

  void insert(pid_t pid) { pids_.push_back(pid); }

  void erase(pid_t pid) noexcept {
    const auto found = std::find(pids_.begin(), pids_.end(), pid);
    if (found != pids_.end()) {
      *found = pids_.back();
      pids_.pop_back();
    }
  }

  void clear() noexcept { pids_.clear(); }

  [[nodiscard]] std::size_t size() const noexcept { return pids_.size(); }

  [[nodiscard]] bool empty() const noexcept { return pids_.empty(); }

  [[nodiscard]] auto begin() const noexcept { return pids_.begin(); }

  [[nodiscard]] auto end() const noexcept { return pids_.end(); }

private:
  std::vector<pid_t> pids_;
};

} // namespace lab
