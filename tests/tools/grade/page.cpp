#include "tools/grade/page.hpp"

#include "tools/text/text.hpp"

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace lab::grade {

namespace {

constexpr std::string_view style = R"(
:root { color-scheme: light dark;
  --paper: #fff; --ink: #1c2126; --soft: #5b6570; --line: #d5dae0; --head: #f4f6f8;
  --passed: #cfe8d5; --failed: #c4432b; --notrun: #e9a13b; --unbuilt: #6b3fa0; --skipped: #e3e7eb;
  --mark: #fff; --link: #0b57a4; --bar: #c4432b; }
@media (prefers-color-scheme: dark) { :root {
  --paper: #14181c; --ink: #e4e8ec; --soft: #9aa5b1; --line: #333b43; --head: #1d2329;
  --passed: #1f4a31; --failed: #e0654d; --notrun: #c98a2e; --unbuilt: #a57fdb; --skipped: #2c343c;
  --mark: #14181c; --link: #7db8f0; --bar: #e0654d; } }
* { box-sizing: border-box; }
body { margin: 1.5rem 1rem; font: 15px/1.45 system-ui, "Noto Sans KR", sans-serif; background: var(--paper); color: var(--ink); }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
p { margin: .25rem 0; } .soft { color: var(--soft); } a { color: var(--link); }
.map { overflow-x: auto; max-width: 100%; }
table { border-collapse: separate; border-spacing: 0; font-variant-numeric: tabular-nums; }
.heat th, .heat td { padding: 0; font-weight: normal; }
.heat .who { position: sticky; left: 0; z-index: 1; background: var(--paper); text-align: left; padding: 0 .75rem 0 0;
  max-width: 12.5rem; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.heat .group { text-align: left; font-size: .8rem; padding: 0 0 .15rem 6px; color: var(--soft); white-space: nowrap;
  overflow: hidden; text-overflow: ellipsis; max-width: 0; }
.heat .no { font-size: 7px; letter-spacing: -.5px; color: var(--soft); text-align: center; height: 1rem; }
.heat td.c { width: 10px; min-width: 10px; height: 15px; text-align: center; font-size: 10px; line-height: 15px;
  border: 1px solid var(--paper); color: var(--mark); }
.heat .first { border-left: 6px solid var(--paper) !important; }
.heat .sum { padding: 0 .5rem; text-align: right; white-space: nowrap; font-size: .8rem; }
td.p, i.p { background: var(--passed); } td.f, i.f { background: var(--failed); } td.n, i.n { background: var(--notrun); }
td.u, i.u { background: var(--unbuilt); } td.s, i.s { background: var(--skipped); color: var(--soft) !important; }
.key { margin: .5rem 0 1rem; } .key span { margin-right: 1.2rem; white-space: nowrap; }
.key i { display: inline-block; width: 14px; height: 14px; margin-right: .35rem; vertical-align: -2px; font: 10px/14px system-ui;
  text-align: center; color: var(--mark); }
.list td, .list th { padding: .15rem .75rem .15rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
.list .n { text-align: right; background: none; white-space: nowrap; }
.list tr.low td { color: var(--soft); }
.bar { display: block; height: .6rem; min-width: 1px; background: var(--bar); margin-top: .4rem; }
.barcell { width: 9rem; }
@media print {
  @page { size: A4 landscape; margin: 10mm; }
  :root { --paper: #fff; --ink: #000; --soft: #444; --line: #bbb; --passed: #d9ecdd; --failed: #b5321b; --notrun: #e2a94f;
    --unbuilt: #5b3390; --skipped: #e6e9ec; --mark: #fff; --link: #000; --bar: #b5321b; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  body { margin: 0; font-size: 9px; } a { text-decoration: none; } .map { overflow: visible; }
  .heat thead { display: table-header-group; } .heat tr { break-inside: avoid; }
  .heat .who { position: static; max-width: 8rem; padding-right: 4px; }
  .heat .group { font-size: 7px; padding-left: 3px; } .heat .no { font-size: 5px; min-width: 6px; height: 8px; }
  .heat td.c { width: 6px; min-width: 6px; height: 8px; font-size: 6px; line-height: 8px; border-width: .5px; }
  .heat .first { border-left-width: 3px !important; } .heat .sum { padding: 0 3px; font-size: 7px; }
  .list tr, .small { break-inside: avoid; } h2 { break-after: avoid; }
}
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
constexpr Look skipped{'s', "○", "skipped: no marks lost"};

Look look_of(const ExerciseMarks& one, const Result& check) {
  if (!one.not_built.empty()) {
    return unbuilt;
  }
  return check.skipped()                     ? skipped
         : check.outcome == Outcome::not_run ? not_run
         : check.passed()                    ? passed
                                             : failed;
}

/// One check, over the class.
struct Column {
  const ExerciseMarks* exercise = nullptr; // of the first student
  const Result* check = nullptr;
  std::size_t place = 0; // within the exercise
  std::size_t wrong = 0;
};

std::vector<Column> columns_of(const std::vector<Marks>& all) {
  std::vector<Column> columns;
  if (all.empty()) {
    return columns;
  }
  for (const ExerciseMarks& one : all.front().exercises) {
    for (std::size_t i = 0; i < one.checks.size(); ++i) {
      columns.push_back({.exercise = &one, .check = &one.checks[i], .place = i, .wrong = 0});
    }
  }
  for (const Marks& marks : all) {
    std::size_t at = 0;
    for (const ExerciseMarks& one : marks.exercises) {
      for (const Result& check : one.checks) {
        const char kind = look_of(one, check).kind;
        columns.at(at++).wrong += kind != 'p' && kind != 's' ? 1U : 0U;
      }
    }
  }
  return columns;
}

std::string percent(std::size_t part, std::size_t whole) {
  return whole == 0 ? "–" : std::to_string((part * 100 + whole / 2) / whole) + "&nbsp;%";
}

std::string heat_map(const std::vector<Marks>& all, const std::vector<Column>& columns) {
  std::string text =
      "<div class=\"map\"><table class=\"heat\">\n<thead>\n<tr><td class=\"who\"></td>"
      "<td class=\"sum\"></td>";
  for (const ExerciseMarks& one : all.front().exercises) {
    const std::string name = html(printable_line(one.exercise.folder));
    text += R"(<th class="group first" scope="colgroup" colspan=")" +
            std::to_string(one.checks.size()) + "\"";
    text += " title=\"" + name + "\">";
    text += name + "</th>";
  }
  text += "</tr>\n<tr><td class=\"who\"></td><th class=\"sum\" scope=\"col\">marks</th>";
  for (const Column& column : columns) {
    text += std::string("<th class=\"no") + (column.place == 0 ? " first" : "") +
            R"(" scope="col" title=")" + html(printable_line(column.check->sentence)) + "\">" +
            std::to_string(column.place + 1) + "</th>";
  }
  text += "</tr>\n</thead>\n<tbody>\n";
  for (const Marks& marks : all) {
    const std::string name = html(printable_line(marks.student));
    text += R"(<tr><th class="who" scope="row" title=")" + name + "\">";
    text += "<a href=\"students/" + url(marks.student) + "/report.md\">";
    text += name + "</a></th><td class=\"sum\">" + std::to_string(marks.reached()) + "/" +
            std::to_string(marks.possible()) + "</td>";
    for (const ExerciseMarks& one : marks.exercises) {
      for (const Result& check : one.checks) {
        const Look look = look_of(one, check);
        text += std::string("<td class=\"c ") + look.kind +
                (&check == &one.checks.front() ? " first" : "") + "\" title=\"" +
                html(one.exercise.folder.substr(0, 2) + " " + printable_line(check.sentence)) +
                ": " + look.word + "\">" + look.mark + "</td>";
      }
    }
    text += "</tr>\n";
  }
  return text + "</tbody>\n</table></div>\n";
}

std::string key() {
  std::string text = "<p class=\"key\">";
  for (const Look& look : {passed, failed, not_run, unbuilt, skipped}) {
    text += std::string("<span><i class=\"") + look.kind + "\">" + look.mark + "</i>" + look.word +
            "</span> ";
  }
  return text + "</p>\n";
}

std::string most_failed(std::vector<Column> columns, std::size_t students) {
  std::ranges::stable_sort(columns, std::ranges::greater(), &Column::wrong);
  std::string text;
  constexpr std::size_t most = 20;
  for (std::size_t i = 0; i < std::min(most, columns.size()) && columns[i].wrong > 0; ++i) {
    const Column& column = columns[i];
    text += "<tr><td class=\"n\">" + std::to_string(column.wrong) + "</td><td class=\"n\">" +
            percent(column.wrong, students) +
            R"(</td><td class="barcell"><span class="bar" style="width:)" +
            std::to_string(column.wrong * 100 / students) + "%\"></span></td><td>" +
            html(column.exercise->exercise.folder.substr(0, 2)) + "." +
            std::to_string(column.place + 1) + "</td><td>" +
            html(printable_line(column.check->sentence)) + "</td><td>" +
            html(printable_line(column.check->look)) + "</td></tr>\n";
  }
  if (text.empty()) {
    return "<p>Nobody fails any.</p>\n";
  }
  return "<table class=\"list\">\n<thead><tr><th class=\"n\" colspan=\"2\">without it</th><th></th>"
         "<th>check</th><th>what the program does</th><th>where to "
         "look</th></tr></thead>\n<tbody>\n" +
         text + "</tbody></table>\n";
}

std::string by_exercise(const std::vector<Marks>& all) {
  std::string text =
      "<table class=\"list small\">\n<thead><tr><th>exercise</th><th class=\"n\">marks "
      "reached</th><th class=\"n\">full marks</th><th class=\"n\">no "
      "program</th></tr></thead>\n<tbody>\n";
  for (std::size_t i = 0; i < all.front().exercises.size(); ++i) {
    std::size_t reached = 0;
    std::size_t possible = 0;
    std::size_t full = 0;
    std::size_t none = 0;
    for (const Marks& marks : all) {
      const ExerciseMarks& one = marks.exercises[i];
      reached += static_cast<std::size_t>(one.reached());
      possible += static_cast<std::size_t>(one.possible());
      full += one.reached() == one.possible() ? 1U : 0U;
      none += one.not_built.empty() ? 0U : 1U;
    }
    text += "<tr><td>" + html(printable_line(all.front().exercises[i].exercise.folder)) +
            "</td><td class=\"n\">" + percent(reached, possible) + "</td><td class=\"n\">" +
            std::to_string(full) + "</td><td class=\"n\">" + std::to_string(none) + "</td></tr>\n";
  }
  return text + "</tbody></table>\n";
}

} // namespace

std::string class_page(const std::vector<Row>& rows) {
  std::vector<Marks> all;
  for (const Row& row : rows) {
    if (row.marks) {
      all.push_back(*row.marks);
    }
  }
  std::string text = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                     "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                     "<title>Marks</title>\n<style>" +
                     std::string(style) + "</style>\n</head>\n<body>\n<h1>Marks</h1>\n";
  const auto columns = columns_of(all);
  text += "<p class=\"soft\">" + std::to_string(all.size()) +
          (all.size() == 1 ? " submission, " : " submissions, ") + std::to_string(columns.size()) +
          " checks. The same as a table: <a href=\"gradebook.csv\">gradebook.csv</a></p>\n";
  if (!all.empty()) {
    text += key() + heat_map(all, columns) + "<h2>What most people fail</h2>\n" +
            most_failed(columns, all.size()) + "<h2>The exercises</h2>\n" + by_exercise(all);
  }
  return text + "</body>\n</html>\n";
}

} // namespace lab::grade
