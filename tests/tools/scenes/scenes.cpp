// lab-scenes SCENE PORT [N]
//
// What checks do to a server or a client, to be done by hand beside it: README.md has a line for
// each scene.

#include "harness/deadline.hpp"
#include "harness/failure.hpp"
#include "harness/limits.hpp"
#include "harness/output.hpp"
#include "harness/process.hpp"
#include "harness/tcp.hpp"
#include "harness/trace.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <iostream>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <unistd.h>

namespace {

using lab::Connection;

constexpr std::chrono::hours no_limit{24 * 365};

struct Given {
  unsigned port = 0;
  std::size_t n = 0;
};

struct Scene {
  std::string_view name;
  void (*play)(const Given&);
  std::size_t n; ///< its N where none is given. 0: it takes none
  std::string_view what;
};

void say(const std::string& text) {
  std::cout << text << std::endl; // at once, also into a pipe
}

/// Until Enter. End of file counts as Enter.
void wait_for_enter(const std::string& what_then) {
  say("Enter: " + what_then);
  std::array<char, 256> typed{};
  for (ssize_t got = 1; got > 0 && std::ranges::find(typed, '\n') == typed.end();) {
    got = ::read(STDIN_FILENO, typed.data(), typed.size());
  }
}

std::string bytes(std::size_t size) {
  std::string text(size, '\0');
  unsigned seed = 1;
  for (char& byte : text) {
    constexpr unsigned factor = 1'664'525;
    constexpr unsigned addend = 1'013'904'223;
    seed = seed * factor + addend;
    byte = static_cast<char>('a' + (seed >> 24U) % 26U);
  }
  return text;
}

// Clients.

Connection connect(const Given& given) {
  Connection client = Connection::to(given.port);
  say("connected, from port " + std::to_string(client.local_port()));
  return client;
}

void expect_the_end(Connection& client) {
  const std::string rest = client.receive_until_eof();
  say(rest.empty() ? "the server has closed" : "came before the end: " + lab::quoted(rest));
}

void leave(const Given& given) {
  for (std::size_t i = 0; i < given.n; ++i) {
    connect(given).reset();
  }
  say("left at once, by a reset");
}

void reset(const Given& given) {
  for (std::size_t i = 0; i < given.n; ++i) {
    Connection client = connect(given);
    client.send("hello\n");
    static_cast<void>(client.has_something(lab::promptly)); // the echo is there, and unread
    client.reset();
    say(R"(sent "hello\n", read nothing, reset)");
  }
}

void half_close(const Given& given) {
  Connection client = connect(given);
  const std::string text = bytes(given.n);
  client.send(text);
  client.half_close();
  say("sent " + lab::quantity(text.size()) + ", half-closed");
  const std::string back = client.receive_until_eof();
  say("came back until the end: " + lab::quantity(back.size()) +
      (back == text ? ", the same" : ", NOT the same"));
}

void silent(const Given& given) {
  Connection client = connect(given);
  client.half_close();
  say("sent nothing, half-closed");
  expect_the_end(client);
}

void byte_by_byte(const Given& given) {
  Connection client = connect(given);
  for (const char byte : std::string("hello\n")) {
    client.send({&byte, 1});
    const std::string back = client.receive(1);
    say("sent " + lab::quoted({&byte, 1}) + ", came back " + lab::quoted(back));
  }
  client.half_close();
  expect_the_end(client);
}

void bulk(const Given& given) {
  Connection client = connect(given);
  client.exchange_pattern(given.n);
  say("sent and came back, the same: " + lab::quantity(given.n));
  client.half_close();
  expect_the_end(client);
}

void stall(const Given& given) {
  constexpr int small = 64 * 1024;
  constexpr std::chrono::milliseconds quiet{300}; // the server takes nothing for so long
  Connection client = Connection::to(given.port, "127.0.0.1", lab::patience, small);
  say("connected, from port " + std::to_string(client.local_port()));
  const std::string all = bytes(std::size_t{64} << 20U);
  std::size_t sent = 0;
  for (lab::Deadline still(quiet); sent < all.size() && !still.passed();) {
    const std::size_t went = client.send_some_nonblocking(std::string_view(all).substr(sent));
    sent += went;
    still = went > 0 ? lab::Deadline(quiet) : still;
    std::this_thread::sleep_for(std::chrono::milliseconds{1}); // that nothing is taken is no event
  }
  say("sent " + lab::quantity(sent) + ", read nothing: the server " +
      (sent == all.size() ? "keeps all of it" : "takes no more"));
  wait_for_enter("half-closes, and reads all");
  client.half_close();
  const std::string back = client.receive_until_eof();
  say("came back until the end: " + lab::quantity(back.size()) +
      (back == all.substr(0, sent) ? ", the same" : ", NOT the same"));
}

void many(const Given& given) {
  lab::raise_descriptor_limit(given.n + 100);
  std::vector<Connection> clients;
  for (std::size_t i = 0; i < given.n; ++i) {
    clients.push_back(Connection::to(given.port));
    clients.back().send("hello\n");
  }
  say(std::to_string(given.n) + (given.n == 1 ? " client has" : " clients have") +
      R"( connected, and sent "hello\n")");
  std::map<std::string, std::size_t> answers;
  const lab::Deadline deadline(lab::promptly);
  for (Connection& client : clients) {
    std::string answer = "nothing yet";
    try {
      if (client.has_something(deadline.left())) {
        answer = lab::quoted(client.receive_some());
        answer = answer == "\"\"" ? "end of file" : answer;
      }
    } catch (const lab::Failure&) {
      answer = "a reset";
    }
    ++answers[answer];
  }
  for (const auto& [answer, count] : answers) {
    say("  " + std::to_string(count) + " got " + answer);
  }
  wait_for_enter("all leave at once");
}

// Servers.

Connection accept_one(const Given& given, std::optional<lab::Listener>& listener) {
  listener.emplace("127.0.0.1", 128, given.port);
  say("listening on 127.0.0.1:" + std::to_string(listener->port()));
  Connection client = listener->accept(no_limit);
  say("a client has connected, from port " + std::to_string(client.remote_port()));
  return client;
}

Connection accept_and_echo_a_line(const Given& given, std::optional<lab::Listener>& listener) {
  Connection client = accept_one(given, listener);
  const std::string line = client.receive_line(no_limit) + "\n";
  client.send(line);
  say("returned " + lab::quoted(line));
  return client;
}

void server_closes(const Given& given) {
  std::optional<lab::Listener> listener;
  accept_and_echo_a_line(given, listener).close();
  say("closed first");
}

void server_resets(const Given& given) {
  std::optional<lab::Listener> listener;
  accept_and_echo_a_line(given, listener).reset();
  say("reset");
}

void server_stalls(const Given& given) {
  std::optional<lab::Listener> listener;
  Connection client = accept_one(given, listener);
  client.send("I am busy\n");
  say(R"(sent "I am busy\n", reads nothing)");
  wait_for_enter("reads all, and returns it");
  const std::string all = client.receive_until_eof(no_limit);
  client.send(all);
  client.half_close();
  say("returned " + lab::quantity(all.size()));
}

void server_in_pieces(const Given& given) {
  std::optional<lab::Listener> listener;
  Connection client = accept_one(given, listener);
  std::size_t count = 0;
  for (std::string piece; !(piece = client.receive_some(1, no_limit)).empty(); ++count) {
    client.send(piece);
  }
  say("returned " + lab::quantity(count) + ", each by itself");
}

void server_answers_late(const Given& given) {
  std::optional<lab::Listener> listener;
  Connection client = accept_one(given, listener);
  const std::string all = client.receive_until_eof(no_limit);
  say("the client has half-closed; it has sent " + lab::quantity(all.size()));
  client.send(all);
  say("returned them");
}

constexpr std::array scenes{
    Scene{"leave", leave, 1, "N clients connect, and leave at once by a reset"},
    Scene{"reset", reset, 3, "N clients send a line, read nothing, and reset"},
    Scene{"silent", silent, 0, "a client sends nothing, and half-closes"},
    Scene{"half-close", half_close, 200'000,
          "a client sends N bytes, half-closes at once, and then reads"},
    Scene{"bytes", byte_by_byte, 0, "a client sends a line byte by byte"},
    Scene{"bulk", bulk, 1'000'000, "a client sends N bytes in pieces of all sizes, and compares"},
    Scene{"stall", stall, 0, "a client sends until nothing is taken, and reads after Enter"},
    Scene{"many", many, 50, "N clients send a line at once, and leave at once after Enter"},
    Scene{"server-closes", server_closes, 0, "a server returns a line, and closes first"},
    Scene{"server-resets", server_resets, 0, "a server returns a line, and resets"},
    Scene{"server-stalls", server_stalls, 0, "a server reads nothing before Enter"},
    Scene{"server-pieces", server_in_pieces, 0, "a server returns each byte by itself"},
    Scene{"server-late", server_answers_late, 0,
          "a server returns everything, but only after the half-close"},
};

std::string usage() {
  constexpr std::size_t column = 16;
  std::string text = "usage: lab-scenes SCENE PORT [N]\n"
                     "Plays a scene beside a server that listens on 127.0.0.1:PORT. The scenes "
                     "server-...\nlisten there themselves: beside a client.\n";
  for (const Scene& scene : scenes) {
    text += "  ";
    text += scene.name;
    text.append(column - scene.name.size(), ' ');
    text += scene.what;
    text += scene.n == 0 ? "" : " (N: " + std::to_string(scene.n) + ")";
    text += '\n';
  }
  return text;
}

int complain(const std::string& what) {
  std::cerr << "lab-scenes: " << what << '\n' << usage();
  return 2;
}

std::optional<std::size_t> number(std::string_view text, std::size_t least, std::size_t most) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least || value > most) {
    return std::nullopt;
  }
  return value;
}

int run(const std::vector<std::string>& arguments) {
  if (!arguments.empty() && (arguments[0] == "--help" || arguments[0] == "-h")) {
    std::cout << usage();
    return 0;
  }
  if (arguments.size() < 2 || arguments.size() > 3) {
    return complain("it takes a scene, a port, and perhaps a number");
  }
  const auto* const scene = std::ranges::find(scenes, arguments[0], &Scene::name);
  if (scene == scenes.end()) {
    return complain("there is no scene '" + arguments[0] + "'");
  }
  const auto port = number(arguments[1], 1, 65'535);
  if (!port) {
    return complain("PORT is a number from 1 to 65535, not '" + arguments[1] + "'");
  }
  Given given{.port = static_cast<unsigned>(*port), .n = scene->n};
  if (arguments.size() == 3) {
    const std::size_t most = scene->play == many ? 5'000 : 10'000'000'000;
    const auto n = number(arguments[2], 1, most);
    if (scene->n == 0) {
      return complain(arguments[0] + " takes no number");
    }
    if (!n) {
      return complain("N is a number from 1 to " + std::to_string(most) + ", not '" + arguments[2] +
                      "'");
    }
    given.n = *n;
  }
  scene->play(given);
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  int status = EXIT_FAILURE;
  try {
    status = run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::cout << std::flush;
    std::cerr << "lab-scenes: " << error.what() << '\n';
  }
  return lab::status_after_output("lab-scenes", status);
}
