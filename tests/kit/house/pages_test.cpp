// What the pages tell a reader to type, and how long it takes: a program is there once the preset
// of its page has been built, a preset is in the handout, and minutes are the same wherever they
// stand.

#include "kit/decks/deck.hpp"
#include "kit/house/house.hpp"
#include "kit/lessons/lesson.hpp"
#include "tools/text/json.hpp"
#include "tools/text/text.hpp"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace {

using lab::house::root;
namespace fs = std::filesystem;

std::string page(const fs::path& path) {
  return lab::lessons::contents(root() / path);
}

const lab::Json& presets() {
  static const auto json = lab::Json::parse(page("CMakePresets.json"));
  return json;
}

/// The folders steps/NN-name or exercises/NN-name, by name.
std::set<std::string> numbered(const std::string& folder) {
  static const std::regex form(R"(\d\d-.+)");
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(root() / folder)) {
    if (const std::string name = entry.path().filename(); std::regex_match(name, form)) {
      names.insert(name);
    }
  }
  return names;
}

std::string number(const std::string& name) {
  return name.substr(0, 2);
}

/// All that the first group of `form` matches in a text.
std::set<std::string> found_in(const std::string& text, const std::regex& form) {
  std::set<std::string> found;
  for (std::sregex_iterator i(text.begin(), text.end(), form); i != std::sregex_iterator(); ++i) {
    found.insert((*i)[1]);
  }
  return found;
}

/// The programs that a preset leaves in build/bin.
std::set<std::string> built_by(const std::string& preset) {
  std::set<std::string> programs{"lab-check", "lab-scenes"}; // what no check runs without, and
                                                             // what its reports name
  for (const lab::Json& one : presets().at("buildPresets").list()) {
    if (one.at("name").text() != preset) {
      continue;
    }
    for (const lab::Json& target : one.at("targets").list()) {
      programs.insert(target.text());
    }
  }
  for (const std::string& step : numbered("steps")) {
    if (programs.contains("step-" + number(step))) {
      for (const auto& source : fs::directory_iterator(root() / "steps" / step)) {
        programs.insert(source.path().stem());
      }
    }
  }
  return programs;
}

void check_programs(const fs::path& path, const std::string& preset) {
  static const std::regex form(R"(build/bin/([A-Za-z0-9_-]+))");
  const auto built = built_by(preset);
  for (const std::string& program : found_in(page(path), form)) {
    CHECK_MESSAGE(built.contains(program), path.string(), " names build/bin/", program,
                  ", which the preset ", preset, " does not build: see its targets");
  }
}

/// The presets of workflows, and those of them that a handout has.
struct Workflows {
  std::set<std::string> all;
  std::set<std::string> handed_out;
};

Workflows workflows() {
  static const std::regex form(R"re(keep_presets\("(.*)"\))re");
  const auto kept = found_in(page("tests/package/handout.cmake"), form);
  REQUIRE(kept.size() == 1);
  const std::regex in_handout(*kept.begin());
  Workflows result;
  for (const lab::Json& one : presets().at("workflowPresets").list()) {
    const std::string& name = one.at("name").text();
    result.all.insert(name);
    if (std::regex_match(name, in_handout)) {
      result.handed_out.insert(name);
    }
  }
  return result;
}

/// A page without its comments.
std::string visible(std::string text) {
  const std::string close = "-->";
  while (true) {
    const std::size_t begin = text.find("<!--");
    const std::size_t end = begin == std::string::npos ? begin : text.find(close, begin);
    if (end == std::string::npos) {
      return text;
    }
    text.erase(begin, end + close.size() - begin);
  }
}

/// What a student reads: a preset after --preset, or a name between backquotes, is one of the
/// handout.
void check_handed_out(const std::string& where, const std::string& text) {
  static const Workflows presets = workflows();
  static const std::regex typed(R"(--preset +([a-z0-9-]+))");
  static const std::regex quoted(R"(`([a-z0-9-]+)`)");
  for (const std::string& name : found_in(text, typed)) {
    CHECK_MESSAGE((presets.handed_out.contains(name) || name == "lab"), where, " names the preset ",
                  name, ", which a handout does not have");
  }
  for (const std::string& name : found_in(text, quoted)) {
    CHECK_MESSAGE((presets.handed_out.contains(name) || !presets.all.contains(name)), where,
                  " names the preset `", name, "`, which a handout does not have");
  }
}

/// How many minutes each exercise takes, by its number: exercises/README.md says it.
std::map<std::string, int> minutes_of_exercises() {
  static const std::regex row(R"(\| \[(\d\d)\]\(.*\| (\d+) \|)");
  std::map<std::string, int> minutes;
  for (const std::string& line : lab::lines_of(page("exercises/README.md"))) {
    std::smatch found;
    if (std::regex_match(line, found, row)) {
      minutes[found[1]] = std::stoi(found[2]);
    }
  }
  return minutes;
}

/// The same of each lesson: the map of the course says it.
std::map<std::string, int> minutes_of_lessons() {
  static const std::regex row(R"(\| \[(\d\d)\]\([^|]*\|[^|]*\|[^|]*\| (\d+) \|.*)");
  std::map<std::string, int> minutes;
  for (const std::string& line : lab::lines_of(page("steps/README.md"))) {
    std::smatch found;
    if (std::regex_match(line, found, row)) {
      minutes[found[1]] = std::stoi(found[2]);
    }
  }
  return minutes;
}

/// The columns that a line takes in a terminal, if no character is a wide one.
std::ptrdiff_t columns(const std::string& line) {
  return std::ranges::count_if(line, [](unsigned char byte) { return (byte & 0xc0U) != 0x80; });
}

} // namespace

TEST_CASE("a page: each program that it names is built by the preset of its step or exercise") {
  for (const std::string& step : numbered("steps")) {
    check_programs("steps/" + step + "/README.md", "step-" + number(step));
    if (const std::string deck = "slides/" + step + ".md"; fs::exists(root() / deck)) {
      check_programs(deck, "step-" + number(step));
    }
  }
  for (const std::string& exercise : numbered("exercises")) {
    for (const auto& file : fs::directory_iterator(root() / "exercises" / exercise)) {
      check_programs(fs::relative(file, root()), "exercise-" + number(exercise));
    }
  }
  check_programs("exercises/DEBUGGING.md", "exercise-01"); // it begins with that one
}

TEST_CASE("a lesson, and the map: no drawing in it is wider than a terminal of 80 columns") {
  std::set<std::string> pages{"steps/README.md"};
  for (const std::string& step : numbered("steps")) {
    pages.insert("steps/" + step + "/README.md");
  }
  for (const std::string& name : pages) {
    bool drawing = false;
    for (const std::string& line : lab::lines_of(page(name))) {
      if (line.starts_with("```")) {
        drawing = line == "```text";
      } else if (drawing) {
        CHECK_MESSAGE(columns(line) <= 80, name << ": " << line);
      }
    }
  }
}

TEST_CASE("a page that students get, and a slide: each preset that it names is in the handout") {
  for (const std::string folder : {"steps", "exercises", "tests/package/handout"}) {
    for (const auto& file : fs::recursive_directory_iterator(root() / folder)) {
      const auto extension = file.path().extension();
      if (extension == ".md" || extension == ".cpp" || extension == ".hpp") {
        check_handed_out(fs::relative(file, root()), visible(page(file.path())));
      }
    }
  }
  check_handed_out("tests/CONTRACT.md", page("tests/CONTRACT.md"));
  for (const auto& deck : lab::slides::decks_in(root())) {
    for (const auto& slide : lab::slides::parse_deck(page(deck)).slides) {
      check_handed_out(deck.filename().string() + ", '" + slide.title + "',", visible(slide.text));
    }
  }
}

TEST_CASE("a page: each name of the kit in it, lab::NAME, is in a source that students have") {
  std::string sources;
  for (const std::string folder : {"steps", "exercises"}) {
    for (const auto& file : fs::recursive_directory_iterator(root() / folder)) {
      const auto extension = file.path().extension();
      sources += extension == ".cpp" || extension == ".hpp" ? page(file.path()) : "";
    }
  }
  static const std::regex form(R"(\blab::(\w+))");
  static const std::regex word(R"(\b(\w+)\b)");
  const auto words = found_in(sources, word);
  for (const std::string folder : {"steps", "exercises", "slides"}) {
    for (const auto& file : fs::recursive_directory_iterator(root() / folder)) {
      if (file.path().extension() != ".md") {
        continue;
      }
      for (const std::string& name : found_in(page(file.path()), form)) {
        CHECK_MESSAGE(words.contains(name), fs::relative(file, root()).string(),
                      " names lab::", name, ", which is not in steps or exercises");
      }
    }
  }
}

TEST_CASE("a page: an exercise has as many TODOs as its page and its deck say") {
  static const std::regex marked(R"(\bTODO (\d+):)");
  static const std::regex said(R"(\b(\w+) `?TODO`?s\b)");
  const std::vector<std::string> words{"no", "one", "two", "three", "four", "five", "six"};
  for (const std::string& exercise : numbered("exercises")) {
    std::set<std::string> todos;
    for (const auto& file : fs::directory_iterator(root() / "exercises" / exercise)) {
      if (file.path().extension() == ".cpp") {
        todos.merge(found_in(page(file.path()), marked));
      }
    }
    const std::string& number_of_todos = words.at(todos.size());
    for (const std::string& path :
         {"exercises/" + exercise + "/README.md", "slides/" + exercise + ".md"}) {
      if (!fs::exists(root() / path)) {
        continue;
      }
      std::string text = page(path);
      std::ranges::replace(text, '\n', ' ');
      for (std::string word : found_in(std::regex_replace(text, std::regex(" +"), " "), said)) {
        word.front() = static_cast<char>(std::tolower(static_cast<unsigned char>(word.front())));
        CHECK_MESSAGE(word == number_of_todos, path, " says that there are ", word, " TODOs, but ",
                      number_of_todos, " are in the source");
      }
    }
  }
}

TEST_CASE("minutes: those of an exercise are the same everywhere") {
  const auto minutes = minutes_of_exercises();
  static const std::regex said(R"((\d+) minutes)");
  for (const std::string& exercise : numbered("exercises")) {
    const auto found = minutes.find(number(exercise));
    REQUIRE_MESSAGE(found != minutes.end(), "exercises/README.md: no minutes for ", exercise);
    const std::set<std::string> expected{std::to_string(found->second)};
    const std::string own = "exercises/" + exercise + "/README.md";
    const std::string text = page(own);
    CHECK_MESSAGE(
        found_in(text.substr(0, text.find("\n## ")), said) == expected, own,
        " begins with other minutes than the table in exercises/README.md: ", found->second);
    const fs::path deck = root() / "slides" / (exercise + ".md");
    if (!fs::exists(deck)) {
      continue;
    }
    for (const auto& slide : lab::slides::parse_deck(page(deck)).slides) {
      if (slide.text.find("--preset exercise-" + number(exercise)) == std::string::npos) {
        continue;
      }
      for (const std::string& other : found_in(slide.text, said)) {
        CHECK_MESSAGE(expected.contains(other), deck.filename().string(), ": the slide '",
                      slide.title, "' says ", other, " minutes, exercises/README.md says ",
                      found->second);
      }
    }
  }
  std::set<int> all;
  for (const auto& [exercise, own] : minutes) {
    all.insert(own);
  }
  const std::string range =
      std::to_string(*all.begin()) + " to " + std::to_string(*all.rbegin()) + " minutes";
  CHECK_MESSAGE(page("slides/00-overview.md").find(range) != std::string::npos,
                "deck 00 does not say that an exercise takes ", range);
}

TEST_CASE("minutes: a way through the course has the minutes of its lessons and exercises") {
  const auto lessons = minutes_of_lessons();
  const auto exercises = minutes_of_exercises();
  REQUIRE(lessons.size() == numbered("steps").size());
  static const std::regex heading(R"(### .*\((\d+) (minutes|hours).*)");
  static const std::regex row(R"(\| (\d+) \| (.*) \|)");
  static const std::regex whole(R"((steps?|exercise) (\d\d)(?: and (\d\d))?(\b|;).*)");
  std::string way;
  int expected = 0;
  int sum = 0;
  int ways = 0;
  const auto end_of_way = [&] {
    CHECK_MESSAGE(sum == expected, "steps/README.md: '", way, "' has rows of ", sum, " minutes");
    ways += way.empty() ? 0 : 1;
    way.clear();
    sum = expected = 0;
  };
  for (const std::string& line : lab::lines_of(page("steps/README.md"))) {
    std::smatch found;
    if (line.starts_with("#")) {
      end_of_way();
      if (std::regex_match(line, found, heading)) {
        way = line;
        expected = std::stoi(found[1]) * (found[2] == "hours" ? 60 : 1);
      }
    } else if (!way.empty() && std::regex_match(line, found, row)) {
      const int minutes = std::stoi(found[1]);
      const std::string what = found[2];
      sum += minutes;
      if (way.find("hours") != std::string::npos && std::regex_match(what, found, whole)) {
        const auto& of = found[1] == "exercise" ? exercises : lessons;
        const int own = of.at(found[2]) + (found[3].matched ? of.at(found[3]) : 0);
        CHECK_MESSAGE(minutes == own, "steps/README.md: '", line, "' takes ", own, " minutes");
      }
    }
  }
  end_of_way();
  CHECK(ways == 2);
}
