// Waiting for what a program does by itself: until it has done it, or it is clear that it will not.
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

/// How long a program may take for what the contract wants within a second: the machine may be busy
/// with other things.
inline constexpr std::chrono::milliseconds promptly{3'000};

/// As wait_until, for a condition that `program` has to bring about by itself. Gives up when it has
/// come to rest without having done so, well before `limit`.
template <std::invocable Condition, std::invocable Seen>
void settle(pid_t program, std::string_view what, Condition&& condition, Seen&& seen,
            std::chrono::milliseconds limit = patience) {
  Quiescence quiescence(program);
  wait_until(
      what,
      [&] {
        const bool still =
            quiescence.reached(); // asked before the condition: the last look is late
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
