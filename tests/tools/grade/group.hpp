// A control group of the kernel for the programs of one job: cgroups(7).
#pragma once

#include "harness/fd.hpp"

#include <string>

namespace lab::grade {

/// The programs in a group get as much of the processors as those in another group, however many
/// processes they are. lab-check stays outside: it may have to run before all of them.
///
/// There is a group if this machine lets us make one below our own: for root, where the control
/// groups are of version 1, or of version 2 and those below ours have the controller cpu. Else
/// there is none, and nothing is different.
class Group {
public:
  explicit Group(bool wanted);
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;
  Group(Group&&) = delete;
  Group& operator=(Group&&) = delete;
  /// Removes it. All that was in it has ended.
  ~Group();

  /// A process that writes `0` to this descriptor is in the group from then on, and so is all that
  /// it starts. -1: there is no group.
  [[nodiscard]] int entry() const { return entry_.get(); }

private:
  std::string folder_;
  Fd entry_;
};

/// Removes the groups of graders that were killed.
void remove_old_groups();

} // namespace lab::grade
