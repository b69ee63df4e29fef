#include "tools/watch/pages.hpp"

#include "tools/text/text.hpp"

#include <algorithm>
#include <utility>

namespace lab {

namespace {

void append(std::vector<Line>& lines, std::vector<Line> more) {
  std::ranges::move(more, std::back_inserter(lines));
}

std::string spaces(std::size_t count) {
  std::string text;
  text.append(count, ' ');
  return text;
}

std::string clean(std::string_view text) {
  std::string expanded;
  for (const char character : text) {
    expanded += character == '\t' ? std::string("    ") : std::string(1, character);
  }
  return harmless(expanded);
}

/// The text of a piece of Markdown: no stars, no backticks around code, no addresses of links.
std::string plain(std::string_view markdown) {
  std::string text;
  bool code = false;
  while (!markdown.empty()) {
    const char first = markdown.front();
    if (first == '`' || (!code && (first == '*' || first == '\\'))) {
      code ^= first == '`';
      markdown.remove_prefix(1);
      continue;
    }
    if (const std::size_t middle = markdown.find("](");
        markdown.front() == '[' && middle != std::string_view::npos) {
      const std::size_t end = markdown.find(')', middle);
      if (end != std::string_view::npos && markdown.find(']') == middle) {
        text += plain(markdown.substr(1, middle - 1));
        markdown.remove_prefix(end + 1);
        continue;
      }
    }
    text += markdown.front();
    markdown.remove_prefix(1);
  }
  return clean(text);
}

std::vector<Line> indented(std::string first, std::size_t indent, const Line& text,
                           std::size_t width) {
  auto lines = wrapped(text, width - std::min(indent, width / 2));
  for (Line& line : lines) {
    line.insert(line.begin(), {padded(std::exchange(first, ""), indent)});
  }
  return lines;
}

/// Paths from `root` on: `exercises/02-zombie/zombies.cpp`, however the compiler was told of it.
std::string without(std::string text, std::string_view root) {
  for (const std::string& prefix : {std::string(root) + "/", std::string("../")}) {
    for (auto at = text.find(prefix); at != std::string::npos; at = text.find(prefix)) {
      text.erase(at, prefix.size());
    }
  }
  return text;
}

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool is_error(std::string_view line) {
  return has(line, "error:") || has(line, "undefined reference") ||
         has(line, "multiple definition") || has(line, "No space left on device") ||
         line.starts_with("CMake Error");
}

/// Of make(1): what stands around the compiler's own words.
bool is_of_make(std::string_view line) {
  const std::string_view name = line.substr(0, line.find_first_of("[:"));
  const std::size_t end = line.find(']'); // `[ 86%] Built target`, `[1/2] Building`
  return name == "make" || name == "gmake" || name == "ninja" || line.starts_with("FAILED: ") ||
         (line.starts_with('[') && end != std::string_view::npos &&
          line.substr(1, end - 1).find_first_not_of(" 0123456789%/") == std::string_view::npos);
}

} // namespace

int Standing::reached() const {
  return reached_of(verdict.results);
}

bool Standing::solved() const {
  return verdict.fresh && !verdict.results.empty() &&
         std::ranges::all_of(verdict.results, [](const Result& result) {
           return result.passed() || result.skipped();
         });
}

std::string minutes(double seconds) {
  return std::to_string(static_cast<long>(seconds / 60)) + " min";
}

std::string quantity_of(std::size_t number, const std::string& what) {
  return std::to_string(number) + " " + what + (number == 1 ? "" : "s");
}

Line course_line(const std::vector<Standing>& course, const Exercise* current) {
  Line line;
  int reached = 0;
  int possible = 0;
  for (const Standing& one : course) {
    reached += one.reached();
    possible += one.possible;
    const bool known = !one.verdict.results.empty();
    std::string text = one.solved() ? "ok"
                       : known      ? std::to_string(one.reached()) + "/" +
                                     std::to_string(one.possible) + (one.verdict.fresh ? "" : "?")
                               : "-";
    line.push_back(
        {one.exercise->number + " ", one.exercise == current ? Paint::bold : Paint::dim});
    line.push_back({text + "  ", one.solved() ? Paint::green : known ? Paint::yellow : Paint::dim});
  }
  line.push_back(
      {" " + std::to_string(reached) + " of " + std::to_string(possible) + " marks", Paint::bold});
  return line;
}

std::vector<Line> list_of(const std::vector<Standing>& course, const Exercise* current,
                          std::size_t width) {
  using Align = Table::Align;
  Table table({{""},
               {"exercise"},
               {"marks", Align::right},
               {"time", Align::right},
               {"runs", Align::right},
               {"hints", Align::right},
               {""}});
  int reached = 0;
  int possible = 0;
  double seconds = 0;
  for (const Standing& one : course) {
    const bool known = !one.verdict.results.empty();
    reached += one.reached();
    possible += one.possible;
    seconds += one.memory.seconds;
    const std::string state = one.solved()         ? "solved"
                              : !known             ? "not checked yet"
                              : !one.verdict.fresh ? "changed since"
                                                   : "";
    table.add(
        {{one.exercise == current ? ">" : ""},
         {one.exercise->number + " " + cut(one.exercise->title, width > 70 ? 30 : 12),
          one.exercise == current ? Paint::bold : Paint::plain},
         {(known ? std::to_string(one.reached()) : "-") + " of " + std::to_string(one.possible)},
         {minutes(one.memory.seconds)},
         {std::to_string(one.memory.runs)},
         {std::to_string(one.memory.hints) + " of " + std::to_string(one.exercise->hints.size())},
         {state, one.solved() ? Paint::green : Paint::yellow}});
  }
  table.add({{""},
             {"all"},
             {std::to_string(reached) + " of " + std::to_string(possible), Paint::bold},
             {minutes(seconds)}});
  std::vector<Line> lines = table.lines(0);
  if (std::ranges::any_of(course, [](const Standing& one) {
        return !one.verdict.results.empty() && !one.verdict.fresh;
      })) {
    append(lines, {{}});
    append(lines, wrapped({{"changed since: the marks are those of an earlier file. Check the "
                            "exercise again."}},
                          width));
  }
  return lines;
}

std::vector<Line> prose(const std::vector<std::string>& markdown, std::size_t width) {
  std::vector<Line> lines;
  std::string paragraph;
  bool item = false;
  const auto end_paragraph = [&] {
    if (!paragraph.empty()) {
      append(lines, item ? indented("- ", 2, {{plain(paragraph)}}, width)
                         : wrapped({{plain(paragraph)}}, width));
    }
    paragraph.clear();
    item = false;
  };
  bool code = false;
  for (const std::string& line : markdown) {
    if (line.starts_with("```")) {
      end_paragraph();
      code = !code;
    } else if (code) {
      lines.push_back({{"    " + clean(line), Paint::bold}});
    } else if (line.empty()) {
      end_paragraph();
      if (!lines.empty() && !lines.back().empty()) {
        lines.emplace_back();
      }
    } else if (line.starts_with("#")) {
      end_paragraph();
      lines.push_back(
          {{plain(line.substr(std::min(line.find(' ') + 1, line.size()))), Paint::bold}});
    } else if (line.starts_with("|")) {
      end_paragraph();
      std::vector<std::string> cells;
      std::string_view rest = std::string_view(line).substr(1);
      while (!rest.empty()) {
        std::size_t end = rest.find('|');
        end = std::min(end, rest.size());
        std::string cell = plain(rest.substr(0, end));
        cell.erase(0, std::min(cell.find_first_not_of(' '), cell.size()));
        cell.erase(cell.find_last_not_of(' ') + 1);
        cells.push_back(std::move(cell));
        rest.remove_prefix(std::min(end + 1, rest.size()));
      }
      const bool rule = std::ranges::all_of(line, [](char character) {
        return character == '|' || character == '-' || character == ' ';
      });
      if (!rule && cells.size() > 1) {
        const std::size_t column = std::min<std::size_t>(24, width / 3);
        const auto head = wrapped({{cells[0], Paint::bold}}, column - 2);
        const auto text = wrapped({{cells[1]}}, width - column);
        for (std::size_t i = 0; i < std::max(head.size(), text.size()); ++i) {
          Line row = i < head.size() ? head[i] : Line{};
          std::size_t used = 0;
          for (const Span& span : row) {
            used += width_of(span.text);
          }
          if (i < text.size()) {
            row.push_back({spaces(column - std::min(used, column))});
            row.insert(row.end(), text[i].begin(), text[i].end());
          }
          lines.push_back(std::move(row));
        }
      }
    } else {
      if (line.starts_with("- ")) {
        end_paragraph();
        item = true;
      }
      paragraph +=
          (paragraph.empty() ? "" : " ") + (item && paragraph.empty() ? line.substr(2) : line);
    }
  }
  end_paragraph();
  while (!lines.empty() && lines.back().empty()) {
    lines.pop_back();
  }
  return lines;
}

std::vector<Line> first_error(std::string_view words, std::string_view root, std::size_t width,
                              std::size_t most) {
  std::vector<std::string> all;
  for (const std::string& line : lines_of(words)) {
    if (!is_of_make(line)) {
      all.push_back(without(line, root));
    }
  }
  const auto first = std::ranges::find_if(all, is_error);
  std::vector<Line> lines;
  if (first == all.end()) { // words of who knows whom: their end says the most
    const std::size_t skipped = all.size() - std::min(all.size(), most);
    for (std::size_t i = skipped; i < all.size(); ++i) {
      append(lines, wrapped({{clean(all[i])}}, width));
    }
    return lines;
  }
  const auto next = std::find_if(first + 1, all.end(), [](const std::string& line) {
    return is_error(line) || has(line, "warning:");
  });
  // An error has notes of its own, and some have very many.
  const auto others = static_cast<std::size_t>(std::count_if(next, all.end(), is_error));
  const std::size_t room = most - std::min(most - 1, std::size_t{others > 0 ? 2U : 0U});
  for (auto line = first; line != next; ++line) {
    if (line == first) {
      append(lines, wrapped({{clean(*line), Paint::red}}, width));
    } else if (has(*line, "In function '") && line + 1 == next) {
      break; // it belongs to the next one
    } else {
      lines.push_back({{clean(*line)}}); // the terminal cuts it
    }
  }
  if (lines.size() > room) {
    lines.resize(room);
  }
  if (others > 0) {
    lines.emplace_back();
    lines.push_back(
        {{"The first of " + std::to_string(others + 1) + " errors: the others may go with it.",
          Paint::dim}});
  }
  return lines;
}

std::string first_warning(std::string_view words, std::string_view root) {
  for (const std::string& line : lines_of(words)) {
    if (has(line, ": warning:") && has(line, "exercises/")) {
      return clean(without(line, root));
    }
  }
  return {};
}

std::vector<Line> difference_page(const std::vector<std::string>& lines) {
  std::vector<Line> page;
  page.reserve(lines.size());
  for (const std::string& line : lines) {
    page.push_back({{clean(line), line.starts_with("+")    ? Paint::green
                                  : line.starts_with("-")  ? Paint::red
                                  : line.starts_with("@@") ? Paint::cyan
                                                           : Paint::plain}});
  }
  return page;
}

std::vector<Line> solved_page(const Kit& kit, const std::vector<Standing>& course,
                              const Standing& solved, const Exercise* next, std::size_t width) {
  std::vector<Line> lines{
      {{"Solved: exercise " + solved.exercise->number + ", " + solved.exercise->title + ". " +
            std::to_string(solved.reached()) + " of " + std::to_string(solved.possible) + " marks.",
        Paint::green}},
      {{quantity_of(static_cast<std::size_t>(solved.memory.runs), "run") + ", " +
        (solved.memory.seconds < 60 ? "under a minute" : minutes(solved.memory.seconds)) + ", " +
        std::to_string(solved.memory.hints) + " of " +
        quantity_of(solved.exercise->hints.size(), "hint") + "."}}};
  if (next != nullptr) {
    append(lines, {{}, {{"Next", Paint::bold}}});
    append(lines, indented("lesson", 10, {{Kit::lesson_of(*next)}}, width));
    append(lines,
           indented("exercise", 10, {{next->number + ", " + next->title + ": key n"}}, width));
  }
  if (const auto ways = kit.other_ways(*solved.exercise); !ways.empty()) {
    append(lines, {{}, {{"What else would be right", Paint::bold}}});
    append(lines, prose(ways, width));
  }
  if (next != nullptr) {
    return lines;
  }
  append(lines,
         {{},
          {{"All " + std::to_string(course.size()) + " exercises are solved.", Paint::green}},
          {}});
  append(lines, list_of(course, nullptr, width));
  const auto hardest = std::ranges::max_element(course, {}, [](const Standing& one) {
    return std::pair(one.memory.seconds, one.memory.runs);
  });
  append(lines, {{}});
  append(
      lines,
      wrapped({{"What took you longest: exercise " + hardest->exercise->number + ", " +
                hardest->exercise->title + " (" + minutes(hardest->memory.seconds) +
                "). Read its lesson once more in a month: " + Kit::lesson_of(*hardest->exercise)}},
              width));
  append(lines, {{}, {{"Where to go from here", Paint::bold}}});
  append(lines,
         prose({"- Look at your server while it works: `build/bin/lab-xray --watch`, with "
                "`build/exercises/06-mp-server/echo_mpserver 9190` in another terminal.",
                "- Write a server of another kind to the same contract (tests/CONTRACT.md): one "
                "process and poll(2), or ten children that are there before the clients come.",
                "- Write it in another language. `build/bin/lab-check --programs DIR 06` checks "
                "the programs of any folder.",
                "- Each lesson ends with further reading: steps/README.md."},
               width));
  return lines;
}

std::vector<Line> help_page(std::size_t width) {
  const std::string opening =
      "Save a file of the exercise in your editor: it is built and checked "
      "at once, and you see the first thing to mend. These keys do the rest:";
  const std::string closing =
      "`02 7/14?` in the second line: the marks are those of an earlier file. "
      "`-`: not checked yet.";
  std::vector<Line> lines = prose(
      {opening, "",
       "| h | the next hint. Each exercise has three, from a nudge to nearly the answer |",
       "| t | the task: what the program has to do |",
       "| l | the list of all exercises, with your marks and your time |",
       "| n p | the next exercise, the one before |",
       "| r | build and check again, without a save |",
       "| a | all checks that fail, and all that they saw |",
       "| f | a film of the first check that fails: a page that shows what happened when |",
       "| d | what you have changed since the file was shipped |",
       "| x | the file as it was shipped. It asks first, and keeps your file beside it |",
       "| q | quit; Ctrl-C does so too |", "",
       "On a long page: space and b, or the arrows. The same key again, or Enter, closes a page.",
       "", closing},
      width);
  return lines;
}

} // namespace lab
