// For programs with so many busy processes that little of the processor is left for us. Internal.
#pragma once

#include <sched.h>

namespace lab {

/// While it lives, this thread runs before all ordinary ones, if we may ask for that (sched(7)).
/// Without it, a thousand processes that fork all the time leave us a thousandth of the processor.
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
