// The result of a check: one type and one encoding, from the process that runs the check to the
// pages that lab-grade writes. It needs no doctest.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lab {

enum class Outcome : unsigned char {
  passed,
  failed,
  skipped, ///< this machine cannot show it: its marks are given
  not_run, ///< a check that it needs has not passed: no marks
  broken,  ///< the check ended early or took too long: the kit's fault, not the program's; no marks
};

/// How the `why` of a check that was not run begins; the sentence of the cause follows.
inline constexpr std::string_view needed_first = "this check has to pass first: ";

/// One check and its result.
struct Result {
  std::string suite;    ///< `exercise-06`
  std::string sentence; ///< `reaps every child`
  std::string promise;  ///< this and the next three: as Check has them
  int marks = 0;        ///< below 0: what it costs if it does not pass
  std::string means;
  std::string look;
  /// How a person does the same: a command a line, with the number of its terminal: `2: kill -TERM
  /// PID`. Empty: by hand it cannot be brought about.
  std::string by_hand;
  Outcome outcome = Outcome::not_run;
  std::string why;  ///< what a check that failed saw; why another was skipped or not run
  std::string at;   ///< the places in the program that it is about: `FILE:LINE: WORDS`, a line each
  std::string note; ///< what it did not look at, or not fully, and why
  double seconds = 0;
  /// It did not pass, and others may be why: it took a while on a busy machine, it lacked
  /// processes, or it broke.
  bool late = false;
  std::string visibility;  ///< on Gradescope: `hidden`, `after_due_date`, or empty
  bool as_shipped = false; ///< nothing of the exercise has been changed: it gives no marks
  bool waits = false;      ///< as Check has it
  std::string film{};      ///< the page of its film, as long as it is in no file
  bool filmed = false;     ///< the page is in a file

  /// The name of the file for its film: `06-reaps-every-child.html`.
  [[nodiscard]] std::string film_name() const;

  /// The number of its step or exercise: `06`.
  [[nodiscard]] std::string number() const;

  [[nodiscard]] bool passed() const { return outcome == Outcome::passed; }

  [[nodiscard]] bool skipped() const { return outcome == Outcome::skipped; }

  [[nodiscard]] int possible() const { return std::max(marks, 0); }

  /// What it gives, or what it costs. One that was skipped gives its marks: nobody is to lose or
  /// win anything by the machine.
  [[nodiscard]] int reached() const {
    return as_shipped ? 0 : passed() || skipped() ? possible() : std::min(marks, 0);
  }

  bool operator==(const Result&) const = default;
};

/// The marks of an exercise, of all of its checks. They are never below 0.
int reached_of(const std::vector<Result>& exercise);
int possible_of(const std::vector<Result>& exercise);

/// `2 of 3`; for a check that costs marks, `costs 1`, or `costs nothing`.
std::string marks_in_words(const Result& result);

/// The lines about a check, each with a label: `note`; if it has failed, `saw`, `means`, `look` and
/// `promise`; if it was skipped or not run, why.
std::string told(const Result& result);

/// A text as a netstring, `5:hello,`. Nothing in the text can end it.
/// https://cr.yp.to/proto/netstrings.txt
std::string netstring(std::string_view text);

/// Takes the first netstring off `text`. If `text` does not begin with a whole one, it stays as it
/// is, and the result is nothing.
std::optional<std::string> take_netstring(std::string_view& text);

/// Of what was seen the middle is left out if it is long, and a film if it is longer than 2 MiB.
std::string encode(const Result& result);

/// The results in `text`, in order, up to the first that is not complete.
std::vector<Result> decode_results(std::string_view text);

} // namespace lab
