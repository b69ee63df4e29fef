// A class of sixty, with the oddities that real submissions have, and the instructors' page played
// over it, line by line: from the roster to the files for Canvas and Moodle.

#include "graded.hpp"
#include "harness/process.hpp"
#include "tools/check/result.hpp"
#include "tools/grade/gradebook.hpp"
#include "tools/grade/kit.hpp"
#include "tools/grade/marks.hpp"
#include "tools/grade/page.hpp"
#include "tools/grade/report.hpp"
#include "tools/text/text.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <sys/stat.h>

namespace {

namespace fs = std::filesystem;
using namespace lab::graded;

/// What becomes of a submission.
enum class Fate : unsigned char {
  full,       ///< all marks
  zombies,    ///< those of exercise 02
  found,      ///< zombies.cpp is found, and does not compile: that takes no time
  none,       ///< no program is taken
  not_graded, ///< it has a row, and no marks
};

struct Expected {
  std::string submission;
  Fate fate = Fate::found;
  std::string words; ///< in the report; if not graded, in the note
};

using Files = std::map<std::string, std::string>;

/// The class: what is in the folder `class`, and who is who in `roster.csv`.
class Class {
public:
  explicit Class(const Folder& folder) : folder_(folder) {
    write(folder / "roster.csv", "\xef\xbb\xbfName,ID,Email\r\n");
    plain();
    odd_folders();
    archives();
    downloads();
    of_no_use();
    std::string roster = "\xef\xbb\xbfName,ID,Email\r\n";
    for (const std::string& person : roster_) {
      roster += person + "\r\n";
    }
    write(folder / "roster.csv", roster);
  }

  [[nodiscard]] const std::vector<Expected>& expected() const { return expected_; }

  /// Who is in the roster, and handed in nothing.
  [[nodiscard]] std::size_t absent() const { return absent_; }

  [[nodiscard]] std::size_t people() const { return roster_.size(); }

private:
  void put(const Files& files) {
    for (const auto& [name, text] : files) {
      write(folder_ / "class" / name, text);
    }
  }

  /// An archive in the class, of these files.
  void put_archive(const std::string& name, const Files& files) {
    const fs::path from = folder_ / "packing";
    fs::create_directories(from);
    std::vector<std::string> tops;
    for (const auto& [file, text] : files) {
      write(from / file, text);
      tops.push_back(file.substr(0, file.find('/')));
    }
    tops.erase(std::unique(tops.begin(), tops.end()), tops.end());
    pack(from, tops, folder_ / "class" / name);
    fs::remove_all(from);
  }

  void expect(const std::string& submission, Fate fate, const std::string& words = "") {
    expected_.push_back({.submission = submission, .fate = fate, .words = words});
  }

  void person(const std::string& line) { roster_.push_back(line); }

  /// Each has a line in the roster, and is known by the name, the ID or the e-mail address.
  void plain() {
    for (int i = 1; i <= 12; ++i) {
      const std::string number = std::to_string(i);
      const std::string full = std::string("Kim No").append(number);
      const std::string id = std::string("s-").append(number);
      const std::string mail = std::string("kim").append(number).append("@example.edu");
      person(std::string(full).append(",").append(id).append(",").append(mail));
      const std::string& name = i % 3 == 0 ? id : i % 3 == 1 ? full : mail;
      put({{name + "/02-zombie/zombies.cpp", i == 1 ? zombies_ : broken_}});
      expect(name, i == 1 ? Fate::zombies : Fate::found);
    }
    person("Kim Haneul,s-29,haneul@example.edu"); // as on the page
    put({{"kim-haneul/01-echo-server/echo_server.cpp", broken_},
         {"kim-haneul/02-zombie/zombies.cpp", broken_}});
    expect("kim-haneul", Fate::found);
    put({{"exercises folder/exercises/02-zombie/zombies.cpp", broken_}});
    expect("exercises folder", Fate::found);
    person(R"("Park, ""Q"" Min",s-30,park@example.edu)");
    put({{"park@example.edu/zombies.cpp", "\xef\xbb\xbf" + with_crlf(zombies_)}});
    expect("park@example.edu", Fate::zombies);
    person("Nobody One,s-31,n1@example.edu");
    person("Nobody Two,s-32,n2@example.edu");
    absent_ = 2;
  }

  void odd_folders() {
    put({{"nested/my work/week 2/02-zombie/zombies.cpp", broken_}});
    expect("nested", Fate::found, "found: my work/week 2/02-zombie/zombies.cpp");
    put({{"itself/itself/itself/zombies.cpp", broken_}});
    expect("itself", Fate::found, "found: itself/itself/zombies.cpp");
    put({{"a checkout/exercises/02-zombie/zombies.cpp", broken_},
         {"a checkout/steps/02-zombie/zombies.cpp", "of the kit"},
         {"a checkout/build/exercises/zombies.cpp", "of a build"},
         {"a checkout/.git/zombies.cpp", "of git"}});
    expect("a checkout", Fate::found, "passed over: steps/");
    Files of_git{{"git in a folder/02-zombie/zombies.cpp", broken_}};
    Files many{{"many files/02-zombie/zombies.cpp", broken_}};
    for (int i = 0; i < 300; ++i) {
      of_git["git in a folder/02-zombie/.git/objects/" + std::to_string(i)] = "x";
      many["many files/02-zombie/a" + std::to_string(i)] = "x";
    }
    put(of_git);
    expect("git in a folder", Fate::found, "passed over: 02-zombie/.git/");
    put(many);
    expect("many files", Fate::found);
    put({{"a mac/homework/zombies.cpp", broken_}, {"a mac/__MACOSX/homework/._zombies.cpp", "x"}});
    expect("a mac", Fate::found, "passed over: \\_\\_MACOSX/");
    Files loose;
    for (const auto& entry : fs::recursive_directory_iterator(source / "solutions")) {
      if (entry.path().extension() == ".cpp") {
        loose["seven loose/" + entry.path().filename().string()] = bytes_of(entry.path());
      }
    }
    put(loose);
    expect("seven loose", Fate::full, "found: zombies.cpp");
    put({{"a copy/zombies.cpp", broken_}, {"a copy/old/zombies.cpp", broken_}});
    expect("a copy", Fate::found, "the same file: zombies.cpp and old/zombies.cpp");
    for (const std::string name :
         {"\x1b[31mred", "=HYPERLINK(\"x\")", "two\nlines", "<b>bold & 'quoted'", "$(touch hit)",
          "이준", "-jobs", "not \xff UTF-8", " a space "}) {
      put({{name + "/zombies.cpp", broken_}});
      expect(name, Fate::found);
    }
  }

  void archives() {
    put({{"stray zip/zombies.cpp", broken_}});
    put_archive("stray zip/backup.zip", {{"zombies.cpp", "old"}});
    expect("stray zip", Fate::found, "opened: backup.zip");
    put_archive("zip in a folder/homework.zip", {{"homework/02-zombie/zombies.cpp", broken_}});
    expect("zip in a folder", Fate::found, "found: homework.zip/homework/02-zombie/zombies.cpp");
    for (const std::string name : {"a zip.zip", "a tar.tar", "a tarball.tar.gz", "another.tgz"}) {
      put_archive(name, {{"homework/zombies.cpp", broken_}});
      expect(name.substr(0, name.find('.')), Fate::found, "found: homework/zombies.cpp");
    }
    put_archive("loud.zip", {{"zombies.cpp", broken_}});
    fs::rename(folder_ / "class/loud.zip", folder_ / "class/LOUD.ZIP");
    expect("LOUD", Fate::found);
    put_archive("of a mac.zip", {{"hw/zombies.cpp", broken_}, {"__MACOSX/hw/._zombies.cpp", "x"}});
    expect("of a mac", Fate::found, "passed over: \\_\\_MACOSX/");
    put({{"damaged/work.zip", "PK\x03\x04 and no more"}});
    expect("damaged", Fate::none, "not opened: work.zip: it is damaged");
    put({{"cut off.tar.gz", "\x1f\x8b and no more"}});
    expect("cut off", Fate::none, "not opened: cut off.tar.gz");
    put({{"of another kind/work.rar", "Rar!"}});
    expect("of another kind", Fate::none, "there is: work.rar");
    put({{"another kind.7z", "7z"}});
    expect("another kind.7z", Fate::not_graded, "is neither a folder nor an archive");
  }

  void downloads() {
    person("Lee Jun,s-40,lee@example.edu");
    put({{"Lee Jun_4711_assignsubmission_file_/zombies.cpp", broken_}});
    expect("Lee Jun_4711_assignsubmission_file_", Fate::found);
    person("Lee Won,s-41,won@example.edu");
    put({{"Lee Won_4712_assignsubmission_file_zombies.cpp", broken_},
         {"Lee Won_4712_assignsubmission_file_notes.txt", "x"}});
    expect("Lee Won_4712_assignsubmission_file_", Fate::found);
    person("\"Choi, Seo\",s-42,choi@example.edu");
    put({{"choiseo_11_9001_zombies.cpp", broken_}, {"choiseo_11_9002_reaper.cpp", broken_}});
    expect("choiseo_11", Fate::found, "found: reaper.cpp");
    person("Ha Eun Jung,s-43,jung@example.edu");
    put({{"junghaeun_LATE_12_9003_zombies-1.cpp", broken_}});
    expect("junghaeun_12", Fate::found, "found: zombies.cpp");
    person("Han Bi,s-44,han@example.edu");
    put({{"hanbi_13_9004_reaper.cpp", broken_}});
    put_archive("hanbi_13_9005_work.zip", {{"zombies.cpp", broken_}});
    expect("hanbi_13", Fate::found, "found: work.zip/zombies.cpp");
    person("Yoon Ji,s-45,yoon@example.edu");
    put_archive("yoonji_14_9006_work.zip", {{"zombies.cpp", broken_}});
    expect("yoonji_14_9006_work", Fate::found);
    person("Oh Sol,s-46,oh@example.edu");
    person("Seo Yun,s-47,");
    put({{"submission_7/zombies.cpp", broken_},
         {"submission_metadata.yml",
          "---\nsubmission_6:\n  :submitters:\n  - :name: Nobody One\n    :sid: s-31\n"
          "submission_7:\n  :submitters:\n  - :name: Oh Sol\n    :sid: 's-46'\n"
          "    :email: oh@example.edu\n  - :name: Seo Yun\n    :sid: \"s-47\"\n    :email:\n"
          "  :created_at: 2026-11-01 10:00:00 Z\n  :score: 3.0\n"}});
    expect("oh@example.edu", Fate::found);
    expect("s-47", Fate::found);
    put({{"submission_9/zombies.cpp", broken_}}); // the list does not name it
    expect("submission_9", Fate::found);
  }

  void of_no_use() {
    put({{"two/zombies.cpp", broken_}, {"two/old/zombies.cpp", broken_ + "// 2\n"}});
    expect("two", Fate::none, "2 different files have the name zombies.cpp: zombies.cpp and old/");
    fs::create_directories(folder_ / "class/empty");
    expect("empty", Fate::none, "there is no file");
    put({{"plain c/zombies.c", broken_}});
    expect("plain c", Fate::none, "exercises are written in C++");
    put({{"an essay/essay.pdf", "%PDF"}});
    expect("an essay", Fate::none, "there is: essay.pdf");
    put({{"a folder/zombies.cpp/zombies.h", "x"}});
    expect("a folder", Fate::none, "zombies.cpp is a folder");
    put({{"a link/02-zombie/x", "x"}});
    fs::create_symlink(source / "solutions/02-zombie/zombies.cpp",
                       folder_ / "class/a link/02-zombie/zombies.cpp");
    expect("a link", Fate::none, "zombies.cpp is a link");
    put({{"a fifo/x", "x"}});
    REQUIRE(::mkfifo((folder_ / "class/a fifo/zombies.cpp").c_str(), 0666) == 0);
    expect("a fifo", Fate::none, "zombies.cpp is a FIFO");
    put({{"too large/zombies.cpp", std::string(std::size_t{3} << 20, ' ')}});
    expect("too large", Fate::none, "has more than 2 MiB");
    put({{"essay.txt", "Dear teacher"}});
    expect("essay.txt", Fate::not_graded, "is neither a folder nor an archive");
    put({{"in both/zombies.cpp", broken_}, {"in both.zip", "PK"}});
    expect("in both", Fate::not_graded, "have the same name: name each by its student");
    put({{"kim2/zombies.cpp", broken_}}); // beside kim2@example.edu
    expect("kim2", Fate::found);
  }

  static std::string with_crlf(const std::string& text) {
    std::string result;
    for (const char c : text) {
      result += c == '\n' ? "\r\n" : std::string(1, c);
    }
    return result;
  }

  const Folder& folder_;
  std::vector<Expected> expected_;
  std::vector<std::string> roster_;
  std::size_t absent_ = 0;
  std::string broken_ = "#error\n";
  std::string zombies_ = solution("02-zombie/zombies.cpp");
};

/// The commands of the page: the lines of its `sh` blocks.
std::vector<std::string> commands_of_page() {
  std::istringstream page(bytes_of(source / "tests/INSTRUCTORS.md"));
  std::vector<std::string> commands;
  bool inside = false;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("```")) {
      inside = line == "```sh";
    } else if (inside && !line.empty()) {
      commands.push_back(line);
    }
  }
  return commands;
}

/// The page has a class of thousands in 20 parts. Here they are 3.
std::string in_three_parts(std::string command) {
  for (const auto& [many, few] :
       {std::pair<std::string, std::string>{"/20", "/3"}, {"1-20", "1-3"}}) {
    if (const auto at = command.find(many); at != std::string::npos) {
      command.replace(at, many.size(), few);
    }
  }
  return command;
}

/// Runs it in the folder, where `build` is the kit's. Returns how it ended and what it said.
std::pair<std::string, std::string> play(const Folder& folder, const std::string& command) {
  lab::Process shell(
      "/usr/bin/env",
      {.arguments = {"bash", "-c", "cd \"$0\" && PATH=$PWD/programs:$PATH && " + command,
                     (folder / "").string()},
       .input = lab::Input::null,
       .environment = {{"TMPDIR", (folder / "temporary").string()}}});
  const lab::Exit exit = folder.run(shell);
  return {exit.text(), shell.out() + shell.err()};
}

void check_gradebook(const Folder& folder, const Class& sixty, const std::string& said) {
  std::map<std::string, std::vector<std::string>> rows; // by submission
  std::size_t absent = 0;
  std::size_t not_graded = 0;
  const auto all = parse_csv(bytes_of(folder / "results/gradebook.csv"));
  const std::size_t total = 4 + count_of_exercises();
  for (const auto& row : all) {
    absent += row.back() == "handed in nothing" ? 1U : 0U;
    rows[row.at(3)] = row;
  }
  CHECK(absent == sixty.absent());
  CHECK(sixty.expected().size() >= 60);
  for (const Expected& one : sixty.expected()) {
    const std::string shown = lab::csv(lab::printable_line(one.submission));
    const bool quoted = shown.starts_with('"');
    INFO(shown);
    std::string name = quoted ? shown.substr(1, shown.size() - 2) : shown;
    for (auto at = name.find("\"\""); quoted && at != std::string::npos;
         at = name.find("\"\"", at + 1)) {
      name.erase(at, 1);
    }
    REQUIRE(rows.contains(name));
    const auto& row = rows.at(name);
    if (one.fate == Fate::not_graded) {
      ++not_graded;
      CHECK(row.at(total).empty());
      CHECK(contains(row.back(), one.words));
      continue;
    }
    const std::string marks = one.fate == Fate::full      ? row.at(total + 1)
                              : one.fate == Fate::zombies ? row.at(5)
                                                          : "0";
    CHECK(row.at(total) == marks);
    CHECK((row.at(5) == "0") == (one.fate == Fate::found || one.fate == Fate::none));
    const fs::path reports = folder / "results/students" / one.submission;
    read_reports(reports);
    const std::string report = bytes_of(reports / "report.md");
    INFO(report);
    CHECK(contains(report, one.words));
    CHECK(contains(report, "\nit does not compile.\n") == (one.fate == Fate::found));
  }
  CHECK(contains(said, std::to_string(sixty.expected().size() - not_graded) + " of " +
                           std::to_string(sixty.expected().size()) + " graded, " +
                           std::to_string(absent) + " handed in nothing: results/index.html\n"));
  CHECK(contains(said, "lab-grade: kim2@example.edu: handed in more than once\n"));
  CHECK(!contains(said, "\x1b")); // of a name
  CHECK(!fs::exists(folder / "hit"));

  const auto canvas = parse_csv(bytes_of(folder / "results/canvas.csv"));
  const auto moodle = parse_csv(bytes_of(folder / "results/moodle.csv"));
  CHECK(canvas.size() == sixty.people() + 2); // the titles, and the points
  CHECK(moodle.size() == sixty.people() + 1);
  std::map<std::string, std::string> imported;
  for (const auto& row : moodle) {
    imported[row.at(1)] = row.back();
  }
  CHECK(imported["s-1"] != "0");
  CHECK(imported["s-30"] == imported["s-1"]);
  CHECK(imported["s-2"].empty()); // which of the two?
  CHECK(imported["s-31"] == "0");
  for (const char* const id : {"s-40", "s-41", "s-42", "s-43", "s-44", "s-45", "s-46", "s-47"}) {
    INFO(id);
    CHECK(imported[id] == "0");
    CHECK(std::ranges::none_of(all, [&](const auto& row) { // found in the roster, by its name
      return row.at(1) == id && row.at(3).empty();
    }));
  }
}

void check_similar(const Folder& folder, const std::string& said) {
  const fs::path similar = folder / "similar";
  CHECK(bytes_of(similar / "02-zombie/base/zombies.cpp") ==
        bytes_of(source / "exercises/02-zombie/zombies.cpp"));
  // By student, whatever it was handed in as, and nothing but sources.
  for (const std::string name : {"zip in a folder", "choiseo_11", "a tarball", "many files"}) {
    CHECK(bytes_of(similar / "02-zombie/students" / name / "zombies.cpp") == "#error\n");
  }
  CHECK(fs::exists(similar / "04-signal-vs-sigaction/students/choiseo_11/reaper.cpp"));
  const auto count = [](const fs::path& path) {
    return std::distance(fs::directory_iterator(path), fs::directory_iterator());
  };
  CHECK(count(similar / "02-zombie/students/many files") == 1);
  CHECK(count(similar / "03-wait/students") == 1); // seven loose
  CHECK(!fs::exists(similar / "02-zombie/students/a link"));
  CHECK(contains(said, " are to be compared: similar\n"));
}

} // namespace

/// What the workflow does with lab-grade and with its results, in the order of its steps. The step
/// of a part stands there three times.
std::vector<std::string> commands_of_workflow() {
  constexpr std::string_view run = "run: ";
  constexpr std::string_view number = "${{ matrix.part }}";
  std::istringstream workflow(bytes_of(source / ".github/workflows/grade.yml"));
  std::vector<std::string> commands;
  for (std::string line; std::getline(workflow, line);) {
    const auto at = line.find(run);
    if (at == std::string::npos || contains(line, "apt-get") || contains(line, "cmake ") ||
        contains(line, ": mv ")) {
      continue; // what makes ready
    }
    const std::string command = in_three_parts(line.substr(at + run.size()));
    if (!contains(command, number)) {
      commands.push_back(command);
      continue;
    }
    for (const char* const part : {"1", "2", "3"}) {
      std::string of_part = command;
      for (auto here = of_part.find(number); here != std::string::npos;
           here = of_part.find(number)) {
        of_part.replace(here, number.size(), part);
      }
      // As an artifact has its own folder.
      commands.push_back(contains(of_part, "part.tar.gz")
                             ? of_part + " && mkdir -p parts/part-" + part +
                                   " && mv part.tar.gz parts/part-" + part
                             : of_part);
    }
  }
  return commands;
}

TEST_CASE("the instructors' page, line by line, with sixty submissions of every oddity") {
  const Folder folder;
  const Class sixty(folder);
  fs::create_directory_symlink(LAB_BUILD_FOLDER, folder / "build");
  // Slurm's, as far as the page needs it.
  write(folder / "programs/sbatch", "#!/bin/bash\n"
                                    "[[ $1 =~ ^--array=1-([0-9]+)$ && $2 = --wrap ]] || exit 9\n"
                                    "for i in $(seq ${BASH_REMATCH[1]}); do\n"
                                    "  SLURM_ARRAY_TASK_ID=$i bash -c \"$3\"\ndone\nexit 0\n");
  fs::permissions(folder / "programs/sbatch", fs::perms::all);
  bool graded = false;
  bool joined = false;
  for (const std::string& line : commands_of_page()) {
    if (contains(line, "cmake ")) {
      continue; // played where it takes its time: tests/kit/packages/page_test.cmake
    }
    const std::string command = in_three_parts(line);
    INFO(command);
    const bool joins = contains(command, "--join");
    if (joins) {
      fs::rename(folder / "results", folder / "before");
    }
    const auto played = play(folder, command);
    const std::string& end = played.first;
    const std::string& said = played.second;
    INFO(said);
    const bool whole = contains(command, "--out results ");
    const bool compares = contains(command, "--similar");
    CHECK(end == (whole || compares ? "exit status 1" : "exit status 0")); // some are not graded
    if (compares) {
      check_similar(folder, said);
    }
    if (whole) {
      check_gradebook(folder, sixty, said);
      graded = graded || !joins;
    }
    if (joins) {
      for (const char* const file : {"gradebook.csv", "canvas.csv", "moodle.csv", "index.html"}) {
        CHECK(bytes_of(folder / "before" / file) == bytes_of(folder / "results" / file));
      }
      joined = true;
    }
  }
  CHECK(graded);
  CHECK(joined);

  // The same by GitHub's runners: the workflow's own lines.
  const std::string workflow = bytes_of(source / ".github/workflows/grade.yml");
  std::string numbers;
  for (int part = 1; part <= 20; ++part) {
    numbers += (part == 1 ? "" : ", ") + std::to_string(part);
  }
  CHECK(contains(workflow, "part: [" + numbers + "]\n"));
  CHECK(count(workflow, "/20 class/*\n") == 1);
  for (const char* const file : {"results", "part-1", "part-2", "part-3"}) {
    fs::remove_all(folder / file);
  }
  write(folder / "programs/sudo", "#!/bin/sh\nexec \"$@\"\n");
  fs::permissions(folder / "programs/sudo", fs::perms::all);
  for (const std::string& command : commands_of_workflow()) {
    const auto played = play(folder, command);
    INFO(command, ":\n", played.second);
    CHECK((played.first == "exit status 0" || contains(command, "lab-grade ")));
    if (command.starts_with("sudo tar")) { // it comes to the next machine alone
      fs::remove_all(folder / command.substr(command.rfind('-') - 4));
    }
  }
  for (const char* const file : {"gradebook.csv", "canvas.csv", "moodle.csv", "index.html"}) {
    CHECK(bytes_of(folder / "before" / file) == bytes_of(folder / "results" / file));
  }
}

// For browser_test.mjs: all checks that there are, with every end that a check can have.
TEST_CASE("pages for the browser" * doctest::skip()) {
  const char* const folder = std::getenv("LAB_GRADE_PAGES"); // NOLINT(concurrency-mt-unsafe)
  REQUIRE(folder != nullptr);
  const lab::grade::Kit kit = lab::grade::read_kit();
  const auto checks = lab::grade::all_checks(kit);
  std::vector<lab::grade::Row> rows;
  for (std::size_t i = 0; i < 60; ++i) {
    lab::grade::Marks marks{.student = "Student No " + std::to_string(i), .exercises = {}};
    marks.student += i == 7 ? " with a name that is far longer than any column is wide" : "";
    for (std::size_t k = 0; k < kit.exercises.size(); ++k) {
      lab::grade::ExerciseMarks one{.exercise = kit.exercises[k], .checks = {}};
      one.not_built = (i + k) % 9 == 0 ? std::string(lab::grade::does_not_compile) : "";
      for (const lab::Result& check : checks) {
        if (check.suite == one.exercise.suite()) {
          const std::size_t end = (i * 5 + one.checks.size() * 7 + k) % 13;
          lab::Result result = check;
          result.outcome = end == 0   ? lab::Outcome::failed
                           : end == 1 ? lab::Outcome::not_run
                           : end == 2 ? lab::Outcome::skipped
                                      : lab::Outcome::passed;
          result.why = "what was seen, " + std::string(150, 'x');
          result.filmed = end == 0;
          if (result.filmed) {
            write(fs::path(folder) / "students" / marks.student / "films" / result.film_name(),
                  "<!doctype html><title>a film</title>");
          }
          one.checks.push_back(std::move(result));
        }
      }
      marks.exercises.push_back(std::move(one));
    }
    write(fs::path(folder) / "students" / marks.student / "report.html",
          lab::grade::report_html(marks));
    rows.push_back({.submission = marks.student, .marks = marks});
  }
  rows.push_back({.submission = "", .of_roster = "handed in nothing"});
  write(fs::path(folder) / "index.html", lab::grade::class_page(rows));
}
