#include "tools/grade/report.hpp"

#include "tools/text/text.hpp"

#include <algorithm>
#include <numeric>

namespace lab::grade {

namespace {

bool failed(const Result& check) {
  return !check.passed() && !check.skipped();
}

std::string marks_of(int reached, int possible) {
  return std::to_string(reached) + " of " + std::to_string(possible);
}

std::string heading(const ExerciseMarks& one) {
  return one.exercise.folder + ": " + marks_of(one.reached(), one.possible()) + " marks";
}

} // namespace

std::string report_markdown(const Marks& marks) {
  std::string text = "# " + markdown(printable_line(marks.student)) + "\n\n**" +
                     marks_of(marks.reached(), marks.possible()) + " marks**\n\n";
  text += "| exercise | marks | checks passed | failed |\n|---|---:|---:|---:|\n";
  for (const ExerciseMarks& one : marks.exercises) {
    const auto wrong = std::ranges::count_if(one.checks, failed);
    const auto skipped =
        std::ranges::count_if(one.checks, [](const Result& check) { return check.skipped(); });
    const auto right = static_cast<std::ptrdiff_t>(one.checks.size()) - wrong - skipped;
    text += "| " + markdown(one.exercise.folder) + " | " + marks_of(one.reached(), one.possible()) +
            " | " + std::to_string(right) + " | " +
            (one.not_built.empty() ? std::to_string(wrong) : "not built") + " |\n";
  }
  if (!marks.notes.empty()) {
    text += "\nWhat was handed in:\n\n";
    for (const std::string& note : marks.notes) {
      text += "- " + markdown(printable_line(note)) + "\n";
    }
  }
  for (const ExerciseMarks& one : marks.exercises) {
    text += "\n## " + markdown(heading(one)) + "\n";
    if (!one.not_built.empty()) {
      text += "\n" + markdown(printable_line(one.not_built)) + ".\n";
    }
    if (!one.compiler_words.empty()) {
      text += "\nThe compiler says:\n\n" + fenced(printable(one.compiler_words));
    }
    if (!one.not_built.empty()) {
      continue; // no check has run: nothing to say of each
    }
    std::string checks;
    for (const Result& check : one.checks) {
      if (!told(check).empty()) {
        checks += "\n**" + markdown(printable_line(check.sentence)) + "** " +
                  (check.skipped() ? "no marks lost" : marks_of(check.reached(), check.marks)) +
                  "\n\n" + fenced(printable(told(check)));
      }
    }
    text += checks.empty() ? "\nAll checks passed.\n" : checks;
  }
  return text;
}

std::string gradescope_json(const Marks& marks) {
  std::string output = marks_of(marks.reached(), marks.possible()) + " marks";
  std::string tests;
  for (std::size_t i = 0; i < marks.exercises.size(); ++i) {
    const ExerciseMarks& one = marks.exercises[i];
    output += "\n" + heading(one) +
              (one.not_built.empty() ? "" : " (" + printable_line(one.not_built) + ")");
    for (std::size_t k = 0; k < one.checks.size(); ++k) {
      const Result& check = one.checks[k];
      std::string words = printable(told(check));
      if (k == 0 && !one.not_built.empty() && !one.compiler_words.empty()) {
        words += "\nThe compiler says:\n" + printable(one.compiler_words);
      }
      tests += tests.empty() ? "\n" : ",\n";
      tests += "    {\"name\": " +
               json(one.exercise.folder.substr(0, 2) + " " + printable_line(check.sentence)) +
               ", \"number\": " + json(std::to_string(i + 1) + "." + std::to_string(k + 1)) +
               ", \"score\": " + std::to_string(check.reached()) +
               ", \"max_score\": " + std::to_string(check.possible()) +
               ", \"status\": " + (failed(check) ? "\"failed\"" : "\"passed\"") +
               ", \"output\": " + json(words) + "}";
    }
  }
  for (const std::string& note : marks.notes) {
    output += "\n" + printable_line(note);
  }
  return "{\n  \"score\": " + std::to_string(marks.reached()) + ",\n  \"output\": " + json(output) +
         ",\n  \"tests\": [" + tests + "\n  ]\n}\n";
}

std::string junit_xml(const Marks& marks) {
  std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"" +
                     xml(printable_line(marks.student)) + "\">\n";
  for (const ExerciseMarks& one : marks.exercises) {
    const auto skipped =
        std::ranges::count_if(one.checks, [](const Result& check) { return check.skipped(); });
    text += "  <testsuite name=\"" + xml(one.exercise.folder) + "\" tests=\"" +
            std::to_string(one.checks.size()) + "\" failures=\"" +
            std::to_string(std::ranges::count_if(one.checks, failed)) +
            R"(" errors="0" skipped=")" + std::to_string(skipped) + "\">\n";
    for (const Result& check : one.checks) {
      text += "    <testcase classname=\"" + xml(one.exercise.folder) + "\" name=\"" +
              xml(printable_line(check.sentence)) + "\"";
      if (check.skipped()) {
        text += ">\n      <skipped message=\"" + xml(printable_line(check.why)) +
                "\"/>\n    </testcase>\n";
      } else if (failed(check)) {
        const std::string why = check.outcome == Outcome::not_run ? check.why : check.means;
        text += ">\n      <failure message=\"" + xml(printable_line(why)) + "\">" +
                html(printable(told(check))) + "</failure>\n    </testcase>\n";
      } else {
        text += "/>\n";
      }
    }
    if (!one.compiler_words.empty()) {
      text += "    <system-err>" + html(printable(one.compiler_words)) + "</system-err>\n";
    }
    text += "  </testsuite>\n";
  }
  return text + "</testsuites>\n";
}

} // namespace lab::grade
