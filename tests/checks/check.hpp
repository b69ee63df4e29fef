// How a check is written. A check hands a program of DIR (lab-check --programs DIR) its arguments,
// makes something happen to it, and looks at what the program and the kernel show of it. It ends in
// one of three ways: it returns (passed), throws Failure with what it saw (failed), or throws
// Skipped with the reason why this machine cannot show it (skipped, and no marks are lost).
//
//   TEST_SUITE("step-06") {
//   LAB_CHECK("step-06: reaps every child when 50 clients leave at once",
//             .promise = "M3", .points = 3,
//             .means = "SIGCHLD is not queued: one delivery can stand for many exits",
//             .look = "steps/04-signal-vs-sigaction, [1]; waitpid(2), WNOHANG") {
//     lab::Server server("echo_mpserver");
//     ...
//     lab::expect(zombies.empty(), count, " zombies: ", list);
//   }
//   }
#pragma once

#include "harness/failure.hpp"

#include <sstream>
#include <stdexcept>
#include <string>

#include <doctest/doctest.h>

namespace lab {

/// What a check says of itself. Its sentence, the test case's name, is `SUITE: what the program
/// does`.
struct Hint {
  const char* promise = ""; ///< the contract's: "M3", or several: "S4 G3"
  int points = 1;           ///< what passing it is worth
  const char* means = "";   ///< why the failure matters: what the student has to understand
  const char* look = "";    ///< where to look: a step and its [n], a man page
  const char* needs =
      ""; ///< the sentence of a check that has to pass for this one to mean anything
};

/// A doctest decorator: a check's hint, and its place among the checks that one line of a source
/// registers, since doctest orders by file and line.
struct Registration {
  const char* description;
  int place;

  void fill(doctest::detail::TestCase& test) const {
    test.m_description = description;
    test.m_template_id = place;
    test.m_full_name = test.m_name; // doctest names a test case that has a template's id by this
  }
};

Registration hint(const Hint& hint);

/// This machine lacks what the check needs: what() says what and why.
class Skipped : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// Throws Failure with the parts put together, unless `as_promised`. The parts say what was seen.
template <typename... Parts>
void expect(bool as_promised, const Parts&... seen) {
  if (!as_promised) {
    std::ostringstream text;
    (text << ... << seen);
    throw Failure(text.str());
  }
}

/// Runs a check's body: used by LAB_CHECK alone.
void run_check(void (*body)());

} // namespace lab

// NOLINTBEGIN(cppcoreguidelines-macro-usage): doctest registers test cases by macros
#define LAB_CHECK_NAMED(BODY, SENTENCE, ...)                                                       \
  static void BODY();                                                                              \
  TEST_CASE(SENTENCE* ::lab::hint(::lab::Hint{__VA_ARGS__})) {                                     \
    ::lab::run_check(BODY);                                                                        \
  }                                                                                                \
  static void BODY()

/// A check: its sentence, the fields of its Hint, and then its body in braces.
#define LAB_CHECK(SENTENCE, ...)                                                                   \
  LAB_CHECK_NAMED(DOCTEST_ANONYMOUS(lab_check_), SENTENCE, __VA_ARGS__)
// NOLINTEND(cppcoreguidelines-macro-usage)
