// Tests of the report: that it fits the screen, that its end is the first cause, and that the
// command at its end works.

#define DOCTEST_CONFIG_IMPLEMENT
#include "harness/fd.hpp"
#include "harness/guard.hpp"
#include "harness/process.hpp"
#include "tools/check/report.hpp"
#include "tools/check/shipped.hpp"
#include "tools/text/text.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

namespace {

using lab::Outcome;
using lab::Result;
using lab::Screen;

namespace fs = std::filesystem;

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// Whether the parts stand in the text, one after the other; breaks of lines are spaces there.
bool in_order(std::string_view text, std::initializer_list<std::string_view> parts) {
  std::string flat;
  for (const char character : text) {
    const bool space = character == ' ' || character == '\n';
    if (!space || (!flat.empty() && flat.back() != ' ')) {
      flat += space ? ' ' : character;
    }
  }
  std::size_t from = 0;
  return std::ranges::all_of(parts, [&](std::string_view part) {
    const std::size_t at = flat.find(part, from);
    from = at + part.size();
    return at != std::string::npos;
  });
}

Result check(std::string sentence, Outcome outcome, std::string why = "") {
  return {.suite = "exercise-01",
          .sentence = std::move(sentence),
          .promise = "S5 G4",
          .marks = 2,
          .means = "what a student has to understand of it, and that takes more than a line of 80 "
                   "columns, so that it has to be broken",
          .look = "steps/01-echo-server, [5]; write(2)",
          .outcome = outcome,
          .why = std::move(why)};
}

/// As Process::report tells it.
std::string doing(int pid, std::string_view end, int lines) {
  const std::string number = std::to_string(pid);
  std::string text =
      "`echo_server 2" + number + "` (pid " + number + ") " + std::string(end) + "\n";
  text += "standard output so far, 4711 bytes:\n";
  for (int i = 0; i < lines; ++i) {
    text += "  | line " + std::to_string(i) + std::string(90, 'x') + "\n";
  }
  return text + "standard error so far, 0 bytes\n";
}

constexpr std::string_view runs = "still runs, state S (sleeping)";

Screen screen(std::size_t columns = 80) {
  return {.columns = columns, .again = [](const Result& result) {
            return std::vector<std::string>{
                "build/bin/lab-check", "--programs build/exercises/01-echo-server",
                "--test-case=" + lab::for_shell(result.suite + ": " + result.sentence)};
          }};
}

const std::string first_cause = "a second client is served beside the first";

/// A report of all kinds: two failures, one of which others need, and what goes with it.
std::vector<Result> some() {
  return {check("listens", Outcome::passed),
          check("an early failure", Outcome::failed, "saw an early thing\n" + doing(4711, runs, 3)),
          check(first_cause, Outcome::failed, "saw no second client\n" + doing(4712, runs, 3)),
          check("fifty clients", Outcome::not_run, std::string(lab::needed_first) + first_cause),
          check("sixty clients", Outcome::not_run, std::string(lab::needed_first) + first_cause),
          check("over IPv6", Outcome::skipped, "this machine has no ::1")};
}

TEST_CASE("marks and counts first, the first cause last, and then its command") {
  const std::string report = lab::report_of(some(), screen());
  INFO(report);
  CHECK(
      report.starts_with("exercise-01: 4 of 12 marks  1 passed  2 failed  2 not run  1 skipped\n"));
  CHECK(in_order(report, {"marks", "SKIP 1 check: this machine has no ::1",
                          "not run 2 checks: first this one has to pass: " + first_cause,
                          "FAIL 0/2 an early failure", "saw an early thing",
                          "The first to mend:", "FAIL 0/2 " + first_cause, "saw no second client",
                          "means", "look", "promise S5 G4", "To run this check alone:"}));
  CHECK(report.ends_with("\n  build/bin/lab-check --programs build/exercises/01-echo-server \\\n"
                         "    --test-case='exercise-01: " +
                         first_cause + "'\n"));
  CHECK_FALSE(contains(report, "PASS"));
  CHECK_FALSE(contains(report, "fifty"));
  CHECK_FALSE(contains(report, "\x1b"));
}

TEST_CASE(
    "what was there before costs marks, never more than there are, and as shipped gives none") {
  const auto costing = [](Outcome outcome) {
    Result result = check("kept", outcome, "saw another thing\n" + doing(4713, runs, 0));
    result.marks = -1;
    return result;
  };
  std::vector<Result> results = some();
  results.push_back(costing(Outcome::passed));
  CHECK(lab::report_of(results, screen()).starts_with("exercise-01: 4 of 12 marks  2 passed"));
  results.push_back(costing(Outcome::failed));
  const std::string report = lab::report_of(results, screen());
  CHECK(report.starts_with("exercise-01: 3 of 12 marks  2 passed"));
  CHECK(contains(report, "\nFAIL      -1  kept\n"));
  CHECK(lab::reached_of(results) == 3);
  CHECK(lab::possible_of(results) == 12);
  results.insert(results.end(), 4, costing(Outcome::not_run));
  CHECK(lab::report_of(results, screen()).starts_with("exercise-01: 0 of 12 marks"));
  CHECK(lab::reached_of(results) == 0);

  results = some();
  for (Result& result : results) {
    result.as_shipped = true;
  }
  CHECK(lab::report_of(results, screen())
            .starts_with("exercise-01: 0 of 12 marks, as shipped  1 passed  2 failed"));
  CHECK(lab::reached_of(results) == 0);
}

TEST_CASE("white space and comments do not count, but for those in strings") {
  const std::string text = lab::without_comments("int a = 1'000; // one\n");
  CHECK(text == "inta=1'000;");
  CHECK(text == lab::without_comments("/* ' \" */int\ta=1'000/**/;"));
  CHECK(text != lab::without_comments("int a = 1'001;"));
  CHECK(lab::without_comments("\"// a\" + '\"' + 'b' // c") == "\"// a\"+'\"'+'b'");
  CHECK(lab::without_comments("\"\\\" /*\" 1") == "\"\\\" /*\"1");
  CHECK(lab::without_comments("R\"x(/* )\" a)x\" / 2 /* open") == "R\"x(/* )\" a)x\"/2");
  CHECK(lab::without_comments("\"open").size() == 5);
  CHECK(lab::without_comments("/").size() == 1);
}

TEST_CASE("a crash comes before everything, with its signal") {
  std::vector<Result> results = some();
  results.push_back(
      check("counts", Outcome::failed,
            "the server has closed\n" + doing(4713, "has ended: killed by SIGSEGV", 50)));
  results.push_back(check("resets", Outcome::failed,
                          "no line came\n" + doing(4714, "has ended: killed by SIGSEGV", 50)));
  // A signal that is a part of what is checked is no crash.
  results.push_back(
      check("kills", Outcome::failed,
            "`4715 killed by SIGSEGV` is missing\n" + doing(4715, "has ended: exit status 1", 50)));
  const std::string report = lab::report_of(results, screen());
  INFO(report);
  CHECK(in_order(report, {"FAIL 0/2 kills", "FAIL 0/2 an early failure", "FAIL 0/2 " + first_cause,
                          "The first to mend:", "FAIL 0/2 counts", "crash `echo_server 24713`",
                          "killed by SIGSEGV", "the same in 1 other check: resets",
                          "the program has crashed", "To run this check alone:"}));
}

TEST_CASE("what several checks saw alike is told once") {
  std::vector<Result> results;
  results.reserve(7);
  for (int i = 0; i < 5; ++i) {
    results.push_back(
        check("check " + std::to_string(i), Outcome::failed,
              "waited for port 2" + std::to_string(4711 + i) + "\n" + doing(4711 + i, runs, i)));
  }
  results.push_back(check("another", Outcome::failed, "waited for 2 lines\n" + doing(1, runs, 1)));
  results.push_back(check("a third", Outcome::failed, "waited for 3 lines\n" + doing(1, runs, 1)));
  const std::string report = lab::report_of(results, screen());
  INFO(report);
  CHECK(in_order(report, {"a third", "another", "FAIL 0/2 check 0", "saw waited for port 24711",
                          "the same in 4 other checks: check 1; check 2; ..."}));
  CHECK_FALSE(contains(report, "24712"));
}

TEST_CASE("it fits the screen, 17 lines a check and 100 a suite, however much was printed") {
  std::vector<Result> results;
  for (const int lines : {400, 0, 8, 200}) {
    for (int i = 0; i < 10; ++i) {
      const std::string id = std::to_string(lines) + " " + std::string(1, char('a' + i));
      results.push_back(check("a sentence that is too long for a narrow screen, and " + id,
                              Outcome::failed, "saw " + id + "\n" + doing(4711 + i, runs, lines)));
      results.push_back(check("depends on " + id, Outcome::not_run,
                              std::string(lab::needed_first) + results.back().sentence));
    }
  }
  for (const std::size_t columns : {40U, 80U, 200U}) {
    const std::string report = lab::report_of(results, screen(columns));
    INFO(columns, " columns\n", report);
    const auto lines = lab::lines_of(report);
    CHECK(lines.size() <= 100);
    CHECK(lines.size() > 50);
    std::size_t in_check = 0;
    for (const std::string& line : lines) {
      if (line.starts_with("To run")) { // a command is not broken in the middle of a word
        break;
      }
      REQUIRE(lab::width_of(line) <= columns);
      in_check = line.starts_with("FAIL") ? 1 : line.empty() || in_check == 0 ? 0 : in_check + 1;
      REQUIRE(in_check <= 17);
    }
    if (columns >= 80) {
      CHECK(in_order(report,
                     {"FAIL", "FAIL", "The first to mend:", "saw 400 a",
                      "`echo_server 24711` (pid 4711) still runs, state S (sleeping)", "| line 0",
                      "more lines; --all shows them", "| line 399", "means", "look", "promise"}));
    }
  }
}

TEST_CASE(
    "the places in the program stand there for an editor, and the scene that brings it about") {
  Result result = check("one", Outcome::failed, "saw nothing\n" + doing(4711, runs, 3));
  result.at = "exercises/01-echo-server/echo_server.cpp:48: TODO 1\n"
              "exercises/01-echo-server/echo_server.cpp:68: TODO 2\n";
  result.by_hand = "1: build/exercises/01-echo-server/echo_server 9190\n"
                   "2: build/bin/lab-scenes reset 9190\n2: kill -TERM PID\n";
  const std::vector<Result> decoded = lab::decode_results(lab::encode(result));
  REQUIRE(decoded.size() == 1);
  CHECK(decoded[0] == result);
  const std::string report = lab::report_of(decoded, screen());
  INFO(report);
  CHECK(contains(report, "\n  at      exercises/01-echo-server/echo_server.cpp:48: TODO 1\n"
                         "          exercises/01-echo-server/echo_server.cpp:68: TODO 2\n"
                         "  by hand build/bin/lab-scenes reset 9190\n"));
  Screen all = screen();
  all.all = true;
  CHECK(contains(lab::report_of(decoded, all),
                 "  by hand terminal 1: build/exercises/01-echo-server/echo_server 9190\n"
                 "          terminal 2: build/bin/lab-scenes reset 9190\n"
                 "          terminal 2: kill -TERM PID\n"));
  // Many places: the first of them, and no more than there is room for.
  result.at += result.at + result.at;
  CHECK(in_order(lab::report_of({result}, screen()),
                 {"saw nothing", "at exercises", ":48: TODO 1", ":68: TODO 2 ... by hand"}));
}

TEST_CASE("--all: everything, in the order of the suite, and nothing cut") {
  std::vector<Result> results = some();
  results.push_back(check("a flood", Outcome::failed, "much\n" + doing(4713, runs, 500)));
  Screen all = screen();
  all.all = true;
  const std::string report = lab::report_of(results, all);
  CHECK(in_order(
      report, {"exercise-01: 4 of 14 marks", "PASS 2/2 listens", "FAIL 0/2 an early failure",
               "FAIL 0/2 " + first_cause, "not run 0/2 fifty clients", "not run 0/2 sixty clients",
               "SKIP 2/2 over IPv6", "why this machine has no ::1", "FAIL 0/2 a flood", "| line 0",
               "| line 250", "| line 499", "To run this check alone:", first_cause}));
  CHECK_FALSE(contains(report, "more line"));
}

TEST_CASE("the words are there with colour and without") {
  Screen coloured = screen();
  coloured.style.colour = true;
  const std::string report = lab::report_of(some(), coloured);
  CHECK(contains(report, "\x1b[1;31mFAIL\x1b[0m"));
  std::string plain;
  for (std::size_t i = 0; i < report.size(); ++i) {
    if (report[i] == '\x1b') {
      i = report.find('m', i);
    } else {
      plain += report[i];
    }
  }
  CHECK(plain == lab::report_of(some(), screen()));
}

TEST_CASE("several suites: a line of marks for each, and the first one's cause is the last") {
  std::vector<Result> results = some();
  for (Result& result : results) {
    result.suite = "exercise-01";
  }
  Result other = check("another suite's", Outcome::failed, "saw it");
  other.suite = "exercise-02";
  results.push_back(other);
  const std::string report = lab::report_of(results, screen());
  INFO(report);
  CHECK(in_order(report, {"exercise-01: 4 of 12 marks", "exercise-02: 0 of 2 marks", "exercise-02",
                          "another suite's", "exercise-01", "an early failure",
                          "FAIL 0/2 " + first_cause, "To run this check alone:", first_cause}));
}

TEST_CASE("a check alone is told alone") {
  CHECK(lab::report_of({check("listens", Outcome::passed)}, screen()) == "PASS     2/2  listens\n");
  CHECK(lab::report_of({check("over IPv6", Outcome::skipped, "no ::1")}, screen())
            .starts_with("SKIP     2/2  over IPv6\n"));
}

// lab-check itself.

/// A folder whose name a shell would take apart, with a `zombies` that is a script.
class Handed {
public:
  explicit Handed(std::string_view script) {
    std::string name = (fs::temp_directory_path() / "it's $HOME, XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
    std::ofstream(path_ / "zombies") << "#!/bin/sh\n" << script;
    fs::permissions(path_ / "zombies", fs::perms::owner_all);
  }

  Handed(const Handed&) = delete;
  Handed& operator=(const Handed&) = delete;
  Handed(Handed&&) = delete;
  Handed& operator=(Handed&&) = delete;

  ~Handed() {
    std::error_code error;
    fs::remove_all(path_, error);
  }

  /// What lab-check shows of it. With a terminal, that has so many columns.
  [[nodiscard]] std::string report(std::vector<std::string> arguments,
                                   lab::Output output = lab::Output::pipe, int columns = 80,
                                   const std::string& no_color = "") const {
    const std::string before = output == lab::Output::terminal
                                   ? "stty cols " + std::to_string(columns) + "; "
                                   : std::string();
    arguments.insert(arguments.begin(),
                     {"-c", before + R"(exec "$0" "$@")", LAB_CHECK, "--programs", path_.string()});
    lab::Process run("/bin/sh", {.arguments = std::move(arguments),
                                 .input = output == lab::Output::terminal ? lab::Input::terminal
                                                                          : lab::Input::null,
                                 .output = output,
                                 .environment = {{"TERM", "xterm"}, {"NO_COLOR", no_color}}});
    status_ = run.wait(std::chrono::seconds(60)).text();
    return run.out();
  }

  [[nodiscard]] const std::string& status() const { return status_; }

  [[nodiscard]] const fs::path& path() const { return path_; }

private:
  fs::path path_;
  mutable std::string status_;
};

TEST_CASE("the command at the end runs that check, and no other") {
  const Handed wrong("exit 3\n");
  const std::string report = wrong.report({"--test-suite=exercise-02"});
  INFO(report);
  CHECK(wrong.status() == "exit status 1");
  CHECK(report.starts_with("exercise-02: 0 of 14 marks"));
  const std::string_view before = "To run this check alone:\n";
  const std::size_t at = report.rfind(before);
  REQUIRE(at != std::string::npos);
  lab::Process again("/bin/sh", {.arguments = {"-c", report.substr(at + before.size())},
                                 .input = lab::Input::null});
  CHECK(again.wait(std::chrono::seconds(60)).text() == "exit status 1");
  INFO(again.out(), again.err());
  CHECK(again.out().starts_with("FAIL     0/5  makes N zombies at the same moment\n"));
  CHECK(std::ranges::count_if(lab::lines_of(again.out()), [](const std::string& line) {
          return line.starts_with("FAIL") || line.starts_with("PASS");
        }) == 1);
}

TEST_CASE("a check that lets time pass runs beside the others, and takes no place of theirs") {
  // What the first of these two waits for, the second does.
  const Handed handed("flag=\"${0%/*}/flag\"\n"
                      "if [ \"$*\" = 0 ]; then : > \"$flag\"; read -r line; exit 0; fi\n"
                      "while [ ! -e \"$flag\" ]; do sleep 0.02; done\n"
                      "echo 'usage: zombies N' >&2\n"
                      "exit 2\n");
  const std::string report = handed.report({"02", "n", "--jobs", "1", "--all"});
  INFO(report);
  CHECK(contains(report, "PASS          ends with status 2 and its usage on wrong arguments"));
  CHECK(contains(report, "PASS          with N = 0 prints nothing, waits, and exits 0"));
}

TEST_CASE("a TODO that a failed check names has its line") {
  const Handed wrong("exit 3\n");
  const fs::path kit = wrong.path() / "kit";
  fs::create_directories(kit / "exercises/02-zombie");
  fs::create_directories(kit / "build/exercises/02-zombie");
  fs::rename(wrong.path() / "zombies", kit / "build/exercises/02-zombie/zombies");
  std::ofstream(kit / "exercises/02-zombie/zombies.cpp")
      << "// TODO 1: one. TODO 2: two\n\n  wait(); // TODO 3: three\n";
  lab::Process run(LAB_CHECK, {.arguments = {"--programs", "build/exercises/02-zombie",
                                             "--test-case=exercise-02: makes*"},
                               .working_directory = kit.string()});
  run.wait(std::chrono::seconds(60));
  INFO(run.out(), run.err());
  CHECK(in_order(run.out(), {"it has ended before Enter", "look TODO 3;",
                             "at exercises/02-zombie/zombies.cpp:3: TODO 3 promise"}));
}

TEST_CASE("each check has a pattern that chooses it alone") {
  lab::Process list(LAB_CHECK, {.arguments = {"--list-test-cases", "--no-colors"}});
  list.wait();
  std::vector<std::string> names;
  for (const std::string& line : lab::lines_of(list.out())) {
    if (line.starts_with("step-") || line.starts_with("exercise-")) {
      names.push_back(line);
    }
  }
  REQUIRE(names.size() > 100);
  for (const std::string& name : names) {
    const std::string pattern = lab::pattern_for(name, names);
    CHECK(pattern.size() <= name.size() + 1);
    lab::Process chosen(
        LAB_CHECK, {.arguments = {"--list-test-cases", "--no-colors", "--test-case=" + pattern}});
    chosen.wait();
    INFO(pattern, " chooses\n", chosen.out());
    CHECK(std::ranges::count_if(lab::lines_of(chosen.out()), [](const std::string& line) {
            return line.starts_with("step-") || line.starts_with("exercise-");
          }) == 1);
    CHECK(contains(chosen.out(), "\n" + name + "\n"));
  }
}

TEST_CASE("a terminal: its width, colour unless NO_COLOR, and meanwhile how far it is") {
  const Handed wrong("exit 3\n");
  for (const int columns : {40, 80}) {
    const std::string report =
        wrong.report({"--test-suite=exercise-02"}, lab::Output::terminal, columns, "1");
    INFO(report);
    CHECK(wrong.status() == "exit status 1");
    CHECK_FALSE(contains(report, "\x1b"));
    CHECK(contains(report, " checks ..."));
    const std::size_t at = report.rfind('\r'); // what was shown meanwhile ends there
    REQUIRE(at != std::string::npos);
    const std::string rest = report.substr(at + 1);
    CHECK(rest.starts_with("exercise-02: 0 of 14 marks"));
    std::size_t widest = 0;
    for (const std::string& line :
         lab::lines_of(rest.substr(0, rest.find("To run this check alone")))) {
      widest = std::max(widest, lab::width_of(line));
    }
    CHECK(widest <= static_cast<std::size_t>(columns));
    CHECK(widest + 10 > static_cast<std::size_t>(columns));
  }
  const std::string coloured = wrong.report({"--test-suite=exercise-02"}, lab::Output::terminal);
  CHECK(contains(coloured, "\x1b[1;31mFAIL\x1b[0m"));
  const std::string piped = wrong.report({"--test-suite=exercise-02"});
  CHECK_FALSE(contains(piped, "\r"));
  CHECK_FALSE(contains(piped, "\x1b"));
}

/// lab-check with a file of marks.
class Marked {
public:
  explicit Marked(const std::string& marks) : handed_("exit 3\n") {
    std::string name = (fs::temp_directory_path() / "marks-XXXXXX").string();
    const lab::Fd file(::mkstemp(name.data()));
    REQUIRE(file);
    path_ = name;
    std::ofstream(path_) << marks;
  }

  Marked(const Marked&) = delete;
  Marked& operator=(const Marked&) = delete;
  Marked(Marked&&) = delete;
  Marked& operator=(Marked&&) = delete;

  ~Marked() {
    std::error_code error;
    fs::remove(path_, error);
  }

  /// What it says, errors as well.
  [[nodiscard]] std::string says(std::vector<std::string> arguments = {"--list-marks"}) const {
    arguments.insert(arguments.begin(),
                     {"-c", R"(exec "$0" "$@" 2>&1)", LAB_CHECK, "--marks", path_.string()});
    lab::Process run("/bin/sh", {.arguments = std::move(arguments), .input = lab::Input::null});
    run.wait(std::chrono::seconds(60));
    return run.out();
  }

  [[nodiscard]] std::string report() const {
    return handed_.report({"--marks", path_.string(), "--test-suite=exercise-02", "--all"});
  }

  [[nodiscard]] std::string name() const { return path_.string(); }

private:
  Handed handed_;
  fs::path path_;
};

TEST_CASE("the file of marks as it is, or an empty one, or all that it may hold, changes nothing") {
  const std::string as_they_are = Marked("").says();
  CHECK(as_they_are.ends_with("# all: 152 marks\n"));
  lab::Process list(LAB_CHECK, {.arguments = {"--list-marks"}, .input = lab::Input::null});
  CHECK(list.wait(std::chrono::seconds(60)).success());
  CHECK(list.out() == as_they_are);
  CHECK(Marked(as_they_are).says() == as_they_are);
}

TEST_CASE(
    "the file of marks: exercises scaled and switched off, checks with other marks, hidden, off") {
  const Marked marked("# ours\n\n  02 : 21 , after due date\r\n"
                      "02 makes N zombies at the same moment: 7, hidden\n"
                      "02 with N = 0 prints nothing, waits, and exits 0:-4\n"
                      "02 shows each line at once, also in a pipe: off\n"
                      "07: off\n");
  // 7, 2, 2, 1, 1 and 2 of 15, made 21: 9.8, 2.8, 2.8, 1.4, 1.4, 2.8.
  const std::string list = marked.says();
  CHECK(in_order(
      list, {"# exercise 01: 23 marks", "# exercise 02: 21 marks",
             "02 makes N zombies at the same moment: 10, hidden",
             "02 shows each line at once, also in a pipe: off, after due date",
             "02 prints the ids of its zombies, one a line and nothing else: 3, after due date",
             "02 prints no id before the last of them is a zombie: 3, after due date",
             "02 prints no id when one of them cannot be started: 1, after due date",
             "02 waits for Enter without using the processor, and all stay zombies: 1, after",
             "02 ends with status 0 on Enter and on end of file, and none is left: 3, after",
             "02 with N = 0 prints nothing, waits, and exits 0: -6, after due date",
             "02 ends with status 2 and its usage on wrong arguments: -1, after due date",
             "# exercise 07: 0 marks", "07: off", "# all: 134 marks"}));
  const std::string report = marked.report();
  CHECK(report.starts_with("exercise-02: 0 of 21 marks"));
  CHECK(contains(report, "FAIL     0/10 makes N zombies"));
  CHECK(contains(report, "FAIL      -6  with N = 0"));
  CHECK_FALSE(contains(report, "shows each line at once"));
  // Whole marks, whatever an exercise is worth; a cost stays one.
  CHECK(contains(Marked("02: 1\n").says(), "# exercise 02: 1 marks"));
  CHECK(contains(Marked("02: 100\n").says(), "wrong arguments: -7\n"));
  // What needs a check that is off needs what that one needs.
  CHECK(contains(Marked("02 makes N zombies at the same moment: off").report(),
                 "PASS     1/1  shows each line at once"));
}

TEST_CASE("a mistake in the file of marks is named with its line") {
  const std::vector<std::pair<std::string, std::string>> mistakes{
      {"02 = 3", ":1: this is neither `NN: MARKS`, of an exercise, nor `NN SENTENCE: MARKS`"},
      {"\n\nexercise 02: 3", ":3: this is neither"},
      {"2: 3", ":1: this is neither"},
      {"# 02: 3\n02: lots", ":2: 'lots' is none of: marks, a whole number from 1 to 1000; off; "
                            "hidden; after due date"},
      {"02: 0", ":1: '0' is none of"},
      {"02: 1.5", ":1: '1.5' is none of"},
      {"02:", ":1: '' is none of"},
      {"02: 3,", ":1: '' is none of"},
      {"02: 1001", ":1: '1001' is none of"},
      {"02 makes N zombies at the same moment: -1001", "from -1000 to 1000"},
      {"09: 3", ":1: there is no exercise 09"},
      {"02 makes zombies: 3",
       ":1: exercise 02 has no check `makes zombies`. lab-check --list-marks "
       "shows all"},
      {"02: 3\n02: 4", ":2: line 1 is about the same"},
  };
  for (const auto& mistake : mistakes) {
    const std::string& text = mistake.first;
    const std::string& complaint = mistake.second;
    const Marked marked(text);
    const std::string says = marked.says();
    INFO(text, "\n", says);
    CHECK(says.starts_with("lab-check: " + marked.name() + ":"));
    CHECK(contains(says, complaint));
  }
  std::string none;
  std::size_t number = 0;
  const std::string all = Marked("").says();
  for (const std::string& line : lab::lines_of(all)) {
    if (line.starts_with("03 ")) {
      none += line.substr(0, line.rfind(':')) + ": 0\n";
      ++number;
    }
  }
  CHECK(contains(Marked(none).says(), ":" + std::to_string(number) +
                                          ": no check of exercise 03 gives marks any more. `03: "
                                          "off` switches the exercise off"));
  const std::string missing =
      Handed("").report({"--marks", "/nonexistent", "--test-suite=exercise-02"});
  CHECK(missing.empty());
}

TEST_CASE("a program that signals the check is named as the sender") {
  const Handed sender("kill -USR1 $PPID; exec sleep 20\n");
  const std::string report = sender.report({"--test-case=exercise-02: makes*"});
  INFO(report);
  CHECK(
      in_order(report, {"FAIL", "which this check has started, sent SIGUSR1 to the check itself"}));
}

TEST_CASE("a program that floods, and --all") {
  const Handed flood("i=0; while [ $i -lt 300 ]; do echo \"line $i\"; i=$((i + 1)); done; cat\n");
  const std::string report = flood.report({"--test-case=exercise-02: makes*,exercise-02: with*"});
  CHECK(lab::lines_of(report).size() <= 100);
  CHECK(contains(report, "--all shows them"));
  const std::string all =
      flood.report({"--test-case=exercise-02: makes*,exercise-02: with*", "--all"});
  CHECK_FALSE(contains(all, "--all shows them"));
  CHECK(contains(all, "| line 299"));
  CHECK(lab::lines_of(all).size() > lab::lines_of(report).size());
}

TEST_CASE("an exercise by its number, checks by words, and what they do step by step") {
  const Handed wrong("echo 4711; read line\n");
  const std::string report = wrong.report({"2", "ZOMBIES", "same moment"});
  CHECK(in_order(report, {"What the check did: makes N zombies at the same moment",
                          "the check starts `zombies 3`: process ", "`zombies` prints \"4711\\n\"",
                          "FAIL 0/5 makes N zombies at the same moment"}));
  CHECK(in_order(report, {"The same by hand:", "terminal 1:", "zombies' 3",
                          "terminal 2:", "ps --ppid PID -o pid,stat,comm", "FAIL"}));
  CHECK_FALSE(contains(report, "with N = 0"));
  CHECK(contains(wrong.report({"02", "before the last"}), "This cannot be done by hand: "));
  const std::string typed = wrong.report({"02", "enter", "end of file"});
  CHECK(in_order(typed, {"What the check did: ends with status 0 on Enter"}));
  // Without words, all of them, and no steps.
  const std::string all = wrong.report({"02"});
  CHECK(contains(all, "exercise-02: "));
  CHECK_FALSE(contains(all, "What the check did"));
  // Words that are in no sentence: the sentences that there are.
  lab::Process none(LAB_CHECK, {.arguments = {"02", "pigeon"}});
  none.wait();
  CHECK(contains(none.err(), "there is no folder exercises/02-") !=
        contains(none.err(), "no check of exercise 02 has these words"));
  lab::Process no_number(LAB_CHECK, {.arguments = {"zombie"}});
  CHECK(no_number.wait().code == 2);
  CHECK(contains(no_number.err(), "lab-check 06 zombie"));
}

} // namespace

int main(int argc, char** argv) {
  lab::guard_descendants();
  return doctest::Context(argc, argv).run();
}
