// Tests of lab-scenes: each scene beside a right program, and that what checks name as commands can
// be typed.

#define DOCTEST_CONFIG_IMPLEMENT
#include "harness/deadline.hpp"
#include "harness/guard.hpp"
#include "harness/process.hpp"
#include "harness/programs.hpp"
#include "harness/server.hpp"
#include "tools/check/result.hpp"
#include "tools/text/text.hpp"

#include <algorithm>
#include <fstream>
#include <initializer_list>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

namespace {

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool in_order(std::string_view text, std::initializer_list<std::string_view> parts) {
  std::size_t from = 0;
  return std::ranges::all_of(parts, [&](std::string_view part) {
    const std::size_t at = text.find(part, from);
    from = at + part.size();
    return at != std::string_view::npos;
  });
}

lab::Process start_scene(std::vector<std::string> arguments) {
  return lab::Process(lab::program("lab-scenes"), {.arguments = std::move(arguments)});
}

/// Plays it, with Enter where it waits for it. Gives what it says.
std::string played(lab::Process& scene) {
  scene.type("\n");
  const lab::Exit exit = scene.wait();
  CHECK_MESSAGE(exit.success(), exit.text(), "\n", scene.out(), scene.err());
  return scene.out();
}

std::string play(const std::string& name, unsigned port, const std::string& n = "") {
  std::vector<std::string> arguments{name, std::to_string(port)};
  if (!n.empty()) {
    arguments.push_back(n);
  }
  lab::Process scene = start_scene(arguments);
  return played(scene);
}

/// A scene that listens, and a client that has typed `hello`.
struct Beside {
  explicit Beside(const std::string& name)
      : scene(start_scene({name, std::to_string(port.number())})) {
    scene.wait_for_line("listening on 127.0.0.1:" + std::to_string(port.number()));
    client.emplace(lab::program("echo_mpclient"),
                   lab::ProcessOptions{.arguments = {"127.0.0.1", std::to_string(port.number())}});
    client->type("hello\n");
  }

  lab::Port port = lab::reserve_port();
  lab::Process scene;
  std::optional<lab::Process> client;
};

/// The scenes that --help lists.
std::set<std::string> scenes() {
  lab::Process help = start_scene({"--help"});
  CHECK(help.wait().success());
  std::set<std::string> names;
  for (const std::string& line : lab::lines_of(help.out())) {
    if (line.starts_with("  ")) {
      names.insert(line.substr(2, line.find(' ', 2) - 2));
    }
  }
  return names;
}

TEST_CASE("clients beside a right server, which serves on") {
  lab::Server server("echo_mpserver");
  const unsigned port = server.port();
  CHECK(contains(play("leave", port, "20"), "left at once, by a reset"));
  CHECK(in_order(play("reset", port), {"connected, from port ", "read nothing, reset",
                                       "read nothing, reset", "read nothing, reset"}));
  CHECK(in_order(play("silent", port), {"sent nothing, half-closed", "the server has closed"}));
  CHECK(in_order(play("half-close", port, "100000"),
                 {"sent 100000 bytes, half-closed", "until the end: 100000 bytes, the same"}));
  CHECK(in_order(play("bytes", port), {R"(sent "h", came back "h")", R"(sent "\n", came back "\n")",
                                       "the server has closed"}));
  CHECK(contains(play("bulk", port, "300000"), "the same: 300000 bytes"));
  CHECK(in_order(play("stall", port), {"the server takes no more", "Enter: half-closes",
                                       "came back until the end: ", ", the same"}));
  server.connect().exchange("still there?\n");
}

TEST_CASE("what a scene says is what arrives at the other end") {
  lab::Listener listener;
  const std::string port = std::to_string(listener.port());
  const auto reset = [](lab::Connection& client) {
    lab::wait_until("the client to reset", [&] { return client.was_reset(); });
  };
  lab::Process leave = start_scene({"leave", port});
  lab::Connection left = listener.accept();
  reset(left);
  lab::Process resets = start_scene({"reset", port, "1"});
  lab::Connection client = listener.accept();
  CHECK(client.receive_line() == "hello");
  CHECK_FALSE(client.was_reset());
  client.send("hello\n");
  reset(client);
  lab::Process slow = start_scene({"bytes", port});
  lab::Connection typed = listener.accept();
  CHECK(typed.receive_some() == "h"); // and no other byte before this one has come back
  typed.send("h");
  CHECK(typed.receive_some() == "e");
  lab::Process silent = start_scene({"silent", port});
  CHECK(listener.accept().receive_until_eof().empty());
}

TEST_CASE("many clients stay until Enter, and then leave at once") {
  lab::Server server("echo_mpserver");
  lab::Process scene = start_scene({"many", std::to_string(server.port()), "20"});
  scene.wait_for_line("20 clients have connected");
  scene.wait_for_line(R"(  20 got "hello\n")");
  server.wait_for_children(20);
  played(scene);
  server.wait_for_no_children();
}

TEST_CASE("servers beside a right client") {
  SUBCASE("server-closes") {
    Beside beside("server-closes");
    CHECK(beside.client->wait().code == 1);
    CHECK(in_order(played(beside.scene),
                   {"a client has connected", R"(returned "hello\n")", "closed first"}));
    CHECK(contains(beside.client->out(), "message from server: hello"));
  }
  SUBCASE("server-resets") {
    Beside beside("server-resets");
    CHECK(beside.client->wait().code == 1);
    CHECK(contains(played(beside.scene), "reset"));
    CHECK(contains(beside.client->err(), "reset"));
  }
  SUBCASE("server-stalls") {
    Beside beside("server-stalls");
    beside.client->wait_for_line("message from server: I am busy");
    beside.client->close_input();
    CHECK(contains(played(beside.scene), "returned 6 bytes"));
    CHECK(beside.client->wait().success());
    CHECK(contains(beside.client->out(), "message from server: hello"));
  }
  SUBCASE("server-pieces") {
    Beside beside("server-pieces");
    beside.client->wait_for_line("message from server: hello");
    beside.client->type("q\n");
    CHECK(beside.client->wait().success());
    CHECK(contains(played(beside.scene), "returned 6 bytes, each by itself"));
  }
  SUBCASE("server-late") {
    Beside beside("server-late");
    beside.client->type("q\n");
    CHECK(beside.client->wait().success());
    CHECK(in_order(played(beside.scene), {"has half-closed; it has sent 6 bytes", "returned"}));
    CHECK(contains(beside.client->out(), "message from server: hello"));
  }
}

TEST_CASE("it says what a wrong program does, and ends with status 1") {
  const lab::Port port = lab::reserve_port();
  lab::Process nobody = start_scene({"bytes", std::to_string(port.number())});
  CHECK(nobody.wait().code == 1);
  CHECK(contains(nobody.err(), "lab-scenes: "));
  CHECK(contains(nobody.err(), "refused"));
  lab::Process early = start_scene({"server-closes", std::to_string(port.number())});
  early.wait_for_line("listening on ");
  lab::Process bulk = start_scene({"bulk", std::to_string(port.number())});
  CHECK(bulk.wait().code == 1);
  CHECK(contains(bulk.err(), "lab-scenes: "));
  const lab::Listener other;
  lab::Process taken = start_scene({"server-closes", std::to_string(other.port())});
  CHECK(taken.wait().code == 1);
  CHECK(contains(taken.err(), "lab-scenes: bind: "));
}

TEST_CASE("wrong arguments: what is wrong, and what would be right") {
  const auto refused = [](std::vector<std::string> arguments, std::string_view why) {
    lab::Process scene = start_scene(std::move(arguments));
    CHECK(scene.wait().code == 2);
    CHECK_MESSAGE(contains(scene.err(), why), scene.err());
    CHECK(contains(scene.err(), "usage: lab-scenes SCENE PORT [N]"));
    CHECK(scene.out().empty());
  };
  refused({}, "it takes a scene, a port");
  refused({"bulk"}, "it takes a scene, a port");
  refused({"bulk", "9190", "1", "2"}, "it takes a scene, a port");
  refused({"pigeon", "9190"}, "there is no scene 'pigeon'");
  refused({"bulk", "99999"}, "PORT is a number from 1 to 65535, not '99999'");
  refused({"many", "9190", "0"}, "N is a number from 1 to 5000, not '0'");
  refused({"bytes", "9190", "7"}, "bytes takes no number");
}

TEST_CASE("the page lists each scene, and no other") {
  std::ifstream page(LAB_SOURCE_FOLDER "/tests/tools/scenes/README.md");
  std::set<std::string> listed;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("| `")) {
      listed.insert(line.substr(3, line.find_first_of("` ", 3) - 3));
    }
  }
  CHECK(listed == scenes());
}

TEST_CASE("what checks name for doing the same by hand can be typed") {
  lab::Process list(lab::program("lab-check"),
                    {.arguments = {"--results", "1", "--jobs", "0", "--test-suite=exercise-*"},
                     .working_directory = LAB_SOURCE_FOLDER});
  REQUIRE(list.wait().success());
  const std::set<std::string> known = scenes();
  const std::set<std::string> keys{"Enter", "^C", "hello", "q", "Q"};
  const std::string scenes_path = lab::program("lab-scenes").string();
  std::string script;
  std::size_t with_commands = 0;
  for (const lab::Result& check : lab::decode_results(list.out())) {
    with_commands += check.by_hand.empty() ? 0U : 1U;
    std::set<char> terminals;
    CAPTURE(check.suite);
    CAPTURE(check.sentence);
    for (const std::string& line : lab::lines_of(check.by_hand)) {
      CAPTURE(line);
      REQUIRE(line.size() > 3);
      CHECK(line.substr(1, 2) == ": ");
      const std::string command = line.substr(3);
      terminals.insert(line[0]);
      CHECK_FALSE(contains(line, "PROGRAM"));
      CHECK_FALSE(contains(line, "BIN"));
      if (!keys.contains(command)) {
        script += command + "\n";
      }
      const std::size_t at = line.find("lab-scenes ");
      if (at != std::string::npos) {
        std::istringstream words(line.substr(at));
        std::string tool;
        std::string scene;
        std::string port;
        words >> tool >> scene >> port;
        CHECK_MESSAGE(known.contains(scene), scene);
        CHECK(port.substr(0, 4) == "9190");
      }
    }
    // They are numbered from 1, and the program is in one of them.
    CHECK(terminals.size() ==
          static_cast<std::size_t>(terminals.empty() ? 0 : *terminals.rbegin() - '0'));
  }
  CHECK(with_commands > 100);
  lab::Process bash("/bin/bash", {.arguments = {"-n", "-c", script}});
  CHECK(bash.wait().success());
  CHECK(bash.err().empty());
}

} // namespace

int main(int argc, char** argv) {
  lab::guard_descendants();
  return doctest::Context(argc, argv).run();
}
