// Waiting for events, each with a deadline of seconds. Nothing waits for time to pass.
#pragma once

#include "harness/failure.hpp"

#include <algorithm>
#include <chrono>
#include <concepts>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace lab {

using Clock = std::chrono::steady_clock;

// Three limits on waiting. The machine may be busy, so each is several times what it is for. A
// right program never uses one up.

/// For an event that the contract gives no time for: the default.
inline constexpr std::chrono::milliseconds patience{20'000};

/// For what a right program does at once: an echo, the end after the last line. Shorter, because a
/// check may have many such waits one after another.
inline constexpr std::chrono::milliseconds soon{6'000};

/// For what the contract promises within a second (S7, C3), and for waits that the commonest wrong
/// programs let pass.
inline constexpr std::chrono::milliseconds promptly{3'000};

/// A moment at which waiting ends.
class Deadline {
public:
  explicit Deadline(std::chrono::milliseconds limit)
      : limit_(limit), moment_(Clock::now() + limit) {}

  [[nodiscard]] bool passed() const { return Clock::now() >= moment_; }

  /// Never negative; rounded up, so that poll(2) with it does not return too early and spin.
  [[nodiscard]] std::chrono::milliseconds left() const {
    return std::max(std::chrono::ceil<std::chrono::milliseconds>(moment_ - Clock::now()),
                    std::chrono::milliseconds{0});
  }

  [[nodiscard]] Clock::time_point moment() const { return moment_; }

  /// The whole time given, for messages.
  [[nodiscard]] std::chrono::milliseconds limit() const { return limit_; }

private:
  std::chrono::milliseconds limit_;
  Clock::time_point moment_;
};

/// `20 s`, `400 ms`: a duration as messages give it.
std::string in_words(std::chrono::milliseconds time);

/// Calls `condition` again and again, every 2 ms at first and every 20 ms later, until its result
/// converts to true. Returns that result. After `limit` it calls `seen` once, and throws a Failure:
/// `waited 20 s for WHAT; instead: SEEN`.
template <std::invocable Condition, std::invocable Seen>
auto wait_until(std::string_view what, Condition&& condition, Seen&& seen,
                std::chrono::milliseconds limit = patience) {
  const Deadline deadline(limit);
  std::chrono::milliseconds pause{2};
  while (true) {
    const bool last = deadline.passed(); // asked before the condition: the last look is a late one
    if (auto result = condition()) {
      return result;
    }
    if (last) {
      std::string message = "waited " + in_words(limit) + " for ";
      message += what;
      const std::string instead{seen()};
      if (!instead.empty()) {
        message += "; instead: ";
        message += instead;
      }
      throw Failure(message);
    }
    std::this_thread::sleep_for(std::min(pause, std::max(deadline.left(), decltype(pause){1})));
    pause = std::min(pause * 3 / 2, std::chrono::milliseconds{20});
  }
}

/// The same, with nothing to say about what was seen instead.
template <std::invocable Condition>
auto wait_until(std::string_view what, Condition&& condition,
                std::chrono::milliseconds limit = patience) {
  return wait_until(
      what, std::forward<Condition>(condition), [] { return std::string(); }, limit);
}

} // namespace lab
