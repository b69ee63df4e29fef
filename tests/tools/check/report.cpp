#include "tools/check/report.hpp"

#include "tools/text/text.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <set>
#include <utility>

namespace lab {

namespace {

constexpr std::size_t most_of_a_suite = 100;
constexpr std::size_t fewest_columns = 40;
constexpr std::size_t fewest_rows = 5;
constexpr std::string_view printed_mark = "  | "; // before a line that a program has printed

using Lines = std::vector<Line>;

/// A check that failed, and those that failed for what looks like the same reason.
struct Cause {
  const Result* result = nullptr;
  std::vector<std::string> same; // their sentences
};

bool has_failed(const Result& result) {
  return result.outcome == Outcome::failed || result.outcome == Outcome::broken;
}

std::string count(std::size_t number, const std::string& what) {
  return std::to_string(number) + " " + what + (number == 1 ? "" : "s");
}

Span word_of(Outcome outcome) {
  switch (outcome) {
  case Outcome::passed:
    return {"PASS", Paint::green};
  case Outcome::skipped:
    return {"SKIP", Paint::yellow};
  case Outcome::not_run:
    return {"not run", Paint::yellow};
  case Outcome::failed:
  case Outcome::broken:
    break;
  }
  return {"FAIL", Paint::red};
}

/// The words of `text` on lines beside `first`, which is `column` wide, and below.
Lines beside(Line first, std::size_t column, const Line& text, const Screen& screen) {
  Lines lines = wrapped(text, screen.columns - column, screen.style.unicode);
  for (Line& line : lines) {
    std::size_t used = 0;
    for (const Span& span : first) {
      used += width_of(span.text);
    }
    first.push_back({std::string(column - std::min(used, column), ' ')});
    line.insert(line.begin(), first.begin(), first.end());
    first.clear();
  }
  return lines;
}

void append(Lines& lines, Lines more) {
  std::ranges::move(more, std::back_inserter(lines));
}

/// `FAIL     0/3  sentence`.
Lines head_of(const Result& result, const Screen& screen) {
  constexpr std::size_t column = 14;
  const Span word = word_of(result.outcome);
  // One that others need, or that costs marks, gives none of its own.
  const std::string marks =
      result.marks > 0 ? std::to_string(result.reached()) + "/" + std::to_string(result.possible())
      : result.reached() < 0 ? padded(" " + std::to_string(result.reached()), 3)
                             : "   ";
  return beside({word, {std::string(9 - word.text.size(), ' ') + marks + " "}}, column,
                {{printable_line(result.sentence)}}, screen);
}

// What a check saw.

/// A line of it, and how many it stands for.
struct Seen {
  std::string text;
  bool printed = false; // by a program under test
  bool doing = false;   // it begins to tell what a program was doing
  std::size_t stands_for = 1;
};

using AllSeen = std::vector<Seen>;

/// Whether a line may be broken: it is a sentence, and no drawing, no table and nothing printed.
bool is_prose(std::string_view line) {
  const auto first = static_cast<unsigned char>(line.front());
  return first > ' ' && first < 0x80 && line.find("  ") == std::string_view::npos;
}

bool words_fit(std::string_view line, std::size_t width) {
  while (!line.empty()) {
    const std::size_t end = std::min(line.find(' '), line.size());
    if (width_of(line.substr(0, end)) > width) {
      return false;
    }
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return true;
}

/// The first line of Process::report.
bool tells_what_it_does(std::string_view line) {
  return line.starts_with('`') && line.find("` (pid ") != std::string_view::npos;
}

AllSeen seen_in(std::string_view why, std::size_t width, const Screen& screen) {
  AllSeen seen;
  for (const std::string& raw : lines_of(why)) {
    const std::string line = printable_line(raw);
    if (line.empty() || (!screen.all && line == "standard error so far, 0 bytes")) {
      continue;
    }
    if (is_prose(line) && (!screen.all || words_fit(line, width))) {
      bool doing = tells_what_it_does(line);
      for (const Line& part : wrapped({{line}}, width, screen.style.unicode)) {
        seen.push_back({.text = text_of(part, {.colour = false}), .doing = doing});
        doing = false;
      }
    } else {
      seen.push_back({.text = screen.all ? line : cut(line, width, screen.style.unicode),
                      .printed = line.starts_with(printed_mark)});
    }
  }
  return seen;
}

/// Leaves `most` of the lines from `begin` to `end`: the middle goes, and a line says so.
void shorten(AllSeen& seen, std::size_t begin, std::size_t end, std::size_t most,
             std::size_t at_the_end, std::size_t width, const std::string& all) {
  if (end - begin <= most) {
    return;
  }
  const auto first = seen.begin() + static_cast<std::ptrdiff_t>(begin + most - 1 - at_the_end);
  auto last = seen.begin() + static_cast<std::ptrdiff_t>(end - at_the_end);
  while (last != seen.begin() + static_cast<std::ptrdiff_t>(end) &&
         last->stands_for > 1) { // it says so already
    ++last;
  }
  std::size_t left_out = 0;
  for (auto one = first; one != last; ++one) {
    left_out += one->stands_for;
  }
  const std::string text = "  ... " + count(left_out, "more line");
  const std::string how = "; " + all + " shows them";
  *first = {.text = text + (text.size() + how.size() <= width ? how : ": " + all),
            .stands_for = left_out};
  seen.erase(first + 1, last);
}

/// At most so many lines: what programs have printed is cut first, the longest of it before.
void shorten(AllSeen& seen, std::size_t most, std::size_t width, const std::string& all) {
  constexpr std::size_t least = 3; // its first line, its last one, and what is said between
  if (seen.size() > most) {
    std::erase_if(seen, [](const Seen& one) { return one.text.ends_with("so far, 0 bytes"); });
  }
  while (seen.size() > most) {
    std::size_t begin = 0;
    std::size_t longest = 0;
    for (std::size_t i = 0; i < seen.size(); ++i) {
      std::size_t end = i;
      while (end < seen.size() && seen[end].printed) {
        ++end;
      }
      if (end - i > longest) {
        begin = i;
        longest = end - i;
      }
      i = std::max(i, end);
    }
    if (longest <= least) {
      break;
    }
    const std::size_t over = seen.size() - most;
    const std::size_t left = std::max(least, longest - std::min(over, longest));
    shorten(seen, begin, begin + longest, left, (left - 1) / 2, width, all);
  }
  // Then what was seen; the line of what the program was doing stays.
  const auto doing = std::ranges::find(seen, true, &Seen::doing);
  const auto before = static_cast<std::size_t>(doing - seen.begin());
  constexpr std::size_t least_doing = 3;
  const std::size_t after = std::min(seen.size() - before, least_doing);
  if (seen.size() > most) {
    shorten(seen, 0, before, most - after, most - after > 4 ? 1 : 0, width, all);
  }
  const auto left =
      static_cast<std::size_t>(std::ranges::find(seen, true, &Seen::doing) - seen.begin());
  shorten(seen, left, seen.size(), most - left, 1, width, all);
}

/// The line that says that a program under test has ended of itself, by a signal; see
/// Process::report.
std::string crash_in(std::string_view why) {
  constexpr std::string_view ended = ") has ended: killed by ";
  static const std::set<std::string, std::less<>> faults{"SIGSEGV", "SIGABRT", "SIGBUS", "SIGFPE",
                                                         "SIGILL"};
  for (const std::string& line : lines_of(why)) {
    const std::size_t at = line.find(ended);
    if (tells_what_it_does(line) && at != std::string::npos) {
      const std::string_view rest = std::string_view(line).substr(at + ended.size());
      if (faults.contains(rest.substr(0, rest.find_first_of(" ;")))) {
        return line;
      }
    }
  }
  return {};
}

/// What two checks have in common that saw the same: its words up to the report of the program,
/// whatever the process ids and ports. Crashes are one: the rest shows when the first is mended.
std::string reason_in(const std::string& why) {
  if (!crash_in(why).empty()) {
    return "crash";
  }
  constexpr std::size_t few = 4; // digits of a number that is none of those
  std::string reason;
  for (const std::string& line : lines_of(why)) {
    if (tells_what_it_does(line) || line == "its last calls:") {
      break;
    }
    std::string digits;
    for (const char character : line + '\n') {
      if (std::isdigit(static_cast<unsigned char>(character)) != 0) {
        digits += character;
        continue;
      }
      reason += digits.size() < few ? digits : "#";
      reason += character;
      digits.clear();
    }
  }
  return reason;
}

/// The command of lab-scenes that brings it about, if there is one.
std::string scene_in(const std::string& by_hand) {
  for (const std::string& line : lines_of(by_hand)) {
    if (line.find("lab-scenes") != std::string::npos) {
      return line.substr(line.find(": ") + 2);
    }
  }
  return {};
}

/// A check and all that there is to say of it.
Lines block_of(const Cause& cause, const Screen& screen) {
  constexpr std::size_t column = 10;
  const Result& result = *cause.result;
  Lines lines = head_of(result, screen);
  const auto part = [&](std::string_view label, std::string_view text) {
    Lines told;
    for (const std::string& line : lines_of(text)) {
      append(told, beside({{"  " + std::string(label), Paint::dim}}, column,
                          {{printable_line(line)}}, screen));
      label = {};
    }
    return told;
  };

  Lines after;
  const bool failed = has_failed(result);
  if (!cause.same.empty()) {
    constexpr std::size_t few = 2;
    std::string text = "the same in " + count(cause.same.size(), "other check") + ": ";
    for (std::size_t i = 0; i < std::min(few, cause.same.size()); ++i) {
      text += (i == 0 ? "" : "; ") + cause.same[i];
    }
    append(after, part("", text + (cause.same.size() > few ? "; ..." : "")));
  }
  std::string why = result.why.empty() ? "only that it failed" : result.why;
  if (const std::string crash = crash_in(why); failed && !crash.empty()) {
    append(lines, part("crash", crash));
    why.replace(why.find(crash), crash.size(), ""); // it is told
    append(after, part("means", "the program has crashed. Find out where before anything else: "
                                "-g -fsanitize=address, or gdb"));
  } else if (failed) {
    constexpr std::size_t most = 4;
    Lines means = part("means", result.means);
    if (means.size() > most && !screen.all) { // a narrow screen
      means.resize(most - 1);
      append(means, part("", "..."));
    }
    append(after, std::move(means));
    append(after, part("look", result.look));
  }
  if (failed) {
    constexpr std::size_t most = 2;
    Lines at = part("at", result.at);
    if (at.size() > most + 1 && !screen.all) {
      at.resize(most);
      append(at, part("", "..."));
    }
    append(after, std::move(at));
    append(after, part("by hand", screen.all ? by_hand_of(result) : scene_in(result.by_hand)));
  }
  append(after, part("note", result.note));
  if (failed) {
    append(after, part("promise", result.promise + ": tests/CONTRACT.md"));
  }

  if (!result.passed()) {
    constexpr std::size_t least = 5;
    const std::size_t width = screen.columns - column;
    AllSeen seen = seen_in(why, width, screen);
    if (!screen.all) {
      const std::size_t others = lines.size() + after.size();
      shorten(seen, std::max(least, screen.rows - std::min(screen.rows, others)), width,
              screen.how_all);
    }
    std::string_view label = failed ? "saw" : "why";
    for (const Seen& one : seen) {
      lines.push_back({{padded("  " + std::string(label), column), Paint::dim},
                       {one.text, one.printed ? Paint::dim : Paint::plain}});
      label = {};
    }
  }
  append(lines, std::move(after));
  if (!screen.all && lines.size() > screen.rows) { // a narrow screen
    lines.resize(screen.rows - 1);
    lines.push_back({{"  ... " + screen.how_all + " shows the rest"}});
  }
  return lines;
}

// Of many checks.

/// The failed checks of one suite, the first cause first.
std::vector<Cause> causes_in(const std::vector<const Result*>& suite) {
  std::set<std::string> needed;
  for (const Result* const result : suite) {
    if (result->outcome == Outcome::not_run && result->why.starts_with(needed_first)) {
      needed.insert(result->why.substr(needed_first.size()));
    }
  }
  std::vector<const Result*> failed;
  std::ranges::copy_if(suite, std::back_inserter(failed),
                       [](const Result* result) { return has_failed(*result); });
  std::ranges::stable_sort(failed, {}, [&](const Result* result) {
    return !crash_in(result->why).empty() ? 0 : needed.contains(result->sentence) ? 1 : 2;
  });
  std::vector<Cause> causes;
  std::map<std::string, std::size_t> known; // by their reasons
  for (const Result* const result : failed) {
    const auto [place, fresh] = known.try_emplace(reason_in(result->why), causes.size());
    if (fresh || result->why.empty()) {
      causes.push_back({.result = result, .same = {}});
    } else {
      causes[place->second].same.push_back(result->sentence);
    }
  }
  return causes;
}

/// The line of marks of each suite.
Lines marks_of(const std::vector<std::vector<const Result*>>& suites, const Screen& screen) {
  constexpr std::array kinds{
      std::pair{Outcome::passed, "passed"}, std::pair{Outcome::failed, "failed"},
      std::pair{Outcome::not_run, "not run"}, std::pair{Outcome::skipped, "skipped"}};
  Table table({{}, {}, {}, {}, {}, {}});
  for (const auto& suite : suites) {
    int reached = 0;
    int possible = 0;
    for (const Result* const result : suite) {
      reached += result->reached();
      possible += result->possible();
    }
    std::vector<Span> row{{suite.front()->suite + ": " + std::to_string(std::max(reached, 0)) +
                               " of " + std::to_string(possible) + " marks" +
                               (suite.front()->as_shipped ? ", as shipped" : ""),
                           Paint::bold}};
    for (const auto& [kind, name] : kinds) {
      const auto number = std::ranges::count_if(suite, [kind = kind](const Result* result) {
        return result->outcome == kind || (kind == Outcome::failed && has_failed(*result));
      });
      row.push_back({number == 0 ? "" : std::to_string(number) + " " + name, word_of(kind).paint});
    }
    table.add(std::move(row));
  }
  Lines lines;
  for (Line& line : table.lines(0, false)) {
    if (width_of(text_of(line, {.colour = false})) > screen.columns) {
      append(lines, beside({}, 0, line, screen));
    } else {
      lines.push_back(std::move(line));
    }
  }
  return lines;
}

/// Why checks were skipped or not run, and what those that passed have to say: once for all that
/// say the same.
Lines reasons_in(const std::vector<const Result*>& suite, const Screen& screen) {
  std::map<std::pair<Outcome, std::string>, std::size_t> checks;
  for (const Result* const result : suite) {
    if (!has_failed(*result) && !(result->passed() && result->note.empty())) {
      ++checks[{result->outcome, result->passed() ? result->note : result->why}];
    }
  }
  Lines lines;
  for (const auto& [reason, number] : checks) {
    const auto& [outcome, why] = reason;
    const bool needs = outcome == Outcome::not_run && why.starts_with(needed_first);
    Span word = word_of(outcome);
    append(lines,
           beside({{"  "}, word}, 11,
                  {{count(number, "check") + ": " + (needs ? "first this one has to pass: " : "") +
                    printable_line(needs ? why.substr(needed_first.size()) : why)}},
                  screen));
  }
  constexpr std::size_t most = 20;
  if (lines.size() > most) {
    lines.resize(most - 1);
    lines.push_back({{"  ... " + screen.how_all + " shows the rest"}});
  }
  return lines;
}

/// The command that runs this check alone. What is too long for a line goes on in the next one, as
/// a shell reads it.
Lines again(const Result& result, const Screen& screen) {
  Lines lines{{}, {{"To run this check alone:"}}};
  std::string line = " ";
  for (const std::string& word : screen.again(result)) {
    if (line.size() > 4 && line.size() + 1 + width_of(word) + 2 > screen.columns) {
      lines.push_back({{line + " \\", Paint::bold}});
      line = "   ";
    }
    line += " " + word;
  }
  lines.push_back({{line, Paint::bold}});
  return lines;
}

/// The failed checks of a suite, the first cause last, on at most `most` lines: those for which
/// there is no room are told by their sentence alone, or by their number.
Lines failures_in(const std::vector<Cause>& causes, std::size_t most, const Screen& screen) {
  std::vector<Lines> blocks;
  std::size_t used = 0;
  for (const Cause& cause : causes) {
    used += head_of(*cause.result, screen).size();
  }
  bool room = true;
  for (const Cause& cause : causes) {
    Lines head = head_of(*cause.result, screen);
    Lines block{{}};
    append(block, block_of(cause, screen));
    room = room && (blocks.empty() || used - head.size() + block.size() <= most);
    used += room ? block.size() - head.size() : 0;
    blocks.push_back(std::move(room ? block : head));
  }
  std::size_t left_out = 0;
  while (used + 2 > most && blocks.size() > 1) {
    used -= blocks.back().size();
    blocks.pop_back();
    ++left_out;
  }
  Lines lines;
  if (left_out > 0) {
    lines.push_back(
        {{"... " + std::to_string(left_out) + " more failed; " + screen.how_all + " shows them"}});
  }
  for (auto block = blocks.rbegin(); block != blocks.rend(); ++block) {
    if (blocks.size() > 1 && &*block == &blocks.front()) {
      append(lines, {{}, {{"The first to mend:", Paint::bold}}});
      block->erase(block->begin());
    }
    append(lines, std::move(*block));
  }
  if (!lines.empty() && !lines.front().empty()) {
    lines.insert(lines.begin(), Line{});
  }
  return lines;
}

} // namespace

std::string report_of(const std::vector<Result>& results, Screen screen) {
  screen.columns = std::max(screen.columns, fewest_columns);
  screen.rows = std::max(screen.rows, fewest_rows);
  Lines lines;
  std::vector<std::vector<const Result*>> suites;
  for (const Result& result : results) {
    if (suites.empty() || suites.back().front()->suite != result.suite) {
      suites.emplace_back();
    }
    suites.back().push_back(&result);
  }
  const bool alone = results.size() == 1;
  if (!alone) {
    lines = marks_of(suites, screen);
  }
  if (alone || screen.all) {
    bool apart = !alone; // an empty line goes around what is more than a sentence
    for (const Result& result : results) {
      Lines block = block_of({.result = &result, .same = {}}, screen);
      const bool more = block.size() > head_of(result, screen).size();
      if (apart || (more && !alone)) {
        lines.emplace_back();
      }
      apart = more;
      append(lines, std::move(block));
    }
  } else {
    for (auto suite = suites.rbegin(); suite != suites.rend(); ++suite) {
      const Lines reasons = reasons_in(*suite, screen);
      const std::vector<Cause> causes = causes_in(*suite);
      constexpr std::size_t around = 9; // the line of marks, its name, and the command
      const std::size_t room =
          most_of_a_suite - std::min(most_of_a_suite / 2, reasons.size() + around);
      if (suites.size() > 1 && !(reasons.empty() && causes.empty())) {
        append(lines, {{}, {{suite->front()->suite, Paint::bold}}});
      }
      append(lines, reasons);
      append(lines, failures_in(causes, room, screen));
    }
  }
  if (!alone && screen.again) {
    for (const auto& suite : suites) {
      if (const std::vector<Cause> causes = causes_in(suite); !causes.empty()) {
        append(lines, again(*causes.front().result, screen));
        break;
      }
    }
  }
  std::string text;
  for (const Line& line : lines) {
    text += text_of(line, screen.style) + "\n";
  }
  return text;
}

std::string by_hand_of(const Result& result) {
  std::string text;
  for (const std::string& line : lines_of(result.by_hand)) {
    text += "terminal " + line.substr(0, 1) + ": " + line.substr(line.find(": ") + 2) + "\n";
  }
  return text;
}

const Result* first_cause(const std::vector<Result>& results) {
  std::vector<const Result*> suite;
  suite.reserve(results.size());
  for (const Result& result : results) {
    suite.push_back(&result);
  }
  const std::vector<Cause> causes = causes_in(suite);
  return causes.empty() ? nullptr : causes.front().result;
}

std::string pattern_for(const std::string& name, const std::vector<std::string>& names) {
  // doctest takes small and capital letters for the same, and ? for any character: for a comma,
  // which would begin another pattern, and for a quote, which is hard to read in quotes.
  const auto alike = [](char pattern, char character) {
    return pattern == '?' || std::tolower(static_cast<unsigned char>(pattern)) ==
                                 std::tolower(static_cast<unsigned char>(character));
  };
  std::string pattern = name;
  std::ranges::replace_if(
      pattern, [](char character) { return character == ',' || character == '\''; }, '?');
  const auto begin_so = [&](std::size_t size) {
    return std::ranges::count_if(names, [&](const std::string& other) {
      return other.size() >= size &&
             std::equal(pattern.begin(), pattern.begin() + static_cast<std::ptrdiff_t>(size),
                        other.begin(), alike);
    });
  };
  std::size_t end = name.find(": ") + 2;
  do {
    end = std::min(name.find(' ', end + 1), name.size());
  } while (end < name.size() && begin_so(end) > 1);
  return end < name.size() ? pattern.substr(0, end) + "*" : pattern;
}

std::string for_shell(std::string_view argument) {
  constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
      "_-./=+:@%";
  if (!argument.empty() && argument.find_first_not_of(plain) == std::string_view::npos) {
    return std::string(argument);
  }
  std::string text = "'";
  for (const char character : argument) {
    text += character == '\'' ? "'\\''" : std::string(1, character);
  }
  return text + "'";
}

} // namespace lab
