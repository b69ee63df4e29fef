// The lessons are true: their transcripts are played in real terminals, their quotes from sources,
// their anchors and their links are looked up. The format is described in tests/README.md.

#define DOCTEST_CONFIG_IMPLEMENT
#include "harness/deadline.hpp"
#include "harness/guard.hpp"
#include "harness/process.hpp"
#include "harness/programs.hpp"
#include "kit/lessons/lesson.hpp"
#include "kit/lessons/lesson_tests.hpp"
#include "kit/lessons/matching.hpp"
#include "kit/lessons/player.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

using namespace std::string_literals;
using namespace std::chrono_literals;

namespace lab::lessons {

void check_lesson(const std::string& page) {
  const std::filesystem::path root = LAB_SOURCE_FOLDER;
  const std::filesystem::path file = root / page;
  REQUIRE_MESSAGE(exists(file), "there is no ", file.string());
  const std::string name = file.string();
  const Lesson lesson = parse(contents(file));

  const auto report = [&](const Problem& problem) {
    ADD_FAIL_CHECK_AT(name.c_str(), problem.line, problem.text);
  };
  for (const auto& problem : lesson.problems) {
    report(problem);
  }
  for (const auto& problem : check_references(lesson, file, file.parent_path(), root)) {
    report(problem);
  }
  for (const auto& problem : check_terminals(lesson)) {
    report(problem);
  }
  const bool all_tools = std::getenv("LAB_REQUIRE_TOOLS") != nullptr; // NOLINT(*-mt-unsafe)
  int blocks = 0;
  for (const auto& section : lesson.sections) {
    INFO("in the section '" << section.title << "'");
    blocks += static_cast<int>(section.blocks.size());
    const Played played = play(section, lab::patience);
    for (const auto& problem : played.problems) {
      report(problem);
    }
    for (const auto& skipped : played.skipped) {
      if (all_tools) {
        report(skipped);
      } else {
        ADD_MESSAGE_AT(name.c_str(), skipped.line, "not played: " << skipped.text);
      }
    }
  }
  CHECK_MESSAGE(blocks > 0, "no transcript to play in ", name);
}

} // namespace lab::lessons

namespace lessons = lab::lessons;

// The test of lessons, tested itself.

TEST_CASE("transcripts: a number stands for one of the run, and always for the same") {
  lessons::Numbers numbers;
  CHECK(numbers.matches("child 4711: my parent is 4710", "child 83: my parent is 82"));
  CHECK(numbers.matches("4711 has ended", "83 has ended"));
  CHECK_FALSE(numbers.matches("4711 has ended", "82 has ended"));
  CHECK_FALSE(numbers.matches("4712 has ended", "83 has ended"));
  CHECK(numbers.matches("4712 has ended", "84 has ended"));
  CHECK_FALSE(numbers.matches("status 7", "status 8"));
  CHECK(numbers.in_run("kill -9 4711 4710") == "kill -9 83 82");
  CHECK_THROWS_AS(static_cast<void>(numbers.in_run("kill -9 4711 1234")), lessons::NotShown);
}

TEST_CASE("transcripts: ports and inodes are counted apart from process ids") {
  lessons::Numbers numbers;
  numbers.set_port("9190", "25000");
  CHECK(numbers.matches("listening on 127.0.0.1:9190", "listening on 127.0.0.1:25000"));
  CHECK_FALSE(numbers.matches("listening on 127.0.0.1:9190", "listening on 127.0.0.1:25001"));
  CHECK(numbers.matches("IP: 127.0.0.1 port: 40000", "IP: 127.0.0.1 port: 5555"));
  CHECK(numbers.matches("child 4711, socket:[88888]", "child 5555, socket:[5555]"));
  CHECK(numbers.in_run("server 9190") == "server 25000");
  CHECK(numbers.in_run("ss sport = :9190 or dport = :40000") ==
        "ss sport = :25000 or dport = :5555");
  CHECK_THROWS_AS(static_cast<void>(numbers.in_run("kill 40000")),
                  lessons::NotShown);                                   // a port is nobody's id
  CHECK(numbers.matches("4720 S server 9190", "25000 S server 25000")); // an id may be that number
}

TEST_CASE("transcripts: spaces and dots in a line") {
  lessons::Numbers numbers;
  CHECK(numbers.matches("PID  STAT", "    PID STAT "));
  CHECK(numbers.matches("lrwx... 3 -> socket:[1111]", "lrwx------ 1 3 -> socket:[29]"));
  CHECK(numbers.matches("a ... 4711", "a 1 22 333"));
  CHECK_FALSE(numbers.matches("a ... b", "a c"));
  CHECK_FALSE(numbers.matches("", "a"));
}

namespace {

/// The one problem of a lesson of the given lines: `LINE: TEXT`. Empty where there is none.
std::string problem_of(std::string_view text, std::chrono::milliseconds limit = lab::patience) {
  const lessons::Lesson lesson = lessons::parse(text);
  for (const auto& problem : lesson.problems) {
    return std::to_string(problem.line) + ": " + problem.text;
  }
  for (const auto& section : lesson.sections) {
    const auto played = lessons::play(section, limit);
    for (const auto& problem : played.problems) {
      return std::to_string(problem.line) + ": " + problem.text;
    }
  }
  return "";
}

/// A machine on which no tool is installed, for as long as this lives.
class WithoutTools {
public:
  WithoutTools() { setenv("PATH", "/nowhere", 1); }

  WithoutTools(const WithoutTools&) = delete;
  WithoutTools& operator=(const WithoutTools&) = delete;

  ~WithoutTools() { setenv("PATH", path_.c_str(), 1); }

private:
  std::string path_ = std::getenv("PATH"); // NOLINT(*-mt-unsafe)
};

void check_contains(const std::string& text, std::string_view piece) {
  CAPTURE(text);
  CAPTURE(piece);
  CHECK(text.find(piece) != std::string::npos);
}

} // namespace

TEST_CASE("transcripts: a block is played, typed into, and ended") {
  CHECK(problem_of("<!-- run -->\n```console\n$ echo one; echo two\none\ntwo\n$ true\n```\n") ==
        "");
  CHECK(
      problem_of("**Terminal 1**\n<!-- run: still running -->\n```console\n$ cat\n> hello\nhello\n"
                 "```\n**Terminal 2**\n<!-- run -->\n```console\n$ echo other\nother\n```\n"
                 "**Terminal 1**\n<!-- run -->\n```console\n> again\nagain\n^D\n```\n") == "");
  CHECK(problem_of("<!-- run -->\n```console\n$ seq 99\n1\n...\n99\n```\n") == "");
  CHECK(problem_of("<!-- run: any order -->\n```console\n$ seq 3\n3\n1\n2\n```\n") == "");
  CHECK(problem_of("<!-- run: until seen -->\n```console\n$ echo x >> f; wc -l < f\n5\n```\n") ==
        "");
}

TEST_CASE("transcripts: a key is not typed before the program has done what it does by itself") {
  CHECK(problem_of("<!-- run -->\n```console\n"
                   "$ echo ready; for i in {1..200}{1..999}; do :; done; echo done > counted; cat\n"
                   "ready\n^C\n$ cat counted\ndone\n```\n") == "");
}

TEST_CASE("transcripts: what is not so is reported at its line") {
  const auto check = [](std::string_view text, const std::string& line, std::string_view expected,
                        std::string_view seen, std::chrono::milliseconds limit = lab::patience) {
    const std::string problem = problem_of(text, limit);
    CHECK(problem.substr(0, problem.find(':')) == line);
    check_contains(problem, expected);
    check_contains(problem, seen);
  };
  check("<!-- run -->\n```console\n$ echo one\ntwo\n```\n", "4", "'two'", "'one'");
  check("<!-- run -->\n```console\n$ echo one; echo two\none\n```\n", "4", "the prompt", "'two'");
  check("<!-- run -->\n```console\n$ echo one\none\ntwo\n```\n", "5", "'two'", "prompt");
  check("<!-- run -->\n```console\n$ cat\n```\n", "3", "still running", "nothing more", 2s);
  check("<!-- run: still running -->\n```console\n$ cat\nhello\n```\n", "4", "'hello'",
        "nothing more", 2s);
  check("<!-- run: any order -->\n```console\n$ seq 2\n2\n3\n```\n", "4", "'2'", "'1'");
  check("<!-- run: until seen -->\n```console\n$ echo 1\n2\n```\n", "4", "'2'", "again and again",
        2s);
  check("<!-- run -->\n```console\n$ echo one\none\n> two\n```\n", "5", "nothing more",
        "command not found", 2s);
  check("<!-- run -->\n```console\n$ echo 4711\n4711\n```\n", "3", "above that shows 4711", "none");
  check("<!-- run -->\n```console\n$ sleep 0 & wait; echo $!\n...\n4711\n$ echo 4711 1\n4712 "
        "1\n```\n",
        "7", "'4712 1'", " 1'");
}

TEST_CASE("transcripts: no number is typed that this run has not shown") {
  lab::Process bystander("/bin/sleep", {.arguments = {"600"}, .input = lab::Input::null});
  std::string number = std::to_string(bystander.pid());
  number.insert(0, 4 - std::min<std::size_t>(number.size(), 4), '0'); // a name has four digits
  std::string kill;
  SUBCASE("in a command") {
    kill = "$ kill -KILL " + number + "\n";
  }
  SUBCASE("in a command of several lines") {
    kill = "$ /bin/sh <<end\n> kill -KILL " + number + "\n> end\n";
  }
  const std::string text = "<!-- run -->\n```console\n$ ps -C sleep -o pid=\n" + number +
                           "\n```\n<!-- run -->\n```console\n" + kill + "$ echo on\non\n```\n";
  const WithoutTools here;
  const auto played = lessons::play(lessons::parse(text).sections.at(0), lab::patience);
  CHECK_FALSE(bystander.poll_exit());
  CHECK(played.problems.empty());
  REQUIRE(played.skipped.size() == 2);
  CHECK(played.skipped[0].text == "ps is not installed");
  check_contains(played.skipped[1].text, number);
}

TEST_CASE("transcripts: what is not played ends its section, unless it only looks") {
  const auto played = [](const std::string& first) {
    const WithoutTools here;
    return lessons::play(lessons::parse("<!-- run -->\n```console\n" + first +
                                        "```\n<!-- run -->\n```console\n$ echo 2\n3\n```\n")
                             .sections.at(0),
                         lab::patience);
  };
  for (const std::string_view look : {"$ ps -o pid\n...\n", "$ ss -t | wc -l\n3\n$ ps\n"}) {
    CAPTURE(look);
    CHECK(played(std::string(look)).problems.size() == 1);
  }
  for (const std::string_view other :
       {"$ (kill $!; ps)\n...\n", "$ strace true\n...\n", "$ : > made\n$ ps\n...\n"}) {
    CAPTURE(other);
    const auto result = played(std::string(other));
    CHECK(result.problems.empty());
    REQUIRE(result.skipped.size() == 1);
    check_contains(result.skipped[0].text, "is not installed; the rest of the section");
  }
}

TEST_CASE("transcripts: the format's own mistakes are reported") {
  check_contains(problem_of("```console\n$ true\n```\n"), "1: a console block needs");
  check_contains(problem_of("<!-- run: terminal x -->\n```console\n$ true\n```\n"), "terminal x");
  check_contains(problem_of("<!-- run: terminal 2 -->\n```console\n$ true\n```\n"),
                 "**Terminal 2**");
  check_contains(problem_of("<!-- shown: -->\n```console\n$ true\n```\n"), "no reason");
  check_contains(problem_of("<!-- run -->\n\n```console\n$ true\n```\n"), "not the beginning");
  check_contains(problem_of("```cpp\nint i;\n```\n"), "a cpp block needs");
  check_contains(problem_of("```text\n"), "never closed");
}

TEST_CASE("transcripts: a lesson says which terminal, and how many") {
  const auto first = [](const std::string& needs, std::string_view second_label) {
    const auto problems = lessons::check_terminals(lessons::parse(
        needs + "\n\n## Run it\n\n**Terminal 1**\n<!-- run -->\n```console\n" + "$ true\n```\n" +
        std::string(second_label) + "<!-- run -->\n```console\n$ true\n```\n"));
    return problems.empty() ? ""s : std::to_string(problems[0].line) + ": " + problems[0].text;
  };
  CHECK(first("It needs two terminals.", "**Terminal 2**\n") == "");
  CHECK(first("It needs one terminal.", "") == "");
  check_contains(first("", "**Terminal 2**\n"), "1: before its first section");
  check_contains(first("It needs three terminals.", "**Terminal 2**\n"), "two terminals");
  check_contains(first("It needs three terminals.", "**Terminal 3**\n"), "1: the highest terminal");
  const auto not_said = lessons::check_terminals(
      lessons::parse("two terminals\n<!-- run -->\n```console\n$ true\n```\n"
                     "**Terminal 2**\n<!-- run -->\n```console\n$ true\n```\n"));
  REQUIRE(not_said.size() == 1);
  check_contains(not_said[0].text, "several terminals");
}

TEST_CASE("transcripts: quotes, anchors and links are looked up") {
  const std::filesystem::path root = LAB_SOURCE_FOLDER;
  const auto file = root / "steps" / "01-echo-server" / "README.md";
  const auto first = [&](std::string_view text) {
    const auto problems =
        lessons::check_references(lessons::parse(text), file, file.parent_path(), root);
    return problems.empty() ? ""s : std::to_string(problems[0].line) + ": " + problems[0].text;
  };
  const auto quote = [&](const std::string& at, const std::string& lines) {
    return first("<!-- code: steps/01-echo-server/echo_server.cpp" + at + " -->\n```cpp\n" + lines +
                 "```\n");
  };
  CHECK(quote("", "namespace {\n") == "");
  CHECK(quote(" [3]", "...\nlab::or_die(listen(listener.get(), SOMAXCONN), \"listen\");\n") == "");
  check_contains(quote(" [1]", "lab::or_die(listen(listener.get(), SOMAXCONN), \"listen\");\n"),
                 "3: this line does not stand in");
  check_contains(quote("", "int nothing_like_it;\n"), "3: this line does not stand in");
  CHECK(first("see `[1]`\n") == "");
  check_contains(first("see `[77]`\n"), "1: no source of this step has a comment [77]");
  CHECK(first("[a](echo_server.cpp) [b](https://example.org)\n") == "");
  check_contains(first("[a](nothing.cpp)\n"), "1: the link leads nowhere: nothing.cpp");
}

int main(int argc, char** argv) {
  doctest::Context context(argc, argv);
  lab::guard_descendants();
  lab::set_program_folder(LAB_PROGRAM_FOLDER);
  return context.run();
}
