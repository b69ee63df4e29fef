#include "checks/mp_client.hpp"

#include "checks/check.hpp"
#include "checks/common.hpp"
#include "checks/settle.hpp"
#include "harness/idle.hpp"
#include "harness/process.hpp"
#include "harness/programs.hpp"
#include "harness/server.hpp"
#include "harness/tcp.hpp"

#include <algorithm>
#include <csignal>
#include <functional>
#include <future>
#include <optional>
#include <string_view>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

namespace lab::mp_client {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds at_once{0};

/// How long a single step of a conversation may take before the check gives up.
constexpr milliseconds step_limit{10'000};

/// A client under test, and the server that the check plays.
struct Session {
  explicit Session(const std::string& program, ProcessOptions options = {},
                   const std::string& address = "127.0.0.1")
      : listener(address), client(lab::program(program), [&] {
          options.arguments = {address, std::to_string(listener.port())};
          return std::move(options);
        }()) {
    const Deadline deadline(step_limit);
    while (!peer) {
      const bool ended = client.poll_exit().has_value(); // asked first: it may connect and end
      try {
        peer.emplace(listener.accept(milliseconds(50)));
      } catch (const Failure&) {
        expect(!ended && !deadline.passed(), "the client does not connect; ", report_of(client));
      }
    }
  }

  [[nodiscard]] pid_t pid() const { return client.pid(); }

  Listener listener;
  Process client;
  std::optional<Connection> peer;
};

/// How a client prints a line that comes back: what stands before it and after it.
struct Frame {
  std::string before;
  std::string after;
  std::size_t first; ///< the number of the next line of its output

  [[nodiscard]] std::string around(const std::string& line) const { return before + line + after; }
};

/// Sends a line and sees how it is printed: at once, while the connection stays open.
Frame learn(Session& session) {
  const std::string word = "the-first-line-to-come-back";
  session.peer->send(word + '\n');
  std::vector<std::string> lines;
  std::vector<std::string>::iterator found;
  settle(
      session.pid(), "the client to print the line that the server has sent",
      [&] {
        lines = session.client.lines();
        found = std::ranges::find_if(
            lines, [&](const std::string& line) { return line.find(word) != std::string::npos; });
        return found != lines.end();
      },
      [&] { return "sent: " + word + "; " + session.client.report(); }, step_limit);
  const auto at = found->find(word);
  return {.before = found->substr(0, at),
          .after = found->substr(at + word.size()),
          .first = static_cast<std::size_t>(found - lines.begin()) + 1};
}

/// Waits until the client has printed as many lines as were sent, and compares them.
void expect_printed(Session& session, const Frame& frame, const std::vector<std::string>& sent) {
  settle(
      session.pid(), "the client to print " + std::to_string(sent.size()) + " lines",
      [&] {
        // Seen before its output is: what it has printed by its end is then in.
        const bool ended = session.client.poll_exit().has_value();
        return session.client.lines().size() >= frame.first + sent.size() || ended;
      },
      [&] { return session.client.report(); }, patience);
  if (session.client.poll_exit()) {
    session.client.wait();
  }
  const auto printed = session.client.lines();
  for (std::size_t i = 0; i < sent.size(); ++i) {
    const std::size_t number = frame.first + i;
    if (number >= printed.size()) {
      throw Failure("the server sent " + std::to_string(sent.size()) + " lines, and after " +
                    std::to_string(i) + " of them the client printed no more; " +
                    session.client.report());
    }
    if (printed[number] != frame.around(sent[i])) {
      throw Failure("line " + std::to_string(i + 1) + " of " + std::to_string(sent.size()) +
                    " that the server sent:\n" + shown(sent[i], 200) +
                    "and what was printed for it (the first line as `" + frame.around("...") +
                    "`):\n" + shown(printed[number], 200));
    }
  }
}

/// Sends a piece and waits until the client has read all of it, so that the next is another read.
void send_piece(Session& session, std::string_view piece) {
  session.peer->send(piece);
  settle(
      session.pid(), "the client to read what the server has sent",
      [&] {
        const auto end = server_end(*session.peer); // the other end: here the client's
        return !end || end->receive_queue == 0;
      },
      [&] { return session.client.report(); }, step_limit);
}

/// Whether something has come from the client: it is not taken.
bool has_data(const Connection& peer) {
  char byte = 0;
  return ::recv(peer.fd(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

/// What the client sends until its end of file, which has to come: exactly `text`.
void expect_sent(Session& session, const std::string& text) {
  const std::string got = session.peer->receive(text.size(), step_limit);
  expect(got == text, "the client read from its standard input\n", shown(text, 400), "and sent\n",
         shown(got, 400));
}

void expect_end_of_sending(Session& session) {
  settle(
      session.pid(), "the client's half-close, which the server sees as end of file",
      [&] {
        if (has_data(*session.peer)) {
          throw Failure("after the last of its input the client sends more:\n" +
                        shown(session.peer->receive_some(200), 400));
        }
        return session.peer->at_eof(at_once);
      },
      [&] {
        return (session.peer->was_reset() ? "it has reset the connection; " : "") +
               session.client.report();
      },
      step_limit);
}

void expect_nothing_left(Session& session) {
  const auto left = session.client.left_behind();
  expect(left.empty(), "the client ", session.pid(),
         " has ended, and of its processes there are:\n", process_table(left));
}

/// How the client ends. What it leaves behind is for the checks of C5 to say, once.
void expect_exit(Session& session, int code, milliseconds limit = step_limit) {
  const Exit end = session.client.wait(limit);
  if (!end.exited || end.code != code) {
    throw Failure("the client ended with " + end.text() + ", where it has to be exit status " +
                  std::to_string(code) + "; " + session.client.report());
  }
  expect_clean(session.client);
}

void expect_error_line(Session& session) {
  expect(!session.client.error_lines().empty(),
         "the client ended with a failure, and without a line on standard error that says why; ",
         session.client.report());
}

/// `size` bytes, at the least, of lines of all lengths up to `longest`, each another one. There is
/// no `q` in them, not even for a client that takes a line in pieces.
std::vector<std::string> lines_of(std::size_t size, std::size_t longest = 200) {
  std::vector<std::string> lines;
  for (std::size_t total = 0; total < size; total += lines.back().size() + 1) {
    const std::size_t number = lines.size();
    std::string line = "line " + std::to_string(number) + ' ';
    line.append(number * 37 % longest, static_cast<char>('a' + number % 16));
    lines.push_back(std::move(line));
  }
  return lines;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) {
    text += line;
    text += '\n';
  }
  return text;
}

/// For megabytes: fewer lines, each still shorter than PIPE_BUF.
constexpr std::size_t long_line = 3900;

/// Runs the server's part beside the client's; what either throws is thrown.
void side_by_side(Session& session, const std::function<void(Connection&)>& server,
                  const std::function<void()>& client) {
  auto done = std::async(std::launch::async, [&] { server(*session.peer); });
  try {
    client();
  } catch (...) {
    session.client.kill_all(); // or the server's part would wait for it
    done.wait();
    throw;
  }
  try {
    done.get();
  } catch (const Failure& failure) {
    throw Failure(std::string(failure.what()) + "; " + session.client.report());
  }
}

void type(Session& session, const std::string& text) {
  expect(session.client.type(text, step_limit),
         "the client does not read its standard input: it has "
         "closed it or ended; ",
         session.client.report());
}

pid_t writer_of(Session& session) {
  pid_t writer = 0;
  settle(
      session.pid(), "the client to have a child process",
      [&] {
        const auto children = children_of(session.pid());
        writer = children.size() == 1 && !children.front().zombie() ? children.front().pid : 0;
        return writer != 0;
      },
      [&] {
        return "it has " + std::to_string(children_of(session.pid()).size()) + "; " +
               session.client.report();
      },
      step_limit);
  return writer;
}

void stop_process(pid_t pid) {
  ::kill(pid, SIGSTOP);
  wait_until("process " + std::to_string(pid) + " to stop", [&] {
    const auto info = process_info(pid);
    return !info || info->stopped();
  });
}

/// What lives on of a program that has ended. A zombie that has been handed to us does not: we
/// stand for init here, which reaps it.
std::vector<ProcessInfo> living(Process& program) {
  auto left = program.left_behind();
  std::erase_if(left, [](const ProcessInfo& process) {
    return process.zombie() && process.parent == ::getpid();
  });
  return left;
}

/// Ended by a signal, the client may leave its writer for a moment: the kernel tells it.
void expect_all_gone_soon(Process& client) {
  wait_until(
      "no process of the client to be left", [&] { return living(client).empty(); },
      [&] { return "left behind:\n" + process_table(living(client)); }, promptly);
}

} // namespace

void prints_a_line_at_once(const std::string& program) {
  Session session(program);
  const Frame frame = learn(session);
  std::vector<std::string> lines;
  for (int i = 0; i < 3; ++i) {
    lines.push_back("line " + std::to_string(i));
    session.peer->send(lines.back() + '\n');
    expect_printed(session, frame, lines);
  }
}

void prints_each_line_once_in_whatever_pieces(const std::string& program) {
  const std::vector<std::string> lines{"alpha", "beta gamma", "", "q", "delta"};
  const std::string text = joined(lines);

  Session session(program);
  Frame frame = learn(session);
  session.peer->send(text); // all in one
  expect_printed(session, frame, lines);
  frame.first += lines.size();
  for (const char& byte : text) {
    send_piece(session, {&byte, 1});
  }
  expect_printed(session, frame, lines);
  frame.first += lines.size();
  for (std::size_t cut = 1; cut < text.size(); ++cut) { // cut in two, anywhere
    send_piece(session, text.substr(0, cut));
    session.peer->send(text.substr(cut));
    expect_printed(session, frame, lines);
    frame.first += lines.size();
  }
  type(session, "q\n");
  expect_end_of_sending(session);
  session.peer->close();
  expect_exit(session, 0);
  int more = 0;
  const auto printed = session.client.lines();
  for (std::size_t i = frame.first; i < printed.size(); ++i) {
    more += !frame.before.empty() && printed[i].starts_with(frame.before) ? 1 : 0;
  }
  expect(more == 0, "the client printed ", more, " more messages than the server sent lines; ",
         session.client.report());
}

void prints_long_lines(const std::string& program) {
  Session session(program);
  const Frame frame = learn(session);
  std::vector<std::string> lines;
  for (const std::size_t size :
       {29U, 30U, 31U, 70U, 1023U, 1024U, 1025U, 4096U, 65536U, 100'000U}) {
    lines.push_back(std::string(size - 1, 'x') + 'y');
  }
  lines.emplace_back("short again");
  session.peer->send(joined(lines));
  expect_printed(session, frame, lines);
}

void prints_nul_bytes(const std::string& program) {
  using namespace std::string_literals;
  Session session(program);
  const Frame frame = learn(session);
  const std::vector<std::string> lines{"a\0b"s, "\0"s, "\0\0c"s, "\xff\xfe"s, "after"};
  session.peer->send(joined(lines));
  expect_printed(session, frame, lines);
}

void prints_a_last_line_without_newline(const std::string& program) {
  Session session(program);
  const Frame frame = learn(session);
  type(session, "q\n");
  expect_end_of_sending(session);
  session.peer->send("whole\nhalf");
  session.peer->close();
  expect_exit(session, 0);
  const std::string expected = frame.around("whole") + '\n' + frame.before + "half";
  expect(session.client.out().find(expected) != std::string::npos,
         "the server sent `whole`, a newline, and `half` without one, and closed; ",
         session.client.report());
}

void prints_each_line_in_one_write(const std::string& program) {
  Session session(program);
  const Frame frame = learn(session);
  if (!session.client.sees_writes()) {
    throw Skipped("this kernel's pipes do not keep writes apart (pipe(2), O_DIRECT)");
  }
  const std::vector<std::string> lines{"alpha", std::string(1000, 'b'), "gamma"};
  for (const std::string& line : lines) {
    for (std::size_t at = 0; at < line.size(); at += 100) {
      send_piece(session, line.substr(at, 100));
    }
    send_piece(session, "\n");
  }
  expect_printed(session, frame, lines);
  const auto writes = session.client.writes();
  for (const std::string& write : writes) {
    const auto newlines = std::ranges::count(write, '\n');
    expect(write.ends_with('\n') && newlines == 1, "a line is one write(2) with its newline, and ",
           "this is one of ", writes.size(), " writes, with ", newlines, " newlines:\n",
           shown(write, 400));
  }
}

void sends_what_it_reads(const std::string& program) {
  using namespace std::string_literals;
  Session session(program);
  const std::vector<std::string> lines{"hello"s, ""s, std::string(100'000, 'z'), "a\0b"s, "last"s};
  for (const std::string& line : lines) { // each at once, not at the end of its input
    const std::string text = line + '\n';
    type(session, text);
    expect_sent(session, text);
  }
}

void half_closes(const std::string& program, const std::string& last_input) {
  Session session(program);
  const Frame frame = learn(session);
  type(session, "one\ntwo\n");
  expect_sent(session, "one\ntwo\n");
  if (last_input.empty()) {
    session.client.close_input();
  } else {
    type(session, last_input + "what follows is not sent\n");
  }
  expect_end_of_sending(session);
  send_piece(session, "one\n"); // in a segment each: what comes in one is another check's affair
  send_piece(session, "two\n");
  expect_printed(session, frame, {"one", "two"});
  session.peer->close();
  expect_exit(session, 0);
}

void takes_as_data_what_is_not_q_alone(const std::string& program) {
  Session session(program);
  for (const char* line : {"qq\n", " q\n", "q \n", "Qq\n", "quit\n", "\n", "xq\n"}) {
    type(session, line);
    try {
      expect_sent(session, line);
    } catch (const Failure& failure) {
      throw Failure("typed: " + shown(line) + failure.what() + "; " + session.client.report());
    }
  }
  type(session, "q\n");
  expect_end_of_sending(session);
  session.peer->close();
  expect_exit(session, 0);
}

void takes_as_data_a_q_after_a_full_buffer(const std::string& program) {
  Session session(program);
  for (const std::size_t size :
       {28U, 29U, 63U, 99U, 127U, 255U, 511U, 1023U, 1024U, 4095U, 8191U}) {
    const std::string line = std::string(size, 'x') + "q\n"; // `q` alone, for who reads in pieces
    type(session, line);
    expect_sent(session, line);
  }
  type(session, "still here\nq\n");
  expect_sent(session, "still here\n");
  expect_end_of_sending(session);
}

void sends_a_last_line_without_newline(const std::string& program) {
  Session session(program);
  type(session, "whole\nhalf");
  session.client.close_input();
  expect_sent(session, "whole\nhalf");
  if (has_data(*session.peer)) { // a newline added to the last line does no harm
    expect_sent(session, "\n");
  }
  expect_end_of_sending(session);
  session.peer->close();
  expect_exit(session, 0);
}

void prints_what_comes_after_the_half_close(const std::string& program) {
  Session session(program);
  const Frame frame = learn(session);
  type(session, "q\n");
  expect_end_of_sending(session);
  const auto lines = lines_of(std::size_t{2} << 20, long_line);
  session.peer->send(joined(lines)); // the server has seen the end before it sends any of it
  expect_printed(session, frame, lines);
  expect(!session.client.poll_exit(), "the client ended before the server has closed; ",
         session.client.report());
  session.peer->close();
  expect_exit(session, 0);
}

void notices_that_the_server_closes_first(const std::string& program) {
  Session session(program);
  const Frame frame = learn(session);
  session.peer->send("the last\n");
  session.peer->close();
  expect_exit(session, 1, promptly); // its standard input stays open
  expect_error_line(session);
  expect_printed(session, frame, {"the last"});
}

void notices_a_reset(const std::string& program) {
  Session session(program);
  learn(session);
  session.peer->reset();
  expect_exit(session, 1, promptly);
  expect_error_line(session);
}

void notices_it_while_its_writer_is_blocked(const std::string& program) {
  Session session(program);
  learn(session);
  const pid_t writer = writer_of(session);
  // More than fits into the sockets' buffers; typed until the client takes no more of it.
  const std::string text = joined(lines_of(std::size_t{1} << 20, long_line));
  try {
    for (int i = 0; i < 64; ++i) {
      session.client.type(text, milliseconds(300)); // an idleness window: nothing is taken in it
    }
  } catch (const Failure&) { // NOLINT(bugprone-empty-catch): as it has to be
  }
  wait_until("the writer to be blocked", [&] {
    const auto info = process_info(writer);
    expect(info && !info->zombie(), "the writer has ended, and the server is still there; ",
           session.client.report());
    return info->state == 'S';
  });
  session.peer->close(); // with data unread: a reset
  expect_exit(session, 1, promptly);
  expect_error_line(session);
}

void gets_a_megabyte_back(const std::string& program) {
  Session session(program);
  const Frame frame = learn(session);
  const auto lines = lines_of(std::size_t{1} << 20);
  side_by_side(
      session,
      [](Connection& peer) {
        while (true) {
          const std::string piece = peer.receive_some(1000, step_limit);
          if (piece.empty()) {
            break;
          }
          peer.send(piece, step_limit);
        }
        peer.close();
      },
      [&] {
        type(session, joined(lines) + "q\n");
        expect_exit(session, 0, patience);
      });
  expect_printed(session, frame, lines);
}

void gets_a_megabyte_back_from_a_server_that_reads_first(const std::string& program) {
  Session session(program);
  const Frame frame = learn(session);
  const auto lines = lines_of(std::size_t{1} << 20);
  const std::string text = joined(lines);
  side_by_side(
      session,
      [&](Connection& peer) {
        std::string all = peer.receive(text.size(), patience);
        expect(peer.at_eof(step_limit), "a megabyte was piped in, and no half-close follows it");
        peer.send(all, patience);
        peer.close();
      },
      [&] {
        type(session, text + "q\n");
        expect_exit(session, 0, patience);
      });
  expect_printed(session, frame, lines);
}

void reads_while_its_writer_is_blocked(const std::string& program) {
  Session session(program);
  const Frame frame = learn(session);
  // More than the buffers of both sockets hold of what the server does not read.
  const std::string input = joined(lines_of(std::size_t{8} << 20, long_line));
  const auto lines = lines_of(std::size_t{4} << 20, long_line);
  side_by_side(
      session,
      [&](Connection& peer) {
        peer.send(joined(lines), patience); // and reads nothing until all of it has gone
        std::size_t got = 0;
        while (got < input.size()) {
          const std::string piece = peer.receive_some(65536, step_limit);
          expect(!piece.empty(), "of ", input.size(), " bytes piped in, the client sent ", got);
          got += piece.size();
        }
        expect(peer.at_eof(step_limit), "the input has ended, and no half-close follows it");
        peer.close();
      },
      [&] {
        type(session, input + "q\n");
        expect_exit(session, 0, patience);
      });
  expect_printed(session, frame, lines);
}

void is_two_processes_over_one_socket(const std::string& program) {
  Session session(program);
  learn(session);
  const pid_t writer = writer_of(session);
  for (const pid_t pid : {session.pid(), writer}) {
    const auto sockets = sockets_of(pid);
    expect(std::ranges::any_of(sockets,
                               [&](const SocketInfo& socket) {
                                 return socket.remote_port == session.listener.port();
                               }),
           "the ", pid == writer ? "child " : "parent ", pid,
           " does not hold the connection: ", describe(pid));
  }
}

void reads_and_writes_in_a_process_each(const std::string& program) {
  Session session(program);
  Frame frame = learn(session);
  const pid_t writer = writer_of(session);

  stop_process(writer);
  session.peer->send("while the writer is stopped\n");
  expect_printed(session, frame, {"while the writer is stopped"});
  ::kill(writer, SIGCONT);

  session.client.stop();
  type(session, "while the reader is stopped\n");
  try {
    expect_sent(session, "while the reader is stopped\n");
  } catch (const Failure& failure) {
    throw Failure("with the parent stopped, its child sends nothing of what is typed: " +
                  std::string(failure.what()));
  }
  session.client.resume();
  type(session, "q\n");
  expect_end_of_sending(session);
  session.peer->close();
  expect_exit(session, 0);
}

void leaves_nothing_after(const std::string& program, Way way) {
  Session session(program);
  learn(session);
  writer_of(session);
  switch (way) {
  case Way::q:
    type(session, "q\n");
    expect_end_of_sending(session);
    session.peer->close();
    break;
  case Way::end_of_file:
    type(session, "the last\n");
    expect_sent(session, "the last\n");
    session.client.close_input();
    expect_end_of_sending(session);
    session.peer->close();
    break;
  case Way::server_closes:
    session.peer->close();
    break;
  case Way::server_resets:
    session.peer->reset();
    break;
  }
  session.client.wait(step_limit);
  expect_nothing_left(session);
}

void has_no_zombie_after_its_half_close(const std::string& program) {
  Session session(program);
  const Frame frame = learn(session);
  type(session, "q\n");
  expect_end_of_sending(session);
  session.peer->send("I take my time\n");
  expect_printed(session, frame, {"I take my time"});
  settle(
      session.pid(), "the writer to be reaped (or not to have ended) while the server goes on",
      [&] {
        // Whoever is going to end has done so once all of them sleep.
        auto processes = children_of(session.pid());
        const bool zombie =
            std::ranges::any_of(processes, [](const ProcessInfo& p) { return p.zombie(); });
        const bool on_its_way =
            std::ranges::any_of(processes, [](const ProcessInfo& p) { return p.state != 'S'; });
        return !zombie && !on_its_way;
      },
      [&] { return session.client.report(); }, step_limit);
  session.peer->close();
  expect_exit(session, 0);
}

void ends_on(const std::string& program, int signal) {
  Session session(program);
  learn(session);
  writer_of(session);
  session.client.signal(signal);
  session.client.wait(promptly);
  expect_all_gone_soon(session.client);
  expect(session.peer->at_eof(promptly) || session.peer->was_reset(),
         "the client has ended, and its server does not see an end");
}

void ends_when_its_writer_is_killed(const std::string& program) {
  Session session(program);
  learn(session);
  ::kill(writer_of(session), SIGKILL);
  settle(
      session.pid(), "the server to see an end: nobody is left who could send",
      [&] { return session.peer->at_eof(at_once) || session.peer->was_reset(); },
      [&] { return session.client.report(); }, step_limit);
  session.peer->close();
  session.client.wait(promptly);
  expect_nothing_left(session);
}

void ends_when_its_reader_is_killed(const std::string& program) {
  Session session(program);
  learn(session);
  writer_of(session);
  session.client.signal(SIGKILL);
  session.client.wait(promptly);
  expect_all_gone_soon(session.client); // its standard input stays open
}

void ends_when_it_cannot_connect(const std::string& program) {
  const Port nobody = reserve_port();
  Process client(lab::program(program),
                 {.arguments = {"127.0.0.1", std::to_string(nobody.number())}});
  const Exit end = client.wait(step_limit);
  expect(end.exited && end.code == 1, "nobody listens on port ", nobody.number(), ": ", end.text(),
         ", where it has to be exit status 1; ", report_of(client));
  expect(client.left_behind().empty(), "left behind:\n", process_table(client.left_behind()));
}

namespace {

void expect_refused(const std::string& program,
                    const std::function<void(Process&, const std::string&)>& look) {
  const std::vector<std::vector<std::string>> wrong{{},
                                                    {"127.0.0.1"},
                                                    {"127.0.0.1", "9190", "more"},
                                                    {"127.0.0.1", "abc"},
                                                    {"127.0.0.1", ""},
                                                    {"127.0.0.1", "-1"},
                                                    {"127.0.0.1", "65536"},
                                                    {"127.0.0.1", "9190x"},
                                                    {"not-an-address", "9190"},
                                                    {"", "9190"}};
  for (const auto& arguments : wrong) {
    Process client(lab::program(program), {.arguments = arguments});
    const Exit end = client.wait(step_limit);
    expect(end.exited && end.code == 2, "wrong arguments end it with ", end.text(),
           ", where it has to be exit status 2; ", report_of(client));
    look(client, client.command());
  }
}

} // namespace

void refuses_wrong_arguments(const std::string& program) {
  expect_refused(program, [](Process& client, const std::string& command) {
    expect(!client.err().empty(), "`", command, "`: nothing on standard error says how it is used");
    expect(client.out().empty(), "`", command,
           "`: output other than the usage: ", report_of(client));
  });
}

void ends_when_its_output_fails(const std::string& program) {
  // /dev/full: every write fails with ENOSPC (full(4)).
  Listener listener;
  Process client("/bin/sh", {.arguments = {"-c", "exec \"$0\" \"$1\" \"$2\" >/dev/full",
                                           lab::program(program).string(), "127.0.0.1",
                                           std::to_string(listener.port())}});
  Connection peer = listener.accept(step_limit);
  peer.send("nobody will read this\n");
  client.type("q\n");
  expect(peer.at_eof(step_limit) || peer.was_reset(), "the client neither half-closes nor ends; ",
         report_of(client));
  peer.close(); // not before the client: that would be a failure of its own
  const Exit end = client.wait(step_limit);
  expect(end.exited && end.code != 0, "every write to standard output failed (ENOSPC), and the ",
         "client ended with ", end.text(), "; ", report_of(client));
  expect(!client.error_lines().empty(), "no line on standard error tells that writing failed; ",
         report_of(client));
}

void ends_when_its_output_is_closed_by_its_reader(const std::string& program) {
  Listener listener;
  Process shell("/bin/sh", {.arguments = {"-c", "\"$0\" \"$1\" \"$2\" | head -n 1",
                                          lab::program(program).string(), "127.0.0.1",
                                          std::to_string(listener.port())}});
  Connection peer = listener.accept(step_limit);
  const Deadline deadline(promptly);
  try {
    while (!peer.at_eof(at_once) && !deadline.passed()) {
      peer.send("one more line\n", step_limit); // until writing it fails with EPIPE
    }
  } catch (const Failure&) { // NOLINT(bugprone-empty-catch): a reset is an end, too
  }
  expect(!deadline.passed(), "whoever reads the client's output has gone, and it goes on; ",
         report_of(shell));
  shell.wait(promptly);
  expect_all_gone_soon(shell);
}

void sleeps_while_it_waits(const std::string& program) {
  Session session(program);
  learn(session);
  const pid_t writer = writer_of(session);
  expect_idle(session.pid());
  expect_idle(writer);
}

void sleeps_after_its_half_close(const std::string& program) {
  Session session(program);
  learn(session);
  type(session, "the last\n");
  expect_sent(session, "the last\n");
  session.client.close_input();
  expect_end_of_sending(session);
  expect_idle(session.pid());
  for (const ProcessInfo& child : children_of(session.pid())) {
    if (!child.zombie()) {
      expect_idle(child.pid);
    }
  }
}

void works_at_a_terminal(const std::string& program) {
  const ProcessOptions at_a_terminal{
      .input = Input::terminal, .output = Output::terminal, .errors = Output::terminal};
  {
    Session session(program, at_a_terminal);
    const Frame frame = learn(session);
    type(session, "typed\n");
    expect_sent(session, "typed\n");
    session.peer->send("typed\n");
    expect_printed(session, frame, {"typed"});
    session.client.close_input(); // Ctrl-D
    expect_end_of_sending(session);
    session.peer->close();
    expect_exit(session, 0);
  }
  Session session(program, at_a_terminal);
  learn(session);
  writer_of(session);
  type(session, "\x03"); // Ctrl-C goes to both processes
  session.client.wait(promptly);
  expect_all_gone_soon(session.client);
}

void works_over_ipv6(const std::string& program) {
  Session session(program, {}, "::1");
  const Frame frame = learn(session);
  type(session, "over IPv6\nq\n");
  expect_sent(session, "over IPv6\n");
  expect_end_of_sending(session);
  session.peer->send("over IPv6\n");
  expect_printed(session, frame, {"over IPv6"});
  session.peer->close();
  expect_exit(session, 0);
}

void says_that_it_is_connected_and_whose_message_it_prints(const std::string& program) {
  Session session(program);
  const std::string first = session.client.line(step_limit);
  expect(first == "connected",
         "once connected, the client's first line has to be `connected`; it "
         "is:\n",
         shown(first));
  session.peer->send("hello\n");
  const std::string second = session.client.line(step_limit);
  expect(second == "message from server: hello",
         "the server sent `hello`, and the client has to "
         "print `message from server: hello`; it printed:\n",
         shown(second));
}

void says_why_it_cannot_connect(const std::string& program) {
  const Port nobody = reserve_port();
  Process client(lab::program(program),
                 {.arguments = {"127.0.0.1", std::to_string(nobody.number())}});
  client.wait(step_limit);
  const std::string expected = client.name() + ": connect: Connection refused\n";
  expect(client.err() == expected, "standard error has to be\n", shown(expected), "and is\n",
         shown(client.err()));
}

void says_how_it_is_used(const std::string& program) {
  expect_refused(program, [](Process& client, const std::string& command) {
    const std::string expected = "usage: " + client.name() + " ADDRESS PORT";
    const auto lines = client.error_lines();
    expect(std::ranges::find(lines, expected) != lines.end(), "`", command,
           "`: no line on standard error is `", expected, "`:\n", shown(client.err()));
  });
}

} // namespace lab::mp_client
