// Keeping up with programs that leave us no processor. Internal.
#pragma once

#include <sched.h>

namespace lab {

/// While it lives, this thread goes before all ordinary ones, where we may do that: a thousand
/// processes that fork all the time leave us a thousandth of the processor. sched(7).
class Urgent {
public:
  Urgent() : policy_(::sched_getscheduler(0)) {
    ::sched_getparam(0, &former_);
    const sched_param lowest{.sched_priority = 1};
    changed_ = ::sched_setscheduler(0, SCHED_FIFO, &lowest) == 0;
  }

  Urgent(const Urgent&) = delete;
  Urgent& operator=(const Urgent&) = delete;
  Urgent(Urgent&&) = delete;
  Urgent& operator=(Urgent&&) = delete;

  ~Urgent() {
    if (changed_) {
      ::sched_setscheduler(0, policy_, &former_);
    }
  }

private:
  int policy_;
  sched_param former_{};
  bool changed_ = false;
};

} // namespace lab
