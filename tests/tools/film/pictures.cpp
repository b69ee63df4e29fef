// lab-film-pictures [--check] FOLDER
//
// Makes the stills of lessons and slides from live processes: FOLDER/film-*.svg. Each shows a few
// events of a run that cannot come in another order, by their words. Process ids and ports are then
// given numbers that stay, so that a file changes when the picture does. With --check nothing is
// written: exit status 1 where a file is not what would be written. Exit status 77 where this
// machine cannot make them.

#include "harness/deadline.hpp"
#include "harness/failure.hpp"
#include "harness/probe/probe.hpp"
#include "harness/process.hpp"
#include "harness/programs.hpp"
#include "harness/server.hpp"
#include "harness/tcp.hpp"
#include "tools/drawing/live_pictures.hpp"
#include "tools/film/film.hpp"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

using lab::Pictures;
using lab::film::Film;
using lab::film::FilmEvent;
using lab::film::FilmProcess;

/// The numbers of the events with these words, each after the one before it.
std::vector<std::size_t> moments(const Film& film, const std::vector<std::string>& words) {
  std::vector<std::size_t> numbers;
  std::size_t at = 0;
  for (const std::string& word : words) {
    while (at < film.events.size() && film.events[at].sentence.find(word) == std::string::npos) {
      ++at;
    }
    if (at == film.events.size()) {
      std::string seen = "no event says '";
      seen += word;
      seen += "':";
      for (const FilmEvent& event : film.events) {
        seen += '\n';
        seen += event.sentence;
      }
      throw lab::Failure(seen);
    }
    numbers.push_back(++at);
  }
  return numbers;
}

/// Replaces whole numbers of a text.
std::string renumbered(const std::string& text, const std::map<std::string, std::string>& names) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && std::isdigit(static_cast<unsigned char>(text[end])) != 0) {
      ++end;
    }
    if (end == at) {
      result += text[at++];
      continue;
    }
    const std::string number = text.substr(at, end - at);
    const auto found = names.find(number);
    result += found == names.end() ? number : found->second;
    at = end;
  }
  return result;
}

/// The events by their words, as a strip. `ports` are those of the run, with the numbers that stay.
void add(Pictures& pictures, const std::string& name, const lab::Probe& probe,
         const std::map<unsigned, unsigned>& ports, const std::vector<std::string>& words) {
  lab::film::Recording recording;
  recording.events = probe.events();
  Film film = lab::film::film_of(recording);
  const auto numbers = moments(film, words);
  std::map<std::string, std::string> names;
  for (const auto& [of_run, stays] : ports) {
    names[std::to_string(of_run)] = std::to_string(stays);
  }
  pid_t next = 4711;
  std::map<pid_t, pid_t> pids;
  const auto give = [&](pid_t pid) {
    if (pids.emplace(pid, next).second) {
      names[std::to_string(pid)] = std::to_string(next++);
    }
  };
  give(film.processes.front().pid);
  for (const std::size_t number :
       numbers) { // first those that are named: of fifty, which is chance
    std::istringstream in(renumbered(film.events[number - 1].sentence, {}));
    const std::string text = in.str();
    for (const FilmProcess& process : film.processes) {
      if (text.find(std::to_string(process.pid)) != std::string::npos) {
        give(process.pid);
      }
    }
  }
  for (FilmProcess& process : film.processes) {
    give(process.pid);
    process.pid = pids.at(process.pid);
  }
  for (FilmEvent& event : film.events) {
    event.sentence = renumbered(event.sentence, names);
  }
  pictures["film-" + name + ".svg"] = lab::film::strip_of(film, numbers);
}

void await(const std::string& what, lab::Process& shown, auto condition) {
  lab::wait_until(what, condition, [&] { return shown.report(); });
}

bool says(const lab::Probe& probe, std::string_view words) {
  return std::ranges::any_of(probe.events(), [&](const lab::Event& event) {
    return event.text.find(words) != std::string::npos;
  });
}

constexpr unsigned server_port = 9190;
constexpr unsigned client_port = 50123;

/// Step 04: fifty children end while SIGCHLD is blocked. The second is the first to end, so that
/// the signal is that of a child that is not the first to be reaped.
void draw_one_delivery(Pictures& pictures) {
  lab::Probe probe({.hold_exits = true, .film = true});
  lab::ProcessOptions options{.arguments = {"50"}, .input = lab::Input::null};
  probe.attach(options);
  lab::Process program(lab::program("reap_once"), options);
  await("fifty children that end", program, [&] { return probe.held_children().size() == 50; });
  std::vector<pid_t> children;
  for (const lab::Event& event : probe.events()) {
    if (event.is_fork && event.result > 0) {
      children.push_back(static_cast<pid_t>(event.result));
    }
  }
  const pid_t second = children.at(1);
  probe.let_go(second);
  await("the second child to be a zombie", program, [&] {
    const auto child = lab::process_info(second);
    return child && child->zombie();
  });
  probe.let_all_go();
  program.wait();
  add(pictures, "04-one-delivery", probe, {},
      {"forks", "50 children have ended", "is reaped", "The handler of SIGCHLD returns",
       "49 zombies left"});
}

/// Step 05: the child has ended, and its parent still holds the connection.
void draw_leak(Pictures& pictures) {
  lab::Probe probe({.film = true});
  lab::ServerOptions options;
  probe.attach(options.process);
  lab::Server server("leaky_server", options);
  lab::Connection client = server.connect();
  client.exchange("hello\n");
  client.half_close();
  await("the child to be reaped", server.process(), [&] { return says(probe, "WNOHANG) fails"); });
  add(pictures, "05-leak", probe,
      {{server.port(), server_port}, {client.local_port(), client_port}},
      {"forks", "end of file", "ends: exit status 0", "is reaped"});
}

/// Step 06: SIGTERM comes between the test and the wait. The probe stops the server there.
void draw_gap(Pictures& pictures) {
  lab::Probe probe({.faults = "accept:1=stop", .film = true});
  const lab::Port port = lab::reserve_port();
  lab::ProcessOptions options{.arguments = {std::to_string(port.number())}};
  probe.attach(options);
  lab::Process server(lab::program("flag_server"), options);
  const auto in_state = [&](char state) {
    const auto process = lab::process_info(server.pid());
    return process && process->state == state;
  };
  await("the server to stop before accept4", server, [&] { return in_state('T'); });
  server.signal(SIGTERM);
  server.resume();
  await("the server to wait", server,
        [&] { return !lab::blocked_call_of(server.pid()).empty() && in_state('S'); });
  std::this_thread::sleep_for(std::chrono::milliseconds(1)); // a film shows no wait below 0.2 ms
  lab::Connection client = lab::Connection::to(port.number());
  server.wait();
  add(pictures, "06-gap", probe, {{port.number(), server_port}, {client.local_port(), client_port}},
      {"listen(3", "SIGTERM is delivered", "The handler of SIGTERM returns",
       "is blocked in accept4", "accept4(3) = 4", "ends: exit status 0"});
}

/// Step 07: the writer half-closes and ends, and the reader reads on.
void draw_half_close(Pictures& pictures) {
  lab::Probe probe({.film = true});
  lab::Listener listener;
  lab::ProcessOptions options{.arguments = {"127.0.0.1", std::to_string(listener.port())}};
  probe.attach(options);
  lab::Process client(lab::program("echo_mpclient"), options);
  lab::Connection server = listener.accept();
  client.type("hello\nq\n");
  const std::string line = server.receive_until_eof();
  await("the writer to be reaped", client, [&] { return says(probe, "waitpid("); });
  server.send(line);
  client.wait_for_line("message from server: hello");
  server.close();
  client.wait();
  add(pictures, "07-half-close", probe,
      {{listener.port(), server_port}, {server.remote_port(), client_port}},
      {"connect(3", "forks", "SHUT_WR", "is reaped", "read(3, 65536 bytes) = 6",
       "= 0, end of file"});
}

Pictures draw() {
  Pictures pictures;
  draw_one_delivery(pictures);
  draw_leak(pictures);
  draw_gap(pictures);
  draw_half_close(pictures);
  return pictures;
}

} // namespace

int main(int argc, char** argv) {
  return lab::make_live_pictures(argc, argv,
                                 {.name = "lab-film-pictures",
                                  .target = "film-pictures",
                                  .probed = "leaky_server",
                                  .make = draw});
}
