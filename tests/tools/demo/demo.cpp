// lab-demo [--pace PERCENT] [--keys]
//
// The whole lesson as a film in the terminal: real processes, real sockets, and what the kernel
// shows of them. PERCENT makes the pauses longer, to read aloud (300), or leaves them out (0). With
// --keys each scene says what to look at, and begins when a key is pressed: for a class. Without a
// terminal it never waits for a key. The scenes themselves wait for events, never for time to pass.

#include "harness/deadline.hpp"
#include "harness/failure.hpp"
#include "harness/fd.hpp"
#include "harness/guard.hpp"
#include "harness/proc.hpp"
#include "harness/process.hpp"
#include "harness/programs.hpp"
#include "harness/server.hpp"
#include "tools/drawing/picture.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <poll.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

namespace {

using namespace std::chrono_literals;
using lab::Failure;
using lab::Line;
using lab::Paint;
using lab::Span;

using Milliseconds = std::chrono::milliseconds;

// The pauses, in all less than ten seconds.
constexpr Milliseconds to_look = 420ms;     // what to look at, before it comes
constexpr Milliseconds to_conclude = 500ms; // what was seen
constexpr Milliseconds to_take_in = 400ms;  // a picture
constexpr Milliseconds beat = 115ms;        // between a line and the next
constexpr Milliseconds keystroke = 20ms;

/// How long an event may take: far more than it does, far less than an audience would wait.
constexpr Milliseconds event_limit = 10s;

// Being stopped.

/// SIGINT, SIGTERM, ...: thrown from wherever the film is, so that every owner cleans up.
struct Stopped {
  int signal;
};

/// Signals that end the film. They stay blocked, here and in the harness's threads, and are taken
/// in where the film waits: none of them meets a half-started process.
class StopSignals {
public:
  StopSignals() {
    sigemptyset(&set_);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
      sigaddset(&set_, signal);
    }
    lab::or_throw(::sigprocmask(SIG_BLOCK, &set_, nullptr), "sigprocmask");
  }

  /// Sleeps. Throws Stopped.
  void sleep(Milliseconds time) const {
    const lab::Deadline deadline(time);
    do {
      const auto left = deadline.left();
      const timespec wait{.tv_sec = left.count() / 1000,
                          .tv_nsec = left.count() % 1000 * 1'000'000};
      if (const int signal = ::sigtimedwait(&set_, nullptr, &wait); signal > 0) {
        throw Stopped{signal};
      }
    } while (!deadline.passed());
  }

  /// Sleeps until there is something to read. Throws Stopped.
  void await_input(int fd) const {
    const lab::Fd signals(lab::or_throw(::signalfd(-1, &set_, SFD_CLOEXEC), "signalfd"));
    std::array<pollfd, 2> both{{{.fd = fd, .events = POLLIN, .revents = 0},
                                {.fd = signals.get(), .events = POLLIN, .revents = 0}}};
    lab::or_throw(::poll(both.data(), both.size(), -1), "poll");
    sleep(0ms); // no wait: throws if a signal has come
  }

private:
  sigset_t set_{};
};

/// The terminal gives each key at once, and shows none, as long as the owner lives.
class SingleKeys {
public:
  explicit SingleKeys(int terminal) : terminal_(terminal) {
    lab::or_throw(::tcgetattr(terminal_, &before_), "tcgetattr");
    termios now = before_;
    now.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    now.c_cc[VMIN] = 1;
    now.c_cc[VTIME] = 0;
    // What was typed before the question is no answer to it.
    lab::or_throw(::tcsetattr(terminal_, TCSAFLUSH, &now), "tcsetattr");
  }

  SingleKeys(const SingleKeys&) = delete;
  SingleKeys& operator=(const SingleKeys&) = delete;
  SingleKeys(SingleKeys&&) = delete;
  SingleKeys& operator=(SingleKeys&&) = delete;

  ~SingleKeys() { ::tcsetattr(terminal_, TCSANOW, &before_); }

private:
  int terminal_;
  termios before_{};
};

int stopped_by = 0; // the signal, once one has stopped the film

/// Ends this process by the signal that it was sent, for the shell to see.
void obey_stop_signal() {
  if (stopped_by != 0) {
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, stopped_by);
    ::signal(stopped_by, SIG_DFL);
    ::raise(stopped_by);
    ::sigprocmask(SIG_UNBLOCK, &one, nullptr);
  }
}

// The stage.

constexpr std::size_t indent = 3;

/// Where the film is shown: lines, colours and pauses.
class Stage {
public:
  Stage(const StopSignals& signals, int pace, bool keys)
      : signals_(signals), pace_(pace), typing_(::isatty(STDOUT_FILENO) == 1), keys_(keys) {}

  [[nodiscard]] const lab::Style& style() const { return style_; }

  void line(const Line& line = {}) { write(lab::text_of(line, style_) + "\n"); }

  void lines(const std::vector<Line>& lines) {
    for (const Line& one : lines) {
      line(one);
    }
  }

  /// The line, its last piece as somebody types it. Into a log, all at once.
  void typed(Line line) {
    Span text = std::move(line.back());
    line.pop_back();
    std::string start = lab::text_of(line, style_);
    for (const char key : text.text) {
      if (typing_) {
        write(start + lab::text_of({{std::string(1, key), text.paint}}, style_));
        start.clear();
      }
      pause(keystroke);
    }
    write(typing_ ? "\n" : start + lab::text_of({text}, style_) + "\n");
  }

  /// Time to read. A busy machine gets behind the plan, and shorter pauses make up for it.
  void pause(Milliseconds time) {
    time = time * pace_ / 100;
    planned_ += time;
    const auto late = std::max(elapsed() - planned_ + time, Milliseconds{0});
    signals_.sleep(std::max(time / 2, time - late));
  }

  /// Waits for a key, if keys are asked for and somebody can press one: the film has a terminal,
  /// and is in its foreground. Then true.
  bool await_key() {
    if (!keys_ || !typing_ || ::tcgetpgrp(STDIN_FILENO) != ::getpgrp()) {
      return false;
    }
    const auto before = elapsed();
    const SingleKeys single_keys(STDIN_FILENO);
    const std::string prompt = "(press a key)";
    write(std::string(indent, ' ') + lab::text_of({{prompt, Paint::dim}}, style_));
    signals_.await_input(STDIN_FILENO);
    char key = 0;
    keys_ = ::read(STDIN_FILENO, &key, 1) == 1; // else the terminal has gone
    write("\r" + std::string(indent + prompt.size(), ' ') + "\r");
    start_ += elapsed() - before; // that was no time of the film
    return true;
  }

  /// Waits for an event. Throws Failure when it does not come, Stopped when a signal does.
  template <typename Condition, typename Seen>
  auto await(std::string_view what, Condition condition, Seen seen) {
    return lab::wait_until(
        what,
        [&] {
          signals_.sleep(0ms);
          return condition();
        },
        seen, event_limit);
  }

  [[nodiscard]] Milliseconds elapsed() const {
    return std::chrono::duration_cast<Milliseconds>(lab::Clock::now() - start_);
  }

  /// The sum of the pauses so far, before any was shortened.
  [[nodiscard]] Milliseconds planned() const { return planned_; }

private:
  void write(std::string_view text) {
    signals_.sleep(0ms);
    while (!text.empty()) {
      const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
      if (written != -1) {
        text.remove_prefix(static_cast<std::size_t>(written));
      } else if (errno == EAGAIN) { // a terminal that somebody has made non-blocking
        signals_.sleep(5ms);
      } else if (errno != EINTR) {
        lab::throw_errno("write");
      }
    }
  }

  const StopSignals& signals_;
  int pace_;
  bool typing_;
  bool keys_;
  lab::Style style_ = lab::style_for(STDOUT_FILENO);
  lab::Clock::time_point start_ = lab::Clock::now();
  Milliseconds planned_{0};
};

/// `12.3 s`
std::string seconds(Milliseconds time) {
  const auto tenths = (time.count() + 50) / 100;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
}

// The actors.

/// A program on the stage, under a name.
struct Actor {
  std::string name;
  Paint paint;
  lab::Process& process;
  std::size_t shown = 0; // of its lines of output
};

constexpr std::size_t name_width = 11;

Span name_of(std::string_view name, Paint paint) {
  return {std::string(indent, ' ') + lab::padded(std::string(name), name_width), paint};
}

/// The film's own commands, `$ kill -STOP 4711`.
void show_command(Stage& stage, std::string_view name, Paint paint, const std::string& command) {
  stage.line({name_of(name, paint), {"$ ", Paint::dim}, {command, Paint::bold}});
}

/// Throws Failure when the program has ended and all it had to say is `count` lines.
void expect_more_lines(lab::Process& process, std::size_t count) {
  if (process.poll_exit()) {
    process.wait(event_limit); // until all its output is in
    if (process.lines().size() <= count) {
      throw Failure("ended too early: " + process.report());
    }
  }
}

/// The actor's next line of output, which has to contain `text`.
void show_line(Stage& stage, Actor& actor, std::string_view text) {
  std::string line;
  stage.await(
      "'" + std::string(text) + "' from " + actor.process.command(),
      [&] {
        const auto lines = actor.process.lines();
        if (lines.size() <= actor.shown) {
          expect_more_lines(actor.process, actor.shown);
          return false;
        }
        line = lines[actor.shown];
        return true;
      },
      [&] { return actor.process.report(); });
  ++actor.shown;
  if (line.find(text) == std::string::npos) {
    throw Failure("'" + line + "' instead of '" + std::string(text) + "'; " +
                  actor.process.report());
  }
  stage.line({name_of(actor.name, actor.paint), {line}});
}

/// Types a line into the actor's standard input, for all to see.
void type_line(Stage& stage, Actor& actor, const std::string& text) {
  stage.typed({name_of(actor.name, actor.paint), {text, Paint::bold}});
  actor.process.type(text + "\n");
}

void await_success(Stage& stage, lab::Process& process) {
  stage.await(
      "the end of " + process.command(), [&] { return process.poll_exit(); },
      [&] { return process.report(); });
  if (!process.wait(event_limit).success()) { // which is there, and now all its output is
    throw Failure("not exit status 0: " + process.report());
  }
}

lab::Process start_client(const std::string& program, const lab::Server& server) {
  return lab::Process(lab::program(program),
                      {.arguments = {server.address(), std::to_string(server.port())}});
}

/// The client's end of its connection, if there is one.
std::optional<lab::SocketInfo> socket_of(const lab::Process& client) {
  const auto sockets = lab::sockets_of(client.pid());
  return sockets.empty() ? std::nullopt : std::optional(sockets.front());
}

/// The server's child that holds the other end of the client's connection.
pid_t child_serving(Stage& stage, const lab::Process& client, lab::Server& server) {
  pid_t found = 0;
  stage.await(
      "a child of " + server.process().command() + " with the socket of its client",
      [&] {
        const auto socket = socket_of(client);
        for (const lab::ProcessInfo& child : server.children()) {
          for (const lab::SocketInfo& other : lab::sockets_of(child.pid)) {
            if (socket && other.remote_port == socket->local_port) {
              found = child.pid;
            }
          }
        }
        return found != 0;
      },
      [&] { return server.process().report(); });
  return found;
}

/// The film shows only its own processes: it looks into no others.
lab::Snapshot look_at(const std::vector<pid_t>& roots) {
  return lab::look_at(roots, {.everywhere = false});
}

/// Sends the signal and waits until the kernel shows the state.
void hold(Stage& stage, pid_t pid) {
  lab::or_throw(::kill(pid, SIGSTOP), "kill");
  stage.await(
      "process " + std::to_string(pid) + " to stop",
      [&] {
        const auto info = lab::process_info(pid);
        return info && info->stopped();
      },
      [&] { return lab::describe(pid); });
}

/// The socket descriptors among a process's, by number.
std::vector<int> socket_descriptors(pid_t pid) {
  std::vector<int> found;
  for (const lab::DescriptorInfo& descriptor : lab::descriptors_of(pid)) {
    if (descriptor.kind == lab::DescriptorInfo::Kind::socket) {
      found.push_back(descriptor.fd);
    }
  }
  return found;
}

std::string joined(const std::vector<int>& numbers) {
  std::string text;
  for (const int number : numbers) {
    text += (text.empty() ? "" : " ") + std::to_string(number);
  }
  return text.empty() ? "none" : text;
}

// The scenes. Each says in one line what to look at, and at its end, in one line, what was seen.

void open_scene(Stage& stage, int number, const std::string& title, const std::string& look) {
  stage.line();
  stage.line({{std::to_string(number) + ". " + title, Paint::bold}});
  stage.line({{std::string(indent, ' ')}, {"Look at ", Paint::bold}, {look}});
  if (!stage.await_key()) {
    stage.pause(to_look);
  }
}

void close_scene(Stage& stage, const std::string& conclusion) {
  stage.line({{std::string(indent, ' ')}, {"=> " + conclusion, Paint::green}});
  stage.pause(to_conclude);
}

/// Scenes 1 to 3: one server, two clients.
void play_server(Stage& stage) {
  open_scene(stage, 1, "One server, two clients at once",
             "which process prints what: neither client waits for the other.");
  lab::Server server("echo_mpserver");
  const std::string port = std::to_string(server.port());
  Actor parent{"server", Paint::magenta, server.process()};
  show_command(stage, parent.name, parent.paint, server.process().command());
  show_line(stage, parent, "listening on 127.0.0.1:" + port);
  stage.pause(beat);

  lab::Process process_a = start_client("echo_mpclient", server);
  Actor a{"client A", Paint::blue, process_a};
  show_command(stage, a.name, a.paint, process_a.command());
  show_line(stage, a, "connected");
  show_line(stage, parent, "connected client IP: 127.0.0.1 port: ");
  stage.pause(beat);

  lab::Process process_b = start_client("echo_mpclient", server);
  Actor b{"client B", Paint::cyan, process_b};
  show_command(stage, b.name, b.paint, process_b.command());
  show_line(stage, b, "connected");
  show_line(stage, parent, "connected client IP: 127.0.0.1 port: ");
  stage.pause(beat);

  for (const auto& [actor, text] : std::initializer_list<std::pair<Actor&, std::string>>{
           {a, "hello from A"}, {b, "and B here"}, {a, "A again"}}) {
    type_line(stage, actor, text);
    show_line(stage, actor, "message from server: " + text);
    stage.pause(beat);
  }
  stage.pause(to_conclude - beat);

  open_scene(stage, 2, "What the kernel shows of them",
             "which process holds which socket. A client's two processes share one.");
  const pid_t child_a = child_serving(stage, process_a, server);
  const pid_t child_b = child_serving(stage, process_b, server);
  stage.await(
      "each process to hold its one socket",
      [&] {
        const auto all = look_at({server.pid(), process_a.pid(), process_b.pid()}).members;
        return all.size() == 7 && std::all_of(all.begin(), all.end(), [](const auto& member) {
                 return member.sockets().size() == 1 && member.process.state == 'S';
               });
      },
      [&] {
        return lab::process_table(server.pid()) + lab::process_table(process_a.pid()) +
               lab::process_table(process_b.pid());
      });
  lab::ProcessTable table{.ports_only = true,
                          .notes = {{server.pid(), "the parent"},
                                    {child_a, "for A"},
                                    {child_b, "for B"},
                                    {process_a.pid(), "A reads"},
                                    {process_b.pid(), "B reads"}}};
  for (const lab::Process* client : {&process_a, &process_b}) {
    for (const lab::ProcessInfo& writer : lab::children_of(client->pid())) {
      table.notes[writer.pid] = client == &process_a ? "A writes" : "B writes";
    }
  }
  stage.lines(lab::draw(look_at({server.pid(), process_a.pid(), process_b.pid()}), table,
                        stage.style(), indent));
  stage.pause(to_take_in);
  close_scene(stage, "The parent holds no client's socket, and no child the listener.");

  open_scene(stage, 3, "A child ends, and is reaped",
             "the child's state. The parent is stopped, so it cannot reap.");
  table = {.sockets = false, .notes = table.notes};
  show_command(stage, "demo", Paint::dim, "kill -STOP " + std::to_string(server.pid()));
  hold(stage, server.pid());
  type_line(stage, a, "q");
  show_line(stage, parent, "client disconnected");
  await_success(stage, process_a);
  stage.await(
      "the zombie of process " + std::to_string(child_a),
      [&] {
        const auto child = lab::process_info(child_a);
        return child && child->zombie();
      },
      [&] { return lab::process_table(server.pid()); });
  table.notes[child_a] = "for A: ended, but not gone";
  stage.lines(lab::draw(look_at({server.pid()}), table, stage.style(), indent));
  stage.pause(to_take_in);
  show_command(stage, "demo", Paint::dim, "kill -CONT " + std::to_string(server.pid()));
  server.process().resume();
  show_line(stage, parent, "removed proc id: " + std::to_string(child_a));
  stage.await(
      "the server back in its wait",
      [&] {
        const auto now = look_at({server.pid()}).members;
        return now.size() == 2 && now.front().process.state == 'S';
      },
      [&] { return lab::process_table(server.pid()); });
  table.with_titles = false;
  stage.lines(lab::draw(look_at({server.pid()}), table, stage.style(), indent));
  close_scene(stage, "A zombie keeps how the child ended until its parent calls waitpid.");

  process_b.type("q\n");
  await_success(stage, process_b);
  server.process().signal(SIGTERM);
  await_success(stage, server.process());
}

/// The children of a program that waits at its terminal, a letter each; in groups of ten.
std::string letters(const std::vector<lab::ProcessInfo>& processes) {
  std::string text;
  for (std::size_t i = 0; i < processes.size(); ++i) {
    text += i > 0 && i % 10 == 0 ? " " : "";
    text += processes[i].state;
  }
  return text;
}

void play_zombies(Stage& stage) {
  open_scene(stage, 4, "Fifty children end together",
             "the Z's. SIGCHLD is not queued: one can stand for fifty ends.");
  for (const auto& [program, handler] : std::initializer_list<std::pair<std::string, std::string>>{
           {"reap_once", "# its handler calls waitpid once"},
           {"reap_all", "# its handler calls waitpid until none is left"}}) {
    // At a terminal it waits for Enter, and so can be looked at.
    lab::Process process(lab::program(program),
                         {.arguments = {"50"}, .input = lab::Input::terminal});
    Actor actor{program, program == "reap_once" ? Paint::magenta : Paint::blue, process, 1};
    stage.line({name_of(actor.name, actor.paint),
                {"$ ", Paint::dim},
                {lab::padded(process.command(), 14), Paint::bold},
                {handler, Paint::dim}});
    stage.await(
        "the end of the children of " + process.command(),
        [&] {
          expect_more_lines(process, 0);
          return !process.lines().empty();
        },
        [&] { return process.report(); });
    const auto children = lab::children_of(process.pid());
    const auto zombies = std::count_if(children.begin(), children.end(),
                                       [](const auto& child) { return child.zombie(); });
    Line picture{name_of("/proc", Paint::dim),
                 {std::to_string(zombies) + " zombies", zombies > 0 ? Paint::red : Paint::green}};
    if (!children.empty()) {
      picture.push_back({"  " + letters(children), Paint::red});
    }
    stage.line(picture);
    if ((zombies > 0) != (program == "reap_once")) {
      throw Failure("only reap_once should leave zombies: " + process.report());
    }
    stage.pause(2 * beat);
    process.type("\n");
    show_line(stage, actor, "reaped " + std::to_string(50 - zombies) + " of 50");
    await_success(stage, process);
    stage.pause(beat);
  }
  close_scene(stage, "One waitpid for each signal, as in most textbooks, is too few: use a loop.");
}

/// Two things side by side, what they do wrong on the left.
class Contrast {
public:
  Contrast(Stage& stage, const std::string& left, const std::string& right) : stage_(stage) {
    row("", {left, Paint::magenta}, {right, Paint::blue});
  }

  void row(const std::string& what, Span left, Span right) {
    if (!right.text.empty()) {
      left.text = lab::padded(std::move(left.text), 24);
    }
    stage_.line(
        {{std::string(indent, ' ') + lab::padded(what, 27)}, std::move(left), std::move(right)});
    stage_.pause(beat);
  }

private:
  Stage& stage_;
};

/// A server of step 05 and its clients.
struct Company {
  explicit Company(const std::string& program) : name(program), server(program) {}

  std::string name;
  lab::Server server;
  std::vector<lab::Process> clients{};
};

/// What comes after the last colon of an error: `NAME: CALL: REASON`.
std::string reason_of(const std::string& error) {
  const auto colon = error.rfind(": ");
  return colon == std::string::npos ? error : error.substr(colon + 2);
}

void play_descriptors(Stage& stage) {
  open_scene(stage, 5, "After fork both processes hold both sockets",
             "the parent's descriptors, if no process closes what it does not use.");
  std::array<Company, 2> both{Company("leaky_server"), Company("tidy_server")};
  Company& leaky = both[0];
  Company& tidy = both[1];
  const auto parents_sockets = [&](std::size_t in_leaky, Paint paint) {
    stage.await(
        "the parents' descriptors",
        [&] {
          return socket_descriptors(leaky.server.pid()).size() == in_leaky &&
                 socket_descriptors(tidy.server.pid()).size() == 1;
        },
        [&] {
          return lab::describe(leaky.server.pid()) + "\n" + lab::describe(tidy.server.pid());
        });
    return std::pair(Span{joined(socket_descriptors(leaky.server.pid())), paint},
                     Span{joined(socket_descriptors(tidy.server.pid()))});
  };

  Contrast contrast(stage, leaky.name, tidy.name);
  auto [left, right] = parents_sockets(1, Paint::plain);
  contrast.row("parent's sockets at first", left, right);
  for (Company& company : both) {
    for (int i = 0; i < 3; ++i) {
      company.clients.push_back(start_client("echo_mpclient", company.server));
    }
    for (const lab::Process& client : company.clients) {
      stage.await(
          "a connection", [&] { return client.has_line("connected"); },
          [&] { return company.server.process().report(); });
    }
    stage.await(
        "three children", [&] { return company.server.children().size() == 3; },
        [&] { return company.server.process().report(); });
  }
  std::tie(left, right) = parents_sockets(4, Paint::yellow);
  contrast.row("  with 3 clients", left, right);

  for (Company& company : both) {
    for (lab::Process& client : company.clients) {
      client.type("q\n");
    }
    stage.await(
        "the end of the children", [&] { return lab::children_of(company.server.pid()).empty(); },
        [&] { return company.server.process().report(); });
  }
  std::tie(left, right) = parents_sockets(4, Paint::red);
  contrast.row("  after they typed q", left, right);

  // The children have ended, and no other process would close: what has not come by now will never
  // come.
  const auto waiting = [](const lab::Process& client) {
    const auto socket = socket_of(client);
    return socket && socket->state == lab::TcpState::fin_wait2 &&
           lab::children_of(client.pid()).empty();
  };
  for (const lab::Process& client : leaky.clients) {
    stage.await(
        "a client in FIN_WAIT_2", [&] { return waiting(client); },
        [&] { return lab::describe(client.pid()); });
  }
  for (lab::Process& client : tidy.clients) {
    await_success(stage, client);
  }
  contrast.row("clients at end of file", {"0 of 3 (FIN_WAIT_2)", Paint::red}, {"3 of 3"});

  std::array<Span, 2> holders;
  std::array<Span, 2> restarted;
  for (std::size_t i = 0; i < both.size(); ++i) {
    Company& company = both.at(i);
    lab::Server& server = company.server;
    const lab::Process client = start_client("echo_mpclient", server);
    const pid_t child = child_serving(stage, client, server);
    stage.await(
        "a child of " + server.process().command() + " in its wait",
        [&] { return socket_descriptors(child).size() == (i == 0 ? 5 : 1); },
        [&] { return lab::describe(child); });
    server.process().signal(SIGKILL);
    stage.await(
        "the end of the parent", [&] { return server.process().poll_exit(); },
        [&] { return server.process().report(); });
    const bool held = lab::listening_socket_of(child).has_value();
    holders.at(i) = {held ? "child " + std::to_string(child) : "no process",
                     held ? Paint::red : Paint::plain};

    lab::Process again(lab::program(company.name), {.arguments = {std::to_string(server.port())}});
    std::string word;
    stage.await(
        "a word of " + again.command(),
        [&] {
          const auto lines = again.lines();
          const auto errors = again.error_lines();
          word = !lines.empty() ? lines.front() : !errors.empty() ? errors.front() : "";
          return !word.empty();
        },
        [&] { return again.report(); });
    const bool listens = word.starts_with("listening on ");
    if (listens != (i == 1)) {
      throw Failure("the port should be " + std::string(i == 1 ? "free" : "taken") + ": " +
                    again.report());
    }
    restarted.at(i) = listens ? Span{"listening"} : Span{reason_of(word), Paint::red};
  }
  contrast.row("parent killed: listener", holders[0], holders[1]);
  contrast.row("server started again", restarted[0], restarted[1]);
  close_scene(stage, "A socket is closed with its last descriptor: close what you do not use.");
}

void play_half_close(Stage& stage) {
  open_scene(stage, 6, "The client ends: close against half-close",
             "what comes back. The server's children are stopped until q is typed.");
  lab::Server server("echo_mpserver");
  std::array<lab::Process, 2> clients{start_client("close_client", server),
                                      start_client("echo_mpclient", server)};
  lab::Process& closes = clients[0];
  lab::Process& half_closes = clients[1];
  std::array<pid_t, 2> children{};
  std::array<Span, 2> queues;
  const std::string text = "one\ntwo\nthree\n";
  for (std::size_t i = 0; i < clients.size(); ++i) {
    const pid_t child = child_serving(stage, clients.at(i), server);
    children.at(i) = child;
    hold(stage, child);
    clients.at(i).type(text);
    stage.await(
        "the lines in the server's queue",
        [&] {
          // Stopped so early, it may not have closed its copy of the listener yet.
          return std::ranges::any_of(lab::sockets_of(child), [&](const lab::SocketInfo& socket) {
            return socket.state != lab::TcpState::listen && socket.receive_queue == text.size();
          });
        },
        [&] { return lab::describe(child); });
    queues.at(i) = {std::to_string(text.size()) + " bytes"};
  }
  Contrast contrast(stage, closes.name(), half_closes.name());
  contrast.row("typed", {"one, two, three"}, {"one, two, three"});
  contrast.row("queued at the server", queues[0], queues[1]);

  closes.type("q\n");
  await_success(stage, closes);
  half_closes.type("q\n");
  stage.await(
      "the half-close",
      [&] {
        const auto socket = socket_of(half_closes);
        return socket && socket->state == lab::TcpState::fin_wait2 &&
               lab::children_of(half_closes.pid()).empty();
      },
      [&] { return half_closes.report(); });
  contrast.row("typed q", {"closed, ended", Paint::red}, {"reads on (FIN_WAIT_2)"});

  for (const pid_t child : children) {
    lab::or_throw(::kill(child, SIGCONT), "kill");
  }
  await_success(stage, half_closes);
  std::array<std::vector<std::string>, 2> echoes;
  for (std::size_t i = 0; i < clients.size(); ++i) {
    for (const std::string& line : clients.at(i).lines()) {
      if (line.starts_with("message from server: ")) {
        echoes.at(i).push_back(line);
      }
    }
  }
  std::string what = "the server goes on";
  for (std::size_t i = 0; i < std::max({echoes[0].size(), echoes[1].size(), std::size_t{1}}); ++i) {
    const auto cell = [&](const std::vector<std::string>& lines) {
      return i < lines.size() ? Span{lines[i]}
             : i == 0         ? Span{"nothing: 3 echoes lost", Paint::red}
                              : Span{};
    };
    contrast.row(what, cell(echoes[0]), cell(echoes[1]));
    what.clear();
  }
  if (!echoes[0].empty() || echoes[1].size() != 3) {
    throw Failure("3 echoes should be lost and 3 printed; " + closes.report() + "\n" +
                  half_closes.report());
  }
  close_scene(stage, "close loses what is under way; shutdown(SHUT_WR) ends only the sending.");

  server.process().signal(SIGTERM);
  await_success(stage, server.process());
}

void play(Stage& stage) {
  stage.line({{"The multiprocess echo server, in a few seconds", Paint::bold},
              {": real processes, real sockets."}});
  stage.pause(beat);
  play_server(stage);
  play_zombies(stage);
  play_descriptors(stage);
  play_half_close(stage);

  // Only the guard of the harness is left of our processes.
  stage.await(
      "the end of all processes",
      [] {
        const auto left = lab::children_of(::getpid());
        return std::all_of(left.begin(), left.end(),
                           [](const auto& child) { return child.name == "lab-guard"; });
      },
      [] { return lab::process_table(::getpid()); });
  stage.line();
  stage.line({{"The end", Paint::bold},
              {" after " + seconds(stage.elapsed()) + ", for " + seconds(stage.planned()) +
               " of planned pauses. No process is left behind."}});
  stage.line({{"Now you: steps/README.md has the lessons, build/bin the programs.", Paint::dim}});
}

struct Options {
  int pace = 100; // in percent
  bool keys = false;
};

/// Nothing where the command line is wrong.
std::optional<Options> options_of(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view name(argv[i]);
    if (name == "--keys") {
      options.keys = true;
    } else if (name == "--pace" && i + 1 < argc) {
      const std::string_view text(argv[++i]);
      const auto [end, error] =
          std::from_chars(text.data(), text.data() + text.size(), options.pace);
      if (error != std::errc() || end != text.data() + text.size() || options.pace < 0 ||
          options.pace > 10'000) {
        return std::nullopt;
      }
    } else {
      return std::nullopt;
    }
  }
  return options;
}

} // namespace

int main(int argc, char** argv) {
  const auto options = options_of(argc, argv);
  if (!options) {
    std::fputs("usage: lab-demo [--pace PERCENT] [--keys]\n"
               "PERCENT of the pauses, 0 to 10000: 0 leaves them out, 300 gives time to talk\n"
               "--keys: each scene begins when a key is pressed; never waits without a terminal\n",
               stderr);
    return 2;
  }
  try {
    // Handlers of exit run in reverse: the signal comes once the guard too is gone.
    if (std::atexit(obey_stop_signal) != 0) {
      lab::throw_errno("atexit");
    }
    lab::guard_descendants();
    const StopSignals signals;
    try {
      Stage stage(signals, options->pace, options->keys);
      play(stage);
    } catch (const Stopped& stopped) {
      std::fputs("\nlab-demo: stopped; all that it started has ended\n", stderr);
      stopped_by = stopped.signal;
      return 128 + stopped.signal;
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "\nlab-demo: %s\n", error.what());
    return 1;
  }
  return 0;
}
