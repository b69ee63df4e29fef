// The checks of steps/07-half-close-client: a client of two processes over one socket (the
// contract's C promises). The server is played by the check itself. Only the checks under "wording"
// need lines as the contract has them; the others learn from the first line that comes back how a
// client prints one.

#include "checks/check.hpp"
#include "checks/common.hpp"
#include "checks/mp_client.hpp"
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

constexpr Suite suite{.name = "step-07", .subject = {.program = "echo_mpclient"}};

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
        expect(!ended && !deadline.passed(), "the client does not connect");
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
      [&] { return "sent: " + word; }, step_limit);
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
      patience);
  if (session.client.poll_exit()) {
    session.client.wait();
  }
  const auto printed = session.client.lines();
  for (std::size_t i = 0; i < sent.size(); ++i) {
    const std::size_t number = frame.first + i;
    if (number >= printed.size()) {
      throw Failure("the server sent " + std::to_string(sent.size()) + " lines, and after " +
                    std::to_string(i) + " of them the client printed no more");
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
      step_limit);
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
      session.pid(), "the client to half-close, which the server sees as end of file",
      [&] {
        if (has_data(*session.peer)) {
          throw Failure("after the last of its input the client sends more:\n" +
                        shown(session.peer->receive_some(200), 400));
        }
        return session.peer->at_eof(at_once);
      },
      [&] { return session.peer->was_reset() ? "it has reset the connection" : ""; }, step_limit);
}

void expect_nothing_left(Session& session) {
  const auto left = session.client.left_behind();
  expect(left.empty(), "the client ", session.pid(),
         " has ended, and these of its processes are still there:\n", process_table(left));
}

/// How the client ends. What it leaves behind is for the checks of C5 to say, once.
void expect_exit(Session& session, int code, milliseconds limit = step_limit) {
  const Exit end = session.client.wait(limit);
  if (!end.exited || end.code != code) {
    throw Failure("the client ended with " + end.text() + " instead of exit status " +
                  std::to_string(code));
  }
  expect_clean(session.client);
}

void expect_error_line(Session& session) {
  expect(!session.client.error_lines().empty(),
         "the client ended with a failure, and no line on standard error says why");
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
  done.get();
}

void type(Session& session, const std::string& text) {
  expect(session.client.type(text, step_limit),
         "the client does not read its standard input: it has "
         "closed it or ended");
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
      [&] { return "it has " + std::to_string(children_of(session.pid()).size()); }, step_limit);
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

/// A server that answers only after it has seen the client's end: what of it does the client print?
std::string answered_after_the_end(Listener& listener, Process& client) {
  Connection peer = listener.accept();
  client.type("one\ntwo\n");
  const std::string lines = peer.receive(8);
  peer.send("at once\n");
  client.wait_for_line("at once");
  client.type("q\n");
  expect(peer.at_eof() || peer.was_reset(), "the client's `q` brings no end");
  try {
    peer.send(lines);
    peer.close();
  } catch (const Failure&) { // NOLINT(bugprone-empty-catch): reset, which is the lesson
  }
  const Exit end = client.wait();
  expect(end.success(), "the client ended with ", end.text());
  return client.out();
}

Process connected_client(const std::string& name, const Listener& listener) {
  return Process(program(name), {.arguments = {"127.0.0.1", std::to_string(listener.port())}});
}

} // namespace

LAB_CHECK(prints_a_line_at_once, .sentence = "prints a line as soon as it has come back",
          .promise = "C1 G3", .marks = 2,
          .means = "TCP hands over bytes as they come, and stdio keeps them when output is no "
                   "terminal: print a line when its newline is there, and flush",
          .look = "steps/07-half-close-client, [4]; steps/support/output.hpp; setvbuf(3)") {
  Session session(subject.program);
  const Frame frame = learn(session);
  std::vector<std::string> lines;
  for (int i = 0; i < 3; ++i) {
    lines.push_back("line " + std::to_string(i));
    session.peer->send(lines.back() + '\n');
    expect_printed(session, frame, lines);
  }
}

LAB_CHECK(prints_each_line_once_in_whatever_pieces,
          .sentence = "prints each line once, in whatever pieces it comes", .promise = "C1",
          .marks = 3,
          .means = "a read returns any part of the stream: half a line, or two and a half. Only "
                   "the newline tells where a line ends",
          .look = "steps/07-half-close-client, [4]; steps/support/replies.cpp; read(2)",
          .needs = &prints_a_line_at_once) {
  const std::vector<std::string> lines{"alpha", "beta gamma", "", "q", "delta"};
  const std::string text = joined(lines);

  Session session(subject.program);
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
  expect(more == 0, "the client printed ", more, " more messages than the server sent lines");
}

LAB_CHECK(prints_long_lines, .sentence = "prints lines of up to 100,000 bytes whole",
          .promise = "C1 G6", .marks = 2,
          .means = "a line may be longer than any buffer, and one as long as the buffer leaves no "
                   "room for the NUL after it",
          .look = "steps/support/replies.cpp; steps/07-half-close-client, [4]",
          .needs = &prints_a_line_at_once) {
  Session session(subject.program);
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

LAB_CHECK(prints_nul_bytes, .sentence = "prints NUL and all other bytes as they are",
          .promise = "C1 G6", .marks = 1,
          .means = "strlen and printf(\"%s\") end at a NUL: read's result says how much there is",
          .look = "steps/07-half-close-client, [4]; read(2), RETURN VALUE",
          .needs = &prints_a_line_at_once) {
  using namespace std::string_literals;
  Session session(subject.program);
  const Frame frame = learn(session);
  const std::vector<std::string> lines{"a\0b"s, "\0"s, "\0\0c"s, "\xff\xfe"s, "after"};
  session.peer->send(joined(lines));
  expect_printed(session, frame, lines);
}

LAB_CHECK(prints_a_last_line_without_newline,
          .sentence = "prints a last line that comes without its newline", .promise = "C1 C2",
          .marks = 1, .means = "the end of the stream ends a line, too",
          .look = "steps/support/replies.cpp, finish", .needs = &prints_a_line_at_once) {
  Session session(subject.program);
  const Frame frame = learn(session);
  type(session, "q\n");
  expect_end_of_sending(session);
  session.peer->send("whole\nhalf");
  session.peer->close();
  expect_exit(session, 0);
  const std::string expected = frame.around("whole") + '\n' + frame.before + "half";
  expect(session.client.out().find(expected) != std::string::npos,
         "the server sent `whole`, a newline, and `half` without one, and closed");
}

LAB_CHECK(prints_each_line_in_one_write,
          .sentence = "prints each line by one write with its newline", .promise = "G3", .marks = 1,
          .means = "two processes write to one terminal: what takes two writes can be cut in two",
          .look = "steps/support/output.hpp; write(2), pipe(7)", .needs = &prints_a_line_at_once) {
  Session session(subject.program);
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

LAB_CHECK(sends_what_it_reads,
          .sentence = "sends each line when it is typed, of any length, byte for byte",
          .promise = "C4 G6", .marks = 2,
          .means = "a line may be longer than the buffer that fgets fills, and hold a NUL that "
                   "strlen takes for its end",
          .look = "steps/support/input.cpp; steps/07-half-close-client, [2]; fgets(3)") {
  using namespace std::string_literals;
  Session session(subject.program);
  const std::vector<std::string> lines{"hello"s, ""s, std::string(100'000, 'z'), "a\0b"s, "last"s};
  for (const std::string& line : lines) { // each at once, not at the end of its input
    const std::string text = line + '\n';
    type(session, text);
    expect_sent(session, text);
  }
}

static void half_closes(const std::string& program, const std::string& last_input) {
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

LAB_CHECK(q_half_closes, .sentence = "`q` half-closes, and what comes back is still printed",
          .promise = "C2", .marks = 2,
          .means = "shutdown(SHUT_WR) ends the sending of the connection in both processes: close "
                   "would take one descriptor away, and the server would see nothing",
          .look = "steps/07-half-close-client, [3]; shutdown(2)") {
  half_closes(subject.program, "q\n");
}

LAB_CHECK(capital_q_half_closes, .sentence = "a capital `Q` half-closes as well", .promise = "C2",
          .marks = 1, .means = "`q` and `Q` are the same to the contract",
          .look = "steps/support/input.cpp") {
  half_closes(subject.program, "Q\n");
}

LAB_CHECK(end_of_file_half_closes,
          .sentence = "end of file half-closes, and what comes back is still printed",
          .promise = "C2", .marks = 2,
          .means = "at end of file fgets returns NULL and leaves the buffer as it was: a client "
                   "that does not look at the result sends the last line again, for ever",
          .look = "steps/07-half-close-client, [2] and [3]; fgets(3), read(2)") {
  half_closes(subject.program, "");
}

LAB_CHECK(takes_as_data_what_is_not_q_alone, .sentence = "takes `qq`, ` q` and `quit` for data",
          .promise = "C2", .marks = 1, .means = "only `q` or `Q` alone on a line ends the client",
          .look = "steps/support/input.cpp; strcmp(3)") {
  Session session(subject.program);
  for (const char* line : {"qq\n", " q\n", "q \n", "Qq\n", "quit\n", "\n", "xq\n"}) {
    type(session, line);
    const Situation situation("typed: " + shown(line));
    expect_sent(session, line);
  }
  type(session, "q\n");
  expect_end_of_sending(session);
  session.peer->close();
  expect_exit(session, 0);
}

LAB_CHECK(takes_as_data_a_q_after_a_full_buffer,
          .sentence = "takes a `q` at the end of a long line for data", .promise = "C2", .marks = 1,
          .means = "fgets gives a line that is longer than its buffer in pieces, and the last "
                   "piece may be `q` and a newline",
          .look = "steps/support/input.cpp; fgets(3)") {
  Session session(subject.program);
  for (const std::size_t size :
       {28U, 29U, 63U, 99U, 127U, 255U, 511U, 1023U, 1024U, 4095U, 8191U}) {
    const std::string line =
        std::string(size, 'x') + "q\n"; // `q` alone, for a client that reads in pieces
    type(session, line);
    expect_sent(session, line);
  }
  type(session, "still here\nq\n");
  expect_sent(session, "still here\n");
  expect_end_of_sending(session);
}

LAB_CHECK(sends_a_last_line_without_newline,
          .sentence = "sends a last line without its newline, once", .promise = "C2", .marks = 1,
          .means = "end of file may come in the middle of a line",
          .look = "steps/support/input.cpp; fgets(3)") {
  Session session(subject.program);
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

LAB_CHECK(
    prints_what_comes_after_the_half_close,
    .sentence = "prints two megabytes that come after the half-close, until the server closes",
    .promise = "C2", .marks = 2,
    .means = "a half-close is the end of one direction: the other goes on for as long as the "
             "server likes",
    .look = "steps/07-half-close-client, [3] and [4]; shutdown(2); RFC 9293, 3.6") {
  Session session(subject.program);
  const Frame frame = learn(session);
  type(session, "q\n");
  expect_end_of_sending(session);
  const auto lines = lines_of(std::size_t{2} << 20, long_line);
  session.peer->send(joined(lines)); // the server has seen the end before it sends any of it
  expect_printed(session, frame, lines);
  expect(!session.client.poll_exit(), "the client ended before the server has closed");
  session.peer->close();
  expect_exit(session, 0);
}

LAB_CHECK(notices_that_the_server_closes_first,
          .sentence = "the server closes first: a line on standard error, exit status 1",
          .promise = "C3", .marks = 2,
          .means = "the writer waits for a line and does not see the server's end: the reader has "
                   "to end the writer",
          .look = "steps/07-half-close-client, [6] and [7]; kill(2), waitpid(2)") {
  Session session(subject.program);
  const Frame frame = learn(session);
  session.peer->send("the last\n");
  session.peer->close();
  expect_exit(session, 1, promptly); // its standard input stays open
  expect_error_line(session);
  expect_printed(session, frame, {"the last"});
}

LAB_CHECK(notices_a_reset, .sentence = "the server resets: a line on standard error, exit status 1",
          .promise = "C3 G6", .marks = 2, .means = "read's -1 is an end, too, and not a good one",
          .look = "steps/07-half-close-client, [4] and [7]; read(2), ECONNRESET") {
  Session session(subject.program);
  learn(session);
  session.peer->reset();
  expect_exit(session, 1, promptly);
  expect_error_line(session);
}

LAB_CHECK(
    notices_it_while_its_writer_is_blocked,
    .sentence =
        "the server goes while the writer is blocked: a line on standard error, exit status 1",
    .promise = "C3 C5", .marks = 1,
    .means = "a write to a connection that is gone fails with EPIPE, or SIGPIPE ends the process. "
             "In both cases both processes have to end",
    .look = "steps/07-half-close-client, [2] and [7]; write(2), EPIPE") {
  Session session(subject.program);
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
    expect(info && !info->zombie(), "the writer has ended, and the server is still there");
    return info->state == 'S';
  });
  session.peer->close(); // with data unread: a reset
  expect_exit(session, 1, promptly);
  expect_error_line(session);
}

LAB_CHECK(gets_a_megabyte_back, .sentence = "a megabyte piped in comes back whole", .promise = "C4",
          .marks = 2,
          .means = "one process sends while the other receives: neither waits for the other",
          .look = "steps/07-half-close-client, [2] and [4]") {
  Session session(subject.program);
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

LAB_CHECK(gets_a_megabyte_back_from_a_server_that_reads_first,
          .sentence = "a megabyte comes back from a server that reads all of it before it answers",
          .promise = "C4", .marks = 1,
          .means = "a client that waits for an answer to each line waits here for ever",
          .look = "steps/07-half-close-client, [2]") {
  Session session(subject.program);
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

LAB_CHECK(reads_while_its_writer_is_blocked, .sentence = "reads on while the server takes nothing",
          .promise = "C4", .marks = 2,
          .means = "if both sides write and neither reads, both buffers fill up and both wait: "
                   "the reader must not depend on the writer",
          .look = "steps/07-half-close-client, [4] and [5]") {
  Session session(subject.program);
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

LAB_CHECK(is_two_processes_over_one_socket, .sentence = "is two processes over one socket",
          .promise = "C5", .marks = 1,
          .means = "fork gives the child a descriptor of the same socket",
          .look = "steps/07-half-close-client; fork(2)") {
  Session session(subject.program);
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

LAB_CHECK(reads_and_writes_in_a_process_each,
          .sentence = "the child sends, the parent prints, neither waiting for the other",
          .promise = "C4", .marks = 2,
          .means = "with one of the two stopped, the other goes on with its part",
          .look = "steps/07-half-close-client, [2] and [4]",
          .needs = &is_two_processes_over_one_socket) {
  Session session(subject.program);
  Frame frame = learn(session);
  const pid_t writer = writer_of(session);

  stop_process(writer);
  session.peer->send("while the writer is stopped\n");
  expect_printed(session, frame, {"while the writer is stopped"});
  ::kill(writer, SIGCONT);

  session.client.stop();
  type(session, "while the reader is stopped\n");
  {
    const Situation situation("with the parent stopped, its child sends nothing of what is typed");
    expect_sent(session, "while the reader is stopped\n");
  }
  session.client.resume();
  type(session, "q\n");
  expect_end_of_sending(session);
  session.peer->close();
  expect_exit(session, 0);
}

enum class Way { q, end_of_file, server_closes, server_resets };

static void leaves_nothing_after(const std::string& program, Way way) {
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

LAB_CHECK(
    leaves_nothing_after_q, .sentence = "leaves no process behind after `q`", .promise = "C5 G5",
    .marks = 1,
    .means = "a process that ends before its child, or that does not wait for it, leaves it behind",
    .look = "steps/07-half-close-client, [5] and [7]; waitpid(2)") {
  leaves_nothing_after(subject.program, Way::q);
}

LAB_CHECK(
    leaves_nothing_after_end_of_file, .sentence = "leaves no process behind after end of file",
    .promise = "C5 G5", .marks = 1,
    .means = "a process that ends before its child, or that does not wait for it, leaves it behind",
    .look = "steps/07-half-close-client, [5] and [7]; waitpid(2)") {
  leaves_nothing_after(subject.program, Way::end_of_file);
}

LAB_CHECK(
    leaves_nothing_when_the_server_closes,
    .sentence = "leaves no process behind when the server closes first", .promise = "C5 G5",
    .marks = 2,
    .means = "the writer stays as an orphan, and waits for a line that no process needs any more",
    .look = "steps/07-half-close-client, [5] and [7]; waitpid(2)") {
  leaves_nothing_after(subject.program, Way::server_closes);
}

LAB_CHECK(
    leaves_nothing_when_the_server_resets,
    .sentence = "leaves no process behind when the server resets", .promise = "C5 G5", .marks = 1,
    .means = "the writer stays as an orphan, and waits for a line that no process needs any more",
    .look = "steps/07-half-close-client, [5] and [7]; waitpid(2)") {
  leaves_nothing_after(subject.program, Way::server_resets);
}

LAB_CHECK(has_no_zombie_after_its_half_close,
          .sentence = "no zombie stays between `q` and the server's end", .promise = "C5 G5",
          .marks = 2,
          .means = "the writer ends with its half-close, and the server may take hours. A reader "
                   "that reaps only at the end keeps a zombie until then",
          .look = "steps/07-half-close-client, [5]; waitpid(2)") {
  Session session(subject.program);
  const Frame frame = learn(session);
  type(session, "q\n");
  expect_end_of_sending(session);
  session.peer->send("I take my time\n");
  expect_printed(session, frame, {"I take my time"});
  settle(
      session.pid(), "the writer to be reaped (or not to have ended) while the server goes on",
      [&] {
        // A process that is going to end has done so once all of them sleep.
        auto processes = children_of(session.pid());
        const bool zombie =
            std::ranges::any_of(processes, [](const ProcessInfo& p) { return p.zombie(); });
        const bool on_its_way =
            std::ranges::any_of(processes, [](const ProcessInfo& p) { return p.state != 'S'; });
        return !zombie && !on_its_way;
      },
      step_limit);
  session.peer->close();
  expect_exit(session, 0);
}

static void ends_on(const std::string& program, int signal) {
  Session session(program);
  learn(session);
  writer_of(session);
  session.client.signal(signal);
  session.client.wait(promptly);
  expect_all_gone_soon(session.client);
  expect(session.peer->at_eof(promptly) || session.peer->was_reset(),
         "the client has ended, and its server does not see an end");
}

LAB_CHECK(ends_on_sigterm, .sentence = "SIGTERM to the client ends both processes", .promise = "C5",
          .marks = 1, .means = "a signal goes to one process: the writer is another",
          .look = "steps/07-half-close-client, [2] and [7]; kill(2), prctl(2), PR_SET_PDEATHSIG") {
  ends_on(subject.program, SIGTERM);
}

LAB_CHECK(ends_on_sigint, .sentence = "SIGINT to the client ends both processes", .promise = "C5",
          .marks = 1, .means = "a signal goes to one process: the writer is another",
          .look = "steps/07-half-close-client, [2] and [7]; kill(2), prctl(2), PR_SET_PDEATHSIG") {
  ends_on(subject.program, SIGINT);
}

LAB_CHECK(ends_when_its_writer_is_killed, .sentence = "ends when its writer is killed",
          .promise = "C5 G5", .marks = 1,
          .means = "without the writer no process half-closes, and the server waits for an end "
                   "that does not come: the reader has to notice",
          .look = "steps/07-half-close-client, [5]; poll(2), waitpid(2)") {
  Session session(subject.program);
  learn(session);
  ::kill(writer_of(session), SIGKILL);
  settle(
      session.pid(), "the server to see an end, because no process is left that could send",
      [&] { return session.peer->at_eof(at_once) || session.peer->was_reset(); }, step_limit);
  session.peer->close();
  session.client.wait(promptly);
  expect_nothing_left(session);
}

LAB_CHECK(ends_when_its_reader_is_killed, .sentence = "the writer ends when its reader is killed",
          .promise = "C5 G5", .marks = 1,
          .means = "SIGKILL cannot be handled: the writer has to learn of it from the kernel",
          .look = "steps/07-half-close-client, [2]; prctl(2), PR_SET_PDEATHSIG; pipe(7)") {
  Session session(subject.program);
  learn(session);
  writer_of(session);
  session.client.signal(SIGKILL);
  session.client.wait(promptly);
  expect_all_gone_soon(session.client); // its standard input stays open
}

LAB_CHECK(ends_when_it_cannot_connect, .sentence = "ends with status 1 when no server listens",
          .promise = "G2", .marks = 1,
          .means = "when connect fails, the client ends, and a script has to see it",
          .look = "steps/support/error.hpp; connect(2)") {
  const Port nobody = reserve_port();
  Process client(lab::program(subject.program),
                 {.arguments = {"127.0.0.1", std::to_string(nobody.number())}});
  const Exit end = client.wait(step_limit);
  expect(end.exited && end.code == 1, "no server listens on port ", nobody.number(), ": ",
         end.text(), " instead of exit status 1");
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
           " instead of exit status 2");
    look(client, client.command());
  }
}

} // namespace

LAB_CHECK(refuses_wrong_arguments, .sentence = "ends with status 2 on wrong arguments",
          .promise = "G1", .marks = 1,
          .means = "a port that is no number must not become port 0, as atoi makes it",
          .look = "steps/support/arguments.cpp; strtol(3)") {
  expect_refused(subject.program, [](Process& client, const std::string& command) {
    expect(!client.err().empty(), "`", command, "`: nothing on standard error says how it is used");
    expect(client.out().empty(), "`", command, "`: output other than the usage: ");
  });
}

LAB_CHECK(
    ends_when_its_output_fails, .sentence = "ends with a failure when its output cannot be written",
    .promise = "G2 C5", .marks = 1,
    .means =
        "write fails, and with stdio only fflush tells of it. Lines were lost: that is no success",
    .look = "steps/07-half-close-client, [4]; write(2), ENOSPC; full(4)") {
  // /dev/full: every write fails with ENOSPC (full(4)).
  Listener listener;
  Process client("/bin/sh", {.arguments = {"-c", R"(exec "$0" "$1" "$2" >/dev/full)",
                                           lab::program(subject.program).string(), "127.0.0.1",
                                           std::to_string(listener.port())}});
  Connection peer = listener.accept(step_limit);
  peer.send("nobody will read this\n");
  client.type("q\n");
  expect(peer.at_eof(step_limit) || peer.was_reset(), "the client neither half-closes nor ends");
  peer.close(); // not before the client: that would be a failure of its own
  const Exit end = client.wait(step_limit);
  expect(end.exited && end.code != 0, "every write to standard output failed (ENOSPC), and the ",
         "client ended with ", end.text());
  expect(!client.error_lines().empty(), "no line on standard error tells that writing failed");
}

LAB_CHECK(ends_when_its_output_is_closed_by_its_reader,
          .sentence = "both processes end when the reader of the output has gone",
          .promise = "C5 G5", .marks = 1,
          .means = "a write to a pipe without a reader fails with EPIPE, or SIGPIPE ends the "
                   "process that writes. The other process has to end, too",
          .look = "steps/07-half-close-client, [4] and [7]; pipe(7), signal(7)") {
  Listener listener;
  Process shell("/bin/sh", {.arguments = {"-c", R"("$0" "$1" "$2" | head -n 1)",
                                          lab::program(subject.program).string(), "127.0.0.1",
                                          std::to_string(listener.port())}});
  Connection peer = listener.accept(step_limit);
  const Deadline deadline(promptly);
  try {
    while (!peer.at_eof(at_once) && !deadline.passed()) {
      peer.send("one more line\n", step_limit); // until writing it fails with EPIPE
    }
  } catch (const Failure&) { // NOLINT(bugprone-empty-catch): a reset is an end, too
  }
  expect(!deadline.passed(), "the reader of the client's output has gone, and the client goes on");
  shell.wait(promptly);
  expect_all_gone_soon(shell);
}

LAB_CHECK(sleeps_while_it_waits,
          .sentence = "uses no processor while nobody types and nothing comes", .promise = "G4",
          .marks = 1, .means = "a program that waits sleeps in a system call until its event",
          .look = "steps/07-half-close-client, [5]; poll(2)") {
  Session session(subject.program);
  learn(session);
  const pid_t writer = writer_of(session);
  expect_idle(session.pid());
  expect_idle(writer);
}

LAB_CHECK(sleeps_after_its_half_close,
          .sentence = "uses no processor between its end of file and the server's",
          .promise = "G4 C2", .marks = 1,
          .means = "end of file can be read again and again, and poll calls it ready each time: "
                   "stop asking",
          .look = "steps/07-half-close-client, [5]; read(2), poll(2)") {
  Session session(subject.program);
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

LAB_CHECK(works_at_a_terminal, .sentence = "works at a terminal, with Ctrl-D and Ctrl-C",
          .promise = "C2 C5", .marks = 1,
          .means = "Ctrl-D is end of file, Ctrl-C a SIGINT to both processes at once",
          .look = "steps/07-half-close-client, [7]; termios(3)") {
  const ProcessOptions at_a_terminal{
      .input = Input::terminal, .output = Output::terminal, .errors = Output::terminal};
  {
    Session session(subject.program, at_a_terminal);
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
  Session session(subject.program, at_a_terminal);
  learn(session);
  writer_of(session);
  type(session, "\x03"); // Ctrl-C goes to both processes
  session.client.wait(promptly);
  expect_all_gone_soon(session.client);
}

LAB_CHECK(works_over_ipv6, .sentence = "works over IPv6", .promise = "C1 C2", .marks = 1,
          .means = "ADDRESS is a numeric address, IPv4 or IPv6",
          .look = "steps/support/endpoint.hpp; getaddrinfo(3)") {
  needs_ipv6();
  Session session(subject.program, {}, "::1");
  const Frame frame = learn(session);
  type(session, "over IPv6\nq\n");
  expect_sent(session, "over IPv6\n");
  expect_end_of_sending(session);
  session.peer->send("over IPv6\n");
  expect_printed(session, frame, {"over IPv6"});
  session.peer->close();
  expect_exit(session, 0);
}

LAB_CHECK(says_that_it_is_connected_and_whose_message_it_prints,
          .sentence = "prints `connected`, and `message from server: LINE` for a line",
          .promise = "C1", .marks = 1,
          .means = "the contract fixes these two lines; all other checks take any wording",
          .look = "steps/support/replies.cpp", .needs = &prints_a_line_at_once) {
  Session session(subject.program);
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

LAB_CHECK(says_why_it_cannot_connect, .sentence = "says `NAME: connect: Connection refused`",
          .promise = "G2", .marks = 1,
          .means = "the line names the call that failed and why it failed: errno holds the reason, "
                   "and strerror gives its text",
          .look = "steps/support/error.hpp; strerror(3)", .needs = &ends_when_it_cannot_connect) {
  const Port nobody = reserve_port();
  Process client(lab::program(subject.program),
                 {.arguments = {"127.0.0.1", std::to_string(nobody.number())}});
  client.wait(step_limit);
  const std::string expected = client.name() + ": connect: Connection refused\n";
  expect(client.err() == expected, "standard error has to be\n", shown(expected), "and is\n",
         shown(client.err()));
}

LAB_CHECK(says_how_it_is_used, .sentence = "says `usage: NAME ADDRESS PORT`", .promise = "G1",
          .marks = 1, .means = "a user who typed it wrong has to see what is right",
          .look = "steps/support/arguments.cpp", .needs = &refuses_wrong_arguments) {
  expect_refused(subject.program, [](Process& client, const std::string& command) {
    const std::string expected = "usage: " + client.name() + " ADDRESS PORT";
    const auto lines = client.error_lines();
    expect(std::ranges::find(lines, expected) != lines.end(), "`", command,
           "`: no line on standard error is `", expected, "`:\n", shown(client.err()));
  });
}

LAB_CHECK(echo_mpclient_prints_the_answer,
          .sentence = "echo_mpclient prints what the server answers after it has seen the end",
          .promise = "C2", .marks = 2,
          .means = "shutdown(SHUT_WR) leaves the direction open in which the answer comes",
          .look = "steps/07-half-close-client, [3]; shutdown(2)") {
  Listener listener;
  Process client = connected_client("echo_mpclient", listener);
  const std::string out = answered_after_the_end(listener, client);
  expect(out.find("one\n") != std::string::npos && out.find("two\n") != std::string::npos,
         "the server answered `one` and `two` after the half-close");
}

LAB_CHECK(close_client_loses_the_answer,
          .sentence = "close_client loses what the server answers after it has seen the end",
          .promise = "C2", .marks = 1,
          .means = "the lesson needs the loss: close ends both directions",
          .look = "steps/07-half-close-client/close_client.cpp, [4]") {
  Listener listener;
  Process client = connected_client("close_client", listener);
  const std::string out = answered_after_the_end(listener, client);
  expect(out.find("one") == std::string::npos && out.find("two") == std::string::npos,
         "what was answered after the end was printed");
}

LAB_CHECK(close_client_leaves_nothing_behind,
          .sentence = "close_client leaves no process behind, however it ends", .promise = "C3 C5",
          .marks = 1, .means = "it is echo_mpclient in all but its close",
          .look = "steps/07-half-close-client/close_client.cpp, [3] and [4]") {
  for (const Way way : {Way::q, Way::end_of_file, Way::server_closes, Way::server_resets}) {
    leaves_nothing_after("close_client", way);
  }
}

} // namespace lab::mp_client
