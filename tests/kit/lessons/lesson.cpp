#include "kit/lessons/lesson.hpp"

#include "tools/text/text.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <optional>
#include <regex>
#include <set>
#include <stdexcept>
#include <utility>

namespace lab::lessons {

namespace {

/// The key that a line such as `^C` stands for.
std::optional<char> key(std::string_view line) {
  constexpr std::array<std::pair<std::string_view, char>, 4> keys{
      {{"^C", '\x03'}, {"^D", '\x04'}, {"^Z", '\x1a'}, {"^\\", '\x1c'}}};
  const auto* const found =
      std::find_if(keys.begin(), keys.end(), [&](const auto& one) { return one.first == line; });
  return found == keys.end() ? std::nullopt : std::optional(found->second);
}

Entry entry(const std::string& line, int number) {
  if (line.starts_with("$ ")) {
    return {.kind = Entry::Kind::command, .text = line.substr(2), .line = number};
  }
  if (constexpr std::string_view gdb = "(gdb) "; line.starts_with(gdb)) {
    return {.kind = Entry::Kind::typed, .text = line.substr(gdb.size()), .line = number};
  }
  if (line == ">" || line.starts_with("> ")) {
    return {
        .kind = Entry::Kind::typed, .text = line.substr(line.size() > 1 ? 2 : 1), .line = number};
  }
  if (const auto pressed = key(line)) {
    return {.kind = Entry::Kind::key, .text = std::string(1, *pressed), .line = number};
  }
  if (line == "...") {
    return {.kind = Entry::Kind::any_lines, .text = line, .line = number};
  }
  return {.kind = Entry::Kind::shown, .text = line, .line = number};
}

/// Takes a lesson apart, line by line.
class Parser {
public:
  explicit Parser(Form form) : form_(form) {}

  Lesson parse(std::string_view text) {
    lesson_.sections.push_back({.title = "", .blocks = {}});
    for (const std::string& line : lines_of(text)) {
      ++number_;
      if (fence_.empty()) {
        outside(line);
      } else {
        inside(line);
      }
    }
    if (!fence_.empty()) {
      problem("the block is never closed");
    }
    return std::move(lesson_);
  }

private:
  void outside(const std::string& line) {
    static const std::regex fence(R"(\s*(```+)\s*(\S*).*)");
    static const std::regex directive(R"(\s*<!-- *(run|shown|code)\b *:? *(.*?) *-->\s*)");
    static const std::regex terminal(R"(\*\*Terminal ([1-9])\*\*)");
    std::smatch found;
    if (std::regex_match(line, found, fence)) {
      fence_ = found[1];
      open(found[2]);
      directive_.clear();
      return;
    }
    if (!directive_.empty()) {
      problem("the line after <!-- " + directive_ + " ... --> is not the beginning of a block");
      directive_.clear();
    }
    if (std::regex_match(line, found, directive)) {
      directive_ = found[1];
      details_ = found[2];
      return;
    }
    label_ = std::regex_match(line, found, terminal) ? std::stoi(found[1]) : 0;
    if (form_ == Form::deck) {
      slide(line);
    } else if (line.starts_with("## ")) {
      lesson_.sections.push_back({.title = line.substr(3), .blocks = {}});
    } else if (lesson_.sections.size() == 1) {
      needs(line);
    }
    mentions(line);
  }

  /// A slide begins a session, unless it says that it goes on with the one before.
  void slide(const std::string& line) {
    static const std::regex heading("##? +(.*)");
    std::smatch found;
    if (line == "---") {
      lesson_.sections.push_back({.title = "", .blocks = {}});
    } else if (line == "<!-- continues -->") {
      if (lesson_.sections.size() < 2 || !lesson_.sections.back().blocks.empty()) {
        problem("<!-- continues --> stands on a slide, before its blocks");
      } else {
        lesson_.sections.pop_back();
      }
    } else if (std::regex_match(line, found, heading) && lesson_.sections.back().title.empty()) {
      lesson_.sections.back().title = found[1];
    }
  }

  /// How many terminals a lesson says that it needs.
  void needs(const std::string& line) {
    static const std::regex form(R"(\b(one|two|three|four|five) terminals?\b)");
    constexpr std::array<std::string_view, 5> words{"one", "two", "three", "four", "five"};
    std::smatch found;
    if (std::regex_search(line, found, form)) {
      const auto* const word = std::ranges::find(words, found[1].str());
      lesson_.terminals = static_cast<int>(word - words.begin()) + 1;
    }
  }

  void open(const std::string& language) {
    block_ = nullptr;
    quote_ = nullptr;
    if (language == "console" && directive_ == "run") {
      block_ = &lesson_.sections.back().blocks.emplace_back();
      block_->line = number_;
      block_->labelled = label_ != 0;
      block_->terminal = std::max(std::exchange(label_, 0), 1);
      run_details();
    } else if (language == "console" && directive_ == "shown") {
      if (details_.empty()) {
        problem("<!-- shown: REASON --> says no reason");
      }
    } else if (language == "console") {
      problem("a console block needs <!-- run: ... --> or <!-- shown: REASON --> above it");
    } else if (language == "cpp" && directive_ == "code") {
      quote_ = &lesson_.quotes.emplace_back();
      quote_->line = number_;
      static const std::regex form(R"re((\S+)(?: +\[(\d+)\])?(?: +"(.+?)")?(?: +\.\. +"(.+)")?)re");
      std::smatch found;
      if (std::regex_match(details_, found, form)) {
        quote_->path = found[1];
        quote_->anchor = found[2].matched ? std::stoi(found[2]) : 0;
        quote_->first = found[3];
        quote_->last = found[4];
        quote_->exact = form_ == Form::deck || found[3].matched || found[4].matched;
      } else {
        problem(R"(the form is <!-- code: PATH [N] "FIRST" .. "LAST" -->, not ')" + details_ + "'");
      }
    } else if (language == "cpp") {
      problem("a cpp block needs <!-- code: PATH [N] --> above it");
    } else if (!directive_.empty()) {
      problem("<!-- " + directive_ + " --> does not go with a block of '" + language + "'");
    }
  }

  void run_details() {
    std::string rest = details_;
    while (!rest.empty()) {
      const std::size_t comma = rest.find(',');
      const std::string word = squeezed(rest.substr(0, comma));
      rest = comma == std::string::npos ? "" : rest.substr(comma + 1);
      static const std::regex terminal("terminal ([1-9])");
      std::smatch found;
      if (std::regex_match(word, found, terminal)) {
        block_->terminal = std::stoi(found[1]);
        if (form_ == Form::lesson) {
          problem("in a lesson the page says the terminal, on the line above: **Terminal " +
                  found[1].str() + "**");
        }
      } else if (word == "still running") {
        block_->still_running = true;
      } else if (word == "any order") {
        block_->any_order = true;
      } else if (word == "until seen") {
        block_->until_seen = true;
      } else {
        problem("<!-- run: ... --> has no '" + word +
                "': it knows terminal N, still running, any order, until seen");
      }
    }
  }

  void inside(const std::string& line) {
    const std::size_t start = line.find_first_not_of(' ');
    if (start != std::string::npos && line.substr(start) == fence_) {
      fence_.clear();
      close();
      return;
    }
    if (block_ != nullptr) {
      block_->line = number_;
      block_->entries.push_back(entry(line, number_));
    } else if (quote_ != nullptr) {
      quote_->text.push_back(line);
      if (squeezed(line).empty()) {
        return;
      }
      const bool skip = squeezed(line) == "...";
      quote_->lines.push_back({.kind = skip ? Entry::Kind::any_lines : Entry::Kind::shown,
                               .text = squeezed(line),
                               .line = number_});
    }
  }

  void close() {
    if (block_ != nullptr && block_->entries.empty()) {
      problem("the block is empty");
    }
    if (block_ == nullptr || !block_->until_seen) {
      return;
    }
    const auto& entries = block_->entries;
    const auto plain = [](const Entry& one) {
      return one.kind == Entry::Kind::shown || one.kind == Entry::Kind::any_lines;
    };
    if (entries.empty() || entries.front().kind != Entry::Kind::command ||
        !std::all_of(entries.begin() + 1, entries.end(), plain) || block_->still_running) {
      problem("a block 'until seen' is one command and what it shows");
    }
  }

  void mentions(const std::string& line) {
    static const std::regex anchor(R"(\[(\d+)\](?!\())");
    static const std::regex link(R"(\]\(([^)#\s]+)[^)]*\))");
    for (std::sregex_iterator i(line.begin(), line.end(), anchor); i != std::sregex_iterator();
         ++i) {
      lesson_.anchors.push_back({.text = (*i)[1], .line = number_});
    }
    for (std::sregex_iterator i(line.begin(), line.end(), link); i != std::sregex_iterator(); ++i) {
      lesson_.links.push_back({.text = (*i)[1], .line = number_});
    }
  }

  void problem(std::string text) {
    lesson_.problems.push_back({.line = number_, .text = std::move(text)});
  }

  Form form_;
  Lesson lesson_;
  int number_ = 0;
  std::string fence_;     // of the block that we are in
  int label_ = 0;         // the terminal that the line above, or above the directive, names
  std::string directive_; // the word of the one just above, and what it says
  std::string details_;
  Block* block_ = nullptr;
  Quote* quote_ = nullptr;
};

/// The numbers of the comments in a line of a source that begin with `[1]`, `[2]`. Others only
/// refer to them.
std::vector<int> anchors_in(const std::string& line) {
  static const std::regex anchor(R"(// *\[(\d+)\])");
  std::vector<int> numbers;
  for (std::sregex_iterator i(line.begin(), line.end(), anchor); i != std::sregex_iterator(); ++i) {
    numbers.push_back(std::stoi((*i)[1]));
  }
  return numbers;
}

/// Whether `quoted`, from its first line on, is what stands at source[at].
bool stands_at(const std::vector<std::string>& source, std::size_t at,
               const std::vector<Entry>& quoted, std::size_t first, std::size_t& furthest) {
  for (std::size_t i = first; i < quoted.size(); ++i, ++at) {
    furthest = std::max(furthest, i);
    if (quoted[i].kind == Entry::Kind::any_lines) {
      for (; at <= source.size(); ++at) {
        if (stands_at(source, at, quoted, i + 1, furthest)) {
          return true;
        }
      }
      return false;
    }
    if (at >= source.size() || source[at] != quoted[i].text) {
      return false;
    }
  }
  return true;
}

/// Of a quote that has to be its region, the first line that is not.
std::optional<Problem> check_exact(const Quote& quote, const std::filesystem::path& root) {
  std::vector<std::string> expected;
  try {
    expected = region(quote, root);
  } catch (const std::runtime_error& error) {
    return Problem{.line = quote.line, .text = error.what()};
  }
  const std::size_t end = std::min(expected.size(), quote.text.size());
  const auto at = static_cast<std::size_t>(
      std::mismatch(expected.begin(), expected.begin() + static_cast<std::ptrdiff_t>(end),
                    quote.text.begin())
          .first -
      expected.begin());
  if (at == expected.size() && at == quote.text.size()) {
    return std::nullopt;
  }
  const std::string nothing = "(nothing)";
  return Problem{.line = quote.line + 1 + static_cast<int>(at),
                 .text = "the block is not what stands in " + quote.path +
                         ":\n  here:   " + (at < quote.text.size() ? quote.text[at] : nothing) +
                         "\n  source: " + (at < expected.size() ? expected[at] : nothing) +
                         "\ncmake --build build --target refresh-slides puts it right"};
}

std::optional<Problem> check_quote(const Quote& quote, const std::filesystem::path& root) {
  if (!exists(root / quote.path)) {
    return Problem{.line = quote.line, .text = "there is no file '" + quote.path + "'"};
  }
  if (quote.exact) {
    return check_exact(quote, root);
  }
  std::vector<std::string> source;
  bool inside = quote.anchor == 0;
  for (const std::string& line : lines_of(contents(root / quote.path))) {
    if (const auto numbers = anchors_in(line); quote.anchor != 0 && !numbers.empty()) {
      inside = std::find(numbers.begin(), numbers.end(), quote.anchor) != numbers.end();
    }
    if (std::string text = squeezed(line); inside && !text.empty()) {
      source.push_back(std::move(text));
    }
  }
  std::size_t furthest = 0;
  for (std::size_t at = 0; at < source.size(); ++at) {
    if (stands_at(source, at, quote.lines, 0, furthest)) {
      return std::nullopt;
    }
  }
  const std::string where =
      quote.path + (quote.anchor == 0 ? "" : " at [" + std::to_string(quote.anchor) + "]");
  if (source.empty() || quote.lines.empty()) {
    return Problem{.line = quote.line, .text = "nothing is quoted from " + where};
  }
  return Problem{.line = quote.lines[furthest].line,
                 .text = "this line does not stand in " + where +
                         " (after the lines quoted above it): " + quote.lines[furthest].text};
}

} // namespace

Lesson parse(std::string_view text, Form form) {
  return Parser(form).parse(text);
}

std::vector<std::string> region(const Quote& quote, const std::filesystem::path& root) {
  const std::vector<std::string> source = lines_of(contents(root / quote.path));
  const auto begins = [&](std::size_t at, const std::string& text) {
    return squeezed(source[at]).starts_with(squeezed(text));
  };
  const auto comment = [&](std::size_t at) { return begins(at, "//"); };
  std::size_t first = 0;
  if (quote.anchor != 0) {
    while (first < source.size()) {
      const auto numbers = anchors_in(source[first]);
      if (std::find(numbers.begin(), numbers.end(), quote.anchor) != numbers.end()) {
        break;
      }
      ++first;
    }
    if (first == source.size()) {
      throw std::runtime_error(quote.path + " has no comment [" + std::to_string(quote.anchor) +
                               "]");
    }
    while (first < source.size() && comment(first)) {
      ++first; // a comment on lines of its own is about what follows it
    }
  }
  if (!quote.first.empty()) {
    while (first < source.size() && !begins(first, quote.first)) {
      ++first;
    }
    if (first == source.size()) {
      throw std::runtime_error("no line of " + quote.path + " begins with: " + quote.first);
    }
  }
  std::size_t end = first;
  if (quote.last.empty()) {
    while (end < source.size() && !squeezed(source[end]).empty() &&
           (end == first || !comment(end) || anchors_in(source[end]).empty())) {
      ++end;
    }
  } else {
    while (end < source.size() && !begins(end, quote.last)) {
      ++end;
    }
    if (end == source.size()) {
      throw std::runtime_error("after that, no line of " + quote.path +
                               " begins with: " + quote.last);
    }
    ++end;
  }
  std::vector<std::string> lines(source.begin() + static_cast<std::ptrdiff_t>(first),
                                 source.begin() + static_cast<std::ptrdiff_t>(end));
  if (lines.empty()) {
    throw std::runtime_error("the region of " + quote.path + " is empty");
  }
  std::size_t indentation = std::string::npos;
  for (const std::string& line : lines) {
    indentation = std::min(indentation, line.find_first_not_of(' '));
  }
  for (std::string& line : lines) {
    line.erase(0, indentation);
  }
  return lines;
}

std::vector<Problem> check_references(const Lesson& lesson, const std::filesystem::path& file,
                                      const std::filesystem::path& step,
                                      const std::filesystem::path& root) {
  std::vector<Problem> problems;
  for (const Quote& quote : lesson.quotes) {
    if (auto problem = check_quote(quote, root)) {
      problems.push_back(std::move(*problem));
    }
  }
  std::set<std::string> anchors;
  std::error_code none; // the overview has no step
  for (const auto& source : std::filesystem::directory_iterator(step, none)) {
    if (source.path().extension() == ".cpp") {
      for (const std::string& line : lines_of(contents(source.path()))) {
        for (const int number : anchors_in(line)) {
          anchors.insert(std::to_string(number));
        }
      }
    }
  }
  for (const Mention& anchor : lesson.anchors) {
    if (!anchors.contains(anchor.text)) {
      problems.push_back({.line = anchor.line,
                          .text = "no source of this step has a comment [" + anchor.text + "]"});
    }
  }
  for (const Mention& link : lesson.links) {
    if (link.text.find(':') == std::string::npos && !exists(file.parent_path() / link.text)) {
      problems.push_back({.line = link.line, .text = "the link leads nowhere: " + link.text});
    }
  }
  return problems;
}

std::vector<Problem> check_terminals(const Lesson& lesson) {
  constexpr std::array<const char*, 10> words{"no",   "one", "two",   "three", "four",
                                              "five", "six", "seven", "eight", "nine"};
  std::vector<Problem> problems;
  std::set<int> used;
  for (const Section& section : lesson.sections) {
    std::set<int> here;
    for (const Block& block : section.blocks) {
      here.insert(block.terminal);
    }
    used.merge(std::set(here));
    for (const Block& block : section.blocks) {
      if (here.size() > 1 && !block.labelled) {
        problems.push_back({.line = block.line,
                            .text = "the section has several terminals, and the page does not say "
                                    "which one this block belongs to: **Terminal 1** above it"});
      }
    }
  }
  if (!used.empty() && *used.rbegin() != static_cast<int>(used.size())) {
    problems.push_back({.line = 1,
                        .text = "the highest terminal is " + std::to_string(*used.rbegin()) +
                                ", and not all before it are used"});
  }
  if (lesson.terminals != static_cast<int>(used.size())) {
    problems.push_back(
        {.line = 1,
         .text = std::string("before its first section the lesson says how many terminals it "
                             "needs: ") +
                 words.at(used.size()) + (used.size() == 1 ? " terminal" : " terminals")});
  }
  return problems;
}

std::string contents(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    throw std::runtime_error("cannot read " + file.string());
  }
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::string squeezed(std::string_view line) {
  std::string result;
  for (const char c : line) {
    const char one = c == '\t' || c == '\r' ? ' ' : c;
    if (one != ' ' || (!result.empty() && result.back() != ' ')) {
      result.push_back(one);
    }
  }
  if (!result.empty() && result.back() == ' ') {
    result.pop_back();
  }
  return result;
}

} // namespace lab::lessons
