// Tests of lab-grade: that a class gets the marks that lab-check gives, in reports of the right
// form whatever the names, that a run that was broken off is taken up again, and that bad input is
// told apart from bad submissions. What attacks it is in tests/kit/hostile.

#define DOCTEST_CONFIG_IMPLEMENT
#include "graded.hpp"
#include "harness/guard.hpp"
#include "harness/process.hpp"
#include "tools/check/result.hpp"
#include "tools/check/shipped.hpp"
#include "tools/grade/files.hpp"
#include "tools/grade/gradebook.hpp"
#include "tools/grade/kit.hpp"
#include "tools/grade/marks.hpp"
#include "tools/grade/page.hpp"
#include "tools/grade/report.hpp"
#include "tools/grade/roster.hpp"
#include "tools/text/json.hpp"
#include "tools/text/text.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using lab::Json;
using lab::Outcome;
using lab::grade::ExerciseMarks;
using lab::grade::Marks;
using lab::grade::Roster;
using lab::grade::Row;

using namespace lab::graded;

/// Whether every user may go through the folder and all those above it.
bool passable_for_others(fs::path folder) {
  for (folder = fs::canonical(folder);; folder = folder.parent_path()) {
    if ((fs::status(folder).permissions() & fs::perms::others_exec) == fs::perms::none) {
      return false;
    }
    if (folder == folder.parent_path()) {
      return true;
    }
  }
}

/// Whether grade-as can run lab-grade as WHO here; and if not, says why.
bool can_be(const std::string& who) {
  if (::geteuid() != 0) {
    if (who == "container" || who == "old") {
      MESSAGE("skipped: ", who, ": only root can try it");
      return false;
    }
    return true;
  }
  const bool other_user = who == "user" || who == "bare" || who == "alone";
  if (other_user && !passable_for_others(programs)) {
    MESSAGE("skipped: ", who,
            ": the kit is in a folder that other users may not enter: ", programs.string());
    return false;
  }
  return true;
}

/// Which checks lab-check says that programs pass that are built already, by the names of
/// results.json.
std::map<std::string, bool> passed_by_lab_check(const Folder& folder) {
  const fs::path together = folder / "programs";
  fs::create_directory(together);
  for (const auto& exercise : fs::directory_iterator(fs::path(LAB_BUILD_FOLDER) / "exercises")) {
    const std::string name = exercise.path().filename();
    if (name.size() < 3 || name[2] != '-') {
      continue;
    }
    for (const auto& program : fs::directory_iterator(exercise.path())) {
      fs::create_symlink(program.path(), together / program.path().filename());
    }
  }
  lab::Process checks(programs / "lab-check",
                      {.arguments = {"--programs=" + together.string(), "--results=1", "--jobs=6",
                                     "--test-suite=exercise-*"},
                       .input = lab::Input::null});
  REQUIRE(checks.wait(class_limit).success());
  std::map<std::string, bool> passed;
  for (const lab::Result& check : lab::decode_results(checks.out())) {
    passed[check.number() + " " + check.sentence] = check.passed() || check.skipped();
  }
  return passed;
}

/// A program for exercise 02 that fails six checks, each by itself, in no time.
const std::string six_mistakes = R"(
#include <cstdio>
#include <cstdlib>
#include <unistd.h>
int main(int, char** argv) {
  std::printf("</script><script>alert(1)</script>\n");
  for (int i = std::atoi(argv[1]); i > 0; --i) {
    if (fork() == 0) {
      _exit(0);
    }
    std::printf("a child\n");
  }
  std::fflush(stdout);
  std::getchar();
  return 3;
}
)";

/// What a page links to in a folder of films, as it stands there.
std::vector<std::string> films_linked(const std::string& page) {
  std::vector<std::string> links;
  for (auto at = page.find("films/"); at != std::string::npos; at = page.find("films/", at + 1)) {
    const auto begin = page.find_last_of("\"(", at) + 1;
    links.push_back(page.substr(begin, page.find_first_of("\")", at) - begin));
  }
  return links;
}

/// The files in a folder, by name.
std::map<std::string, std::string> files_in(const fs::path& folder) {
  std::map<std::string, std::string> files;
  std::error_code error;
  for (const auto& file : fs::directory_iterator(folder, error)) {
    files[file.path().filename()] = bytes_of(file);
  }
  return files;
}

const std::string hostile_name = "=HYPERLINK(\"x\") | <b>&'`김\n\xff](y), {{z}}";

} // namespace

TEST_CASE("a class gets the marks that lab-check gives") {
  const Folder folder;
  fs::create_directories(folder / "class/as shipped");
  fs::create_directories(folder / "class/changed");
  fs::copy(source / "solutions", folder / "class/the solution", fs::copy_options::recursive);
  // As a whole checkout has them.
  for (const char* const part : {"exercises", "steps"}) { // both have an echo_server.cpp
    fs::copy(source / part, folder / "class/as shipped" / part, fs::copy_options::recursive);
    fs::copy(source / part, folder / "class/changed" / part, fs::copy_options::recursive);
  }
  const auto append = [&](const std::string& student, const std::string& text) {
    for (const auto& exercise : fs::directory_iterator(folder / "class" / student / "exercises")) {
      if (exercise.path().filename().string().find('-') == 2) {
        for (const auto& file : fs::directory_iterator(exercise.path())) {
          if (file.path().extension() == ".cpp") {
            std::ofstream(file.path(), std::ios::app) << text;
          }
        }
      }
    }
  };
  append("as shipped", "\n// my first comment\n");
  append("changed", "\n[[maybe_unused]] static const int mine = 1;\n");
  lab::Process grader = folder.start(
      {"--out", (folder / "grades").string(), "--jobs=2", (folder / "class/as shipped").string(),
       (folder / "class/changed").string(), (folder / "class/the solution").string()});
  CHECK(folder.run(grader).text() == "exit status 0");
  const Reported solved = read_reports(folder / "grades/students/the solution");
  const Reported shipped = read_reports(folder / "grades/students/as shipped");
  CHECK(solved.tests.size() > 50);
  CHECK(solved.tests == solved.most);
  const Reported changed = read_reports(folder / "grades/students/changed");
  CHECK(changed.passed == passed_by_lab_check(folder));
  CHECK(std::ranges::count(changed.passed, true, [](const auto& one) { return one.second; }) > 50);
  CHECK(changed.score < 0.15 * solved.score);

  // What is as it was shipped is called so, and gives nothing.
  CHECK(shipped.score == 0);
  CHECK(std::ranges::none_of(shipped.passed, [](const auto& one) { return one.second; }));
  const fs::path reports = folder / "grades/students/as shipped";
  CHECK(count(bytes_of(reports / "results.json"), "marks (as shipped)") == count_of_exercises());
  CHECK(contains(bytes_of(reports / "report.md"), "| 01-echo-server | 0 of 23 | 0 | as shipped |"));
  CHECK(contains(bytes_of(reports / "report.html"), "<td class=\"n\">as shipped</td>"));
  CHECK(contains(bytes_of(folder / "grades/index.html"), "</span></span>as shipped</a>"));

  const auto rows = parse_csv(bytes_of(folder / "grades/gradebook.csv"));
  REQUIRE(rows.size() == 4);
  CHECK(rows[0].front() == "student");
  // The name, a column for each exercise, the sum, what it is out of, and a note.
  const std::size_t sum = count_of_exercises() + 1;
  CHECK(rows[0].size() == sum + 3);
  CHECK(rows[1].front() == "as shipped");
  CHECK(std::stod(rows[1].at(sum)) == shipped.score);
  CHECK(rows[1].back().starts_with("01-echo-server is as shipped; 02-zombie is as shipped; "));
  CHECK(std::stod(rows[2].at(sum)) == changed.score);
  CHECK(std::stod(rows[3].at(sum)) == solved.score);
  CHECK(rows[3].at(sum) == rows[3].at(sum + 1));
}

TEST_CASE("what does not compile, or is not there, costs no more than itself") {
  const Folder folder;
  const auto nothing = std::string("int main() { return 7; }\n");
  const fs::path mixed = folder.hand_in(
      "mixed", {{"01-echo-server/echo_server.cpp", nothing},
                {"02-zombie/zombies.cpp", solution("02-zombie/zombies.cpp")},
                {"03-wait/collect.cpp", "int main() { return \"<&\x01\xff]]>\"; }\n"},
                {"04-signal-vs-sigaction/reaper.cpp", ""},
                {"05-descriptors/descriptor_server.cpp/a.cpp", nothing},
                {"06-mp-server/other.cpp", nothing}});
  fs::create_directory(mixed / "07-half-close-client");
  fs::create_symlink(source / "solutions/07-half-close-client/echo_mpclient.cpp",
                     mixed / "07-half-close-client/echo_mpclient.cpp");
  write(mixed / "CMakeLists.txt", "file(TOUCH ${CMAKE_SOURCE_DIR}/was_run)\n");
  const fs::path named = folder.hand_in(hostile_name, {});
  lab::Process grader = folder.start(
      {"--out", (folder / "grades").string(), "--jobs=2", mixed.string(), named.string()});
  CHECK(folder.run(grader).text() == "exit status 0");
  CHECK(!fs::exists(mixed / "was_run"));

  const Reported marks = read_reports(folder / "grades/students/mixed");
  for (const auto& check : marks.most) {
    const std::string& name = check.first;
    const double most = check.second;
    INFO(name);
    // A program that only ends gets what it gets; all that it has in common with a server is that
    // it is there.
    if (!name.starts_with("01")) {
      CHECK(marks.tests.at(name) == (name.starts_with("02") ? most : 0));
    }
  }
  const std::string report = bytes_of(folder / "grades/students/mixed/report.md");
  for (const char* const reason :
       {"it does not compile", "descriptor_server.cpp is a folder",
        "echo_mpserver.cpp is not there", "echo_mpclient.cpp is a link"}) {
    INFO(reason);
    CHECK(contains(report, reason));
  }
  CHECK(contains(report, "\\x01\\xff"));          // the compiler shows the line
  CHECK(contains(report, "undefined reference")); // the linker, for want of main

  read_reports(folder / "grades/students" / hostile_name);
  const auto rows = parse_csv(bytes_of(folder / "grades/gradebook.csv"));
  REQUIRE(rows.size() == 3);
  CHECK(rows[1].front().starts_with("'=HYPERLINK"));
  const std::string page = bytes_of(folder / "grades/index.html");
  CHECK(!contains(page, "<b>&"));
  CHECK(contains(page, "&lt;b&gt;&amp;&#39;`김\\n\\xff"));
  CHECK(contains(page, "%EA%B9%80%0A%FF"));
}

TEST_CASE("submissions as they arrive: a program is known by its name, and none stops the others") {
  // It does not compile: that is found as well as one that passes all checks, and takes no time.
  const std::string program = "#error\n";
  const std::string file = "02-zombie/zombies.cpp";
  const std::string loose = "collect.cpp";

  struct Odd {
    std::string name;
    std::map<std::string, std::string> files;
    std::string said; ///< in the report
    bool found = true;
  };

  std::map<std::string, std::string> many{{file, program}};
  std::map<std::string, std::string> of_git = many;
  for (int i = 0; i < 300; ++i) {
    many["02-zombie/a" + std::to_string(i)] = "x";
    of_git["02-zombie/.git/objects/" + std::to_string(i)] = "x";
  }
  const std::vector<Odd> all{
      {"nested", {{"my work/week 2/" + file, program}}, "found: my work/week 2/" + file},
      {"loose", {{"zombies.cpp", program}, {loose, program}}, "found: collect.cpp"},
      {"mac",
       {{"hw/" + file, program}, {"__MACOSX/hw/" + file, "x"}},
       R"(passed over: \_\_MACOSX/)"},
      {"git", of_git, "passed over: 02-zombie/.git/"},
      {"many", many, ""},
      {"copy", {{file, program}, {"old/zombies.cpp", program}}, "the same file: "},
      {"two",
       {{file, program}, {"old/zombies.cpp", program + "// 2\n"}},
       "2 different files have the name zombies.cpp: " + file + " and old/zombies.cpp",
       false},
      {"plain c", {{"02-zombie/zombies.c", program}}, "exercises are written in C++", false},
      {"damaged",
       {{"hw.zip", "PK\x03\x04 and no more"}},
       "not opened: hw.zip: it is damaged",
       false},
      {"nothing", {}, "there is no file", false}};
  const Folder folder;
  std::vector<std::string> arguments{"--jobs=2", "--out", (folder / "grades").string()};
  for (const Odd& one : all) {
    arguments.push_back(folder.hand_in(one.name, one.files).string());
  }
  const fs::path packed = folder.hand_in("to pack", {{"hw/" + file, program}});
  const fs::path sheet = folder.hand_in("with a zip", {});
  pack(packed, {"hw"}, sheet / "hw.zip");
  pack(packed, {"hw"}, folder / "class/a zip.zip");
  pack(packed, {"hw"}, folder / "class/a tarball.tar.gz");
  const fs::path stray = folder.hand_in("stray zip", {{file, program + "// new\n"}});
  pack(packed, {"hw"}, stray / "backup.zip");
  pack(packed, {"hw", "../to pack/hw"}, folder / "class/leads out.zip");
  std::map<std::string, std::string> zeros;
  for (int i = 0; i < 7; ++i) {
    zeros[std::to_string(i)] = std::string(std::size_t{11} << 20, '\0');
  }
  const fs::path large = folder.hand_in("large", zeros);
  pack(large, {"."}, folder / "class/bomb.zip");
  fs::remove_all(large);
  write(folder / "class/essay.txt", "Dear teacher\n");
  write(folder / "class/again/nested/zombies.cpp", program);
  for (const std::string name :
       {"with a zip", "a zip.zip", "a tarball.tar.gz", "stray zip", "leads out.zip", "bomb.zip",
        "essay.txt", "again/nested", "absent", "loose"}) {
    arguments.push_back((folder / "class" / name).string());
  }
  lab::Process grader = folder.start(arguments);
  CHECK(folder.run(grader).text() == "exit status 1"); // three are not graded
  const std::string said = grader.out() + grader.err();
  INFO(said);
  CHECK(contains(grader.out(), "\n15 of 18 graded: "));

  const auto rows = parse_csv(bytes_of(folder / "grades/gradebook.csv"));
  std::map<std::string, std::vector<std::string>> by_name;
  for (const auto& row : rows) {
    by_name[row.front()] = row;
  }
  CHECK(by_name.size() == 19); // with the titles
  for (const auto& one : std::map<std::string, std::string>{
           {"essay.txt", "is neither a folder nor an archive"},
           {"absent", "No such file or directory"},
           {"nested", "have the same name: name each by its student"}}) {
    const std::string& name = one.first;
    const std::string& note = one.second;
    INFO(name);
    REQUIRE(by_name.contains(name));
    CHECK(contains(by_name.at(name).back(), note));
    CHECK(by_name.at(name).at(1).empty()); // not a 0
    CHECK(contains(grader.err(), note));
  }
  CHECK(contains(by_name.at("two").back(), "2 different files have the name zombies.cpp"));
  CHECK(contains(grader.err(), "lab-grade: two: 02-zombie: 2 different files"));

  const auto look = [&](const std::string& name, const std::string& words, bool found) {
    const std::string report = bytes_of(folder / "grades/students" / name / "report.md");
    INFO(name, ":\n", report);
    CHECK(contains(report, words));
    CHECK(contains(report, "zombies.cpp is not there") != (found || name == "two"));
    CHECK(contains(report, "\nit does not compile.\n") == found);
  };
  for (const Odd& one : all) {
    if (one.name != "nested") {
      look(one.name, one.said, one.found);
    }
  }
  look("with a zip", "found: hw.zip/hw/" + file, true);
  look("a zip", "opened: a zip.zip", true);
  look("a tarball", "found: hw/" + file, true);
  look("stray zip", "opened: backup.zip", true);
  look("leads out", "a path in it leads out of its folder", false);
  look("bomb", "it holds more than 5000 files, or more than 64 MiB", false);
}

TEST_CASE("the roster: who handed in nothing has a row, and marks go to Canvas and Moodle") {
  const Folder folder;
  // As Canvas exports it, with a byte order mark.
  write(folder / "canvas roster.csv", "\xef\xbb\xbfStudent,ID,SIS User ID,SIS Login ID,Section\r\n"
                                      "    Points Possible,,,,\r\n"
                                      "\"Kim, Haneul\",11,s-11,haneul@example.edu,A\r\n"
                                      "\"Lee, Jun\",12,s-12,jun@example.edu,A\r\n"
                                      "\"Park, Min\",13,s-13,min@example.edu,B\r\n"
                                      "\"Choi, \"\"Q\"\" Seo\",14,s-14,seo@example.edu,B\r\n");
  std::vector<std::string> arguments{"--out", (folder / "grades").string(), "--roster",
                                     (folder / "canvas roster.csv").string()};
  const std::map<std::string, std::string> solved{
      {"zombies.cpp", solution("02-zombie/zombies.cpp")}};
  for (const auto& [name, files] : std::map<std::string, std::map<std::string, std::string>>{
           {"haneul-kim", solved},                      // by the words of the name
           {"Jun Lee_4711_assignsubmission_file_", {}}, // as Moodle packs it
           {"parkmin_13_9_work", {}},                   // as Canvas does
           {"jun@example.edu", {}},                     // the second of one person
           {"a stranger", {}}}) {
    arguments.push_back(folder.hand_in(name, files).string());
  }
  lab::Process grader = folder.start(arguments);
  CHECK(folder.run(grader).text() == "exit status 0");
  CHECK(contains(grader.out(), "\n5 of 5 graded, 1 handed in nothing: "));
  CHECK(contains(grader.err(), "lab-grade: a stranger: the roster does not name it\n"));
  CHECK(contains(grader.err(), "lab-grade: jun@example.edu: handed in more than once\n"));

  const auto rows = parse_csv(bytes_of(folder / "grades/gradebook.csv"));
  const std::size_t total = 4 + count_of_exercises();
  std::vector<std::vector<std::string>> brief; // name, ID, e-mail, submission, total, note
  brief.reserve(rows.size());
  for (const auto& row : rows) {
    brief.push_back({row.at(0), row.at(1), row.at(2), row.at(3), row.at(total), row.back()});
  }
  CHECK(brief == std::vector<std::vector<std::string>>{
                     {"student", "ID", "e-mail", "submission", "total", "note"},
                     {"Kim, Haneul", "s-11", "haneul@example.edu", "haneul-kim", "14", ""},
                     {"Lee, Jun", "s-12", "jun@example.edu", "Jun Lee_4711_assignsubmission_file_",
                      "0", "handed in more than once"},
                     {"Lee, Jun", "s-12", "jun@example.edu", "jun@example.edu", "0",
                      "handed in more than once"},
                     {"Park, Min", "s-13", "min@example.edu", "parkmin_13_9_work", "0", ""},
                     {"Choi, \"Q\" Seo", "s-14", "seo@example.edu", "", "0", "handed in nothing"},
                     {"a stranger", "", "", "a stranger", "0", "the roster does not name it"}});
  CHECK(parse_csv(bytes_of(folder / "grades/canvas.csv")) ==
        std::vector<std::vector<std::string>>{
            {"Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Fork lab"},
            {"    Points Possible", "", "", "", "", "152"},
            {"Kim, Haneul", "11", "s-11", "haneul@example.edu", "A", "14"},
            {"Lee, Jun", "12", "s-12", "jun@example.edu", "A", ""}, // which of the two?
            {"Park, Min", "13", "s-13", "min@example.edu", "B", "0"},
            {"Choi, \"Q\" Seo", "14", "s-14", "seo@example.edu", "B", "0"}});
  CHECK(parse_csv(bytes_of(folder / "grades/moodle.csv")) ==
        std::vector<std::vector<std::string>>{{"Email address", "ID number", "Fork lab"},
                                              {"haneul@example.edu", "s-11", "14"},
                                              {"jun@example.edu", "s-12", ""},
                                              {"min@example.edu", "s-13", "0"},
                                              {"seo@example.edu", "s-14", "0"}});

  CHECK(contains(bytes_of(folder / "grades/index.html"), "Seo: handed in nothing"));

  // A list of one's own, and Moodle's.
  const Roster plain("Name;ID;Email\nKim Haneul;s-11;haneul@example.edu\nLee Jun;s-12;\n");
  CHECK(plain.find("s-11") == 0U);
  CHECK(plain.find("haneul") == 0U);
  CHECK(plain.find("LEE_JUN") == 1U);
  CHECK(!plain.find("Lee"));
  const Roster of_moodle("First name,Last name,ID number,Email address\nHaneul,Kim,s-11,h@x.edu\n"
                         "Haneul,Kim,s-12,k@x.edu\n");
  CHECK(!of_moodle.find("haneul kim")); // which of the two?
  CHECK(of_moodle.find("k@x.edu") == 1U);
}

TEST_CASE("the parts of a class, joined, are the same gradebook and page as one run") {
  const Folder folder;
  write(folder / "roster.csv", "Name,ID,Email\nB,2,b@x.edu\nA,1,a@x.edu\nNobody,9,n@x.edu\n");
  const std::vector<std::string> roster{"--roster", (folder / "roster.csv").string()};
  std::vector<std::string> all{(folder / "class/absent").string()};
  for (const std::string name : {"A", "B", "C", "D"}) {
    all.push_back(folder.hand_in(name, {{"zombies.cpp", "#error " + name + "\n"}}).string());
  }
  const auto run = [&](std::vector<std::string> arguments, const std::string& out, int status) {
    arguments.insert(arguments.begin(), {"--out", (folder / out).string()});
    arguments.insert(arguments.end(), roster.begin(), roster.end());
    lab::Process grader = folder.start(arguments);
    const lab::Exit exit = folder.run(grader);
    INFO(grader.out(), grader.err());
    CHECK(exit.text() == "exit status " + std::to_string(status));
  };
  run(all, "whole", 1);
  std::vector<std::string> parts{"--join"};
  for (int part = 1; part <= 3; ++part) {
    std::vector<std::string> arguments = all;
    arguments.push_back("--shard=" + std::to_string(part) + "/3");
    run(arguments, "part" + std::to_string(part), part == 2 ? 1 : 0); // of "absent"
    parts.push_back((folder / ("part" + std::to_string(part))).string());
  }
  run(parts, "joined", 1);
  for (const char* const file :
       {"gradebook.csv", "index.html", "canvas.csv", "moodle.csv", "students/C/report.md"}) {
    INFO(file);
    CHECK(bytes_of(folder / "whole" / file) == bytes_of(folder / "joined" / file));
  }
  const auto rows = parse_csv(bytes_of(folder / "joined/gradebook.csv"));
  CHECK(rows.size() == 1 + 6);
  parts.push_back(parts.back());
  parts.push_back((folder / "part1").string());
  run(parts, "twice", 2); // a student in two of the parts
}

TEST_CASE("a student who writes 18 MB in one line keeps a row, and the reports stay small") {
  const Folder folder;
  const std::string one = folder
                              .hand_in("loud", {{"collect.cpp", R"(
#include <cstdio>
#include <string>
int main() {
  const std::string line(18 << 20, 'x');
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::puts("");
}
)"}}).string();
  lab::Process grader = folder.start({"--out", (folder / "grades").string(), one});
  CHECK(folder.run(grader).text() == "exit status 0");
  CHECK(contains(grader.out(), "\nloud: 0 of 152 marks\n"));
  CHECK(
      contains(bytes_of(folder / "grades/students/loud/report.md"), "bytes of this are left out"));
  CHECK(parse_csv(bytes_of(folder / "grades/gradebook.csv")).size() == 2);
  for (const char* const file : {"report.md", "report.html", "results.json", "junit.xml"}) {
    CHECK(fs::file_size(folder / "grades/students/loud" / file) < 2'000'000);
  }
}

TEST_CASE(
    "--films: the first checks that fail have films, which the pages link to, and the same marks") {
  const Folder folder;
  const std::string name = "<b> lee"; // in a URL it looks another way
  const fs::path one = folder.hand_in(name, {{"zombies.cpp", six_mistakes}});
  const fs::path solved =
      folder.hand_in("solved", {{"zombies.cpp", solution("02-zombie/zombies.cpp")}});
  const fs::path reports = folder / "grades/students" / name;
  const auto grade = [&](std::vector<std::string> options, const std::string& out = "grades") {
    options.insert(options.end(),
                   {"--out", (folder / out).string(), one.string(), solved.string()});
    lab::Process grader = folder.start(options);
    const lab::Exit exit = folder.run(grader);
    INFO(grader.err());
    CHECK(exit.text() == "exit status 0");
    return grader.out();
  };
  const std::string before = "2 of 2 have been graded before\n";

  grade({});
  const Reported without = read_reports(reports);
  CHECK(without.passed.at("02 makes N zombies at the same moment"));
  CHECK(!fs::exists(reports / "films"));
  CHECK(films_linked(bytes_of(reports / "report.md")).empty());
  CHECK(films_linked(bytes_of(folder / "grades/index.html")).empty());

  // What was graded without films is graded again.
  CHECK(!contains(grade({"--films"}), "before"));
  CHECK(read_reports(reports).tests == without.tests);
  CHECK(read_reports(reports).passed == without.passed);
  CHECK(!fs::exists(folder / "grades/students/solved/films"));
  const auto films = files_in(reports / "films");
  REQUIRE(films.size() == lab::grade::films_of_exercise);
  const std::string report = bytes_of(reports / "report.html");
  std::size_t last = 0;
  for (const std::string& link : films_linked(report)) {
    INFO(link);
    REQUIRE(fs::exists(reports / link));
    const std::string page = bytes_of(reports / link);
    CHECK(page.size() < std::size_t{2} << 20);
    CHECK(!contains(page, "<script>alert"));
    const std::size_t at = page.find("class=\"film\">") + 13;
    const std::string head =
        Json::parse(page.substr(at, page.find("</script>", at) - at)).at("head").text();
    CHECK(head.starts_with("saw     "));
    CHECK(contains(head, "\nmeans   "));
    CHECK(contains(head, "\nlook    "));
    // After what the report says of that check, and before the next that failed.
    const std::size_t here = report.find(link);
    CHECK(count(report.substr(last, here - last), "<pre>saw ") == 1);
    last = here;
  }
  CHECK(films_linked(report).size() == films.size());
  CHECK(count(report, "<pre>saw ") == 6);
  const std::string about = "Of an exercise only the first 3 checks that failed have a film.";
  CHECK(contains(report, about));
  const std::string markdown = bytes_of(reports / "report.md");
  CHECK(films_linked(markdown) == films_linked(report));
  CHECK(contains(markdown, about));
  const auto of_class = films_linked(bytes_of(folder / "grades/index.html"));
  CHECK(of_class.size() == films.size());
  for (const std::string& link : of_class) {
    INFO(link);
    const std::string student = "students/" + lab::url(name) + "/";
    REQUIRE(link.starts_with(student));
    CHECK(fs::exists(reports / link.substr(student.size())));
  }
  const std::string kept = bytes_of(reports / ".marks");
  CHECK(!contains(kept, "<!doctype"));

  // They stay as long as nothing has changed, with the option and without; and go with the parts.
  for (const std::vector<std::string>& options : {std::vector<std::string>{"--films"}, {}}) {
    CHECK(grade(options).starts_with(before));
    CHECK(files_in(reports / "films") == films);
    CHECK(bytes_of(reports / "report.html") == report);
    CHECK(bytes_of(reports / ".marks") == kept);
  }
  lab::Process join =
      folder.start({"--join", "--out", (folder / "joined").string(), (folder / "grades").string()});
  CHECK(folder.run(join).text() == "exit status 0");
  CHECK(files_in(folder / "joined/students" / name / "films") == films);
  CHECK(bytes_of(folder / "joined/students" / name / "report.html") == report);
  CHECK(bytes_of(folder / "joined/index.html") == bytes_of(folder / "grades/index.html"));

  // A page that somebody has removed has no link; another one is no film.
  const std::string removed = films.begin()->first;
  fs::remove(reports / "films" / removed);
  write(reports / "films/another.html", "a page");
  CHECK(grade({"--films"}).starts_with(before));
  CHECK(files_in(reports / "films").size() == films.size() - 1);
  CHECK(!contains(bytes_of(reports / "report.html"), removed));
  CHECK(!contains(bytes_of(folder / "grades/index.html"), removed));

  // A submission that has changed is graded again, and its films were of another.
  write(one / "zombies.cpp", six_mistakes + "// changed\n");
  grade({});
  CHECK(!fs::exists(reports / "films"));
  CHECK(films_linked(bytes_of(reports / "report.html")).empty());
}

TEST_CASE("lab-check gives films to a tool after all results, and no other results") {
  const Folder folder;
  write(folder / "programs/zombies", "#!/bin/sh\necho no id\nread line\nexit 3\n");
  fs::permissions(folder / "programs/zombies", fs::perms(0755));
  lab::Process checks(programs / "lab-check",
                      {.arguments = {"--programs=" + (folder / "programs").string(), "--results=1",
                                     "--films=2", "--test-suite=exercise-02"},
                       .input = lab::Input::null});
  CHECK(checks.wait(class_limit).success());
  const auto results = lab::decode_results(checks.out());
  REQUIRE(results.size() == 9 + 2);
  std::vector<lab::Result> failed;
  for (const lab::Result& one : std::vector(results.begin(), results.begin() + 9)) {
    CHECK(one.film.empty());
    if (one.outcome == Outcome::failed) {
      failed.push_back(one);
    }
  }
  REQUIRE(failed.size() == 3);
  for (std::size_t i = 0; i < 2; ++i) {
    lab::Result with = results[9 + i];
    CHECK(with.film.starts_with("<!doctype html>"));
    with.film.clear();
    CHECK(with == failed[i]);
  }
}

TEST_CASE("what somebody has put where results go is neither followed nor an end of the run") {
  const Folder folder;
  const std::vector<std::string> arguments{
      "--films",
      "--out",
      (folder / "grades").string(),
      folder.hand_in("a", {}).string(),
      folder.hand_in("b", {}).string(),
      folder.hand_in("c", {}).string(),
      folder.hand_in("d", {{"zombies.cpp", "int main() {\n  return 7;\n}\n"}}).string()};
  const fs::path target = folder / "target";
  write(target / "file", "mine");
  fs::create_directories(folder / "grades/students/a");
  fs::create_symlink(target / "file", folder / "grades/students/a/.report.md.new");
  fs::create_directories(folder / "grades/students/b/report.md/below");
  fs::create_directories(folder / "grades/students/d");
  fs::create_directory_symlink(target, folder / "grades/students/d/films");
  fs::create_directory_symlink(target, folder / "grades/students/c");
  lab::Process grader = folder.start(arguments);
  CHECK(folder.run(grader).text() == "exit status 1");
  CHECK(bytes_of(target / "file") == "mine");
  CHECK(std::distance(fs::directory_iterator(target), fs::directory_iterator()) == 1);
  CHECK(contains(bytes_of(folder / "grades/students/a/report.md"), "# a\n"));
  CHECK(
      contains(grader.err(), "cannot write " + (folder / "grades/students/b/report.md").string()));
  CHECK(contains(grader.err(), "cannot write " + (folder / "grades/students/c/report").string()));
  CHECK(
      contains(grader.err(), "cannot write " + (folder / "grades/students/d/films/02-").string()));
  CHECK(films_linked(bytes_of(folder / "grades/students/d/report.html")).empty());
  CHECK(contains(grader.out(), "\n4 of 4 graded: "));
  CHECK(parse_csv(bytes_of(folder / "grades/gradebook.csv")).size() == 5);
}

TEST_CASE("a run that was broken off goes on where it was, to the same gradebook") {
  const Folder folder;
  const std::string last = "z the last";
  // The first is done at once; the last has hardly begun then.
  std::vector<std::string> class_of{
      folder.hand_in("a", {}).string(),
      folder.hand_in(last, {{"02-zombie/zombies.cpp", solution("02-zombie/zombies.cpp")}})
          .string()};
  const auto grade = [&](const std::string& out) {
    std::vector<std::string> arguments{"--jobs=1", "--out", (folder / out).string()};
    arguments.insert(arguments.end(), class_of.begin(), class_of.end());
    return folder.start(arguments);
  };
  lab::Process whole = grade("grades");
  CHECK(folder.run(whole).text() == "exit status 0");

  lab::Process broken_off = grade("again");
  broken_off.wait_for_line("a: ", class_limit);
  broken_off.signal(SIGINT);
  CHECK(folder.run(broken_off).text() == "exit status 130");
  CHECK(contains(broken_off.err(), "1 of 2 are graded; the same command goes on from here"));
  CHECK(!fs::exists(folder / "again/gradebook.csv"));

  lab::Process taken_up = grade("again");
  CHECK(folder.run(taken_up).text() == "exit status 0");
  CHECK(taken_up.out().starts_with("1 of 2 have been graded before\n1 submission, 1 compiler at a "
                                   "time: about 5 s\n"));
  CHECK(!contains(taken_up.out(), "\na: "));
  CHECK(bytes_of(folder / "grades/gradebook.csv") == bytes_of(folder / "again/gradebook.csv"));
  CHECK(bytes_of(folder / "grades/index.html") == bytes_of(folder / "again/index.html"));

  // A submission that is another one is graded again, and no other is.
  write(folder / "class/a/02-zombie/zombies.cpp", "int main( {\n");
  lab::Process changed = grade("again");
  CHECK(folder.run(changed).text() == "exit status 0");
  CHECK(contains(changed.out(), "\na: 0 of "));
  CHECK(changed.out().starts_with("1 of 2 have been graded before\n"));
  CHECK(!contains(changed.out(), last + ":"));
}

TEST_CASE(
    "the file of marks and --only: totals, columns and what is hidden follow, on every path") {
  const Folder folder;
  write(folder / "marks.txt", "02: 28\n02 with N = 0 prints nothing, waits, and exits 0: hidden\n"
                              "03: after due date\n03 names each signal, and leaves no core file "
                              "behind: off\n07: off\n");
  const std::string one =
      folder.hand_in("one", {{"zombies.cpp", solution("02-zombie/zombies.cpp")}}).string();
  const auto run = [&](std::vector<std::string> arguments, const std::string& out) {
    arguments.insert(arguments.begin(), {"--out", (folder / out).string()});
    lab::Process grader = folder.start(arguments);
    const lab::Exit exit = folder.run(grader);
    INFO(grader.err());
    CHECK(exit.text() == "exit status 0");
    return grader.out();
  };
  const std::vector<std::string> marked{"--marks", (folder / "marks.txt").string(), one};
  const auto grade = [&](std::vector<std::string> arguments, const std::string& out) {
    arguments.insert(arguments.end(), marked.begin(), marked.end());
    return run(arguments, out);
  };

  // 152, with 14 more for 02, one less for 03, and without the 25 of 07.
  CHECK(contains(grade({}, "all"), "one: 28 of 140 marks"));
  CHECK(parse_csv(bytes_of(folder / "all/gradebook.csv")).at(0).size() == count_of_exercises() + 3);
  CHECK(!contains(bytes_of(folder / "all/index.html"), "07-half-close-client"));
  CHECK(!contains(bytes_of(folder / "all/students/one/report.html"), "names each signal"));
  const std::string results = bytes_of(folder / "all/students/one/results.json");
  CHECK(count(results, "\"visibility\": \"hidden\"") == 1);
  CHECK(count(results, "\"visibility\": \"after_due_date\"") == 8);
  const Json parsed = Json::parse(results);
  for (const Json& test : parsed.at("tests").list()) {
    if (test.at("name").text() == "02 with N = 0 prints nothing, waits, and exits 0") {
      CHECK(test.at("visibility").text() == "hidden");
    } else if (test.at("name").text().starts_with("03")) {
      CHECK(test.at("visibility").text() == "after_due_date");
    }
  }

  CHECK(contains(grade({"--only", "3,02"}, "two"), "one: 28 of 42 marks"));
  const auto rows = parse_csv(bytes_of(folder / "two/gradebook.csv"));
  CHECK(rows.at(0) ==
        std::vector<std::string>{"student", "02-zombie", "03-wait", "total", "out of", "note"});
  CHECK(rows.at(1) == std::vector<std::string>{"one", "28", "0", "28", "42", ""});
  // What was graded for two exercises is not taken for the results of one.
  const std::string again = grade({"--only=02"}, "two");
  CHECK(contains(again, "one: 28 of 28 marks"));
  CHECK(!contains(again, "before"));
  CHECK(contains(grade({"--only=02"}, "two"), "1 of 1 have been graded before"));

  run({"--join", (folder / "two").string()}, "joined");
  CHECK(bytes_of(folder / "joined/gradebook.csv") == bytes_of(folder / "two/gradebook.csv"));
  run({"--only=03", folder.hand_in("two", {}).string()}, "three");
  lab::Process mixed = folder.start({"--join", "--out", (folder / "mixed").string(),
                                     (folder / "two").string(), (folder / "three").string()});
  CHECK(folder.run(mixed).text() == "exit status 2");
  CHECK(contains(mixed.err(), "--join: 'two' was graded for other exercises than those before it"));

  write(folder / "marks.txt", "\n02: much\n");
  lab::Process wrong =
      folder.start({"--out", (folder / "wrong").string(), marked[0], marked[1], one});
  CHECK(folder.run(wrong).text() == "exit status 1");
  CHECK(contains(wrong.err(), "lab-grade: " + marked[1] + ":2: 'much' is none of: marks"));
  CHECK(!fs::exists(folder / "wrong/gradebook.csv"));
}

TEST_CASE("arguments that are wrong") {
  const Folder folder;
  const std::string one = folder.hand_in("one", {{"01-echo-server/x", ""}}).string();
  write(folder / "file", "");
  const std::string file = (folder / "file").string();

  struct Wrong {
    std::vector<std::string> arguments;
    std::string complaint;
  };

  const std::vector<Wrong> all_wrong{
      {{}, "no submission is given"},
      {{"--out"}, "--out takes a value"},
      {{"--join", "--only=02", one}, "--join takes results as they are"},
      {{"--only=02,", one}, "--only takes the numbers of exercises, `02,03`, not '02,'"},
      {{"--only=zombie", one}, "not 'zombie'"},
      {{"--only=", one}, "not ''"},
      {{"--only=9", one}, "--only: there is no exercise 09, or "},
      {{"--jobs=0", one}, "--jobs takes a number from 1 to 256, not '0'"},
      {{"--jobs", "two", one}, "not 'two'"},
      {{"--fast", one}, "there is no option '--fast'"},
      {{"--shard=0/2", one}, "--shard takes K/N, part K of N parts, not '0/2'"},
      {{"--shard=3/2", one}, "not '3/2'"},
      {{"--shard=2", one}, "not '2'"},
      {{"--join"}, "--join: no folder of results is given"},
      {{"--join", "--similar=x", one}, "give one of the two"},
      {{"--similar", (folder / "class").string(), one}, "it holds something already"},
      {{"--join", "--out=" + file + "x", one}, "--join: '" + one + "' holds no results"},
      {{"--roster", file, one}, "--roster '" + file + "': it names nobody"},
      {{"--roster", file + "x", one}, "--roster '" + file + "x': No such file or directory"},
      {{"--out=" + file, one}, "--out: cannot write to '" + file + "'"},
      {{"--out=" + file + "/below", one}, "--out: cannot write to '" + file + "/below'"},
      {{"--out=/proc/grades", one}, "--out: cannot write to '/proc/grades'"}};
  for (const Wrong& wrong : all_wrong) {
    lab::Process grader = folder.start(wrong.arguments);
    const lab::Exit exit = folder.run(grader);
    INFO(wrong.complaint, " is not in:\n", grader.err());
    CHECK(exit.text() == "exit status 2");
    CHECK(grader.err().starts_with("lab-grade: "));
    CHECK(contains(grader.err(), wrong.complaint));
    CHECK(contains(grader.err(), "usage: lab-grade [--out DIR] [--jobs N] [--roster FILE.csv] "
                                 "[--only NN,...]\n"));
    CHECK(grader.out().empty());
  }
}

TEST_CASE("a machine on which nothing can be graded is not a class without marks") {
  const Folder folder;
  const std::string one = folder.hand_in("one", {}).string();
  lab::Process grader(programs / "lab-grade",
                      {.arguments = {"--out", (folder / "grades").string(), one},
                       .input = lab::Input::null,
                       .environment = {{"TMPDIR", (folder / "not there").string()}}});
  CHECK(grader.wait(class_limit).text() == "exit status 1");
  CHECK(contains(grader.err(), "lab-grade: no folder for temporary files (TMPDIR): "));
  CHECK(!fs::exists(folder / "grades/gradebook.csv"));
}

TEST_CASE("the same marks where the machine allows less, with a line for what it does not") {
  const Folder folder;
  const std::string one =
      folder
          .hand_in("one", {{"02-zombie/zombies.cpp", solution("02-zombie/zombies.cpp")},
                           {"05-descriptors/descriptor_server.cpp",
                            solution("05-descriptors/descriptor_server.cpp")}})
          .string();
  std::map<std::string, double> expected;
  for (const std::string who : {"", "container", "old", "user", "bare", "alone"}) {
    if (!can_be(who)) {
      continue;
    }
    const fs::path out = folder / ("grades " + who);
    fs::create_directory(out);
    fs::permissions(out, fs::perms::all);
    lab::Process grader = folder.start({"--out", out.string(), "--jobs=2", one}, who);
    const lab::Exit exit = folder.run(grader);
    INFO(who, ": ", grader.err());
    CHECK(exit.text() == "exit status 0");
    const Reported marks = read_reports(out / "students/one");
    for (const auto& check : marks.most) {
      const std::string& name = check.first;
      const double most = check.second;
      INFO(name);
      const bool handed_in = name.starts_with("02") || name.starts_with("05");
      CHECK(marks.tests.at(name) == (handed_in ? most : 0));
    }
    const bool without = who == "container" || who == "old" || who == "bare" || who == "alone";
    if (without) {
      CHECK(contains(grader.err(), "lab-grade: no namespaces of their own"));
      CHECK(contains(grader.err(), "lab-grade: no network of their own"));
    }
    if (who == "old" || who == "alone") {
      CHECK(contains(grader.err(), "submissions can read what any user here can read"));
    }
    if (who == "alone") {
      CHECK(contains(grader.err(), "nothing keeps them from signalling it"));
    }
    CHECK(count(grader.err(), "\n") <= 3);
  }
}

TEST_CASE("with --strict nothing is graded where a protection is missing, and it says which") {
  const Folder folder;
  const std::string one =
      folder.hand_in("one", {{"02-zombie/zombies.cpp", solution("02-zombie/zombies.cpp")}})
          .string();
  for (const std::string who : {"container", "alone"}) {
    if (!can_be(who)) {
      continue;
    }
    const fs::path out = folder / ("grades " + who);
    fs::create_directory(out);
    fs::permissions(out, fs::perms::all);
    lab::Process grader = folder.start({"--strict", "--out", out.string(), one}, who);
    CHECK(folder.run(grader).text() == "exit status 2");
    INFO(grader.err());
    CHECK(contains(grader.err(), "classmates could change each other's marks"));
    CHECK(contains(grader.err(), "--strict: this machine lacks these protections, and nothing is "
                                 "graded"));
    CHECK(fs::is_empty(out));
  }
}

TEST_CASE("only what a program itself begins with is compiled before") {
  const auto headers = [](const char* text) {
    return lab::grade::first_includes(lab::without_comments(text));
  };
  using Headers = std::vector<std::string>;
  CHECK(headers("// mine\n#include \"support/error.hpp\"\n\n# include <vector> /* for ids */\n"
                "#include <unistd.h>\nint main() {}\n#include <array>\n") ==
        Headers{"\"support/error.hpp\"", "<vector>", "<unistd.h>"});
  CHECK(headers("#include <vector>\n#include \"count.hpp\"\n#include <array>\n") ==
        Headers{"<vector>"}); // count.hpp may change what array is
  CHECK(headers("#define _FILE_OFFSET_BITS 32\n#include <vector>\n").empty());
  CHECK(headers("#include <vector").empty());
  CHECK(headers("").empty());
}

TEST_CASE("folders that are not easily removed are removed") {
  // Where a job has mounts of its own, they go with it. Deeper than a path is long and than there
  // are descriptors, and not to be read.
  constexpr std::string_view leaves_folders = R"(
#include <sys/stat.h>
#include <unistd.h>
int main() {
  const char* const name = "a-long-name-for-a-folder";
  for (int i = 0; i < 1500 && mkdir(name, 0700) == 0 && chdir(name) == 0; ++i) {
    symlink("..", "link");
    mkdir("1", 0);
    chmod(".", 0300);
  }
  return 1;
}
)";
  const Folder folder;
  const std::string one =
      folder.hand_in("one", {{"02-zombie/zombies.cpp", std::string(leaves_folders)}}).string();
  for (const std::string who : {"container", "bare"}) {
    if (!can_be(who)) {
      continue;
    }
    const fs::path out = folder / "grades" / who;
    fs::create_directory(out);
    fs::permissions(out, fs::perms::all);
    lab::Process grader = folder.start({"--out", out.string(), one}, who);
    CHECK(folder.run(grader).text() == "exit status 0");
  }
}

TEST_CASE("texts of strangers in each format") {
  CHECK(lab::printable("김 ok\n\t") == "김 ok\n\t");
  CHECK(lab::printable(std::string_view("a\0b\x1b[1m\x7f", 8)) == "a\\x00b\\x1b[1m\\x7f");
  CHECK(lab::printable("\xff\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80\xe2\x82") ==
        "\\xff\\xc0\\xaf\\xed\\xa0\\x80\\xf4\\x90\\x80\\x80\\xe2\\x82");
  CHECK(lab::printable("a\xe2\x80\xae"
                       "b\xe2\x80\xac") ==
        "a\\xe2\\x80\\xaeb\\xe2\\x80\\xac"); // they reorder the b
  CHECK(lab::printable_line("a\nb\tc\r") == "a\\nb\\tc\\x0d");
  CHECK(lab::html("<a href=\"x\" id='y'>&") == "&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;");
  CHECK(lab::xml("a\nb") == "a&#10;b");
  CHECK(lab::json("a\"\\\n\t김") == "\"a\\\"\\\\\\n\\t김\"");
  CHECK(lab::markdown("*a* <b> |c|") == "\\*a\\* &lt;b&gt; \\|c\\|");
  CHECK(lab::markdown("01-echo-server: (1/2), 3.") == "01-echo-server: (1/2), 3.");
  CHECK(lab::markdown("a_b __c__ `d` [e](f) ~g~ \\") ==
        "a_b \\_\\_c\\_\\_ \\`d\\` \\[e\\](f) \\~g\\~ \\\\");
  // What makes a list, a heading, a quote or a rule does so at the beginning of a line.
  for (const std::string start : {"- a", "+ a", "# a", "=a"}) {
    CHECK(lab::markdown(start) == "\\" + start);
  }
  CHECK(lab::markdown("1. a") == "1\\. a");
  CHECK(lab::markdown("www.x.org a@x.org http://x") == "www\\.x.org a\\@x.org http\\://x");
  CHECK(lab::fenced("```\n````") == "`````text\n```\n````\n`````\n");
  for (const std::string formula : {"=1", "+1", "-1", "@x", "\tx"}) {
    CHECK(lab::csv(formula) == "'" + formula);
  }
  CHECK(lab::csv("a,b") == "\"a,b\"");
  CHECK(lab::csv("a\"b") == "\"a\"\"b\"");
  CHECK(lab::csv("=a\"b") == "\"'=a\"\"b\"");
  CHECK(lab::csv("-") == "'-");
  CHECK(lab::url("../a b?#%김") == "..%2Fa%20b%3F%23%25%EA%B9%80");
}

TEST_CASE("results are kept whole or not at all") {
  Marks marks{
      .student = hostile_name, .fingerprint = "0123", .notes = {"1:a,", ""}, .exercises = {}};
  marks.exercises.push_back({.exercise = {.folder = "01-a", .program = "a"},
                             .not_built = "",
                             .compiler_words = "12:words,",
                             .checks = {{.suite = "exercise-01",
                                         .sentence = "a",
                                         .marks = 2,
                                         .outcome = lab::Outcome::failed,
                                         .why = "3:x,,\x1e",
                                         .note = "with 3:less,",
                                         .seconds = 0.25,
                                         .film = "<page>,",
                                         .filmed = true}}});
  const std::string text = lab::grade::encode(marks);
  const auto again = lab::grade::decode_marks(text);
  REQUIRE(again);
  CHECK(lab::grade::encode(*again) == text);
  CHECK(again->notes == marks.notes);
  CHECK(again->exercises.at(0).checks == marks.exercises.at(0).checks);
  for (std::size_t size = 0; size < text.size(); ++size) {
    const auto part = lab::grade::decode_marks(text.substr(0, size));
    // Only between two exercises is a part whole; it has none of the next.
    CHECK((!part || part->exercises.empty()));
  }
}

TEST_CASE("the page needs nothing but itself, and says nothing by colour alone") {
  std::vector<Row> all;
  for (int i = 0; i < 4; ++i) {
    ExerciseMarks one{.exercise = {.folder = "01-a", .program = "a"}, .checks = {}};
    const auto check = [&](const char* sentence, Outcome outcome, const char* means,
                           const std::string& why = "") {
      one.checks.push_back({.suite = "exercise-01",
                            .sentence = sentence,
                            .marks = 2,
                            .means = means,
                            .look = "TODO 1; steps/02-zombie/zombie.cpp, [3]; wait(2)",
                            .outcome = outcome,
                            .why = why});
    };
    check("<one>", i == 1 || i == 2 ? Outcome::failed : Outcome::passed, "the cause of one");
    check("two", i == 0 ? Outcome::skipped : Outcome::passed, "", i == 0 ? "no IPv6" : "");
    // Of three only one student fails it; all others cannot be told.
    check("three", i == 2 ? Outcome::not_run : Outcome::failed,
          i == 0 ? "a cause of its own" : "the cause of three",
          i == 2 ? std::string(lab::needed_first) + "<one>" : "");
    one.not_built = i == 1 || i == 3 ? std::string(lab::grade::does_not_compile) : "";
    const std::string name = "s" + std::to_string(i);
    all.push_back({.submission = name, .marks = Marks{.student = name, .exercises = {one}}});
  }
  all.push_back({.submission = "", .of_roster = "handed in nothing"});
  const std::string page = lab::grade::class_page(all);
  const std::string report = lab::grade::report_html(*all[2].marks);
  for (const std::string& text : {page, report}) {
    for (const char* const outside :
         {"http:", "https:", "<script src", "<link", "<img", "@import", "url(", "src="}) {
      CHECK_MESSAGE(!contains(text, outside), outside);
    }
    CHECK(contains(text, "prefers-color-scheme: dark"));
    CHECK(contains(text, "@media print"));
  }
  CHECK(contains(page, "href=\"students/s1/report.html\""));
  CHECK(count(page, "<td class=\"c p") == 2);
  CHECK(count(page, "\">×<span class=\"hidden\">failed</span></a></td>") == 2);
  CHECK(count(page, ">–<span class=\"hidden\">not run") == 1);
  CHECK(count(page, ">!<span class=\"hidden\">there is no program") == 6);
  CHECK(count(page, ">○<span class=\"hidden\">skipped") == 1);
  CHECK(contains(page, "01 &lt;one&gt;"));
  CHECK(contains(page, "4 submissions, 1 handed in nothing"));

  // What to teach: outright failures alone, by cause, with the step's deck and what it stopped.
  CHECK(contains(page,
                 "<tr><td class=\"n\">1</td><td class=\"n\">25&nbsp;%</td><td class=\"n\">1</td>"
                 "<td>the cause of one</td><td>TODO 1; steps/02-zombie/zombie.cpp, [3]; wait(2)"
                 "<br>slides/02-zombie.md</td><td>01.1 &lt;one&gt;</td></tr>\n"
                 "<tr><td class=\"n\">1</td><td class=\"n\">25&nbsp;%</td><td class=\"n\">0</td>"
                 "<td>a cause of its own"));
  CHECK(!contains(page, "the cause of three")); // no program: nobody knows
  // 4, 2, 2 and 4 marks, of 6.
  CHECK(contains(page, "<tr><td>01-a</td><td class=\"n\">3.0</td><td class=\"n\">3.0</td>"
                       "<td class=\"n\">1.0</td><td class=\"n\">6</td>"));

  CHECK(contains(report, "<h3 id=\"e01-1\">&lt;one&gt; <span class=\"soft\">0 of 2</span></h3>"));
  CHECK(contains(report, "cmake --build build --target lab-check exercise-01 &amp;&amp; "
                         "build/bin/lab-check --programs build/exercises/01-a --test-case="));
  CHECK(contains(report, " --film films</pre>"));
  CHECK(lab::grade::gradebook_csv({}, {}, false) == "\xef\xbb\xbfstudent,total,out of,note\r\n");
  CHECK(contains(lab::grade::class_page({}), "0 submissions"));

  // A page that a browser opens also for thousands.
  const std::vector<Row> thousands(5'000, all[0]);
  const std::string large = lab::grade::class_page(thousands);
  CHECK(large.size() < std::size_t{5} << 20);
  CHECK(contains(large, "Of more than 500 students this page has the marks alone"));
  CHECK(!contains(large, "<td class=\"c "));
}

TEST_CASE(
    "a check that was skipped gives its marks, one that costs marks takes them, on every path") {
  lab::grade::ExerciseMarks one{.exercise = {.folder = "01-a", .program = "a"}, .checks = {}};
  const auto check = [&](const char* sentence, int worth, Outcome outcome) {
    one.checks.push_back(
        {.suite = "exercise-01", .sentence = sentence, .marks = worth, .outcome = outcome});
  };
  check("kept", -1, Outcome::passed);
  check("added", 3, Outcome::passed);
  check("not to be shown here", 2, Outcome::skipped);
  check("wrong", 4, Outcome::failed);
  const auto say = [&](int reached) {
    const Marks marks{.student = "s", .exercises = {one}};
    const std::string of = std::to_string(reached) + " of 9";
    CHECK(one.reached() == reached);
    CHECK(one.possible() == 9);
    CHECK(marks.reached() == reached);
    CHECK(marks.possible() == 9);
    CHECK(lab::reached_of(one.checks) == reached); // as lab-check and lab-watch show it
    CHECK(contains(lab::grade::report_markdown(marks), "01-a: " + of + " marks"));
    CHECK(contains(lab::grade::report_html(marks), "01-a: " + of + " marks"));
    const std::string book =
        lab::grade::gradebook_csv({{.submission = "s", .marks = marks}}, {one.exercise}, false);
    CHECK(contains(book, "\r\ns," + std::to_string(reached) + "," + std::to_string(reached) +
                             ",9,\"01-a: 1 check skipped, with its marks\"\r\n"));
    const Json results = Json::parse(lab::grade::gradescope_json(marks));
    CHECK(results.at("score").number() == reached);
    double sum = 0;
    double most = 0;
    for (const Json& test : results.at("tests").list()) {
      CHECK(test.at("score").number() >= 0);
      sum += test.at("score").number();
      most += test.at("max_score").number();
    }
    CHECK(sum == reached);
    CHECK(most == 9);
    CHECK(contains(lab::grade::junit_xml(marks), "skipped=\"1\""));
    CHECK(contains(lab::grade::class_page({{.submission = "s", .marks = marks}}),
                   ">" + std::to_string(reached) + "/9<"));
  };
  say(5);
  one.checks[0].outcome = Outcome::failed;
  say(4);
  const Json test = Json::parse(lab::grade::gradescope_json({.student = "s", .exercises = {one}}));
  CHECK(contains(test.at("tests").list().at(0).at("output").text(), "marks   costs 1\n"));
  CHECK(contains(test.at("tests").list().at(2).at("output").text(), "marks   1 less, "));
  for (int i = 0; i < 6; ++i) {
    check("kept as well", -1, Outcome::not_run);
  }
  say(0);
}

int main(int argc, char** argv) {
  lab::guard_descendants();
  return doctest::Context(argc, argv).run();
}
