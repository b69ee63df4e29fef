// What a person reads of a run of checks.
#pragma once

#include "tools/check/result.hpp"

#include <iosfwd>
#include <map>
#include <string>

namespace lab {

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
    std::map<Outcome, int> checks;
    int reached = 0;
    int possible = 0;
  };

  std::ostream& out_;
  bool colour_;
  bool brief_;
  std::map<std::string, Marks> marks_;
  std::string next_;
};

} // namespace lab
