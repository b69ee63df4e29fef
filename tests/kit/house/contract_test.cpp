// The codes of promises: those that checks and mutants name are those of tests/CONTRACT.md.

#include "kit/house/house.hpp"
#include "kit/lessons/lesson.hpp"
#include "tools/text/text.hpp"

#include <filesystem>
#include <regex>
#include <set>
#include <string>

#include <doctest/doctest.h>

namespace {

using lab::house::checks;
using lab::house::root;

// The codes that the contract defines, each in a line `| M3 | ... |`.
std::multiset<std::string> defined() {
  static const std::regex row(R"(^\| ([A-Z][0-9]+) \| .*)");
  std::multiset<std::string> codes;
  const auto page = lab::lessons::contents(root() / "tests/CONTRACT.md");
  for (const std::string& line : lab::lines_of(page)) {
    if (std::smatch match; std::regex_match(line, match, row)) {
      codes.insert(match[1]);
    }
  }
  return codes;
}

// Whatever looks like a code, of any letter: so a code that the page does not define is found.
std::set<std::string> codes_in(const std::string& text) {
  static const std::regex code(R"(\b[A-Z][0-9]+\b)");
  return {std::sregex_token_iterator(text.begin(), text.end(), code), std::sregex_token_iterator()};
}

} // namespace

TEST_CASE("contract: each code is defined once") {
  const auto codes = defined();
  CHECK(codes.size() > 20);
  for (const std::string& code : codes) {
    CHECK_MESSAGE(codes.count(code) == 1, code, " is defined ", codes.count(code), " times");
  }
}

TEST_CASE("contract: each check names promises that are defined, and nothing else") {
  const auto codes = defined();
  static const std::regex form(R"([A-Z][0-9]+( [A-Z][0-9]+)*)");
  REQUIRE(checks().size() > 100);
  for (const lab::Result& check : checks()) {
    const std::string name = check.suite + ": " + check.sentence;
    CHECK_MESSAGE(std::regex_match(check.promise, form), name, " has the promise '", check.promise,
                  "', which is not codes with a space between");
    for (const std::string& code : codes_in(check.promise)) {
      CHECK_MESSAGE(codes.contains(code), name, " names ", code,
                    ", which tests/CONTRACT.md does not define");
      const bool of_an_exercise = code.front() == 'E';
      CHECK_MESSAGE(
          (!of_an_exercise ||
           check.suite == "exercise-" + std::string(code.size() == 2 ? "0" : "") + code.substr(1)),
          name, " names ", code, ", the promise of another exercise");
    }
  }
}

TEST_CASE("contract: each promise is held by a check") {
  std::set<std::string> held;
  for (const lab::Result& check : checks()) {
    held.merge(codes_in(check.promise));
  }
  for (const std::string& code : defined()) {
    if (code.front() != 'V') { // the promises of the checks themselves: no program can break them
      CHECK_MESSAGE(held.contains(code), "no check holds a program to ", code);
    }
  }
}

TEST_CASE("contract: each mutant stands for promises that are defined") {
  const auto codes = defined();
  int mutants = 0;
  for (const auto& entry : std::filesystem::directory_iterator(root() / "tests/kit/mutants")) {
    if (entry.path().extension() != ".mutant") {
      continue;
    }
    ++mutants;
    for (const std::string& line : lab::lines_of(lab::lessons::contents(entry.path()))) {
      if (!line.starts_with("fault: ")) {
        continue;
      }
      for (const std::string& code : codes_in(line)) {
        CHECK_MESSAGE(codes.contains(code), entry.path().filename().string(), " stands for ", code,
                      ", which tests/CONTRACT.md does not define");
      }
      CHECK_MESSAGE(line.find("exercise 0") == std::string::npos, entry.path().filename().string(),
                    ": the promise of an exercise has a code (E1)");
    }
  }
  CHECK(mutants > 50);
}
