// Tests of lab-film: that a film says what happened, and that no program can do harm with it.

#define DOCTEST_CONFIG_IMPLEMENT
#include "harness/deadline.hpp"
#include "harness/guard.hpp"
#include "harness/process.hpp"
#include "harness/programs.hpp"
#include "harness/tcp.hpp"
#include "tools/film/film.hpp"
#include "tools/text/json.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

// U+202E, which turns the text after it round. Two strings: a compiler would warn of one.
const std::string right_to_left = std::string("\xe2\x80") + "\xae";

using namespace std::chrono_literals;
using lab::film::Film;
using lab::film::FilmProcess;
using lab::film::none;
using lab::film::Recording;
using lab::film::State;
using Kind = lab::Event::Kind;

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::size_t count_of(const std::string& text, const std::regex& what) {
  return static_cast<std::size_t>(
      std::distance(std::sregex_iterator(text.begin(), text.end(), what), std::sregex_iterator()));
}

/// What a run printed, and its film.
struct Run {
  std::string printed;
  Recording recording;
  Film film;
};

/// A program that is typed to: `input` is all of it.
Run run(const std::vector<std::vector<std::string>>& commands, const std::string& input = "") {
  int ends[2]; // NOLINT(*-avoid-c-arrays): pipe(2)
  REQUIRE(pipe(ends) == 0);
  REQUIRE(write(ends[1], input.data(), input.size()) == static_cast<ssize_t>(input.size()));
  close(ends[1]);
  Run result;
  result.recording =
      lab::film::record({.commands = commands,
                         .show = [&](std::string_view text) { result.printed += text; },
                         .input = ends[0],
                         .limit = 30s});
  close(ends[0]);
  result.film = lab::film::film_of(result.recording);
  return result;
}

std::size_t in_state(const Film& film, int event, State state) {
  return static_cast<std::size_t>(
      std::count_if(film.processes.begin(), film.processes.end(), [&](const FilmProcess& process) {
        return lab::film::state_at(process, event).state == state;
      }));
}

/// The last one.
int find_last_event(const Film& film, std::string_view text) {
  for (std::size_t i = film.events.size(); i-- > 0;) {
    if (contains(film.events[i].sentence, text)) {
      return static_cast<int>(i);
    }
  }
  return none;
}

/// The first event whose sentence has the text; none if there is none.
int find_event(const Film& film, std::string_view text) {
  for (std::size_t i = 0; i < film.events.size(); ++i) {
    if (contains(film.events[i].sentence, text)) {
      return static_cast<int>(i);
    }
  }
  return none;
}

std::vector<std::string> client(unsigned port) {
  return {"echo_mpclient", "127.0.0.1", std::to_string(port)};
}

/// A recording that is made by hand: events a millisecond apart.
class Script {
public:
  Script& add(pid_t pid, Kind kind, lab::Event event = {}) {
    event.pid = pid;
    event.kind = kind;
    event.time = lab::Clock::time_point(std::chrono::milliseconds(++time_));
    event.result_known = kind == Kind::call;
    recording_.events.push_back(std::move(event));
    return *this;
  }

  Script& starts(pid_t pid, const std::string& name) {
    return add(pid, Kind::program, {.call = name, .text = "starts: " + name});
  }

  Script& forks(pid_t parent, pid_t child) {
    return add(parent, Kind::call, {.call = "fork", .result = child, .is_fork = true});
  }

  Script& exits(pid_t pid, int status = 0) {
    return add(pid, Kind::call, {.call = "_exit", .arguments = {status, 0, 0}, .is_exit = true});
  }

  Script& handler(pid_t pid, int signal, pid_t sender = 0, const std::string& interrupted = "") {
    return add(pid, Kind::enter,
               {.signal = signal,
                .text = "its handler begins" +
                        (interrupted.empty() ? "" : ", interrupting " + interrupted),
                .sender = sender});
  }

  Script& returns(pid_t pid, int signal) {
    return add(pid, Kind::leave, {.signal = signal, .text = "its handler returns"});
  }

  Script& reaps(pid_t pid, pid_t child, int status = 0) {
    return add(pid, Kind::call,
               {.call = "waitpid",
                .result = child,
                .text = "waitpid(-1) = " + std::to_string(child),
                .arguments = {-1, 0, status},
                .has_status = true,
                .is_wait = true});
  }

  [[nodiscard]] Film film() const { return lab::film::film_of(recording_); }

  Recording& recording() { return recording_; }

private:
  Recording recording_;
  int time_ = 0;
};

/// A program that does what it can.
Script hostile() {
  const std::string evil =
      "</script><script>document.title='hacked'</script><img src=x onerror=\"document.title="
      "'hacked'\">&\"'\\";
  Script script;
  script.starts(100, evil);
  script.add(100, Kind::call,
             {.call = "write",
              .result = 99,
              .text = evil,
              .arguments = {1, 99, 0},
              .data = evil + "\xff\x1b[31m" + right_to_left});
  script.recording().commands = {evil + std::string(10'000, 'x'), "\xe2\x80\xa8"};
  return script;
}

/// So many children, each of which reads so often.
Script large(int children, int reads) {
  Script script;
  script.starts(100, "parent");
  for (pid_t child = 1000; child < 1000 + children; ++child) {
    script.forks(100, child);
    for (int i = 0; i < reads; ++i) {
      script.add(
          child, Kind::call,
          {.call = "read", .result = 6, .text = "read(4, 6 bytes) = 6", .arguments = {4, 6, 0}});
    }
    if (child % 7 != 0) {
      script.add(child, Kind::call, {.call = "listen", .text = std::string(300, 'x')});
    }
  }
  return script;
}

/// The film of a check that has failed, as its page has it.
struct Failed {
  std::string saw;
  lab::Json film;

  [[nodiscard]] std::vector<std::string> sentences() const {
    std::vector<std::string> result;
    for (const lab::Json& event : film.at("events").list()) {
      result.push_back(event.list().at(3).text());
    }
    return result;
  }

  [[nodiscard]] bool says(std::string_view words) const {
    return std::ranges::any_of(sentences(),
                               [&](const std::string& one) { return contains(one, words); });
  }

  /// How many processes are in this state when the check fails.
  [[nodiscard]] int at_end(State state) const {
    return static_cast<int>(
        std::ranges::count_if(film.at("processes").list(), [&](const lab::Json& process) {
          return last_state(process) == state;
        }));
  }

  /// Of the process with this id; `gone` if there is none.
  [[nodiscard]] State at_end(const std::string& pid) const {
    for (const lab::Json& process : film.at("processes").list()) {
      if (std::to_string(static_cast<int>(process.at("pid").number())) == pid) {
        return last_state(process);
      }
    }
    return State::gone;
  }

  /// A number that the check saw.
  [[nodiscard]] std::string seen(const std::string& pattern) const {
    std::smatch found;
    CHECK_MESSAGE(std::regex_search(saw, found, std::regex(pattern)), saw);
    return found.empty() ? "" : found[1].str();
  }

private:
  static State last_state(const lab::Json& process) {
    return static_cast<State>(process.at("stretches").list().back().list().at(1).number());
  }
};

/// Films the check of a mutant that fails.
Failed fail(const std::string& mutant, const std::string& check) {
  const auto folder =
      std::filesystem::temp_directory_path() / ("lab-film-" + mutant + std::to_string(getpid()));
  lab::Process process(lab::program("lab-check"),
                       {.arguments = {"--programs", LAB_MUTANTS "/" + mutant,
                                      "--test-suite=exercise-" + mutant.substr(0, 2),
                                      "--test-case=*: " + check, "--film", folder.string()}});
  CHECK(process.wait(100s).code == 1);
  const auto files = std::filesystem::directory_iterator(folder);
  REQUIRE(files != std::filesystem::directory_iterator());
  std::ifstream in(files->path());
  const std::string page((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  std::filesystem::remove_all(folder);
  const std::size_t at = page.find("class=\"film\">") + 13;
  Failed failed{.saw = "",
                .film = lab::Json::parse(page.substr(at, page.find("</script>", at) - at))};
  constexpr std::string_view begin = "Here the check has failed. It saw: ";
  const std::string last = failed.sentences().back();
  REQUIRE_MESSAGE(last.starts_with(begin), last);
  failed.saw = last.substr(begin.size());
  return failed;
}

TEST_SUITE("film") {
  TEST_CASE("three children that end together are one delivery, and one is reaped") {
    Script script;
    script.starts(100, "parent").forks(100, 101).forks(100, 102).forks(100, 103);
    script.exits(101).exits(102).exits(103).handler(100, SIGCHLD, 101);
    script.reaps(100, 101).returns(100, SIGCHLD);
    const Film film = script.film();
    const int delivery = find_event(film, "SIGCHLD is delivered");
    REQUIRE(delivery != none);
    const auto& event = film.events[static_cast<std::size_t>(delivery)];
    CHECK(event.from.size() == 3);
    CHECK(contains(event.sentence, "It is the signal of 101."));
    CHECK(contains(event.sentence, "3 children have ended since the last delivery"));
    CHECK(in_state(film, delivery, State::zombie) == 3);
    CHECK(in_state(film, static_cast<int>(film.events.size()) - 1, State::zombie) == 2);
    CHECK(film.processes.at(1).reaped != none);
    CHECK(film.processes.at(2).reaped == none);
    CHECK(std::any_of(film.notes.begin(), film.notes.end(),
                      [](const std::string& note) { return contains(note, "2 zombies"); }));
  }

  TEST_CASE("a child whose signal is a later delivery is no part of an earlier one") {
    Script script;
    script.starts(100, "parent").forks(100, 101).forks(100, 102).exits(101).exits(102);
    script.handler(100, SIGCHLD, 101).returns(100, SIGCHLD);
    script.handler(100, SIGCHLD, 102).returns(100, SIGCHLD);
    const Film film = script.film();
    CHECK(std::count_if(film.events.begin(), film.events.end(),
                        [](const auto& event) { return event.from.size() == 1; }) == 2);
  }

  TEST_CASE("a call that a signal interrupts goes on when the handler returns") {
    Script script;
    script.starts(100, "parent").add(100, Kind::waits, {.call = "pause"});
    script.handler(100, SIGINT, 0, "pause").returns(100, SIGINT).returns(100, SIGINT);
    script.handler(100, SIGINT, 0, "malloc").returns(100, SIGINT);
    const Film film = script.film();
    const auto at = [&](int event) {
      return lab::film::in_words(lab::film::state_at(film.processes.at(0), event));
    };
    CHECK(at(0) == "running");
    CHECK(at(1) == "blocked in pause");
    CHECK(at(2) == "in the handler of SIGINT");
    CHECK(at(3) == "blocked in pause");
    CHECK(contains(film.events.at(2).sentence, "It interrupts pause."));
    CHECK(find_event(film, "It interrupts malloc.") != none);
  }

  TEST_CASE("a signal that comes before a wait has begun does not interrupt it") {
    Script script;
    script.starts(100, "parent").handler(100, SIGCHLD, 0, "pause").returns(100, SIGCHLD);
    script.add(100, Kind::waits, {.call = "pause"});
    const Film film = script.film();
    CHECK(find_event(film, "interrupts") == none);
    CHECK(find_event(film, "is blocked in pause") == find_event(film, "returns") + 1);
  }

  TEST_CASE("a child that a signal has killed ends, at the latest, when it is reaped") {
    Script script;
    script.starts(100, "parent").forks(100, 101).reaps(100, 101, SIGKILL);
    const Film film = script.film();
    CHECK(film.processes.at(1).end == "killed by SIGKILL");
    CHECK(film.processes.at(1).reaped == film.processes.at(1).ended + 1);
  }

  TEST_CASE("a child whose parent ends first is adopted") {
    Script script;
    script.starts(100, "parent").forks(100, 101).exits(100).exits(101);
    const Film film = script.film();
    CHECK(film.processes.at(1).orphaned == film.processes.at(0).ended);
    CHECK(contains(film.events.at(2).sentence, "1 child is an orphan now, and is adopted."));
  }

  TEST_CASE("a socket that is open when the film ends has no end") {
    Script script;
    script.starts(100, "server");
    script.add(100, Kind::call, {.call = "socket", .result = 3, .arguments = {AF_INET, 0, 0}});
    script.forks(100, 101);
    script.add(101, Kind::call, {.call = "close", .text = "close(3)", .arguments = {3, 0, 0}});
    script.exits(101);
    const Film film = script.film();
    REQUIRE(film.bands.size() == 1);
    CHECK(film.bands[0].closed == none);
    CHECK(film.bands[0].holds.at(0).to == none);
    CHECK(film.bands[0].holds.at(1).to == find_event(film, "close(3)"));
    CHECK(find_event(film, "The socket stays open: 100 still holds it.") != none);
  }

  TEST_CASE("a program that is executed has the sockets that it begins with, and no others") {
    Script script;
    script.starts(100, "first");
    for (const int fd : {3, 4}) {
      script.add(100, Kind::call, {.call = "socket", .result = fd, .arguments = {AF_INET, 0, 0}});
    }
    script.starts(100, "second").add(100, Kind::holds, {.arguments = {4, 0, 0}});
    script.add(100, Kind::call, {.call = "listen", .text = "listen(4)", .arguments = {4, 0, 0}});
    const Film film = script.film();
    REQUIRE(film.bands.size() == 2);
    CHECK(film.bands[0].closed != none);
    CHECK(film.bands[1].closed == none);
  }

  TEST_CASE("lab-check --film: a page for a check that failed, and the same verdict") {
    const auto folder =
        std::filesystem::temp_directory_path() / ("lab-film-check-" + std::to_string(getpid()));
    std::filesystem::create_directory(folder);
    std::filesystem::create_symlink(lab::program("leaky_server"), folder / "descriptor_server");
    std::vector<std::string> arguments{"--programs", folder.string(),
                                       "--test-case=exercise-05: the parent's table*"};
    const auto check = [&] {
      lab::Process process(lab::program("lab-check"), {.arguments = arguments});
      CHECK(process.wait(60s).code == 1);
      return process.out();
    };
    const std::string without = check();
    arguments.insert(arguments.end(), {"--film", (folder / "films").string()});
    const std::string with = check();
    const std::string verdict = "FAIL     0/";
    CHECK(contains(without, verdict));
    CHECK(contains(with, verdict));
    const auto files = std::filesystem::directory_iterator(folder / "films");
    REQUIRE(files != std::filesystem::directory_iterator());
    std::ifstream in(files->path());
    const std::string page((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    CHECK(contains(with, "film: " + files->path().string()));
    for (const std::string_view part : {"saw ", "means ", "look ", "accept4(3) = "}) {
      CHECK(contains(page, part));
    }
    std::filesystem::remove_all(folder);
  }

  TEST_CASE("lab-check --film: what was seen stands in the head, of a long line the ends") {
    const auto folder =
        std::filesystem::temp_directory_path() / ("lab-film-long-" + std::to_string(getpid()));
    std::filesystem::create_directory(folder);
    std::ofstream(folder / "collect")
        << "#!/bin/sh\nhead -c 5000 /dev/zero | tr '\\0' x\necho end\n";
    std::filesystem::permissions(folder / "collect", std::filesystem::perms::owner_all);
    lab::Process process(lab::program("lab-check"),
                         {.arguments = {"--programs", folder.string(), "--test-suite=exercise-03",
                                        "--test-case=*: reports how *,*: ends with status 2 *",
                                        "--film", (folder / "films").string()}});
    CHECK(process.wait(100s).code == 1);
    std::string heads;
    for (const auto& file : std::filesystem::directory_iterator(folder / "films")) {
      std::ifstream in(file.path());
      const std::string page((std::istreambuf_iterator<char>(in)),
                             std::istreambuf_iterator<char>());
      const std::size_t at = page.find("class=\"film\">") + 13;
      heads += lab::Json::parse(page.substr(at, page.find("</script>", at) - at)).at("head").text();
    }
    INFO(heads);
    for (const std::string_view part :
         {"x ... (47", " bytes of this are left out) ... xxx", "xend`\nmeans   wait encodes",
          "look    TODO 3", "`collect 256` (above 255): exit status 0\n"}) {
      CHECK_MESSAGE(contains(heads, part), std::string(part));
    }
    std::filesystem::remove_all(folder);
  }

  TEST_CASE("reap_once 50: one delivery or a few, and the film has as many zombies as it says") {
    const Run once = run({{"reap_once", "50"}});
    std::smatch said;
    REQUIRE(std::regex_search(once.printed, said, std::regex("reaped (\\d+) of 50, (\\d+) zomb")));
    // It counts them when its handler has run for the last time, and then reaps them all.
    const int counted = find_last_event(once.film, "The handler of SIGCHLD returns");
    REQUIRE(counted != none);
    CHECK(in_state(once.film, counted, State::zombie) ==
          static_cast<std::size_t>(std::stoi(said[2].str())));
    const auto deliveries =
        std::count_if(once.film.events.begin(), once.film.events.end(), [](const auto& event) {
          return contains(event.sentence, "SIGCHLD is delivered");
        });
    CHECK(deliveries == std::stoi(said[1].str()));
    CHECK(once.film.processes.size() == 51);
  }

  TEST_CASE("reap_all 50: every zombie is reaped, each by a wait") {
    const Run all = run({{"reap_all", "50"}});
    CHECK(contains(all.printed, "reaped 50 of 50, 0 zombies left"));
    CHECK(in_state(all.film, find_event(all.film, "zombies left"), State::zombie) == 0);
    std::set<int> reaped;
    for (const auto& event : all.film.events) {
      if (event.what == lab::film::What::reap) {
        reaped.insert(event.to);
      }
    }
    CHECK(reaped.size() == 50);
  }

  TEST_CASE("a leak is a socket that the parent holds when its child has ended") {
    for (const auto& one : {std::pair{"leaky_server", true}, {"tidy_server", false}}) {
      const char* const server = one.first;
      const bool leaks = one.second;
      CAPTURE(server);
      const lab::Port port = lab::reserve_port();
      const Run three = run({{server, std::to_string(port.number())},
                             client(port.number()),
                             client(port.number()),
                             client(port.number())},
                            "hello\nq\n");
      CHECK(contains(three.printed, "message from server: hello"));
      CHECK(count_of(three.printed, std::regex("connected client IP")) == 3);
      std::size_t connections = 0;
      std::size_t leaked = 0;
      const int over = three.film.processes.at(0).ended;
      REQUIRE(over != none);
      for (const auto& band : three.film.bands) {
        const bool accepted = !band.listens && band.holds.front().process == 0;
        connections += accepted ? 1U : 0U;
        leaked += accepted && (band.closed == none || band.closed >= over) ? 1U : 0U;
        if (accepted) {
          REQUIRE(band.peer != none); // the client is in the film too
          CHECK(three.film.bands.at(static_cast<std::size_t>(band.peer)).port ==
                static_cast<unsigned>(std::stoi(band.other_end.substr(10))));
        }
      }
      CHECK(connections == 3);
      CHECK(leaked == (leaks ? 3 : 0));
    }
  }

  TEST_CASE("a client that half-closes: FIN, end of file, and the child is reaped") {
    const lab::Port port = lab::reserve_port();
    const Run one = run({{"echo_mpserver", std::to_string(port.number())}, client(port.number())},
                        "hello\nq\n");
    const int half_close = find_event(one.film, "SHUT_WR");
    const int end_of_file = find_event(one.film, "end of file. The other end has sent FIN");
    const int reaped = find_event(one.film, "removed proc id");
    REQUIRE(half_close != none);
    CHECK(half_close < end_of_file);
    CHECK(end_of_file < reaped);
    std::smatch removed;
    REQUIRE(std::regex_search(one.printed, removed, std::regex("removed proc id: (\\d+)")));
    const auto child =
        std::find_if(one.film.processes.begin(), one.film.processes.end(), [&](const auto& each) {
          return std::to_string(each.pid) == removed[1].str();
        });
    REQUIRE(child != one.film.processes.end());
    CHECK(child->reaped != none);
    CHECK(child->reaped < reaped);
    for (const FilmProcess& process : one.film.processes) {
      // The client ends its child, which may still be in shutdown.
      const bool types = process.name == "echo_mpclient" && process.parent != none;
      CHECK((process.end == "exit status 0" || (types && process.end == "killed by SIGKILL")));
    }
  }

  TEST_CASE("--children: the film of the demo has its programs, and not the demo") {
    const auto folder =
        std::filesystem::temp_directory_path() / ("lab-film-demo-" + std::to_string(getpid()));
    std::filesystem::create_directory(folder);
    lab::Process demo(lab::program("lab-film"),
                      {.arguments = {"--children", lab::program("lab-demo").string()},
                       .input = lab::Input::null,
                       .working_directory = folder.string()});
    CHECK(demo.wait(100s).success());
    std::ifstream in(folder / "film.html");
    const std::string page((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    std::filesystem::remove_all(folder);
    CHECK_FALSE(contains(page, "\"name\":\"lab-demo\",\"end\":\"exit"));
    const std::string printed = demo.out();
    std::set<std::string> removed;
    const std::regex line("removed proc id: (\\d+)");
    for (std::sregex_iterator at(printed.begin(), printed.end(), line), end; at != end; ++at) {
      removed.insert((*at)[1].str());
    }
    CHECK_FALSE(removed.empty());
    for (const std::string& pid : removed) {
      CHECK_MESSAGE(contains(page, "The zombie " + pid + " is reaped."), pid);
    }
  }

  // A film for a failed check of each exercise. What the check saw is what the film shows.

  TEST_CASE("exercise 01: the write that took a part of the bytes") {
    const Failed film = fail("01-short-writes-ignored",
                             "echoes and counts right when write takes less than it is given");
    const std::string taken = film.seen("of 5000 bytes sent, (\\d+) came back");
    CHECK(film.says("It has taken " + taken + " of 5,000 bytes: the rest is not sent."));
  }

  TEST_CASE("exercise 02: each child is reaped before the next is forked") {
    const Failed film = fail("02-one-after-the-other", "makes N zombies at the same moment");
    CHECK(std::to_string(film.at_end(State::zombie)) ==
          film.seen("(\\d+) of its children are zom"));
    std::string order;
    for (const std::string& sentence : film.sentences()) {
      order += contains(sentence, " forks. ") ? "f" : contains(sentence, " is reaped.") ? "r" : "";
    }
    CHECK(order == "frfrfr");
  }

  TEST_CASE("exercise 03: a child that nobody has asked about is a zombie, its parent waits for "
            "another") {
    const Failed film = fail("03-in-order-of-birth", "prints one line a child* at once*");
    CHECK(film.at_end(film.seen("for child (\\d+)")) == State::zombie);
    CHECK(film.says("is blocked in waitpid"));
    CHECK(film.at_end(State::blocked) >= 1);
  }

  TEST_CASE("exercise 04: 50 children became one delivery, and 49 are zombies") {
    const Failed film =
        fail("04-one-waitpid-a-signal", "removes all 50 children that ended while it was stopped");
    CHECK(std::to_string(film.at_end(State::zombie)) == film.seen("(\\d+) are still zombies"));
    CHECK(film.says("50 children have ended since the last delivery: that is one SIGCHLD."));
  }

  TEST_CASE("exercise 04: the signal that came before pause") {
    const Failed film =
        fail("04-pause", "loses no wake-up when the last child ends just before it sleeps");
    const auto sentences = film.sentences();
    CHECK(contains(sentences.at(sentences.size() - 2), "is blocked in pause"));
    CHECK(contains(sentences.at(sentences.size() - 3), "The handler of SIGCHLD returns"));
    CHECK(film.at_end(State::zombie) == 0);
  }

  TEST_CASE("exercise 05: a socket that a child holds and does not use") {
    const Failed film = fail("05-child-keeps-the-listener", "a child holds no listener");
    const auto& listener = film.film.at("bands").list().front();
    std::set<std::string> holders;
    for (const lab::Json& hold : listener.at("holds").list()) {
      if (hold.list().at(3).number() < 0) { // to the end
        const auto& process = film.film.at("processes")
                                  .list()
                                  .at(static_cast<std::size_t>(hold.list().at(0).number()));
        holders.insert(std::to_string(static_cast<int>(process.at("pid").number())));
      }
    }
    CHECK(holders.size() >= 2);
    CHECK(holders.contains(film.seen("descriptor_server (\\d+)  S")));
    CHECK(holders.contains(film.seen("also held by (\\d+)")));
  }

  TEST_CASE("exercise 06: a second client waits, its server waits for the child of the first") {
    const Failed film =
        fail("06-one-client-at-a-time", "*serves a second client while the first one stays");
    CHECK(std::ranges::count_if(film.sentences(), [](const std::string& one) {
            return contains(one, ": accept4(");
          }) == 1);
    CHECK(film.says("is blocked in waitpid"));
    CHECK(film.seen("bytes sent, (\\d+) came back") == "0");
  }

  TEST_CASE("exercise 07: the writer has closed, the reader holds the connection, no FIN") {
    const Failed film =
        fail("07-close-for-shutdown", "`q` half-closes*and what comes back is still read");
    const std::string reader = film.seen("parent (\\d+) still holds the connection");
    CHECK(film.says("The socket stays open: " + reader + " still holds it."));
    CHECK_FALSE(film.says("sends FIN"));
  }

  TEST_CASE("what comes again and again is shown twice, and how often it came is said") {
    Script script;
    script.starts(100, "polls").forks(100, 101);
    for (int i = 0; i < 1000; ++i) {
      script.add(100, Kind::call,
                 {.call = "waitpid", .text = "waitpid(-1, WNOHANG) = 0", .is_wait = true});
      script.add(100, Kind::waits, {.call = "usleep"});
      script.add(100, Kind::call, {.call = "usleep", .text = "usleep()"});
    }
    script.exits(101);
    const Film film = script.film();
    CHECK(film.events.size() == 9);
    CHECK(find_event(film, "parent") == none);
    CHECK(find_event(film, "polls 100 does the same again, and finds nothing: 998 times more.") ==
          7);
  }

  TEST_CASE("real-time signals wait in a queue: each is a delivery") {
    Script script;
    script.starts(100, "parent").forks(100, 101);
    for (int i = 0; i < 2; ++i) {
      script.add(101, Kind::call,
                 {.call = "kill", .text = "kill(100)", .arguments = {100, SIGRTMIN, 0}});
    }
    script.handler(100, SIGRTMIN, 101).returns(100, SIGRTMIN);
    script.handler(100, SIGRTMIN, 101).returns(100, SIGRTMIN);
    const Film film = script.film();
    CHECK(find_event(film, "while it was pending") == none);
    CHECK(std::ranges::count_if(film.events,
                                [](const auto& event) { return event.from.size() == 1; }) == 2);
  }

  TEST_CASE("what a program is called, writes or is given cannot be markup") {
    Script script = hostile();
    const std::string page = lab::film::page_of(script.recording());
    CHECK(count_of(page, std::regex("<script")) == 2); // the film and ours
    CHECK(count_of(page, std::regex("</script")) == 2);
    CHECK_FALSE(contains(page, "<img"));
    CHECK_FALSE(contains(page, "\x1b"));
    CHECK_FALSE(contains(page, right_to_left));
    CHECK(page.size() < 60'000);
    const std::size_t at = page.find("class=\"film\">") + 13;
    const auto film = lab::Json::parse(page.substr(at, page.find("</script>", at) - at));
    // The reader says ? for \\uNNNN.
    CHECK(contains(film.at("processes").list().at(0).at("name").text(), "?/script??script?"));
    CHECK(contains(page, "default-src 'none'"));
    CHECK_FALSE(std::regex_search(page, std::regex("https?://(?!www.w3.org/2000/svg)")));
  }

  TEST_CASE("what is too much is left out, and the page says so") {
    Script script = large(1000, 30);
    const Film film = script.film();
    CHECK(film.events.size() <= 10'000);
    CHECK(film.processes.size() <= 500);
    CHECK(std::any_of(film.notes.begin(), film.notes.end(),
                      [](const auto& note) { return contains(note, "left out"); }));
    CHECK(lab::film::page_of(script.recording()).size() <= std::size_t{2} << 20);
  }

  TEST_CASE("a still has the moment's processes, in the signs of the slides") {
    Script script;
    script.starts(100, "parent").forks(100, 101).exits(101, 3);
    const std::string still = lab::film::still_of(script.film(), 3);
    CHECK(contains(still, "exit status 3"));
    CHECK(contains(still, "<title id=\"title\">Event 3: parent 101 ends"));
    CHECK_THROWS_WITH(lab::film::still_of(script.film(), 4), "there is no event 4: the film has 3");
  }

  TEST_CASE("a still of several events has lanes in time, the holders of a socket, and the words") {
    Script script;
    script.starts(100, "server");
    script.add(100, Kind::call, {.call = "socket", .result = 3, .arguments = {AF_INET, 0, 0}});
    script.forks(100, 101).exits(101, 3).handler(100, SIGCHLD, 101).reaps(100, 101, 3 << 8);
    const Film film = script.film();
    const std::string strip = lab::film::strip_of(film, {3, 4, 5, 6});
    for (const std::string_view part : {">server 100<", ">child 101<", ">101: descriptor 3<", ">Z<",
                                        ">SIGCHLD<", ">server 101 ends: exit status 3. "}) {
      CHECK_MESSAGE(contains(strip, part), part);
    }
    // Two processes hold the socket from the first of the events to the second.
    CHECK(count_of(strip, std::regex("stroke-width=\"9\"")) == 2);
    CHECK_THROWS_WITH(lab::film::strip_of(film, {4, 3}),
                      "the events of a still are in the order of time: 3 comes before 4");
    CHECK_THROWS_WITH(lab::film::strip_of(film, {4, 9}), "there is no event 9: the film has 6");
  }

  TEST_CASE("two films beside each other, and a page that is no film") {
    Script script;
    script.starts(100, "parent").exits(100);
    const std::string page = lab::film::page_of(script.recording());
    const std::string two = lab::film::page_beside(page, script.recording());
    CHECK(count_of(two, std::regex("class=\"film\">")) == 2);
    CHECK_THROWS(lab::film::page_beside("<p>nothing", script.recording()));
    CHECK_THROWS(lab::film::page_beside(
        R"(<script type="application/json" class="film">1;alert(1)</script>)", script.recording()));
  }

  TEST_CASE("lab-film: usage, a program that is not there, Ctrl-C") {
    const auto folder =
        std::filesystem::temp_directory_path() / ("lab-film-test-" + std::to_string(getpid()));
    std::filesystem::create_directory(folder);
    const auto film = [&](std::vector<std::string> arguments) {
      return lab::Process(lab::program("lab-film"), {.arguments = std::move(arguments),
                                                     .working_directory = folder.string()});
    };
    for (const std::vector<std::string>& wrong : {std::vector<std::string>{},
                                                  {"--what"},
                                                  {"--still", "x", "a"},
                                                  {"--still", "3,", "a"},
                                                  {"a", "and"}}) {
      lab::Process process = film(wrong);
      CHECK(process.wait().code == 2);
      CHECK(contains(process.err(), "usage: lab-film"));
    }
    lab::Process missing = film({"./not-there"});
    CHECK(missing.wait().code == 1);
    const lab::Port port = lab::reserve_port();
    lab::Process server =
        film({lab::program("echo_server").string(), std::to_string(port.number())});
    server.wait_for_line("listening on");
    server.signal(SIGINT);
    CHECK(server.wait().success());
    CHECK(std::filesystem::exists(folder / "film.html"));
    std::filesystem::remove_all(folder);
  }

  TEST_CASE("pages for the browser" * doctest::skip()) {
    const char* const folder = std::getenv("LAB_FILM_PAGES"); // NOLINT(concurrency-mt-unsafe)
    REQUIRE(folder != nullptr);
    std::ofstream(std::string(folder) + "/hostile.html") << lab::film::page_of(hostile().film());
    std::ofstream(std::string(folder) + "/large.html") << lab::film::page_of(large(499, 18).film());
  }

  TEST_CASE("a program sees its own flags, and not those that the film adds") {
    lab::Probe probe({.film = true});
    lab::ProcessOptions options{.arguments = {"5"}};
    probe.attach(options);
    lab::Process program(lab::program("reap_all"), options);
    CHECK(program.wait().success());
    for (const lab::Event& event : probe.events()) {
      CHECK_FALSE(contains(event.text, "SA_SIGINFO"));
    }
  }
}

} // namespace

int main(int argc, char** argv) {
  lab::guard_descendants();
  return doctest::Context(argc, argv).run();
}
