#include "tools/grade/report.hpp"

#include "tools/grade/text.hpp"

#include <algorithm>
#include <numeric>

namespace lab::grade {

namespace {

/// `reaps every child` of `exercise-06: reaps every child`.
std::string sentence_of(const Record& check) {
  const auto colon = check.name.find(": ");
  return printable_line(colon == std::string::npos ? check.name : check.name.substr(colon + 2));
}

bool failed(const Record& check) {
  return check.skipped.empty() && (!check.passed || !check.not_run.empty());
}

std::string marks_of(int reached, int possible) {
  return std::to_string(reached) + " of " + std::to_string(possible);
}

void add_labelled(std::string& text, std::string label, std::string_view value) {
  while (!value.empty()) {
    const auto end = std::min(value.find('\n'), value.size());
    label.resize(8, ' ');
    text += label + std::string(value.substr(0, end)) + "\n";
    value.remove_prefix(std::min(end + 1, value.size()));
    label.clear();
  }
}

/// What became of a check that gives no marks: saw, means, look.
std::string told(const Record& check) {
  std::string text;
  if (!check.skipped.empty()) {
    add_labelled(text, "skipped", printable(check.skipped));
  } else if (!check.not_run.empty()) {
    add_labelled(text, "not run", printable(check.not_run));
  } else if (!check.passed) {
    add_labelled(text, "saw",
                 check.seen.empty() ? "no more than that it failed" : printable(check.seen));
    add_labelled(text, "means", printable(check.means));
    add_labelled(text, "look", printable(check.look));
  }
  return text;
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
    const auto skipped = std::ranges::count_if(
        one.checks, [](const Record& check) { return !check.skipped.empty(); });
    const auto right = static_cast<std::ptrdiff_t>(one.checks.size()) - wrong - skipped;
    text += "| " + markdown(one.exercise.folder) + " | " + marks_of(one.reached(), one.possible()) +
            " | " + std::to_string(right) + " | " +
            (one.not_built.empty() ? std::to_string(wrong) : "not built") + " |\n";
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
    for (const Record& check : one.checks) {
      if (!told(check).empty()) {
        checks +=
            "\n**" + markdown(sentence_of(check)) + "** " +
            (check.skipped.empty() ? marks_of(reached(check), check.points) : "no marks lost") +
            "\n\n" + fenced(told(check));
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
      const Record& check = one.checks[k];
      std::string words = told(check);
      if (k == 0 && !one.not_built.empty() && !one.compiler_words.empty()) {
        words += "\nThe compiler says:\n" + printable(one.compiler_words);
      }
      tests += tests.empty() ? "\n" : ",\n";
      tests +=
          "    {\"name\": " + json(one.exercise.folder.substr(0, 2) + " " + sentence_of(check)) +
          ", \"number\": " + json(std::to_string(i + 1) + "." + std::to_string(k + 1)) +
          ", \"score\": " + std::to_string(reached(check)) +
          ", \"max_score\": " + std::to_string(possible(check)) +
          ", \"status\": " + (failed(check) ? "\"failed\"" : "\"passed\"") +
          ", \"output\": " + json(words) + "}";
    }
  }
  return "{\n  \"score\": " + std::to_string(marks.reached()) + ",\n  \"output\": " + json(output) +
         ",\n  \"tests\": [" + tests + "\n  ]\n}\n";
}

std::string junit_xml(const Marks& marks) {
  std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"" +
                     xml(printable_line(marks.student)) + "\">\n";
  for (const ExerciseMarks& one : marks.exercises) {
    const auto skipped = std::ranges::count_if(
        one.checks, [](const Record& check) { return !check.skipped.empty(); });
    text += "  <testsuite name=\"" + xml(one.exercise.folder) + "\" tests=\"" +
            std::to_string(one.checks.size()) + "\" failures=\"" +
            std::to_string(std::ranges::count_if(one.checks, failed)) +
            "\" errors=\"0\" skipped=\"" + std::to_string(skipped) + "\">\n";
    for (const Record& check : one.checks) {
      text += "    <testcase classname=\"" + xml(one.exercise.folder) + "\" name=\"" +
              xml(sentence_of(check)) + "\"";
      if (!check.skipped.empty()) {
        text += ">\n      <skipped message=\"" + xml(printable_line(check.skipped)) +
                "\"/>\n    </testcase>\n";
      } else if (failed(check)) {
        const std::string why = check.not_run.empty() ? check.means : check.not_run;
        text += ">\n      <failure message=\"" + xml(printable_line(why)) + "\">" +
                html(told(check)) + "</failure>\n    </testcase>\n";
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
