// The decks keep their form, their minutes add up, their code is that of the sources, and their
// transcripts are played. slides/README.md describes the form.

#define DOCTEST_CONFIG_IMPLEMENT
#include "figures.hpp"
#include "harness/deadline.hpp"
#include "harness/guard.hpp"
#include "harness/programs.hpp"
#include "kit/decks/deck.hpp"
#include "kit/decks/deck_tests.hpp"
#include "kit/lessons/player.hpp"

#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

using namespace std::string_literals;

namespace lab::slides {

namespace {

const std::filesystem::path root = LAB_SOURCE_FOLDER; // NOLINT(cert-err58-cpp)

void report(const std::filesystem::path& file, const lessons::Problem& problem) {
  const std::string name = file.string();
  ADD_FAIL_CHECK_AT(name.c_str(), problem.line, problem.text);
}

} // namespace

void check_form(const std::string& name) {
  const std::filesystem::path file = root / "slides" / (name + ".md");
  const Deck deck = parse_deck(lessons::contents(file));
  for (const auto& problem : check_deck(deck, file, root)) {
    report(file, problem);
  }
  const std::filesystem::path map = root / "steps" / "README.md";
  const auto entry = on_the_map(lessons::contents(map), name);
  REQUIRE_MESSAGE(entry, map.string(), " does not name the deck and its minutes: [",
                  name.substr(0, 2), "](../slides/", name, ".md), ", deck.minutes(), " minutes");
  if (entry->minutes != deck.minutes()) {
    report(map, {.line = entry->line,
                 .text = "the slides of " + name + " take " + std::to_string(deck.minutes()) +
                         " minutes together, not " + std::to_string(entry->minutes)});
  }
}

void play_transcripts(const std::string& name) {
  const std::filesystem::path file = root / "slides" / (name + ".md");
  const lessons::Lesson lesson = lessons::parse(lessons::contents(file), lessons::Form::deck);
  const bool all_tools = std::getenv("LAB_REQUIRE_TOOLS") != nullptr; // NOLINT(*-mt-unsafe)
  std::size_t blocks = 0;
  for (const auto& section : lesson.sections) {
    INFO("on the slide '" << section.title << "'");
    blocks += section.blocks.size();
    const lessons::Played played = lessons::play(section, lab::patience);
    for (const auto& problem : played.problems) {
      report(file, problem);
    }
    for (const auto& skipped : played.skipped) {
      if (all_tools) {
        report(file, skipped);
      } else {
        const std::string path = file.string();
        ADD_MESSAGE_AT(path.c_str(), skipped.line, "not played: " << skipped.text);
      }
    }
  }
  CHECK_MESSAGE(blocks > 0, "no transcript to play in ", file.string());
}

// The test of decks, tested itself.

namespace {

/// A deck without fault; each test puts one in.
constexpr std::string_view good = R"(---
marp: true
theme: fork-lab
size: 16:9
paginate: true
title: A title of three words
description: What it is about
---

<!-- _class: title -->
# A deck without fault

14 minutes

<!-- minutes: 1 -->
<!--
- Note: begins.
-->

---

<!-- _class: predict -->
## What will it print?

<!-- minutes: 3 -->
<!--
- Ask: what will it print?
- Usual wrong answer: nothing.
-->

---

## It prints a line

<!-- run -->
```console
$ echo one
one
```

<!-- minutes: 1 -->
<!--
- Demo: `echo one`.
-->

---

<!-- _class: predict -->
## And what now?

<!-- minutes: 3 -->
<!--
- Ask: what now?
-->

---

## A handler reaps in a loop

<!-- code: steps/04-signal-vs-sigaction/reap_all.cpp "while (waitpid" .. "errno = saved" -->
```cpp
while (waitpid(-1, nullptr, WNOHANG) > 0) {
  reaped = reaped + 1;
}
errno = saved;
```

<!-- run -->
```console
$ echo two
two
```

<!-- minutes: 1 -->
<!--
- Note: see `[1]`.
-->

---

<!-- _class: predict split -->
## And at the end?

<!-- minutes: 3 -->
<!--
- Ask: what comes last?
-->

---

<!-- continues -->
## It ends with an exercise

```sh
cmake --workflow --preset exercise-04
```

<!-- run -->
```console
$ build/bin/reap_all 1 < /dev/null
reaped 1 of 1, 0 zombies left
```

<!-- minutes: 2 -->
<!--
- Note: a note
  of two lines.
-->
)";

/// The first problem of a deck: `LINE: TEXT`. Empty where there is none.
std::string problem_of(const std::string& text) {
  const auto problems =
      check_deck(parse_deck(text), root / "slides" / "04-signal-vs-sigaction.md", root);
  return problems.empty() ? "" : std::to_string(problems[0].line) + ": " + problems[0].text;
}

/// `good` with the first `from` in it made `to`.
std::string with(std::string_view from, std::string_view to) {
  std::string text(good);
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

void check_contains(const std::string& text, std::string_view piece) {
  CAPTURE(text);
  CAPTURE(piece);
  CHECK(text.find(piece) != std::string::npos);
}

} // namespace

TEST_CASE("decks: the figures are those that lab-figures draws") {
  const auto figures = figures::all();
  for (const auto& [name, svg] : figures) {
    const std::filesystem::path file = root / "slides" / "figures" / name;
    REQUIRE_MESSAGE(exists(file), "there is no ", file.string(),
                    "; cmake --build build --target refresh-slides draws it");
    CHECK_MESSAGE(lessons::contents(file) == svg, file.string(),
                  " is not what its code in figures.cpp draws: change that, and then "
                  "cmake --build build --target refresh-slides");
  }
  for (const auto& file : std::filesystem::directory_iterator(root / "slides" / "figures")) {
    const std::string name = file.path().filename().string();
    // Drawn from live processes by xray-pictures and film-pictures, whose tests compare them; from
    // measurements by lab-bench.
    const bool measured = name.starts_with("xray-") || name.starts_with("film-") ||
                          name == "bench.svg" || name == "bench-growth.svg";
    if (file.path().extension() == ".svg" && !measured) {
      CHECK_MESSAGE(figures.contains(name), "nothing in figures.cpp draws ", name);
    }
  }
}

TEST_CASE("decks: a deck is taken apart") {
  CHECK(problem_of(std::string(good)) == "");
  const Deck deck = parse_deck(good);
  REQUIRE(deck.slides.size() == 7);
  CHECK(deck.minutes() == 14);
  CHECK(deck.settings.at("size") == "16:9");
  CHECK(deck.slides[0].title == "A deck without fault");
  CHECK(deck.slides[5].is("predict"));
  CHECK(deck.slides[5].is("split"));
  CHECK(deck.slides[6].notes.at(0).text == "Note: a note of two lines.");
  CHECK(deck.slides[6].languages == std::vector{"sh"s, "console"s});
}

TEST_CASE("decks: a slide is a session, unless it continues one") {
  const Deck deck =
      parse_deck(with("## A handler reaps", "<!-- continues -->\n## A handler reaps"));
  std::size_t sessions = 0;
  for (const auto& section : deck.lesson.sections) {
    sessions += section.blocks.empty() ? 0U : 1U;
  }
  CHECK(sessions == 3); // the slide before it is a question, and plays nothing
  CHECK(deck.problems.empty());
  check_contains(
      problem_of(with("\n<!-- minutes: 2 -->", "<!-- continues -->\n<!-- minutes: 2 -->")),
      "before its blocks");
}

TEST_CASE("decks: minutes that do not add up are reported") {
  check_contains(problem_of(with("14 minutes", "9 minutes")),
                 "the slides take 14 minutes together");
  check_contains(problem_of(with("14 minutes", "some time")), "nothing of it");
  std::string long_one = with("14 minutes", "56 minutes");
  long_one.replace(long_one.find("minutes: 2"), 10, "minutes: 44");
  check_contains(problem_of(long_one), "a lesson has 50 minutes");
  check_contains(problem_of(with("<!-- minutes: 2 -->", "")), "the slides take 12 minutes");
  std::string hasty = with("14 minutes", "12 minutes");
  hasty.replace(hasty.find("minutes: 3"), 10, "minutes: 1");
  check_contains(problem_of(hasty), "a prediction takes three minutes at least");
  const auto entry = on_the_map("a\n| [04](../slides/04-x.md), 45 minutes |\n", "04-x");
  REQUIRE(entry);
  CHECK(entry->line == 2);
  CHECK(entry->minutes == 45);
  CHECK_FALSE(on_the_map("| [04](../slides/04-x.md) |", "04-x"));
}

TEST_CASE("decks: what a slide lacks is reported") {
  check_contains(problem_of(with("theme: fork-lab", "theme: gaia")), "theme: fork-lab");
  check_contains(problem_of(with("description: What it is about\n", "")), "a description");
  check_contains(problem_of(with("# A deck", "## A deck")), "one #");
  check_contains(problem_of(with("## It prints a line", "It prints a line")), "one title, not 0");
  check_contains(problem_of(with("## It prints a line", "## Output")), "not a topic");
  check_contains(problem_of(with("- Note: begins.", "")), "no notes");
  check_contains(problem_of(with("- Note: begins.", "- Begins.")), "a note begins with");
  check_contains(problem_of(with("- Note: begins.", "Begins.")), "notes are bullets");
  check_contains(problem_of(with("_class: predict", "_class: split")), "three questions");
  check_contains(problem_of(with("## And what now?", "## And now what.")), "is the question");
  check_contains(problem_of(with("<!-- run -->\n```console\n$ echo one\none\n```", "one")),
                 "shows the answer");
  check_contains(problem_of(with("```sh", "```text")), "not 'text'");
  check_contains(problem_of(with("<!-- run -->\n", "")), "a console block needs");
  check_contains(
      problem_of(with("14 minutes", "14 minutes\n\n![a figure that is not there](no.svg)")),
      "no.svg");
  check_contains(problem_of(with("14 minutes", "14 minutes [a](../nothing.md)")),
                 "the link leads nowhere");
  check_contains(problem_of(with("`[1]`", "`[17]`")), "has a comment [17]");
  check_contains(problem_of(with("`echo one`", "`build/bin/no_such_server 9190`")), "no program");
  check_contains(problem_of(with("`echo one`", "`build/textbook/leaky_server 9190`")),
                 "no program");
  CHECK(problem_of(with("`echo one`", "`build/textbook/echo_mpserver 9190`")) == "");
  check_contains(problem_of(with("exercise-04", "exercise-44")), "no preset exercise-44");
  const std::string_view leave =
      R"(- Note: If time is short, leave out "It prints" and "It ends".)";
  CHECK(problem_of(with("- Note: begins.", leave)) == "");
  check_contains(
      problem_of(with("- Note: begins.", R"(- Note: If time is short, leave out "It so".)")),
      R"(no slide "It so")");
}

TEST_CASE("decks: code that is not the source's is reported at its line") {
  check_contains(problem_of(with("reaped = reaped + 1", "++reaped")),
                 "63: the block is not what stands in");
  check_contains(problem_of(with("  reaped = reaped + 1;\n", "")),
                 "source:   reaped = reaped + 1;");
  check_contains(problem_of(with("errno = saved;\n", "errno = saved;\nreturn;\n")),
                 "source: (nothing)");
  check_contains(problem_of(with("\"while (waitpid\"", "\"nothing like it\"")), "no line of");
  check_contains(problem_of(with("\"errno = saved\"", "\"nothing like it\"")),
                 "after that, no line");
  check_contains(problem_of(with("reap_all.cpp \"", "reap_all.cpp [9] \"")), "no comment [9]");
  check_contains(problem_of(with("reap_all.cpp \"", "none.cpp \"")), "there is no file");
}

TEST_CASE("decks: a region of a source") {
  const auto of = [](const std::string& file, int anchor, const std::string& first,
                     const std::string& last) {
    lessons::Quote quote;
    quote.path = "steps/04-signal-vs-sigaction/" + file;
    quote.anchor = anchor;
    quote.first = first;
    quote.last = last;
    return lessons::region(quote, root);
  };
  const auto handler = of("reap_all.cpp", 1, "", "");
  REQUIRE(handler.size() == 7);
  CHECK(handler.front() == "void reap(int /*signal*/) {");
  CHECK(handler.back() == "}");
  CHECK(of("reap_all.cpp", 1, "", "const int") == std::vector{handler[0], handler[1]});
  CHECK(of("reap_all.cpp", 0, "const int saved", "const int saved") ==
        std::vector{"const int saved = errno;"s});
  CHECK(of("reap_all.cpp", 0, "while (waitpid", "}").back() == "}");
  CHECK(of("reap_all.cpp", 3, "", "").front().find("[3]") != std::string::npos);
}

} // namespace lab::slides

int main(int argc, char** argv) {
  doctest::Context context(argc, argv);
  lab::guard_descendants();
  lab::set_program_folder(LAB_PROGRAM_FOLDER);
  return context.run();
}
