// What a person reads of a run of checks: the marks first, and the first cause last, where the eye
// is.
#pragma once

#include "tools/check/result.hpp"
#include "tools/drawing/terminal.hpp"

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace lab {

/// On what it is shown, and how much of it.
struct Screen {
  Style style;
  std::size_t columns = 80; ///< what is narrower is taken for 40
  bool all = false;         ///< every check in the order given, and nothing cut
  std::size_t rows = 16;    ///< lines that a check has at most; with its command, a screen of 24
  std::string how_all = "--all"; ///< what shows all of it: an option, or a key
  /// The command that runs this check alone, word by word, each quoted for a shell. Nothing: it is
  /// not told.
  std::function<std::vector<std::string>(const Result&)> again;
};

/// The report of a run. A single check is told, and no marks are added up. Of several, first a line
/// of marks for each suite, and why checks were skipped or not run. Then those that failed, the
/// first cause last: a crash before everything, then what other checks need, then the rest as it
/// stands in the suite. A check has Screen::rows lines at most, a suite 100. What several checks
/// saw alike is told once.
std::string report_of(const std::vector<Result>& results, Screen screen);

/// Its Result::by_hand for a person: `terminal 1: build/bin/...`, a line for each command.
std::string by_hand_of(const Result& result);

/// Of one suite, the check that failed and is to be mended first. Null: none has failed.
const Result* first_cause(const std::vector<Result>& results);

/// What --test-case takes for the check of this name, `SUITE: SENTENCE`, and for no other of
/// `names`: as many words as that takes.
std::string pattern_for(const std::string& name, const std::vector<std::string>& names);

/// As an argument of a shell's command, in quotes where it needs them.
std::string for_shell(std::string_view argument);

} // namespace lab
