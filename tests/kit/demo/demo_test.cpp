// Tests of the demo: that the film plays to its end and tells the truth, that a log stays plain,
// and that nothing is left of it however it ends.

#define DOCTEST_CONFIG_IMPLEMENT
#include "harness/deadline.hpp"
#include "harness/guard.hpp"
#include "harness/process.hpp"
#include "harness/programs.hpp"
#include "tools/drawing/terminal.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <regex>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <unistd.h>

namespace {

using namespace std::chrono_literals;

/// The demo sets its own limits on waiting; this is for the whole of it.
constexpr std::chrono::milliseconds film_limit = 90s;

lab::Process start(int pace, lab::Output output = lab::Output::pipe,
                   std::vector<std::pair<std::string, std::string>> environment = {}) {
  const std::array<std::pair<std::string, std::string>, 2> defaults{
      {{"TERM", "xterm"}, {"NO_COLOR", ""}}};
  for (const auto& entry : defaults) {
    if (std::none_of(environment.begin(), environment.end(),
                     [&](const auto& other) { return other.first == entry.first; })) {
      environment.push_back(entry);
    }
  }
  return lab::Process(lab::program("lab-demo"), {.arguments = {"--pace", std::to_string(pace)},
                                                 .input = lab::Input::null,
                                                 .output = output,
                                                 .environment = std::move(environment)});
}

/// Finds the patterns in `text`, one after the other; returns the groups of all of them.
std::vector<std::string> in_order(const std::string& text,
                                  const std::vector<std::string>& patterns) {
  std::vector<std::string> groups;
  auto from = text.cbegin();
  for (const std::string& pattern : patterns) {
    std::smatch match;
    INFO("looked for /", pattern, "/ in what follows:\n", std::string(from, text.cend()));
    REQUIRE(std::regex_search(from, text.cend(), match, std::regex(pattern)));
    groups.insert(groups.end(), match.begin() + 1, match.end());
    from = match.suffix().first;
  }
  return groups;
}

bool has_escapes(const std::string& text) {
  return text.find('\x1b') != std::string::npos;
}

/// A folder with the demo, which looks for its programs where it is itself, and these of them.
class StandIn {
public:
  explicit StandIn(std::initializer_list<const char*> programs) {
    std::filesystem::create_directory(path_);
    std::filesystem::copy_file(lab::program("lab-demo"), path_ / "lab-demo");
    for (const char* name : programs) {
      std::filesystem::create_symlink(lab::program(name), path_ / name);
    }
  }

  StandIn(const StandIn&) = delete;
  StandIn& operator=(const StandIn&) = delete;
  StandIn(StandIn&&) = delete;
  StandIn& operator=(StandIn&&) = delete;

  ~StandIn() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
  std::filesystem::path path_ =
      std::filesystem::temp_directory_path() / ("lab-demo-test." + std::to_string(::getpid()));
};

/// Sends each signal after the line that contains `moment`.
void end_after(const std::string& moment, std::initializer_list<int> signals) {
  for (const int signal : signals) {
    const std::string name = lab::signal_name(signal);
    CAPTURE(name);
    lab::Exit end;
    // Where this test gets no processor for a while, the film may be over before the signal comes:
    // again, and slower.
    for (const int pace : {20, 100, 500}) {
      lab::Process demo = start(pace);
      demo.wait_for_line(moment, film_limit);
      demo.signal(signal);
      end = demo.wait(film_limit);
      // After SIGKILL it is the guard that ends what is left, and here it is we who are handed the
      // zombies, where elsewhere init would reap them. After the others there is nothing at all.
      const auto left = [&] {
        auto processes = demo.left_behind();
        std::erase_if(processes, [&](const lab::ProcessInfo& process) {
          return signal == SIGKILL && process.zombie() && process.parent == ::getpid();
        });
        return processes;
      };
      if (signal == SIGKILL) {
        lab::wait_until(
            "nothing to be left of the demo", [&] { return left().empty(); },
            [&] { return lab::process_table(left()); });
      }
      CHECK_MESSAGE(left().empty(), lab::process_table(left()));
      if (!end.success()) {
        break;
      }
    }
    CHECK_MESSAGE((end.text() == "killed by " + name), end.text());
  }
}

lab::Process at_a_terminal() {
  return lab::Process(lab::program("lab-demo"), {.arguments = {"--pace", "0", "--keys"},
                                                 .input = lab::Input::terminal,
                                                 .output = lab::Output::terminal,
                                                 .errors = lab::Output::terminal,
                                                 .environment = {{"NO_COLOR", "1"}}});
}

constexpr std::string_view prompt = "(press a key)";

/// How many prompts for a key it has shown.
int prompts(const lab::Process& demo) {
  const std::string text = demo.out();
  int count = 0;
  for (auto at = text.find(prompt); at != std::string::npos; at = text.find(prompt, at + 1)) {
    ++count;
  }
  return count;
}

/// Waits until the film asks for the key of this scene.
void await_prompt(lab::Process& demo, int scene) {
  lab::wait_until(
      "the prompt of scene " + std::to_string(scene),
      [&] { return prompts(demo) >= scene && demo.out().ends_with(prompt); },
      [&] { return demo.report(); }, film_limit);
}

TEST_SUITE("demo") {
  TEST_CASE("the film as a log: what happens, in order, plain, in 80 columns, with short pauses") {
    lab::Process demo = start(100);
    CHECK(demo.wait(film_limit).text() == "exit status 0");
    CHECK(demo.err() == "");
    const std::string log = demo.out();
    CAPTURE(log);
    CHECK_FALSE(has_escapes(log));
    for (const std::string& line : demo.lines()) {
      CAPTURE(line);
      CHECK(lab::width_of(line) <= 80);
      CHECK_FALSE(line.ends_with(' '));
    }

    const auto scene_1 = in_order(
        log, {R"(\n1\. .*\n   Look at )", R"(listening on 127\.0\.0\.1:(\d+))",
              R"(client A +connected)", R"(connected client IP: 127\.0\.0\.1 port: (\d+))",
              R"(client B +connected)", R"(connected client IP: 127\.0\.0\.1 port: (\d+))",
              R"(client A +hello from A\n)", R"(client A +message from server: hello from A\n)",
              R"(client B +message from server: and B here\n)",
              R"(client A +message from server: A again\n)", R"(\n2\. )"});
    const std::string& port = scene_1[0];
    const std::string& port_a = scene_1[1];
    const std::string& port_b = scene_1[2];

    const auto scene_2 = in_order(
        log,
        {R"(\n2\. .*\n   Look at )",
         "echo_mpserver +(\\d+)  S sleeping +3  listens on :" + port + " +once",
         "├─ echo_mpserver +(\\d+)  S sleeping +4  :" + port + " <-> :" + port_a + " +once +for A",
         "└─ echo_mpserver +(\\d+)  S sleeping +4  :" + port + " <-> :" + port_b + " +once +for B",
         "echo_mpclient .* :" + port_a + " <-> :" + port + " +twice +A reads",
         "└─ echo_mpclient .* :" + port_a + " <-> :" + port + " +twice +A writes",
         "echo_mpclient .* :" + port_b + " <-> :" + port + " +twice +B reads",
         "└─ echo_mpclient .* :" + port_b + " <-> :" + port + " +twice +B writes"});
    const std::string& parent = scene_2[0];
    const std::string& child_a = scene_2[1];
    const std::string& child_b = scene_2[2];

    in_order(log, {R"(\n3\. .*\n   Look at )", "kill -STOP " + parent, "client A +q\n",
                   "echo_mpserver +" + parent + "  T stopped",
                   "├─ echo_mpserver +" + child_a + "  Z zombie",
                   "└─ echo_mpserver +" + child_b + "  S sleeping", "kill -CONT " + parent,
                   "removed proc id: " + child_a + "\n",
                   "echo_mpserver +" + parent + "  S sleeping.*\n   └─ echo_mpserver +" + child_b +
                       "  S sleeping"});

    in_order(log, {R"(\n4\. .*\n   Look at )", "reap_once 50", "49 zombies( +Z{10}){4} Z{9}\n",
                   "reaped 1 of 50, 49 zombies left", "reap_all 50", " 0 zombies\n",
                   "reaped 50 of 50, 0 zombies left"});

    in_order(log, {R"(\n5\. .*\n   Look at )", "leaky_server +tidy_server", "at first +3 +3\n",
                   "with 3 clients +3 4 5 6 +3\n", "after they typed q +3 4 5 6 +3\n",
                   R"(end of file +0 of 3 \(FIN_WAIT_2\) +3 of 3\n)",
                   R"(parent killed: listener +child \d+ +no process\n)",
                   "started again +Address already in use +listening\n"});

    in_order(log,
             {R"(\n6\. .*\n   Look at )", "close_client +echo_mpclient",
              "queued at the server +14 bytes +14 bytes\n",
              "nothing: 3 echoes lost +message from server: one\n", "^ +message from server: two\n",
              "^ +message from server: three\n", "No process is left behind"});

    // How long the film takes depends on the machine; how long it means to pause does not.
    const auto planned = in_order(log, {R"(The end after \d+\.\d s, for (\d+\.\d) s of planned)"});
    CHECK(std::stod(planned[0]) < 10.0);
    CHECK(std::stod(planned[0]) > 5.0); // or nobody can follow
  }

  TEST_CASE("a terminal gets colours: zombies red, sockets held twice yellow") {
    lab::Process demo = start(0, lab::Output::terminal);
    CHECK(demo.wait(film_limit).text() == "exit status 0");
    in_order(demo.out(),
             {"\x1b\\[33m:\\d+ <-> :\\d+", "\x1b\\[1;31mZ zombie", "\x1b\\[1;31m +ZZZZZZZZZZ"});
  }

  TEST_CASE("a terminal gets no colours with NO_COLOR, nor one that is dumb") {
    for (const auto& setting : {std::pair("NO_COLOR", "1"), std::pair("TERM", "dumb")}) {
      INFO(std::string(setting.first));
      lab::Process demo = start(0, lab::Output::terminal, {setting});
      CHECK(demo.wait(film_limit).text() == "exit status 0");
      CHECK(demo.has_line("49 zombies"));
      CHECK_FALSE(has_escapes(demo.out()));
    }
  }

  TEST_CASE("a locale that is not UTF-8 gets ASCII") {
    lab::Process demo = start(0, lab::Output::pipe, {{"LC_ALL", "ko_KR.EUC-KR"}});
    CHECK(demo.wait(film_limit).text() == "exit status 0");
    const std::string log = demo.out();
    CHECK(std::all_of(log.begin(), log.end(), [](signed char byte) { return byte > 0; }));
    in_order(log, {R"(\|- echo_mpserver)", "`- echo_mpserver"});
  }

  TEST_CASE("with --keys each scene begins when a key is pressed, and Ctrl-C ends the wait") {
    lab::Process demo = at_a_terminal();
    for (int scene = 1; scene <= 4; ++scene) {
      await_prompt(demo, scene);
      CHECK(prompts(demo) == scene);
      demo.type(" ");
    }
    await_prompt(demo, 5);
    demo.type("\x03");
    CHECK(demo.wait(film_limit).text() == "killed by SIGINT");
    CHECK(demo.left_behind().empty());
    in_order(demo.out(), {R"(\n1\. .*\n   Look at .*\n +\(press a key\)\r +\r)", "listening on",
                          R"(\n5\. .*\n   Look at .*\n +\(press a key\))", "stopped"});
    CHECK(demo.out().find("at first") == std::string::npos);
  }

  TEST_CASE("with --keys the whole film plays, a key for each scene") {
    lab::Process demo = at_a_terminal();
    for (int scene = 1; scene <= 6; ++scene) {
      await_prompt(demo, scene);
      demo.type("x");
    }
    CHECK(demo.wait(film_limit).text() == "exit status 0");
    CHECK(prompts(demo) == 6);
  }

  TEST_CASE("without a terminal --keys waits for no key") {
    for (const auto& [input, output] : {std::pair(lab::Input::null, lab::Output::terminal),
                                        std::pair(lab::Input::terminal, lab::Output::pipe),
                                        std::pair(lab::Input::pipe, lab::Output::pipe)}) {
      lab::Process demo(lab::program("lab-demo"),
                        {.arguments = {"--keys", "--pace", "0"}, .input = input, .output = output});
      CHECK(demo.wait(film_limit).text() == "exit status 0");
      CHECK(prompts(demo) == 0);
    }
  }

  TEST_CASE("a signal in scene 1 leaves nothing") {
    end_after("client B   connected", {SIGTERM, SIGHUP, SIGQUIT});
  }

  TEST_CASE("a signal in scene 2 leaves nothing") {
    end_after("PROCESS", {SIGINT});
  }

  TEST_CASE("a signal in scene 3 leaves nothing, though the server is stopped") {
    end_after("Z zombie", {SIGINT, SIGKILL});
  }

  TEST_CASE("a signal in scene 4 leaves nothing, zombies included") {
    end_after("49 zombies", {SIGTERM, SIGKILL});
  }

  TEST_CASE("a signal in scene 5 leaves nothing, though clients wait for ever") {
    end_after("0 of 3", {SIGINT, SIGKILL});
  }

  TEST_CASE("a signal in scene 6 leaves nothing, though the server's children are stopped") {
    end_after("queued", {SIGTERM, SIGKILL});
  }

  TEST_CASE("a program that is missing: a line that says so, exit status 1, nothing left behind") {
    const StandIn folder({"echo_mpserver", "echo_mpclient", "reap_all"});
    std::string wanted = "reap_once";
    SUBCASE("missing") {}
    SUBCASE("not what it should be") {
      std::filesystem::create_symlink(lab::program("reap_all"), folder.path() / "reap_once");
      wanted = "only reap_once should leave zombies";
    }
    lab::Process demo(folder.path() / "lab-demo", {.arguments = {"--pace", "0"}});
    CHECK(demo.wait(film_limit).text() == "exit status 1");
    in_order(demo.err(), {"lab-demo: .*" + wanted});
    CHECK(demo.left_behind().empty());
  }

  TEST_CASE("after SIGKILL not even a process remains that had left its session and its parent") {
    const StandIn folder({"echo_mpclient"});
    const auto script = folder.path() / "echo_mpserver";
    std::ofstream(script) << "#!/bin/sh\n(setsid sleep 600 &)\nexec '"
                          << lab::program("echo_mpserver").string() << "' \"$@\"\n";
    std::filesystem::permissions(script, std::filesystem::perms::owner_all);
    lab::Process demo(folder.path() / "lab-demo", {.arguments = {"--pace", "500"}});
    demo.wait_for_line("client B   connected");
    demo.signal(SIGKILL);
    demo.wait(film_limit);
    const auto alive = [&] {
      auto processes = demo.left_behind();
      std::erase_if(processes, [](const lab::ProcessInfo& process) { return process.zombie(); });
      return processes;
    };
    lab::wait_until(
        "nothing to be left of the demo", [&] { return alive().empty(); },
        [&] { return lab::process_table(alive()); });
  }

  TEST_CASE("wrong arguments: the usage, exit status 2, nothing started") {
    for (const auto& arguments : std::vector<std::vector<std::string>>{{"x"},
                                                                       {"--pace"},
                                                                       {"--pace", "fast"},
                                                                       {"--pace", "-1"},
                                                                       {"--pace", "1", "2"},
                                                                       {"--keys", "1"}}) {
      lab::Process demo(lab::program("lab-demo"), {.arguments = arguments});
      CHECK(demo.wait().text() == "exit status 2");
      CHECK(demo.err().starts_with("usage: lab-demo"));
      CHECK(demo.out().empty());
    }
  }
}

} // namespace

int main(int argc, char** argv) {
  lab::guard_descendants();
  return doctest::Context(argc, argv).run();
}
