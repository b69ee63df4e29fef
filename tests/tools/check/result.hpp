// What became of a check, and how it is told: to a person, or to the lab-check that asked for it.
#pragma once

#include "checks/check.hpp"

#include <iosfwd>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace lab {

/// One check, run or not.
struct Result {
  std::string suite;
  std::string name; ///< `step-06: reaps every child`
  Hint hint;        ///< its texts live as long as the program
  bool passed = false;
  std::string seen;    ///< what a check that failed saw
  std::string skipped; ///< why this machine cannot show it; it then counts as passed, without marks
  std::string not_run; ///< why it was not tried; it then counts as failed
  bool broken =
      false; ///< it ended without having told anything: the kit's fault, not the program's
  double seconds = 0;
};

/// The hint that hint() has put into a test case's description.
Hint decode_hint(const char* description);

/// What a check's own process tells of it, and back: nothing where `text` does not hold it whole.
/// Suite, name and hint are left out: who asked knows them.
std::string encode(const Result& result);
std::optional<Result> decode_result(std::string_view text);

/// `reaps every child` of `step-06: reaps every child`.
std::string sentence_of(std::string_view name);

/// Tells results as they come, and at the end the marks and what to do next.
class Report {
public:
  /// With colour where standard output is a terminal and NO_COLOR is not set. Where `brief`, the
  /// checks that passed count and are not told.
  explicit Report(std::ostream& out, bool brief = false);

  void add(const Result& result);

  /// The marks of each suite, and the one thing to do next.
  void finish();

private:
  struct Marks {
    int passed = 0;
    int failed = 0;
    int skipped = 0;
    int not_run = 0;
    int reached = 0;
    int possible = 0;
  };

  void line(std::string_view label, std::string_view text);
  [[nodiscard]] std::string paint(const char* code, const std::string& text) const;

  std::ostream& out_;
  bool colour_;
  bool brief_;
  std::map<std::string, Marks> marks_;
  std::string next_;
};

} // namespace lab
