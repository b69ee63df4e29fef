#include "tools/check/result.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <deque>
#include <iomanip>
#include <ostream>
#include <vector>

#include <unistd.h>

namespace lab {

namespace {

// Between the fields of a hint and of an encoded result: no text of ours or of a program under
// test, which is shown escaped, holds them.
constexpr char hint_separator = '\x1f';
constexpr char field_separator = '\x1e';
constexpr std::string_view first_field = "lab-result";

constexpr int sentence_width = 72;

std::vector<std::string> fields_of(std::string_view text, char separator) {
  std::vector<std::string> result;
  for (;;) {
    const std::size_t end = std::min(text.find(separator), text.size());
    result.emplace_back(text.substr(0, end));
    if (end == text.size()) {
      return result;
    }
    text.remove_prefix(end + 1);
  }
}

// `step-06: reaps every child` as `06` and the sentence.
std::pair<std::string, std::string> split(std::string_view name) {
  const std::size_t colon = name.find(": ");
  const std::size_t digits = name.find_first_of("0123456789");
  if (colon == std::string_view::npos || digits > colon) {
    return {"--", std::string(name)};
  }
  return {std::string(name.substr(digits, 2)), std::string(name.substr(colon + 2))};
}

} // namespace

Registration hint(const Hint& hint) {
  static std::deque<std::string> kept; // doctest keeps the pointer
  std::string text;
  for (const std::string& field :
       {std::string(hint.promise), std::to_string(hint.points), std::string(hint.means),
        std::string(hint.look), std::string(hint.needs)}) {
    text += hint_separator + field;
  }
  kept.push_back(text);
  return {.description = kept.back().c_str(), .place = static_cast<int>(kept.size())};
}

Hint decode_hint(const char* description) {
  if (description == nullptr || description[0] != hint_separator) {
    return {};
  }
  static std::deque<std::vector<std::string>> kept;
  const auto& fields = kept.emplace_back(fields_of(description + 1, hint_separator));
  return {.promise = fields.at(0).c_str(),
          .points = std::stoi(fields.at(1)),
          .means = fields.at(2).c_str(),
          .look = fields.at(3).c_str(),
          .needs = fields.at(4).c_str()};
}

std::string encode(const Result& result) {
  std::string text(first_field);
  for (const std::string& field :
       {std::string(result.passed ? "passed" : "failed"), result.seen, result.skipped,
        result.not_run, std::to_string(result.seconds)}) {
    text += field_separator + field;
  }
  return text + field_separator;
}

std::optional<Result> decode_result(std::string_view text) {
  const std::size_t start = text.find(first_field);
  if (start == std::string_view::npos) {
    return std::nullopt;
  }
  const auto fields = fields_of(text.substr(start), field_separator);
  if (fields.size() != 7) {
    return std::nullopt; // the check's process ended while it told
  }
  Result result;
  result.passed = fields[1] == "passed";
  result.seen = fields[2];
  result.skipped = fields[3];
  result.not_run = fields[4];
  result.seconds = std::stod(fields[5]);
  return result;
}

std::string sentence_of(std::string_view name) {
  return split(name).second;
}

Report::Report(std::ostream& out, bool brief)
    : out_(out), colour_(isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr),
      brief_(brief) {}

void Report::add(const Result& result) {
  const auto [number, sentence] = split(result.name);
  const std::string points = std::to_string(result.hint.points);
  Marks& marks = marks_[result.suite];
  const auto head = [&, number = number, sentence = sentence](const char* colour,
                                                              const std::string& reached) {
    // Two words at least between a sentence and its marks, whatever its length.
    out_ << number << "  " << std::left << std::setw(sentence_width) << sentence << "  "
         << paint(colour, reached + "/" + points) << '\n';
  };

  if (!result.skipped.empty()) {
    ++marks.skipped;
    head("33", "-");
    line("skipped", result.skipped);
    return;
  }
  marks.possible += result.hint.points;
  if (result.passed) {
    ++marks.passed;
    marks.reached += result.hint.points;
    if (!brief_) {
      head("32", points);
    }
    return;
  }
  head("31", "0");
  if (!result.not_run.empty()) {
    ++marks.not_run;
    line("not run", result.not_run);
    return;
  }
  ++marks.failed;
  line("saw", result.seen.empty() ? "no more than that it failed" : result.seen);
  line("means", result.hint.means);
  line("look", result.hint.look);
  if (next_.empty()) {
    next_ = number + "  " + sentence;
  }
}

void Report::finish() {
  out_ << '\n';
  for (const auto& [suite, marks] : marks_) {
    out_ << suite << ": " << marks.reached << " of " << marks.possible << " marks (" << marks.passed
         << " checks passed, " << marks.failed << " failed";
    if (marks.not_run != 0) {
      out_ << ", " << marks.not_run << " not run";
    }
    if (marks.skipped != 0) {
      out_ << ", " << marks.skipped << " skipped";
    }
    out_ << ")\n";
  }
  if (!next_.empty()) {
    out_ << "do next: " << next_ << '\n';
  }
}

// A labelled text below a check's line; further lines of it stand under the first.
void Report::line(std::string_view label, std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    out_ << "    " << std::left << std::setw(7) << label << ' ' << text.substr(0, end) << '\n';
    text.remove_prefix(std::min(end + 1, text.size()));
    label = {};
  }
}

std::string Report::paint(const char* code, const std::string& text) const {
  return colour_ ? std::string("\x1b[") + code + "m" + text + "\x1b[0m" : text;
}

} // namespace lab
