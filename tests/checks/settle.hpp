// Waiting for what a program does by itself. The wait ends when the program has done it, or when it
// is clear that it will not.
#pragma once

#include "harness/deadline.hpp"
#include "harness/failure.hpp"
#include "harness/idle.hpp"

#include <chrono>
#include <concepts>
#include <string>
#include <string_view>
#include <utility>

#include <sys/types.h>

namespace lab {

/// As wait_until, for a condition that `program` has to bring about by itself. If the program and
/// its descendants sleep (Quiescence) and the condition does not hold, it never will: then this
/// throws Failure at once, long before `limit`.
template <std::invocable Condition, std::invocable Seen>
void settle(pid_t program, std::string_view what, Condition&& condition, Seen&& seen,
            std::chrono::milliseconds limit = patience) {
  Quiescence quiescence(program);
  wait_until(
      what,
      [&] {
        const bool still =
            quiescence.reached(); // asked first, so that the last look comes after it
        if (condition()) {
          return true;
        }
        if (still) {
          std::string text = "waited for ";
          text += what;
          text += ", and it did not happen: the program sleeps";
          const std::string instead{seen()};
          throw Failure(instead.empty() ? text : text + "; " + instead);
        }
        return false;
      },
      std::forward<Seen>(seen), limit);
}

/// The same, with nothing to say about what was seen instead.
template <std::invocable Condition>
void settle(pid_t program, std::string_view what, Condition&& condition,
            std::chrono::milliseconds limit = patience) {
  settle(
      program, what, std::forward<Condition>(condition), [] { return std::string(); }, limit);
}

} // namespace lab
