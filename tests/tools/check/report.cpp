#include "tools/check/report.hpp"

#include <algorithm>
#include <cstdlib>
#include <iomanip>
#include <ostream>
#include <string_view>

#include <unistd.h>

namespace lab {

namespace {

constexpr int sentence_width = 72;
constexpr std::string_view indent = "    ";

const char* colour_of(Outcome outcome) {
  return outcome == Outcome::passed ? "32" : outcome == Outcome::skipped ? "33" : "31";
}

} // namespace

Report::Report(std::ostream& out, bool brief)
    : out_(out), colour_(isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr),
      brief_(brief) {}

void Report::add(const Result& result) {
  Marks& marks = marks_[result.suite];
  ++marks.checks[result.outcome == Outcome::broken ? Outcome::failed : result.outcome];
  marks.reached += result.reached();
  marks.possible += result.possible();
  if (result.passed() && brief_ && result.note.empty()) {
    return;
  }
  const std::string reached = (result.skipped() ? "-" : std::to_string(result.reached())) + "/" +
                              std::to_string(result.marks);
  // Two words at least between a sentence and its marks, whatever its length.
  out_ << result.number() << "  " << std::left << std::setw(sentence_width) << result.sentence
       << "  "
       << (colour_ ? std::string("\x1b[") + colour_of(result.outcome) + "m" + reached + "\x1b[0m"
                   : reached)
       << '\n';
  const std::string text = told(result);
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = rest.find('\n') + 1;
    out_ << indent << rest.substr(0, end);
    rest.remove_prefix(end);
  }
  if (next_.empty() && (result.outcome == Outcome::failed || result.outcome == Outcome::broken)) {
    next_ = result.number() + "  " + result.sentence;
  }
}

void Report::finish() {
  out_ << '\n';
  for (auto& [suite, marks] : marks_) {
    out_ << suite << ": " << marks.reached << " of " << marks.possible << " marks ("
         << marks.checks[Outcome::passed] << " checks passed, " << marks.checks[Outcome::failed]
         << " failed";
    if (const int count = marks.checks[Outcome::not_run]) {
      out_ << ", " << count << " not run";
    }
    if (const int count = marks.checks[Outcome::skipped]) {
      out_ << ", " << count << " skipped";
    }
    out_ << ")\n";
  }
  if (!next_.empty()) {
    out_ << "do next: " << next_ << '\n';
  }
}

} // namespace lab
