#include "tools/grade/page.hpp"

#include "tools/text/text.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <set>
#include <string_view>
#include <utility>

namespace lab::grade {

namespace {

constexpr std::string_view style = R"(
.views { margin: 1rem 0 .5rem; } .views label { margin-right: 1rem; white-space: nowrap; }
.map { overflow-x: auto; max-width: 100%; }
table { border-collapse: separate; border-spacing: 0; font-variant-numeric: tabular-nums; }
.heat th, .heat td { padding: 1px 2px; font-weight: normal; }
.heat .who { position: sticky; left: 0; z-index: 1; background: var(--paper); text-align: left; padding-right: .75rem;
  max-width: 16rem; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.heat .group { font-size: .85em; color: var(--soft); white-space: nowrap; padding: 0 .5rem; text-align: left; }
.heat .no { font-size: .8em; color: var(--soft); text-align: center; }
.heat td.c { width: 22px; min-width: 22px; height: 22px; text-align: center; border: 1px solid var(--paper); color: var(--mark); }
.heat td.c a { display: block; color: inherit; text-decoration: none; }
.heat td.m { padding: 0 .5rem; min-width: 6.5rem; }
.heat td.m a { text-decoration: none; color: inherit; white-space: nowrap; }
.heat .sum { padding: 0 .75rem 0 0; text-align: right; white-space: nowrap; }
.heat button { font: inherit; color: var(--link); background: none; border: 0; padding: 0; cursor: pointer; text-decoration: underline; }
.heat tbody tr:hover > * { background-color: var(--head); } .heat tbody tr:hover > td.c { background-color: revert-layer; }
.part { display: inline-block; width: 3rem; height: .55rem; background: var(--skipped); margin-right: .4rem; }
.part span { display: block; height: 100%; background: var(--bar); }
td.p, i.p { background: var(--passed); } td.f, i.f { background: var(--failed); } .heat td.n, i.n { background: var(--notrun); color: var(--dark) !important; }
td.u, i.u { background: var(--unbuilt); } td.s, i.s { background: var(--skipped); color: var(--soft) !important; }
.key { margin: .5rem 0 1rem; } .key span { margin-right: 1.2rem; white-space: nowrap; }
.key i { display: inline-block; width: 14px; height: 14px; margin-right: .35rem; vertical-align: -2px; font: 10px/14px system-ui;
  text-align: center; color: var(--mark); }
.list td, .list th { padding: .25rem 1rem .25rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
.list .n { text-align: right; background: none; white-space: nowrap; }
.histogram { display: inline-flex; align-items: end; height: 2rem; gap: 1px; border-bottom: 1px solid var(--soft); }
.histogram span { width: 11px; background: var(--bar); }
.c, .no, .key { display: none; }
.checks { display: none; columns: 2 30rem; column-gap: 4rem; max-width: 80rem; }
@media print { .views { display: none; } .heat td.m { min-width: 0; } .heat td.c { width: 17px; min-width: 17px; height: 17px; } .map { overflow: visible; }
  .heat thead { display: table-header-group; } .heat .who { position: static; } .list tr, .heat tr { break-inside: avoid; } }
)";

constexpr std::string_view common_style = R"(
:root { color-scheme: light dark;
  --paper: #fff; --ink: #1c2126; --soft: #5b6570; --line: #d5dae0; --head: #f4f6f8;
  --passed: #cfe8d5; --failed: #c4432b; --notrun: #e9a13b; --unbuilt: #6b3fa0; --skipped: #e3e7eb;
  --mark: #fff; --dark: #1c2126; --link: #0b57a4; --bar: #4a79a8; }
@media (prefers-color-scheme: dark) { :root {
  --paper: #14181c; --ink: #e4e8ec; --soft: #9aa5b1; --line: #333b43; --head: #1d2329;
  --passed: #1f4a31; --failed: #e0654d; --notrun: #c98a2e; --unbuilt: #a57fdb; --skipped: #2c343c;
  --mark: #14181c; --link: #7db8f0; --bar: #6fa0d0; } }
* { box-sizing: border-box; }
body { margin: 1.5rem 1rem; font: 15px/1.45 system-ui, "Noto Sans KR", sans-serif; background: var(--paper); color: var(--ink); }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
p { margin: .25rem 0; } .soft { color: var(--soft); } a { color: var(--link); }
:focus-visible { outline: 2px solid var(--link); outline-offset: 1px; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media print { :root { --paper: #fff; --ink: #000; --soft: #444; --line: #bbb; --link: #000; --skipped: #e3e7eb; --passed: #d9ecdd; }
  @page { size: A4 landscape; margin: 10mm; } body { margin: 0; font-size: 10px; } h2 { break-after: avoid; }
  a { text-decoration: none; } * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
)";

struct Look {
  char kind;        ///< the class of a cell
  const char* mark; ///< so that colour is not all there is
  const char* word;
};

constexpr Look passed{'p', "", "passed"};
constexpr Look failed{'f', "×", "failed"};
constexpr Look not_run{'n', "–", "not run: it depends on a check that failed"};
constexpr Look unbuilt{'u', "!", "there is no program"};
constexpr Look shipped{'u', "=", "as shipped: nothing has been changed"};
constexpr Look skipped{'s', "○", "skipped: its marks are given"};

Look look_of(const ExerciseMarks& one, const Result& check) {
  if (!one.not_built.empty()) {
    return one.not_built == as_shipped ? shipped : unbuilt;
  }
  return check.skipped()                     ? skipped
         : check.outcome == Outcome::not_run ? not_run
         : check.passed()                    ? passed
                                             : failed;
}

std::string percent(std::size_t part, std::size_t whole) {
  return whole == 0 ? "–" : std::to_string((part * 100 + whole / 2) / whole) + "&nbsp;%";
}

std::string number_of(const ExerciseMarks& one) {
  return one.exercise.folder.substr(0, 2);
}

std::string report_of(const Marks& marks) {
  return "students/" + url(marks.student) + "/report.html";
}

std::string hidden(const std::string& text) {
  return "<span class=\"hidden\">" + text + "</span>";
}

std::string link_to(const std::string& place, const std::string& words) {
  return "<a href=\"" + place + "\">" + words + "</a>";
}

/// A browser takes long for a page of many megabytes: of more students than this, only the marks
/// are shown, and not the checks.
constexpr std::size_t most_with_checks = 500;

/// Shown for each student: the marks of each exercise, and for one exercise its checks.
std::string row_of(const Marks& marks, const std::string& student, bool with_checks) {
  const std::string name = html(printable_line(student));
  std::string text = R"(<tr><th class="who" scope="row" title=")" + name + R"("><a href=")" +
                     report_of(marks) + "\">" + name + R"(</a></th><td class="sum" data-n=")" +
                     std::to_string(marks.reached()) + "\">" + std::to_string(marks.reached()) +
                     "/" + std::to_string(marks.possible()) + "</td>";
  for (const ExerciseMarks& one : marks.exercises) {
    const std::string place = report_of(marks) + "#e" + number_of(one);
    const int width = one.possible() == 0 ? 0 : one.reached() * 100 / one.possible();
    text += R"(<td class="m v)" + number_of(one) + R"(" data-n=")" + std::to_string(one.reached()) +
            R"("><a href=")" + place + R"("><span class="part"><span style="width:)" +
            std::to_string(width) + "%\"></span></span>" +
            (one.not_built.empty()         ? std::to_string(one.reached())
             : one.not_built == as_shipped ? "as shipped"
                                           : "–" + hidden("no program")) +
            "</a></td>";
    for (std::size_t i = 0; with_checks && i < one.checks.size(); ++i) {
      const Result& check = one.checks[i];
      const Look look = look_of(one, check);
      const std::string words = hidden(look.word);
      text += std::string("<td class=\"c ") + look.kind + " v" + number_of(one) + "\" title=\"" +
              html(number_of(one) + " " + printable_line(check.sentence)) + ": " + look.word +
              "\">" +
              (look.kind == 'f' ? link_to(place + "-" + std::to_string(i + 1), look.mark + words)
                                : look.mark + words) +
              "</td>";
    }
  }
  return text + "</tr>\n";
}

std::string key() {
  std::string text = "<p class=\"key\">";
  for (const Look& look : {passed, failed, not_run, unbuilt, shipped, skipped}) {
    text += std::string("<span><i class=\"") + look.kind + "\">" + look.mark + "</i>" + look.word +
            "</span> ";
  }
  return text + "</p>\n";
}

std::string heat_map(const std::vector<Row>& rows, const Marks& first) {
  const bool with_checks = rows.size() <= most_with_checks;
  std::string text = "<div class=\"views\" role=\"radiogroup\" aria-label=\"what to show\">\n"
                     "<label><input type=\"radio\" name=\"view\" id=\"all\" checked> all "
                     "exercises</label>";
  std::string rules = "<style>";
  for (const ExerciseMarks& one : first.exercises) {
    const std::string view = "v" + number_of(one);
    text += R"(<label><input type="radio" name="view" id=")" + view + "\"> " +
            html(printable_line(one.exercise.folder)) + "</label>";
    const std::string chosen = "body:has(#" + view + ":checked) ";
    rules += chosen;
    rules += ".m { display: none; } " + chosen;
    rules += "." + view;
    rules += " { display: table-cell; } " + chosen;
    rules += ".key { display: block; } " + chosen;
    rules += ".checks." + view;
    rules += " { display: block; }\n";
  }
  text += "</div>\n" + rules + "</style>\n" + key();
  if (!with_checks) {
    text = "<p class=\"soft\">Of more than " + std::to_string(most_with_checks) +
           " students this page has the marks alone: the checks are in their reports.</p>\n";
  }
  text += "<div class=\"map\"><table class=\"heat\">\n<thead>\n<tr>"
          "<th class=\"who\" scope=\"col\"><button type=\"button\">name</button></th>"
          "<th class=\"sum\" scope=\"col\"><button type=\"button\">marks</button></th>";
  for (const ExerciseMarks& one : first.exercises) {
    text += R"(<th class="group m v)" + number_of(one) + R"(" scope="col"><button type="button">)" +
            html(printable_line(one.exercise.folder)) + "</button></th>";
    for (std::size_t i = 0; with_checks && i < one.checks.size(); ++i) {
      text += "<th class=\"no v" + number_of(one) + R"(" scope="col" title=")" +
              html(printable_line(one.checks[i].sentence)) + "\">" + std::to_string(i + 1) +
              "</th>";
    }
  }
  text += "</tr>\n</thead>\n<tbody>\n";
  for (const Row& row : rows) {
    text += row.marks ? row_of(*row.marks, row.student(), with_checks) : "";
  }
  text += "</tbody>\n</table></div>\n";
  for (const ExerciseMarks& one : first.exercises) {
    text += "<ol class=\"checks v" + number_of(one) + "\">\n";
    for (const Result& check : one.checks) {
      text += "<li>" + html(printable_line(check.sentence)) + "</li>\n";
    }
    text += "</ol>\n";
  }
  // Sorts by what the column shows; again, the other way round.
  return text + R"(<script>
document.querySelectorAll(".heat button").forEach(button => {
  const column = button.parentElement.cellIndex;
  let sign = column === 0 ? -1 : 1;
  button.addEventListener("click", () => {
    sign = -sign;
    const body = document.querySelector(".heat tbody");
    const key = row => column === 0 ? row.cells[0].textContent : Number(row.cells[column].dataset.n);
    const order = (a, b) => column === 0 ? key(a).localeCompare(key(b)) : key(a) - key(b);
    body.append(...[...body.rows].sort((a, b) => sign * order(a, b)));
    document.querySelectorAll(".heat thead th").forEach(th => th.removeAttribute("aria-sort"));
    button.parentElement.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
  });
});
</script>
)";
}

/// Of one check.
struct Failures {
  std::size_t count = 0;
  std::string film; ///< of the first student who has one
};

/// What one mistake means, and whom it met.
struct Cause {
  std::string means;
  std::string look;
  std::string folder;                     ///< of the first exercise in which it was met
  std::set<std::size_t> students;         ///< who failed a check by it
  std::map<std::string, Failures> checks; ///< by name: `05.3 closes ...`
  std::size_t stopped = 0;                ///< checks that could not be run because of it
};

/// Outright failures, by their cause: the mistake that what was seen names, in whatever check.
std::vector<Cause> causes_of(const std::vector<Marks>& all) {
  std::map<std::string, Cause> causes;
  for (std::size_t student = 0; student < all.size(); ++student) {
    for (const ExerciseMarks& one : all[student].exercises) {
      std::map<std::string, std::string> cause_of; // by the sentence of the check that failed
      for (std::size_t i = 0; i < one.checks.size(); ++i) {
        const Result& check = one.checks[i];
        if (look_of(one, check).kind != 'f') {
          continue;
        }
        const std::string means = check.means.empty() ? check.sentence : check.means;
        Cause& cause = causes[means];
        if (cause.students.empty()) {
          cause.means = means;
          cause.look = check.look;
          cause.folder = one.exercise.folder;
        }
        cause.students.insert(student);
        Failures& failures =
            cause.checks[number_of(one) + "." + std::to_string(i + 1) + " " + check.sentence];
        ++failures.count;
        if (check.filmed && failures.film.empty()) {
          failures.film =
              "students/" + url(all[student].student) + "/films/" + url(check.film_name());
        }
        cause_of[check.sentence] = means;
      }
      for (const Result& check : one.checks) {
        if (check.outcome == Outcome::not_run && check.why.starts_with(needed_first)) {
          const auto found = cause_of.find(check.why.substr(needed_first.size()));
          if (found != cause_of.end()) {
            ++causes[found->second].stopped;
          }
        }
      }
    }
  }
  std::vector<Cause> ranked;
  ranked.reserve(causes.size());
  for (auto& [means, cause] : causes) {
    ranked.push_back(std::move(cause));
  }
  std::ranges::stable_sort(ranked, [](const Cause& a, const Cause& b) {
    return std::pair(a.students.size(), a.stopped) > std::pair(b.students.size(), b.stopped);
  });
  return ranked;
}

/// The folder of the step that a `look` names, else the exercise's: a deck has the same name.
std::string step_of(const Cause& cause) {
  constexpr std::string_view steps = "steps/";
  const auto at = cause.look.find(steps);
  if (at == std::string::npos || at + steps.size() >= cause.look.size() ||
      cause.look[at + steps.size()] > '9') {
    return cause.folder;
  }
  const std::string rest = cause.look.substr(at + steps.size());
  return rest.substr(0, rest.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-"));
}

std::string to_teach(const std::vector<Marks>& all) {
  constexpr std::size_t most = 15;
  std::string text;
  const auto causes = causes_of(all);
  for (std::size_t i = 0; i < std::min(most, causes.size()); ++i) {
    const Cause& cause = causes[i];
    std::string checks;
    for (const auto& [check, failures] : cause.checks) {
      const std::string name = html(printable_line(check));
      checks +=
          (checks.empty() ? "" : "<br>") + name +
          (cause.checks.size() > 1 ? " (" + std::to_string(failures.count) + ")" : "") +
          (failures.film.empty() ? ""
                                 : ", " + link_to(failures.film, "film" + hidden(" of " + name)));
    }
    text += "<tr><td class=\"n\">" + std::to_string(cause.students.size()) +
            "</td><td class=\"n\">" + percent(cause.students.size(), all.size()) +
            "</td><td class=\"n\">" + std::to_string(cause.stopped) + "</td><td>" +
            html(printable_line(cause.means)) + "</td><td>" + html(printable_line(cause.look)) +
            "<br>slides/" + html(printable_line(step_of(cause))) + ".md</td><td>" + checks +
            "</td></tr>\n";
  }
  if (text.empty()) {
    return "<p>Nobody fails any check.</p>\n";
  }
  return "<table class=\"list\">\n<thead><tr><th class=\"n\" colspan=\"2\">students who fail</th>"
         "<th class=\"n\">checks it<br>stopped</th><th>what they have to understand</th><th>what "
         "to "
         "show again</th><th>checks</th></tr></thead>\n<tbody>\n" +
         text + "</tbody></table>\n";
}

double mean_of(const std::vector<int>& marks) {
  double sum = 0;
  for (const int one : marks) {
    sum += one;
  }
  return marks.empty() ? 0 : sum / static_cast<double>(marks.size());
}

double median_of(std::vector<int> marks) {
  std::ranges::sort(marks);
  const auto half = marks.size() / 2;
  return marks.empty()           ? 0
         : marks.size() % 2 == 1 ? marks[half]
                                 : (marks[half - 1] + marks[half]) / 2.0;
}

/// The standard deviation.
double spread_of(const std::vector<int>& marks) {
  const double mean = mean_of(marks);
  double sum = 0;
  for (const int one : marks) {
    sum += (one - mean) * (one - mean);
  }
  return marks.empty() ? 0 : std::sqrt(sum / static_cast<double>(marks.size()));
}

/// How many students have 0 to 10 %, to 20 % ... of the marks.
std::string histogram(const std::vector<int>& marks, int possible) {
  constexpr int bars = 10;
  std::vector<std::size_t> counts(bars);
  for (const int one : marks) {
    ++counts.at(
        static_cast<std::size_t>(possible == 0 ? 0 : std::min(one * bars / possible, bars - 1)));
  }
  const std::size_t most = std::max<std::size_t>(*std::ranges::max_element(counts), 1);
  std::string text;
  std::string words;
  for (int i = 0; i < bars; ++i) {
    const std::size_t count = counts.at(static_cast<std::size_t>(i));
    const std::string range = std::to_string(i * 10) + " to " + std::to_string(i * 10 + 10) +
                              " %: " + std::to_string(count);
    words += (i == 0 ? "" : ", ") + range;
    text += "<span style=\"height:" + std::to_string(count * 100 / most) + "%\" title=\"" + range +
            "\"></span>";
  }
  return R"(<span class="histogram" role="img" aria-label=")" + words + "\">" + text + "</span>";
}

std::string statistics_row(const std::string& name, const std::vector<int>& marks, int possible,
                           const std::string& rest) {
  return "<tr><td>" + name + "</td><td class=\"n\">" + fixed(mean_of(marks), 1) +
         "</td><td class=\"n\">" + fixed(median_of(marks), 1) + "</td><td class=\"n\">" +
         fixed(spread_of(marks), 1) + "</td><td class=\"n\">" + std::to_string(possible) +
         "</td><td>" + histogram(marks, possible) + "</td>" + rest + "</tr>\n";
}

std::string by_exercise(const std::vector<Marks>& all) {
  std::string text =
      "<table class=\"list\">\n<thead><tr><th>exercise</th><th class=\"n\">mean</th>"
      "<th class=\"n\">median</th><th class=\"n\">spread</th><th class=\"n\">of</th>"
      "<th>students by marks, 0 to 100&nbsp;%</th><th class=\"n\">full marks</th>"
      "<th class=\"n\">no program</th><th class=\"n\">as shipped</th><th class=\"n\">does not "
      "compile</th></tr></thead>\n<tbody>\n";
  std::vector<int> totals;
  int of_all = 0;
  for (const Marks& marks : all) {
    totals.push_back(marks.reached());
    of_all = std::max(of_all, marks.possible());
  }
  for (std::size_t i = 0; i < all.front().exercises.size(); ++i) {
    std::vector<int> reached;
    int possible = 0;
    std::size_t full = 0;
    std::size_t missing = 0;
    std::size_t broken = 0;
    std::size_t untouched = 0;
    for (const Marks& marks : all) {
      const ExerciseMarks& one = marks.exercises[i];
      reached.push_back(one.reached());
      possible = std::max(possible, one.possible());
      full += one.reached() == one.possible() ? 1U : 0U;
      broken += one.not_built == does_not_compile ? 1U : 0U;
      untouched += one.not_built == as_shipped ? 1U : 0U;
      missing +=
          !one.not_built.empty() && one.not_built != does_not_compile && one.not_built != as_shipped
              ? 1U
              : 0U;
    }
    const auto cell = [](std::size_t count) {
      return "<td class=\"n\">" + std::to_string(count) + "</td>";
    };
    text += statistics_row(html(printable_line(all.front().exercises[i].exercise.folder)), reached,
                           possible, cell(full) + cell(missing) + cell(untouched) + cell(broken));
  }
  return text + statistics_row("all", totals, of_all, "<td></td><td></td><td></td><td></td>") +
         "</tbody></table>\n<p class=\"soft\">The spread is the standard deviation.</p>\n";
}

std::string to_look_at(const std::vector<Row>& rows) {
  std::string text;
  for (const Row& row : rows) {
    if (const std::string note = row.note(); !note.empty()) {
      text += "<li>" + html(printable_line(row.student())) + ": " + html(printable_line(note)) +
              "</li>\n";
    }
  }
  return text.empty() ? "" : "<h2>To look at</h2>\n<ul>\n" + text + "</ul>\n";
}

} // namespace

std::string page_of(const std::string& title, std::string_view own_style, const std::string& body) {
  return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>" +
         html(title) + "</title>\n<style>" + std::string(common_style) + std::string(own_style) +
         "</style>\n</head>\n<body>\n<h1>" + html(title) + "</h1>\n" + body + "</body>\n</html>\n";
}

std::string class_page(const std::vector<Row>& rows) {
  std::vector<Marks> all;
  std::size_t handed_in = 0;
  for (const Row& row : rows) {
    handed_in += row.handed_in() ? 1U : 0U;
    if (row.marks) {
      all.push_back(*row.marks);
    }
  }
  std::string text = "<p class=\"soft\">" + std::to_string(handed_in) +
                     (handed_in == 1 ? " submission" : " submissions");
  if (all.size() < handed_in) {
    text += ", " + std::to_string(handed_in - all.size()) + " not graded";
  }
  if (handed_in < rows.size()) {
    text += ", " + std::to_string(rows.size() - handed_in) + " handed in nothing";
  }
  text += ". As a table: <a href=\"gradebook.csv\">gradebook.csv</a></p>\n" + to_look_at(rows);
  if (!all.empty()) {
    text += "<h2>What to teach tomorrow</h2>\n" + to_teach(all) + "<h2>Marks of the " +
            std::to_string(all.size()) + " that were graded</h2>\n" + by_exercise(all) +
            "<h2>Students</h2>\n" + heat_map(rows, all.front());
  }
  return page_of("Marks", style, text);
}

} // namespace lab::grade
