// A step is in every place where it has to be: a test for each place, and a message for each step
// that is missing there. The steps are the folders steps/NN-name, however many they are.

#include "kit/house/house.hpp"
#include "kit/lessons/lesson.hpp"
#include "tools/text/json.hpp"
#include "tools/text/text.hpp"

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

namespace {

using lab::house::checks;
using lab::house::root;
namespace fs = std::filesystem;

// The names NN-name in a folder of the kit: of folders, or of what has the extension, without it.
std::vector<std::string> numbered(const char* folder, std::string_view extension = "") {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(root() / folder)) {
    const std::string name = entry.path().stem().string();
    const bool wanted =
        extension.empty() ? entry.is_directory() : entry.path().extension() == extension;
    if (wanted && name.size() > 3 && name.find_first_not_of("0123456789") == 2 && name[2] == '-') {
      names.push_back(name);
    }
  }
  std::ranges::sort(names);
  return names;
}

std::vector<std::string> steps() {
  auto names = numbered("steps");
  REQUIRE_MESSAGE(!names.empty(), "this test does not find the steps");
  return names;
}

std::vector<std::string> exercises() {
  return numbered("exercises");
}

std::string number(const std::string& step) {
  return step.substr(0, 2);
}

bool is_there(const std::string& path) {
  return fs::exists(root() / path);
}

std::vector<std::string> programs(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(root() / folder)) {
    if (entry.path().extension() == ".cpp") {
      names.push_back(entry.path().stem().string());
    }
  }
  return names;
}

std::string page(const std::string& path) {
  return lab::lessons::contents(root() / path);
}

bool contains(std::string_view text, std::string_view piece) {
  return text.find(piece) != std::string_view::npos;
}

// The row of a table that begins with `begin`; empty where there is none.
std::string row(const std::string& path, const std::string& begin) {
  for (const std::string& line : lab::lines_of(page(path))) {
    if (line.starts_with(begin)) {
      return line;
    }
  }
  return "";
}

void check_row(const std::string& path, const std::string& begin,
               const std::vector<std::string>& named) {
  const std::string line = row(path, begin);
  CHECK_MESSAGE(!line.empty(), path, " has no row '", begin, " ...'");
  for (const std::string& name : named) {
    CHECK_MESSAGE((line.empty() || contains(line, "`" + name + "`")), path, ": the row '", begin,
                  " ...' does not name `", name, "`");
  }
}

void check_presets(const std::string& name, const std::vector<std::string>& kinds = {
                                                "buildPresets", "testPresets", "workflowPresets"}) {
  static const auto json = lab::Json::parse(page("CMakePresets.json"));
  for (const std::string& kind : kinds) {
    const bool found = std::ranges::any_of(
        json.at(kind).list(), [&](const auto& one) { return one.at("name").text() == name; });
    CHECK_MESSAGE(found, "CMakePresets.json has no ", name, " among its ", kind);
  }
}

bool has_checks(const std::string& suite) {
  return std::ranges::find(checks(), suite, &lab::Result::suite) != checks().end();
}

bool any_for(const std::string& step, const std::vector<std::string>& names) {
  return std::ranges::any_of(names, [&](const auto& name) { return number(name) == number(step); });
}

} // namespace

TEST_CASE("a step: its programs and its lesson") {
  for (const std::string& step : steps()) {
    const std::string folder = "steps/" + step;
    CHECK_MESSAGE(!programs(folder).empty(), folder, " has no program");
    CHECK_MESSAGE(is_there(folder + "/README.md"), folder, " has no lesson, README.md");
  }
}

TEST_CASE("a step: its three presets") {
  for (const std::string& step : steps()) {
    check_presets("step-" + number(step));
  }
}

TEST_CASE("a step: its checks, which name each of its programs") {
  for (const std::string& step : steps()) {
    const std::string suite = "step-" + number(step);
    CHECK_MESSAGE(has_checks(suite), "there is no check of ", suite, ": tests/checks/step_",
                  number(step), ".cpp");
    for (const std::string& program : programs("steps/" + step)) {
      const bool named = std::ranges::any_of(checks(), [&](const lab::Result& check) {
        return check.suite == suite && contains(check.sentence, program);
      });
      CHECK_MESSAGE((named || !has_checks(suite)), "no check of ", suite, " names ", program);
    }
  }
}

TEST_CASE("a step: its row in README.md") {
  for (const std::string& step : steps()) {
    check_row("README.md", "| [" + number(step) + "](steps/" + step + "/README.md) |",
              programs("steps/" + step));
  }
}

TEST_CASE("a step: its row in the map, steps/README.md, and its place in the drawing there") {
  const std::string map = page("steps/README.md");
  const auto begin = map.find("```text\n");
  const std::string drawing = map.substr(begin, map.find("```\n", begin + 3) - begin);
  for (const std::string& step : steps()) {
    const std::string head = "| [" + number(step) + "](" + step + "/README.md) |";
    check_row("steps/README.md", head, programs("steps/" + step));
    CHECK_MESSAGE(contains(drawing, " " + number(step) + " "),
                  "steps/README.md: the drawing of what a step needs does not show ", number(step));
  }
}

TEST_CASE("a step: its exercise, or a word why there is none") {
  for (const std::string& step : steps()) {
    const std::string line =
        row("steps/README.md", "| [" + number(step) + "](" + step + "/README.md) |");
    const bool is_linked = contains(line, "](../exercises/" + step + ")");
    if (is_there("exercises/" + step)) {
      CHECK_MESSAGE(is_linked, "steps/README.md: the row of ", step, " does not link to ",
                    "../exercises/", step);
    } else {
      CHECK_MESSAGE((!is_linked && contains(line, "| none: ")), "there is no exercises/", step,
                    ", and its row in steps/README.md does not say why: | none: REASON |");
    }
  }
}

TEST_CASE("a step: its deck, or a word why there is none") {
  for (const std::string& step : steps()) {
    const std::string line =
        row("steps/README.md", "| [" + number(step) + "](" + step + "/README.md) |");
    const bool is_linked = contains(line, "](../slides/" + step + ".md)");
    if (is_there("slides/" + step + ".md")) {
      CHECK_MESSAGE(is_linked, "steps/README.md: the row of ", step, " does not link to ",
                    "../slides/", step, ".md");
    } else {
      CHECK_MESSAGE((!is_linked &&
                     line.find(" none: ", line.rfind('|', line.size() - 2)) != std::string::npos),
                    "there is no slides/", step,
                    ".md, and its row in steps/README.md does not say why: | none: REASON |");
    }
  }
}

TEST_CASE("a step: its box in the map of deck 00") {
  const std::string figure = page("slides/figures/map.svg");
  for (const std::string& step : steps()) {
    CHECK_MESSAGE(contains(figure, ">" + number(step) + "<"),
                  "slides/figures/map.svg does not show ", number(step),
                  ": map() in slides/figures draws it");
  }
}

TEST_CASE("an exercise: its step, its page and its solution, path by path") {
  for (const std::string& exercise : exercises()) {
    CHECK_MESSAGE(is_there("steps/" + exercise), "exercises/", exercise, " has no step steps/",
                  exercise);
    CHECK_MESSAGE(is_there("exercises/" + exercise + "/README.md"), "exercises/", exercise,
                  " has no page, README.md");
    CHECK_MESSAGE(is_there("solutions/" + exercise + "/README.md"), "solutions/", exercise,
                  " has no page, README.md");
    CHECK_MESSAGE(programs("exercises/" + exercise).size() == 1, "exercises/", exercise, " has ",
                  programs("exercises/" + exercise).size(), " programs, not one");
    const std::string solution = "solutions/" + exercise + "/";
    for (const std::string& program : programs("exercises/" + exercise)) {
      const std::string path = solution + program + ".cpp";
      CHECK_MESSAGE(is_there(path), "there is no ", path);
    }
  }
}

TEST_CASE("an exercise: its eight presets") {
  for (const std::string& exercise : exercises()) {
    check_presets("exercise-" + number(exercise));
    check_presets("solution-" + number(exercise));
    check_presets("reset-exercise-" + number(exercise), {"buildPresets", "workflowPresets"});
  }
}

TEST_CASE("an exercise: its checks, and its promise in the contract") {
  for (const std::string& exercise : exercises()) {
    const std::string suite = "exercise-" + number(exercise);
    CHECK_MESSAGE(has_checks(suite), "there is no check of ", suite, ": tests/checks/exercise_",
                  number(exercise), ".cpp");
    const std::string code = "E" + std::to_string(std::stoi(number(exercise)));
    const bool held = std::ranges::any_of(checks(), [&](const lab::Result& check) {
      return check.suite == suite && (check.promise + " ").starts_with(code + " ");
    });
    CHECK_MESSAGE((held || !has_checks(suite)), "no check of ", suite, " is about ", code);
    check_row("tests/CONTRACT.md", "| " + code + " |", {});
  }
}

TEST_CASE("an exercise: its row in exercises/README.md") {
  for (const std::string& exercise : exercises()) {
    check_row("exercises/README.md", "| [" + number(exercise) + "](" + exercise + "/README.md) |",
              programs("exercises/" + exercise));
  }
}

TEST_CASE("an exercise: its mutants, a variant, and the step's own program handed in") {
  const auto mutants = numbered("tests/kit/mutants", ".mutant");
  const auto variants = numbered("tests/kit/variants");
  const std::string handed_in = page("tests/kit/exercises/CMakeLists.txt");
  for (const std::string& exercise : exercises()) {
    CHECK_MESSAGE(any_for(exercise, mutants), "there is no tests/kit/mutants/", number(exercise),
                  "-*.mutant");
    CHECK_MESSAGE(any_for(exercise, variants), "there is no tests/kit/variants/", number(exercise),
                  "-*");
    CHECK_MESSAGE(contains(handed_in, "lab_handed_in(" + number(exercise) + " "),
                  "tests/kit/exercises/CMakeLists.txt has no lab_handed_in(", number(exercise),
                  " ...)");
  }
}
