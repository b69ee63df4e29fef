#include "tools/grade/report.hpp"

#include "tools/check/report.hpp"
#include "tools/grade/page.hpp"
#include "tools/text/text.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <string_view>
#include <vector>

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

/// How many checks failed, or why there are none.
std::string failed_of(const ExerciseMarks& one) {
  return one.not_built.empty()         ? std::to_string(std::ranges::count_if(one.checks, failed))
         : one.not_built == as_shipped ? std::string(as_shipped)
                                       : "not built";
}

std::vector<std::string> names_of(const Marks& marks) {
  std::vector<std::string> names;
  for (const ExerciseMarks& one : marks.exercises) {
    for (const Result& check : one.checks) {
      names.push_back(check.suite + ": " + check.sentence);
    }
  }
  return names;
}

/// Runs one check of a program that stands in the kit's folder exercises, and makes a film of it.
std::string command_of(const ExerciseMarks& one, const Result& check,
                       const std::vector<std::string>& names) {
  return "cmake --build build --target lab-check exercise-" + one.exercise.folder.substr(0, 2) +
         " && build/bin/lab-check --programs build/exercises/" + one.exercise.folder +
         " --test-case=" + for_shell(pattern_for(check.suite + ": " + check.sentence, names)) +
         " --film films";
}

/// Where a report links to, from the folder of its student.
std::string film_of(const Result& check) {
  return "films/" + url(check.film_name());
}

/// Why some that failed have no film.
std::string about_films(const Marks& marks, const ExerciseMarks& one) {
  return marks.filmed && std::ranges::any_of(one.checks,
                                             [](const Result& check) {
                                               return check.outcome == Outcome::failed &&
                                                      !check.filmed;
                                             })
             ? "Of an exercise only the first " + std::to_string(films_of_exercise) +
                   " checks that failed have a film. A program that cannot be recorded has none."
             : "";
}

/// Said once for an exercise, before commands that repeat its failures. Empty if there are none.
std::string how_to_repeat(const ExerciseMarks& one) {
  const bool any = std::ranges::any_of(
      one.checks, [](const Result& check) { return check.outcome == Outcome::failed; });
  const std::string& folder = one.exercise.folder;
  return !any ? ""
              : "The commands below are for the kit's folder, with this program as exercises/" +
                    folder + "/" + one.exercise.program +
                    ".cpp. They run it as you, without the protections of lab-grade: do that with "
                    "your own program. With another person's, lab-grade --only " +
                    folder.substr(0, 2) + " runs all checks of the exercise again, protected.";
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
            " | " + std::to_string(right) + " | " + failed_of(one) + " |\n";
  }
  if (!marks.notes.empty()) {
    text += "\nWhat was handed in:\n\n";
    for (const std::string& note : marks.notes) {
      text += "- " + markdown(printable_line(note)) + "\n";
    }
  }
  const auto names = names_of(marks);
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
    if (const std::string films = about_films(marks, one); !films.empty()) {
      checks = "\n" + films + "\n";
    }
    for (const Result& check : one.checks) {
      if (!told(check).empty()) {
        checks += "\n**" + markdown(printable_line(check.sentence)) + "** " +
                  marks_in_words(check) + "\n\n" + fenced(printable(told(check)));
        if (check.filmed) {
          checks += "\n[The film: what happened when](" + film_of(check) + ")\n";
        }
        if (check.outcome == Outcome::failed) {
          checks += "\nTo repeat it, and to see in films what happened when:\n\n" +
                    fenced(printable_line(command_of(one, check, names)));
        }
      }
    }
    if (const std::string how = how_to_repeat(one); !how.empty()) {
      text += "\n" + markdown(how) + "\n";
    }
    text += checks.empty() ? "\nAll checks passed.\n" : checks;
  }
  return text;
}

std::string report_html(const Marks& marks) {
  constexpr std::string_view style = R"(
body { max-width: 62rem; margin: 1.5rem auto; padding: 0 1rem; }
table { border-collapse: collapse; } td, th { padding: .2rem 1rem .2rem 0; text-align: left; border-bottom: 1px solid var(--line); }
.n { text-align: right; } h3 { font-size: 1rem; margin: 1.25rem 0 .25rem; }
pre { background: var(--head); padding: .6rem .8rem; white-space: pre-wrap; overflow-wrap: anywhere; font: 13px/1.4 ui-monospace, monospace; margin: .25rem 0; }
@media print { pre { font-size: 8px; } }
)";
  const auto line = [](const std::string& text) { return html(printable_line(text)); };
  std::string text =
      "<p><b>" + marks_of(marks.reached(), marks.possible()) + " marks</b></p>\n" +
      "<table>\n<thead><tr><th>exercise</th><th class=\"n\">marks</th><th class=\"n\">"
      "failed</th></tr></thead>\n<tbody>\n";
  for (const ExerciseMarks& one : marks.exercises) {
    text += "<tr><td><a href=\"#e" + one.exercise.folder.substr(0, 2) + "\">" +
            line(one.exercise.folder) + "</a></td><td class=\"n\">" +
            marks_of(one.reached(), one.possible()) + "</td><td class=\"n\">" + failed_of(one) +
            "</td></tr>\n";
  }
  text += "</tbody>\n</table>\n";
  if (!marks.notes.empty()) {
    text += "<h2>What was handed in</h2>\n<ul>\n";
    for (const std::string& note : marks.notes) {
      text += "<li>" + line(note) + "</li>\n";
    }
    text += "</ul>\n";
  }
  const auto names = names_of(marks);
  for (const ExerciseMarks& one : marks.exercises) {
    const std::string place = "e" + one.exercise.folder.substr(0, 2);
    text += "<h2 id=\"" + place + "\">" + line(heading(one)) + "</h2>\n";
    if (!one.not_built.empty()) {
      text += "<p>" + line(one.not_built) + ".</p>\n";
    }
    if (!one.compiler_words.empty()) {
      text += "<p>The compiler says:</p>\n<pre>" + html(printable(one.compiler_words)) + "</pre>\n";
    }
    if (!one.not_built.empty()) {
      continue;
    }
    std::string checks;
    if (const std::string films = about_films(marks, one); !films.empty()) {
      checks = "<p class=\"soft\">" + films + "</p>\n";
    }
    for (std::size_t i = 0; i < one.checks.size(); ++i) {
      const Result& check = one.checks[i];
      if (!told(check).empty()) {
        checks += "<h3 id=\"" + place + "-" + std::to_string(i + 1) + "\">" + line(check.sentence) +
                  " <span class=\"soft\">" + marks_in_words(check) + "</span></h3>\n<pre>" +
                  html(printable(told(check))) + "</pre>\n";
        if (check.filmed) {
          checks += "<p><a href=\"" + film_of(check) +
                    R"(">The film: what happened when<span class="hidden">, )" +
                    line(check.sentence) + "</span></a></p>\n";
        }
        if (check.outcome == Outcome::failed) {
          checks += "<p>To repeat it, and to see in films what happened when:</p>\n<pre>" +
                    line(command_of(one, check, names)) + "</pre>\n";
        }
      }
    }
    if (const std::string how = how_to_repeat(one); !how.empty()) {
      text += "<p class=\"soft\">" + html(how) + "</p>\n";
    }
    text += checks.empty() ? "<p>All checks passed.</p>\n" : checks;
  }
  return page_of(printable_line(marks.student), style, text);
}

std::string gradescope_json(const Marks& marks) {
  std::string output = marks_of(marks.reached(), marks.possible()) + " marks";
  std::string tests;
  for (std::size_t i = 0; i < marks.exercises.size(); ++i) {
    const ExerciseMarks& one = marks.exercises[i];
    output += "\n" + heading(one) +
              (one.not_built.empty() ? "" : " (" + printable_line(one.not_built) + ")");
    const auto shares = one.shares();
    for (std::size_t k = 0; k < one.checks.size(); ++k) {
      const Result& check = one.checks[k];
      std::string words = printable(told(check));
      if (check.marks < 0) {
        words += "marks   " + marks_in_words(check) + "\n";
      } else if (shares[k] < check.reached()) {
        words += "marks   " + std::to_string(check.reached() - shares[k]) +
                 " less, for a check that costs marks and has not passed\n";
      }
      if (k == 0 && !one.not_built.empty() && !one.compiler_words.empty()) {
        words += "\nThe compiler says:\n" + printable(one.compiler_words);
      }
      tests += tests.empty() ? "\n" : ",\n";
      tests += "    {\"name\": " +
               json(one.exercise.folder.substr(0, 2) + " " + printable_line(check.sentence)) +
               ", \"number\": " + json(std::to_string(i + 1) + "." + std::to_string(k + 1)) +
               ", \"score\": " + std::to_string(shares[k]) +
               ", \"max_score\": " + std::to_string(check.possible()) +
               ", \"status\": " + (failed(check) ? "\"failed\"" : "\"passed\"") +
               (check.visibility.empty() ? "" : ", \"visibility\": " + json(check.visibility)) +
               ", \"output\": " + json(words) + "}";
    }
  }
  for (const std::string& note : marks.notes) {
    output += "\n" + printable_line(note);
  }
  // Plain text: another format folds white space, and with it the pictures of processes.
  return "{\n  \"score\": " + std::to_string(marks.reached()) +
         ",\n  \"output_format\": \"text\",\n  \"test_output_format\": \"text\",\n  \"output\": " +
         json(output) + ",\n  \"tests\": [" + tests + "\n  ]\n}\n";
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
