// Whether the lines of a program are seen when it prints them, or wait in a buffer. Checks that
// need a line in the middle of a run need one of these first: else they would take the buffer's
// fault for another.
#pragma once

#include "checks/check.hpp"
#include "checks/common.hpp"
#include "checks/settle.hpp"
#include "harness/process.hpp"

#include <chrono>
#include <concepts>
#include <functional>
#include <string>

namespace lab {

/// `means` and `look` of such a check.
inline constexpr const char* buffer_means =
    "stdio (printf, cout) writes each line at once only when its output is a terminal. In a pipe "
    "or a file it keeps lines in its buffer until that is full or the program ends. A check reads "
    "through a pipe, so your program may look right in your terminal";
inline constexpr const char* buffer_look =
    "steps/support/output.hpp, print_line; fflush(3), setvbuf(3)";

/// When a line was seen.
struct Seen {
  bool at_once;    ///< while the program waited for what happens next
  bool at_the_end; ///< when the program had ended, or had been asked to
};

/// Whether `seen` comes to hold before the program comes to rest, or by its end.
template <std::predicate Condition>
bool comes(Process& process, Condition&& seen, std::chrono::milliseconds limit = soon) {
  try {
    settle(
        process.pid(), "", [&] { return seen() || process.poll_exit(); }, limit);
    if (process.poll_exit()) {
      process.wait(soon); // for its last words
    }
  } catch (const Failure&) { // NOLINT(bugprone-empty-catch)
  }
  return seen();
}

/// Whether it holds when the program, which has been asked to end, has ended.
template <std::predicate Condition>
bool comes_at_the_end(Process& process, Condition&& seen) {
  try {
    process.wait(soon);
  } catch (const Failure&) { // NOLINT(bugprone-empty-catch)
  }
  return seen();
}

/// Throws Failure if `line` is not seen at once through a pipe, although the program prints it.
/// `run` runs the program with this output, and makes happen what the line tells of.
void expect_at_once(const std::string& line, const std::function<Seen(Output)>& run);

} // namespace lab
