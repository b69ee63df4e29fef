// What became of a check: one type and one encoding, from the process that tries a check to the
// pages that lab-grade writes. It needs no doctest.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lab {

enum class Outcome : unsigned char {
  passed,
  failed,
  skipped, ///< this machine cannot show it: no marks are lost
  not_run, ///< a check that it needs has not passed: no marks
  broken,  ///< it ended without a result: the kit's fault, not the program's; no marks
};

/// How the `why` of a check that was not run begins; the sentence of the cause follows.
inline constexpr std::string_view needed_first = "this check has to pass first: ";

/// One check and what became of it.
struct Result {
  std::string suite;    ///< `exercise-06`
  std::string sentence; ///< `reaps every child`
  std::string promise;  ///< this and the next three: as Check has them
  int marks = 0;
  std::string means;
  std::string look;
  Outcome outcome = Outcome::not_run;
  std::string why;  ///< what a check that failed saw; why another was skipped or not run
  std::string note; ///< what it did with less than it wants, and why
  double seconds = 0;

  /// The number of its step or exercise: `06`.
  [[nodiscard]] std::string number() const;

  [[nodiscard]] bool passed() const { return outcome == Outcome::passed; }

  [[nodiscard]] bool skipped() const { return outcome == Outcome::skipped; }

  /// What it is worth: nothing where it was skipped.
  [[nodiscard]] int possible() const { return skipped() ? 0 : marks; }

  [[nodiscard]] int reached() const { return passed() ? marks : 0; }

  bool operator==(const Result&) const = default;
};

/// What there is to read of a check, a labelled text a line: its note, and of one that has not
/// passed `saw`, `means`, `look` and its promise, or why it was skipped or not run.
std::string told(const Result& result);

/// Texts as netstrings, `5:hello,`: nothing that stands in one can end it.
/// https://cr.yp.to/proto/netstrings.txt
std::string netstring(std::string_view text);

/// Takes the first netstring off `text`; nothing, and `text` as it was, where it does not begin
/// with a whole one.
std::optional<std::string> take_netstring(std::string_view& text);

std::string encode(const Result& result);

/// The results in `text`, in order, up to the first that it does not hold whole.
std::vector<Result> decode_results(std::string_view text);

} // namespace lab
