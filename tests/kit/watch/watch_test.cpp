// Tests of lab-watch at a terminal of its own: each key, what editors do at a save, and bad
// weather.

#define DOCTEST_CONFIG_IMPLEMENT
#include "harness/deadline.hpp"
#include "harness/fd.hpp"
#include "harness/guard.hpp"
#include "harness/idle.hpp"
#include "harness/proc.hpp"
#include "harness/process.hpp"
#include "harness/programs.hpp"
#include "tools/drawing/terminal.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

const fs::path kit = SMALL_KIT;
const fs::path exercise = kit / "exercises/02-zombie";
const fs::path source = exercise / "zombies.cpp";
const fs::path other_source = kit / "exercises/03-wait/collect.cpp";

/// A compilation on a busy machine, and the checks.
constexpr std::chrono::milliseconds build_limit = 60s;

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::string contents(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write(const fs::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

std::string shipped() {
  return contents(fs::path(KIT) / "exercises/02-zombie/zombies.cpp");
}

std::string solution() {
  return contents(fs::path(KIT) / "solutions/02-zombie/zombies.cpp");
}

/// With another text that does the same.
std::string with_comment(const std::string& text, const std::string& comment) {
  return text + "// " + comment + "\n";
}

/// The small kit as it was made, and nothing checked yet.
void begin_anew() {
  for (const std::string folder : {"verdicts", "watch"}) {
    fs::remove_all(kit / "build" / folder);
  }
  for (const std::string folder : {"02-zombie", "03-wait"}) {
    fs::remove_all(kit / "exercises" / folder);
    fs::copy(fs::path(KIT) / "exercises" / folder, kit / "exercises" / folder);
  }
}

/// The files of the kit, each with the time of its last change.
std::map<std::string, fs::file_time_type> files_beside_build() {
  std::map<std::string, fs::file_time_type> files;
  for (auto entry = fs::recursive_directory_iterator(kit); entry != fs::end(entry); ++entry) {
    if (entry->path() == kit / "build") {
      entry.disable_recursion_pending();
    } else if (entry->is_regular_file()) {
      files[entry->path().string()] = entry->last_write_time();
    }
  }
  return files;
}

void solve_both() {
  write(source, solution());
  write(other_source, contents(fs::path(KIT) / "solutions/03-wait/collect.cpp"));
}

lab::ProcessOptions options_for(std::vector<std::string> arguments) {
  std::vector<std::string> all{"--build", (kit / "build").string()};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return {.arguments = std::move(all),
          .input = lab::Input::terminal,
          .output = lab::Output::terminal,
          .errors = lab::Output::terminal,
          .environment = {{"TERM", "xterm"}, {"NO_COLOR", "1"}, {"COLUMNS", "80"}}};
}

/// lab-watch at a terminal of 80 by 24.
class Watching {
public:
  explicit Watching(std::vector<std::string> arguments = {})
      : Watching(options_for(std::move(arguments))) {}

  explicit Watching(lab::ProcessOptions options,
                    const fs::path& program = lab::program("lab-watch"))
      : watch_(program, std::move(options)) {}

  lab::Process& process() { return watch_; }

  /// What is on the screen, a line each, without colours.
  std::string screen() {
    const std::string out = watch_.out();
    const auto end = out.rfind("\x1b[J\x1b[?7h");
    const auto begin = out.rfind("\x1b[H", end);
    if (end == std::string::npos || begin == std::string::npos) {
      return {};
    }
    std::string text;
    for (std::size_t at = begin; at < end; ++at) {
      if (out[at] == '\x1b') {
        at = out.find_first_of("ABCDHJKhlm", at);
      } else if (out[at] != '\r') {
        text += out[at];
      }
    }
    return text;
  }

  std::vector<std::string> rows() {
    std::vector<std::string> rows(1);
    for (const char character : screen()) {
      if (character == '\n') {
        rows.emplace_back();
      } else {
        rows.back() += character;
      }
    }
    return rows;
  }

  /// Waits until all of it is on the screen at the same moment.
  void see(std::initializer_list<std::string_view> texts) {
    std::string_view missing;
    lab::wait_until(
        "words on the screen",
        [&] {
          const std::string now = screen();
          return std::ranges::all_of(texts, [&](std::string_view text) {
            missing = text;
            return contains(now, text);
          });
        },
        [&] { return "without '" + std::string(missing) + "':\n" + lab::shown(screen()); },
        build_limit);
  }

  void see(std::string_view text) { see({text}); }

  void press(const std::string& keys) { CHECK(watch_.type(keys)); }

  /// Quits, and looks whether the terminal is as it was, and nothing is left.
  void quit(const std::string& key = "q") {
    press(key);
    expect_end();
  }

  void expect_end() {
    CHECK(watch_.wait().text() == "exit status 0");
    const std::string out = watch_.out();
    CHECK(contains(out, "\x1b[?25h\x1b[?1049l"));
    CHECK(out.rfind("\x1b[?1049l") > out.rfind("\x1b[?1049h"));
    CHECK_MESSAGE(watch_.left_behind().empty(), lab::process_table(watch_.left_behind()));
  }

private:
  lab::Process watch_;
};

/// The terminal of a process, as a program has it that is beside it. It is open only for a moment:
/// the end of the process is seen when nobody has its terminal.
class Terminal {
public:
  explicit Terminal(pid_t pid) : path_("/proc/" + std::to_string(pid) + "/fd/0") {}

  void resize(unsigned short rows, unsigned short columns) const {
    const winsize size{.ws_row = rows, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
    REQUIRE(::ioctl(open().get(), TIOCSWINSZ, &size) == 0);
  }

  [[nodiscard]] bool takes_keys() const {
    termios settings{};
    REQUIRE(::tcgetattr(open().get(), &settings) == 0);
    return (settings.c_lflag & ICANON) == 0;
  }

private:
  [[nodiscard]] lab::Fd open() const {
    return lab::own(::open(path_.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC), "open");
  }

  std::string path_;
};

struct Ran {
  lab::Exit exit;
  std::string out;
  std::string err;
};

Ran run_watch(const std::vector<std::string>& arguments) {
  lab::ProcessOptions options = options_for(arguments);
  options.input = lab::Input::null;
  options.output = lab::Output::pipe;
  options.errors = lab::Output::pipe;
  lab::Process watch(lab::program("lab-watch"), std::move(options));
  const lab::Exit exit = watch.wait(build_limit);
  return {.exit = exit, .out = watch.out(), .err = watch.err()};
}

TEST_SUITE("at a save") {
  TEST_CASE("opens on the first that is not solved, solved, wrong again, all solved") {
    begin_anew();
    Watching watching;
    watching.see({"02 Many zombies  exercises/02-zombie/zombies.cpp",
                  "02 0/14  03 -   0 of 29 marks", "0 of 14 marks, as shipped",
                  "FAIL     0/5  makes N zombies at the same moment", "TODO 1", "first to mend"});
    CHECK(watching.rows().size() == 24);
    write(source, solution());
    watching.see({"Solved: exercise 02", "14 of 14 marks, 0 before this save",
                  "checks now right: makes", "02 ok  03 -   14 of 29 marks",
                  "steps/03-wait/README.md", "What else would be right"});
    std::string wrong = solution();
    const std::string call = "lab::wait_for_enter()";
    wrong.replace(wrong.find(call), call.size(), "static_cast<void>(0)");
    write(source, wrong);
    watching.see({"14 before this save", "now wrong: ", "FAIL"});
    write(source, solution());
    watching.see({"Solved: exercise 02"});
    watching.press("n");
    watching.see({"03 Collect them as they end", "FAIL"});
    write(other_source, contents(fs::path(KIT) / "solutions/03-wait/collect.cpp"));
    watching.see({"02 ok  03 ok   29 of 29 marks", "Solved: exercise 03"});
    for (int i = 0; i < 4; ++i) {
      watching.press(" ");
    }
    watching.see({"Where to go from here", "lab-xray --watch", "What took you longest"});
    watching.quit();
    CHECK(watching.process().out().ends_with("02 ok  03 ok   29 of 29 marks\n"));

    // The next time it is known, and nothing runs again.
    Watching again;
    again.see("Solved: exercise 03");
    CHECK_FALSE(contains(again.process().out(), "Building"));
    again.quit();
  }

  TEST_CASE("the compiler's first error, its path from the kit on, then it compiles again") {
    begin_anew();
    Watching watching({"2"});
    watching.see("FAIL");
    std::string wrong = solution();
    wrong.insert(wrong.find("  lab::exit_on"), "  first_mistake();\n  second_mistake();\n");
    write(source, wrong);
    watching.see({"It does not compile.", "exercises/02-zombie/zombies.cpp:2", "first_mistake",
                  "The first of 2 errors"});
    CHECK_FALSE(contains(watching.screen(), "../"));
    CHECK_FALSE(contains(watching.screen(), "'second_mistake'"));
    CHECK_FALSE(contains(watching.screen(), "make"));
    CHECK_FALSE(contains(watching.screen(), "%]"));
    std::string unlinked = solution();
    unlinked.insert(unlinked.find("int main("), "void nowhere();\n");
    unlinked.insert(unlinked.find("  lab::exit_on"), "  nowhere();\n");
    write(source, unlinked);
    watching.see({"It does not compile.", "undefined reference"});
    write(source, solution());
    watching.see("Solved");
    watching.quit();
  }

  TEST_CASE("what editors do: rename over it, backups, files of their own, save all unchanged") {
    begin_anew();
    Watching watching({"02"});
    watching.see("FAIL");
    // vim: a backup by rename, a test file, a new file; then the backup goes.
    write(exercise / "4913", "");
    fs::remove(exercise / "4913");
    fs::rename(source, exercise / "zombies.cpp~");
    write(source, solution());
    fs::remove(exercise / "zombies.cpp~");
    watching.see("Solved");
    // gedit, VS Code on some disks: a file beside it, renamed over it.
    write(exercise / ".zombies.cpp.tmp", shipped());
    fs::rename(exercise / ".zombies.cpp.tmp", source);
    watching.see({"now wrong", "FAIL"});
    // What is no source, and a source that has not changed, runs nothing.
    const auto built = fs::last_write_time(kit / "build/exercises/02-zombie/zombies");
    write(exercise / "notes.txt", "x");
    write(exercise / "#zombies.cpp#", "x");
    write(exercise / ".zombies.cpp.swp", "x");
    write(other_source, contents(other_source));
    write(source, contents(source));
    watching.see("Saved, and nothing has changed.");
    CHECK(fs::last_write_time(kit / "build/exercises/02-zombie/zombies") == built);
    // A save in another exercise takes us there.
    write(other_source, with_comment(contents(other_source), "worked on"));
    watching.see({"03 Collect them as they end", "FAIL"});
    watching.quit();
  }

  TEST_CASE("checks that must wait come after the others, and the screen says how many are left") {
    begin_anew();
    Watching watching({"02"});
    watching.see("FAIL");
    std::string polls = solution(); // to say that of a program takes three seconds
    polls.insert(polls.find("#include"), "#include <poll.h>\n");
    const std::string call = "lab::wait_for_enter();";
    polls.replace(polls.find(call), call.size(),
                  "pollfd line{.fd = 0, .events = POLLIN, .revents = 0};\n"
                  "    while (poll(&line, 1, 100) == 0) {\n    }\n");
    write(source, polls);
    watching.see({"Checking: ", " of 9 checks. The last ", " must wait a moment."});
    watching.see({"FAIL", "waits for Enter without using", "13 of 14 marks"});
    watching.quit();
  }

  TEST_CASE("saves in a row: the older run is cancelled, and nothing of it is left") {
    begin_anew();
    Watching watching({"02"});
    watching.see("FAIL");
    // It never ends by itself, so it is there when the next save comes.
    std::string hangs = solution();
    hangs.insert(hangs.find("int main("), "#include <poll.h>\n");
    hangs.insert(hangs.find("  lab::exit_on"), "  poll(nullptr, 0, -1);\n");
    write(source, hangs);
    std::vector<lab::ProcessInfo> older;
    lab::wait_until(
        "the older run's programs",
        [&] {
          older = lab::descendants_of(watching.process().pid());
          return std::ranges::any_of(older, [](const auto& one) { return one.name == "zombies"; });
        },
        build_limit);
    std::erase_if(older, [](const auto& one) { return one.name == "lab-guard"; });
    for (int i = 0; i < 3; ++i) { // while one is built, or not yet
      write(source, with_comment(hangs, std::to_string(i)));
      std::this_thread::sleep_for(
          100ms); // three saves, as a person's: what comes after does not wait
    }
    write(source, solution());
    watching.see("Solved");
    const auto left = [&] {
      std::vector<lab::ProcessInfo> all = watching.process().processes();
      std::erase_if(all, [&](const lab::ProcessInfo& process) {
        return process.name != "zombies" && process.name != "lab-check" &&
               process.name != "cc1plus";
      });
      return all;
    };
    CHECK_MESSAGE(left().empty(), lab::process_table(left()));
    watching.quit();
  }
}

TEST_SUITE("a key") {
  TEST_CASE("h: hints, one by one, they stay open") {
    begin_anew();
    Watching watching({"02"});
    watching.see("FAIL");
    watching.press("h");
    watching.see({"1. A nudge", "2 hints left."});
    CHECK_FALSE(contains(watching.screen(), "2. More"));
    watching.press("\r");
    watching.see("FAIL");
    watching.press("h"); // what is open is shown again, and no more
    watching.see({"1. A nudge", "2 hints left."});
    watching.press("h");
    watching.see({"2. More", "1 hint left."});
    watching.press("h");
    watching.see({"3. Nearly the answer", "There is no other hint."});
    watching.press("h");
    watching.see("There is no other hint.");
    watching.quit();
    const Ran progress = run_watch({"--progress"});
    CHECK(contains(progress.out, "3 of 3"));
  }

  TEST_CASE("t, l, a, d, ?, n, p, r and one without a meaning: nothing is written beside build") {
    begin_anew();
    write(source, with_comment(shipped(), "mine"));
    const auto before = files_beside_build();
    Watching watching({"02"});
    watching.see("FAIL");
    watching.press("t");
    watching.see({"The task", "The program of step 02 makes one zombie.", "space: "});
    CHECK_FALSE(contains(watching.screen(), "A nudge"));
    CHECK_FALSE(contains(watching.screen(), "And in another terminal"));
    watching.press(" ");
    watching.see("And in another terminal");
    watching.press("\x1b[A");
    watching.press("t");
    watching.see("FAIL");
    watching.press("l");
    watching.see(
        {"> ", "02 Many zombies", "0 of 14", "03 Collect them as they end", "not checked yet"});
    watching.press("l");
    watching.see("FAIL");
    watching.press("a");
    watching.see({"All that failed", "FAIL", "standard error so far, 0 bytes"});
    watching.press("\r");
    watching.press("d");
    watching.see({"What you have changed", "--- as shipped", "+++ exercises/02-zombie/zombies.cpp",
                  "+// mine"});
    watching.press("\x1b");
    watching.press("?");
    watching.see({"The keys", "the next hint"});
    watching.press("?");
    watching.press("z");
    watching.see("That key has no meaning here.");
    watching.press("n");
    watching.see({"03 Collect them as they end", "FAIL"});
    watching.press("n"); // after the last comes the first
    watching.see({"02 Many zombies  exercises", "FAIL"});
    watching.press("p");
    watching.see({"03 Collect them as they end  ex", "FAIL"});
    watching.press("p");
    watching.see({"02 Many zombies  exercises", "FAIL"});
    fs::remove(kit / "build/watch/02"); // where the results of a run are kept
    watching.press("r");
    lab::wait_until("the checks to have run again",
                    [] { return fs::exists(kit / "build/watch/02"); });
    watching.quit();
    CHECK(files_beside_build() == before);
  }

  TEST_CASE("f: a film of the first check that fails, and none of a program that is right") {
    begin_anew();
    fs::remove_all(kit / "build/films");
    Watching watching({"02"});
    watching.see({"0 of 14 marks, as shipped", "FAIL"});
    watching.press("f");
    watching.see("Open this in a browser: build/films/02-");
    CHECK(fs::directory_iterator(kit / "build/films") != fs::directory_iterator());
    write(source, solution());
    watching.see("02 ok");
    watching.press("f");
    watching.see("there is nothing to film.");
    watching.quit();
  }

  TEST_CASE("x: asks, puts back what was shipped, and keeps the student's file beside it") {
    begin_anew();
    const std::string mine = with_comment(solution(), "mine");
    write(source, mine);
    Watching watching({"02"});
    watching.see("Solved");
    watching.press("x");
    watching.see({"as it was shipped?", "y: reset it"});
    watching.press("n");
    watching.see("Nothing was reset.");
    CHECK(contents(source) == mine);
    watching.press("x");
    watching.press("y");
    watching.see({"FAIL", "now wrong"});
    CHECK(contents(source) == shipped());
    CHECK(contents(exercise / "zombies.cpp.mine") == mine);
    watching.quit();
    // The preset does the same, without a question, and leaves the first copy alone.
    write(source, solution());
    const Ran reset = run_watch({"--reset", "02"});
    CHECK(reset.exit.success());
    CHECK(contains(reset.out, "Your file is exercises/02-zombie/zombies.cpp.mine2"));
    CHECK(contents(source) == shipped());
    CHECK(contents(exercise / "zombies.cpp.mine") == mine);
    CHECK(contents(exercise / "zombies.cpp.mine2") == solution());
  }

  TEST_CASE(
      "Ctrl-C, SIGTERM and SIGHUP, also in a run: the terminal is as it was, nothing is left") {
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
      CAPTURE(signal);
      begin_anew();
      Watching watching({"02"});
      watching.see("Checking");
      if (signal == SIGINT) {
        watching.press("\x03");
      } else {
        watching.process().signal(signal);
      }
      watching.expect_end();
    }
  }
}

TEST_SUITE("bad weather") {
  TEST_CASE("idle: no processor is used, nobody wakes up") {
    begin_anew();
    solve_both();
    Watching watching({"02"});
    watching.see("Solved");
    lab::expect_idle(watching.process().pid());
    watching.quit();
  }

  TEST_CASE("Ctrl-Z: the shell has its terminal, then it goes on") {
    begin_anew();
    solve_both();
    Watching watching({"02"});
    watching.see("Solved");
    const Terminal terminal(watching.process().pid());
    CHECK(terminal.takes_keys());
    watching.press("\x1a");
    lab::wait_until("it to be stopped", [&] {
      const auto process = lab::process_info(watching.process().pid());
      return process && process->stopped();
    });
    CHECK_FALSE(terminal.takes_keys());
    const std::string out = watching.process().out();
    CHECK(out.rfind("\x1b[?1049l") > out.rfind("\x1b[?1049h"));
    write(source, shipped()); // a save meanwhile is seen afterwards
    watching.process().resume();
    watching.see("FAIL");
    CHECK(terminal.takes_keys());
    watching.quit();
  }

  TEST_CASE("a terminal of another size, also a very small one") {
    begin_anew();
    Watching watching({"02"});
    watching.see("FAIL");
    const Terminal terminal(watching.process().pid());
    terminal.resize(50, 120);
    lab::wait_until("50 lines", [&] { return watching.rows().size() == 50; });
    terminal.resize(10, 40);
    lab::wait_until("10 lines", [&] { return watching.rows().size() == 10; });
    watching.see({"FAIL", "makes N zombies"});
    for (const std::string key : {"h", "t", "l", "a", "?", "d", "\r"}) {
      watching.press(key);
    }
    terminal.resize(3, 8);
    lab::wait_until("few lines", [&] { return watching.rows().size() <= 5; });
    terminal.resize(24, 80);
    lab::wait_until("24 lines", [&] { return watching.rows().size() == 24; });
    watching.see("makes N zombies at the same moment");
    watching.quit();
  }

  TEST_CASE("no terminal: it says what to do instead") {
    const Ran ran = run_watch({"03"});
    CHECK(ran.exit.code == 2);
    CHECK(contains(ran.err, "there is no terminal here"));
    CHECK(contains(ran.err, "cmake --workflow --preset exercise-03"));
    CHECK(contains(ran.err, "cmake --workflow --preset progress"));
    CHECK(ran.out.empty());
    CHECK(run_watch({"99"}).exit.code == 2);
    CHECK(run_watch({"zombie"}).exit.code == 2);
  }

  TEST_CASE("the input is no terminal, as in cmake --workflow: keys come all the same") {
    begin_anew();
    solve_both();
    lab::ProcessOptions options = options_for({"2"});
    options.arguments.insert(options.arguments.begin(), {"-c", R"(exec "$0" "$@" </dev/null)",
                                                         lab::program("lab-watch").string()});
    Watching watching(std::move(options), "/bin/sh");
    watching.see("Solved");
    watching.press("l");
    watching.see("03 Collect them as they end");
    watching.quit();
  }

  TEST_CASE("another build runs in another terminal: it waits for the end of that one") {
    if (!fs::exists("/usr/bin/make")) {
      MESSAGE("there is no make here");
      return;
    }
    begin_anew();
    write(kit / "slow.make", "all:\n\t@read line\n");
    lab::Process other("/usr/bin/make", {.arguments = {"-f", (kit / "slow.make").string()},
                                         .working_directory = (kit / "build").string()});
    lab::wait_until("its shell", [&] { return lab::has_children(other.pid()); });
    Watching watching({"02"});
    watching.see("Another build is running (make, process " + std::to_string(other.pid()) + ").");
    lab::expect_idle(watching.process().pid());
    other.close_input();
    watching.see("FAIL");
    watching.quit();
  }

  TEST_CASE("the file vanishes, and comes back, its folder, too") {
    begin_anew();
    Watching watching({"02"});
    watching.see("FAIL");
    fs::remove(source);
    watching.see({"The file is gone.", "There is no exercises/02-zombie/zombies.cpp."});
    write(source, solution());
    watching.see("Solved");
    fs::remove(source);
    watching.see("The file is gone.");
    watching.press("x");
    watching.press("y");
    watching.see("FAIL");
    CHECK(contents(source) == shipped());
    fs::rename(exercise, kit / "elsewhere"); // as git checkout does it
    watching.see("The file is gone.");
    fs::rename(kit / "elsewhere", exercise);
    watching.see("FAIL");
    write(source, solution());
    watching.see("Solved");
    watching.quit();
  }

  TEST_CASE("a full disk: it says so, and goes on") {
    begin_anew();
    fs::create_directories(kit / "build/watch");
    fs::create_symlink("/dev/full", kit / "build/watch/02.new");
    Watching watching({"02"});
    watching.see(
        {"FAIL", "Your time and hints are not kept: build/watch/02: No space left on device"});
    watching.quit();
    // The compiler cannot write, either.
    begin_anew();
    lab::ProcessOptions options = options_for({"02"});
    options.file_bytes = 2000; // what the compiler makes is larger
    Watching full(std::move(options));
    full.see("It does not compile.");
    full.quit();
  }

  TEST_CASE("a clock that jumps: what was built in the future is built again") {
    begin_anew();
    Watching watching({"02"});
    watching.see("FAIL");
    const auto later = fs::file_time_type::clock::now() + 24h;
    for (const auto& entry : fs::recursive_directory_iterator(kit / "build/exercises")) {
      if (entry.is_regular_file() &&
          (entry.path().filename() == "zombies" || entry.path().extension() == ".o")) {
        fs::last_write_time(entry.path(), later);
      }
    }
    write(source, solution());
    watching.see("Solved");
    watching.quit();
  }
}

TEST_SUITE("without watching") {
  TEST_CASE("--progress: what the last runs said, that a file has changed since, no check runs") {
    begin_anew();
    Ran progress = run_watch({"--progress"});
    CHECK(progress.exit.success());
    CHECK(contains(progress.out, "not checked yet"));
    write(source, solution());
    {
      Watching watching({"02"});
      watching.see("Solved");
      watching.quit();
    }
    progress = run_watch({"--progress"});
    CHECK(contains(progress.out, "14 of 14"));
    CHECK(contains(progress.out, "solved"));
    CHECK_FALSE(contains(progress.out, "changed since"));
    write(source, shipped());
    progress = run_watch({"--progress"});
    CHECK(contains(progress.out, "14 of 14"));
    CHECK(contains(progress.out, "changed since: the marks are those of an earlier file."));
    CHECK_FALSE(contains(progress.out, "\x1b"));
  }
}

} // namespace

int main(int argc, char** argv) {
  lab::guard_descendants();
  return doctest::Context(argc, argv).run();
}
