// How a check is written: in one place, with all that is said of it. A check hands a program of DIR
// (lab-check --programs DIR) its arguments, makes something happen to it, and looks at what the
// program and the kernel show of it. It ends in one of three ways: it returns (passed), throws
// Failure with what it saw (failed), or throws Skipped with the reason why this machine cannot show
// it (skipped, and no marks are lost). What the program was doing is added to each Failure.
// When a check had to do with less than it wants, it says so by note().
//
//   namespace lab {
//   namespace {
//   constexpr Suite suite{.name = "step-06", .subject = {.program = "echo_mpserver"}};
//   } // namespace
//
//   LAB_EVERY_SERVER(LAB_TAKE_SERVER) // those of every server: checks/server.hpp names them
//
//   LAB_CHECK(reaps_all, .sentence = "reaps every child when 50 clients leave at once",
//             .promise = "M3", .marks = 3,
//             .means = "SIGCHLD is not queued: one delivery can stand for many exits",
//             .look = "steps/04-signal-vs-sigaction, [1]; waitpid(2), WNOHANG",
//             .needs = &server::listens) {
//     Server server(subject.program);
//     ...
//     expect(zombies.empty(), count, " zombies: ", list);
//   }
//   } // namespace lab
#pragma once

#include "harness/failure.hpp"

#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace lab {

/// The program that a check is tried on, and what its contract asks beyond or short of others.
struct Subject {
  const char* program; ///< its name in the folder of lab-check --programs
  /// A child serves each client; otherwise one process serves one client after another.
  bool forks = false;
  /// `NAME PORT [ADDRESS]` takes two; exercise 06 takes a third.
  int most_arguments = 2;
  /// That the client sees an end is what exercise 05 is about: its other checks do not ask for it.
  bool end_is_another_matter = false;
};

/// A check, and all that is said of it.
struct Check {
  void (*body)(const Subject& subject);
  /// What the program does. PROGRAM in it is the name of the program.
  const char* sentence;
  const char* promise;    ///< its code in tests/CONTRACT.md, or several: "S4 G3"
  int marks = 1;          ///< what passing it is worth
  const char* means = ""; ///< why the failure matters: what the student has to understand
  const char* look = "";  ///< where to look: a step and its [n], a man page
  /// Has to pass for this one to mean anything: else this one is not run. Where a suite does not
  /// hold it, what that one needs counts instead.
  const Check* needs = nullptr;
};

/// A suite: one step's, or one exercise's.
struct Suite {
  const char* name; ///< `step-06`, `exercise-06`
  Subject subject;
};

/// A check as it stands in a suite, where it is known as `SUITE: SENTENCE`.
struct SuiteCheck {
  std::string name;
  const char* suite;
  const Check* check;
  const Subject* subject;
  int marks;
};

/// All checks of all suites; those of one suite in the order of its source.
const std::vector<SuiteCheck>& suite_checks();

/// Enters a check into a suite, and gives its name there. Used by the macros below alone.
const char* enter(const Suite& suite, const Check& check, int marks);

/// For a check as one of doctest's own test cases. Used by the macros below alone.
void run_for_doctest(const Check& check, const Subject& subject);

/// This machine lacks what the check needs: what() says what and why.
class Skipped : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// Says in the check's report, whatever becomes of it, what it did not look at here, or looked at
/// with less, and why.
void note(const std::string& text);

/// What note() has said until now; used by the runner alone.
const std::string& notes();

/// The parts put together, for a message.
template <typename... Parts>
std::string text(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

/// Throws Failure with the parts put together, unless `as_promised`. The parts say what was seen.
template <typename... Parts>
void expect(bool as_promised, const Parts&... seen) {
  if (!as_promised) {
    throw Failure(text(seen...));
  }
}

} // namespace lab

// NOLINTBEGIN(cppcoreguidelines-macro-usage): doctest registers test cases by macros

/// A check that suites take over by its name. A header declares it: `extern const Check NAME;`.
#define LAB_SHARED_CHECK(NAME, ...)                                                                \
  static void body_of_##NAME(const ::lab::Subject& subject);                                       \
  constinit const ::lab::Check NAME{.body = body_of_##NAME, __VA_ARGS__};                          \
  static void body_of_##NAME([[maybe_unused]] const ::lab::Subject& subject)

/// Takes a check over into the `suite` of this source; LAB_TAKE_FOR for other marks than its own.
#define LAB_TAKE(CHECK) LAB_TAKE_FOR(CHECK, (CHECK).marks)
#define LAB_TAKE_FOR(CHECK, MARKS)                                                                 \
  TEST_CASE(::lab::enter(suite, CHECK, MARKS) * ::doctest::test_suite(suite.name)) {               \
    ::lab::run_for_doctest(CHECK, suite.subject);                                                  \
  }

/// A check of the `suite` of this source: its name, the fields of Check, and then its body.
#define LAB_CHECK(NAME, ...)                                                                       \
  static void body_of_##NAME(const ::lab::Subject& subject);                                       \
  constinit const ::lab::Check NAME{.body = body_of_##NAME, __VA_ARGS__};                          \
  LAB_TAKE(NAME)                                                                                   \
  static void body_of_##NAME([[maybe_unused]] const ::lab::Subject& subject)

// NOLINTEND(cppcoreguidelines-macro-usage)
