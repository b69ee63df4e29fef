// How a check is written. A check starts a program of DIR (lab-check --programs DIR) with
// arguments, makes something happen to it, and looks at what the program and the kernel show. It
// ends in one of three ways:
//
// - it returns: passed;
// - it throws Failure with what it saw: failed. The harness adds what the program was doing;
// - it throws Skipped with the reason why this machine cannot show it: skipped, and no marks are
// lost.
//
// If a check could look at less than it wants, it says so by note(). CONTRIBUTING.md has the whole
// way: "One more check".
//
//   namespace lab::step_06 { // a namespace for each suite: several sources are compiled as one
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
//   } // namespace lab::step_06
#pragma once

#include "harness/failure.hpp"

#include <array>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace lab {

/// The program that a check is tried on, and how its contract differs from that of others.
struct Subject {
  const char* program; ///< its name in the folder of lab-check --programs
  /// A child serves each client. Otherwise one process serves one client after another.
  bool forks = false;
  /// How many arguments it takes at most. `NAME PORT [ADDRESS]` takes two; exercise 06 takes a
  /// third.
  int most_arguments = 2;
  /// Exercise 05: one of its checks asks whether the client sees the end. The others do not ask for
  /// it.
  bool end_is_another_matter = false;
};

struct Check;

/// The checks that have to pass first: one or several.
struct Needs {
  constexpr Needs() = default;

  // NOLINTNEXTLINE(google-explicit-constructor): `.needs = &listens`
  constexpr Needs(const Check* one, const Check* other = nullptr, const Check* third = nullptr)
      : all{one, other, third} {}

  std::array<const Check*, 3> all{};
};

/// A check, and all that is said of it.
struct Check {
  void (*body)(const Subject& subject);
  /// What the program does. PROGRAM in it is the name of the program.
  const char* sentence;
  const char* promise; ///< its code in tests/CONTRACT.md, or several: "S4 G3"
  /// What passing it is worth. Below 0, for what the exercise's program could do as shipped:
  /// passing it gives nothing, and not passing it costs so much.
  int marks = 1;
  const char* means = ""; ///< why the failure matters: what the student has to understand
  const char* look = "";  ///< where to look: a step and its [n], a man page
  /// How a person brings the same about: a command a line, with the number of its terminal before
  /// it, as "2: BIN/lab-scenes reset 9190". PROGRAM in it is the program, PID its process, BIN
  /// build/bin. Enter and ^C are keys. Where terminal 1 has no line, it has `PROGRAM 9190`. Empty:
  /// by hand it cannot be done.
  const char* by_hand = "";
  /// What has to pass first: `&listens`, or `{&listens, &echoes_a_line}`. If one of them fails,
  /// this one is not run. If the suite does not have it, what it needs itself counts instead, and
  /// so on.
  Needs needs = {};
  /// It lets time pass, to see that nothing happens. So it is no reason to keep others waiting.
  bool waits = false;
};

/// A suite: the checks of one step or of one exercise.
struct Suite {
  const char* name; ///< `step-06`, `exercise-06`
  Subject subject;
};

/// A check in a suite. Its name there is `SUITE: SENTENCE`.
struct SuiteCheck {
  std::string name;
  const char* suite;
  const Check* check;
  const Subject* subject;
  int marks;
  // By the instructor's tests/marks.txt:
  std::string visibility = {}; ///< on Gradescope: `hidden`, `after_due_date`, or empty
  bool off = false;            ///< it is not run
  bool counts = true;          ///< its exercise counts
};

/// All checks of all suites; those of one suite in the order of its source.
const std::vector<SuiteCheck>& suite_checks();

/// The same, for the instructor's file of marks to change.
std::vector<SuiteCheck>& suite_checks_to_change();

/// Puts a check into a suite, and returns its name there. Only the macros below use it.
const char* enter(const Suite& suite, const Check& check, int marks);

/// Runs a check as one of doctest's own test cases. Only the macros below use it.
void run_for_doctest(const Check& check, const Subject& subject);

/// This machine lacks what the check needs: what() says what and why.
class Skipped : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// A line for the check's report: what it did not look at on this machine, or not fully, and why.
/// It is reported also if the check passes.
void note(const std::string& text);

/// The lines of note() so far. Only the runner uses it.
const std::string& notes();

/// The parts put together, for a message.
template <typename... Parts>
std::string text(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

/// Runs another check as a part of this one. Its failure says what that check means and where it
/// looks, and not what this one does of all its parts.
void run_part(const Check& part, const Subject& subject);

/// Runs a part of a check. Its failure gets this advice, if it has none of its own.
template <typename Part>
void advised(const Advice& advice, Part&& part) {
  try {
    part();
  } catch (Failure& failure) {
    failure.advise(advice);
    throw;
  }
}

/// If not `as_promised`: throws Failure. The parts together say what was seen.
template <typename... Parts>
void expect(bool as_promised, const Parts&... seen) {
  if (!as_promised) {
    throw Failure(text(seen...));
  }
}

} // namespace lab

// NOLINTBEGIN(cppcoreguidelines-macro-usage): doctest registers test cases by macros

/// A check that is in no suite yet. Suites take it by LAB_TAKE. A header declares it for them:
/// `extern const Check NAME;`.
#define LAB_SHARED_CHECK(NAME, ...)                                                                \
  static void body_of_##NAME(const ::lab::Subject& subject);                                       \
  constinit const ::lab::Check NAME{.body = body_of_##NAME, __VA_ARGS__};                          \
  static void body_of_##NAME([[maybe_unused]] const ::lab::Subject& subject)

/// Puts another source's check into the `suite` of this source, with that check's marks.
/// LAB_TAKE_FOR gives it other marks.
#define LAB_TAKE(CHECK) LAB_TAKE_FOR(CHECK, (CHECK).marks)
#define LAB_TAKE_FOR(CHECK, MARKS)                                                                 \
  TEST_CASE(::lab::enter(suite, CHECK, MARKS) * ::doctest::test_suite(suite.name)) {               \
    ::lab::run_for_doctest(CHECK, suite.subject);                                                  \
  }

/// A check of the `suite` of this source: its name, the fields of Check, and then its body. Another
/// suite may take it as well.
#define LAB_CHECK(NAME, ...)                                                                       \
  static void body_of_##NAME(const ::lab::Subject& subject);                                       \
  constinit const ::lab::Check NAME{.body = body_of_##NAME, __VA_ARGS__};                          \
  LAB_TAKE(NAME)                                                                                   \
  static void body_of_##NAME([[maybe_unused]] const ::lab::Subject& subject)

// NOLINTEND(cppcoreguidelines-macro-usage)
