// The checks of steps/07-half-close-client: a client of two processes over one socket (the
// contract's C promises). The server is played by the check itself. What the client does is seen on
// this server's socket and in /proc; only checks of what it prints look at its output. They learn
// from the first line that comes back how the client prints one. Only one of them needs the words
// of the contract, and only two need to see a line before the client ends.

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
#include <sstream>
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
      const auto end = client.poll_exit(); // asked first: it may connect and end
      try {
        peer.emplace(listener.accept(milliseconds(50)));
      } catch (const Failure&) {
        expect(!end, "the client does not connect. It has ended: ", end ? end->text() : "");
        expect(!deadline.passed(), "the client does not connect");
      }
    }
  }

  [[nodiscard]] pid_t pid() const { return client.pid(); }

  Listener listener;
  Process client;
  std::optional<Connection> peer;
};

/// The first line that the server sends: one that no client prints of its own accord.
constexpr std::string_view first_line = "the-first-line-to-come-back";

/// How a client prints a line that comes back: what stands before it and after it.
struct Frame {
  std::string before;
  std::string after;
  std::size_t next; ///< the number of the line of its output that follows the first

  [[nodiscard]] std::string around(const std::string& line) const { return before + line + after; }

  /// Whether a line of its output is a message, and not an empty line, say, between two.
  [[nodiscard]] bool is_message(const std::string& line) const {
    return !line.empty() && line.starts_with(before);
  }
};

/// From how the client has printed first_line; nothing as long as it has not.
std::optional<Frame> frame_of(const std::vector<std::string>& printed) {
  for (std::size_t i = 0; i < printed.size(); ++i) {
    if (const auto at = printed[i].find(first_line); at != std::string::npos) {
      return Frame{.before = printed[i].substr(0, at),
                   .after = printed[i].substr(at + first_line.size()),
                   .next = i + 1};
    }
  }
  return std::nullopt;
}

/// What is wrong with the messages that follow the first: they have to be those of `sent`, in this
/// order and no more. Empty if they are. Other lines among them are of no account.
std::string difference(const std::vector<std::string>& printed, const Frame& frame,
                       const std::vector<std::string>& sent) {
  std::size_t number = frame.next;
  for (std::size_t i = 0; i < sent.size(); ++i, ++number) {
    const std::string wanted = frame.around(sent[i]);
    while (number < printed.size() && printed[number] != wanted &&
           !frame.is_message(printed[number])) {
      ++number;
    }
    if (number >= printed.size()) {
      return text("the server sent ", sent.size(), " lines, and after ", i,
                  " of them the client printed no more");
    }
    if (printed[number] != wanted) {
      return text("line ", i + 1, " of ", sent.size(), " that the server sent:\n",
                  shown(sent[i], 200), "and what was printed for it (the first line as `",
                  frame.around("..."), "`):\n", shown(printed[number], 200));
    }
  }
  const auto more =
      frame.before.empty()
          ? 0
          : std::count_if(
                printed.begin() + static_cast<std::ptrdiff_t>(std::min(number, printed.size())),
                printed.end(), [&](const std::string& line) { return frame.is_message(line); });
  return more == 0 ? ""
                   : text("the client printed ", more, " more messages than the server sent lines");
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

std::string without(std::string_view text, std::string_view mark) {
  std::string rest;
  for (std::size_t at = 0; !mark.empty() && (at = text.find(mark)) != std::string_view::npos;) {
    rest += text.substr(0, at);
    text.remove_prefix(at + mark.size());
  }
  return rest.append(text);
}

/// For megabytes: fewer lines, each still shorter than PIPE_BUF.
constexpr std::size_t long_line = 3900;

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

void type(Session& session, const std::string& text) {
  if (!session.client.type(text, step_limit)) {
    const auto end = session.client.poll_exit();
    throw Failure("the client does not read its standard input: it has " +
                  (end ? "ended with " + end->text() : std::string("closed it")));
  }
}

/// The client sends exactly `text` next.
void expect_sent(Session& session, const std::string& text) {
  const std::string got = session.peer->receive(text.size(), step_limit);
  expect(got == text, "the client read from its standard input\n", shown(text, 400), "and sent\n",
         shown(got, 400));
}

/// One that never sleeps is for the checks of G4 to name.
void wait_until_asleep(Process& client) {
  const Deadline deadline(promptly);
  wait_until("the client to sleep", [&] {
    return deadline.passed() ||
           std::ranges::all_of(client.processes(), [](const ProcessInfo& process) {
             return process.state == 'S' || process.zombie();
           });
  });
}

/// A line each way, and then the client waits for more: it has read all that has come, and its
/// processes sleep. What it prints is not looked at.
void converse(Session& session) {
  type(session, "the first line that is typed\n");
  expect_sent(session, "the first line that is typed\n");
  send_piece(session, text(first_line, '\n'));
  wait_until_asleep(session.client);
}

/// Which of its processes still hold the connection: it has an end when none of them does.
std::string holders(Session& session) {
  std::string list;
  for (const ProcessInfo& process : session.client.processes()) {
    const bool parent = process.pid == session.pid();
    const bool holds = std::ranges::any_of(sockets_of(process.pid), [&](const SocketInfo& socket) {
      return socket.remote_port == session.listener.port();
    });
    list += text(list.empty() ? "" : ", ", parent ? "the parent " : "the child ", process.pid,
                 process.zombie() ? " has ended"
                 : holds          ? " still holds the connection"
                                  : " has closed its descriptor of the connection");
  }
  return list;
}

void expect_end_of_sending(Session& session) {
  settle(
      session.pid(), "the client to half-close, which the server sees as end of file",
      [&] {
        if (has_data(*session.peer)) {
          throw_sends_more(rest_of_sending(session.client, *session.peer));
        }
        return session.peer->at_eof(at_once);
      },
      [&] { return session.peer->was_reset() ? "it has reset the connection" : holders(session); },
      step_limit);
}

/// The server's answer is read although the client sends no more.
void expect_reads_on(Session& session, std::string_view answer) {
  const auto gone = [&] {
    return session.peer->was_reset() || session.client.poll_exit().has_value();
  };
  if (!gone()) {
    send_piece(session, answer);
  }
  expect(!gone(), "after its half-close the client reads no more, and the server has not closed: ",
         session.peer->was_reset() ? "the connection was reset" : "it has ended");
}

/// All that the client prints, at once or at its end: its input ends, and so does what the server
/// sends. How the client ends is for other checks to say.
std::vector<std::string> all_printed(Session& session) {
  try { // first all that is under way: how it half-closes is for other checks to say
    send_piece(session, "");
  } catch (const Failure&) { // NOLINT(bugprone-empty-catch): then it is what it has read by now
  }
  session.client.close_input();
  ::shutdown(session.peer->fd(), SHUT_WR); // fails if the client has reset the connection
  try {
    settle(session.pid(), "the client to end", [&] { return session.client.poll_exit(); });
    session.client.wait(step_limit);
  } catch (const Failure&) { // NOLINT(bugprone-empty-catch): then it is what it has printed by now
  }
  return session.client.lines();
}

/// What the client prints, when all of it is there, has to be these lines after the first one. Is
/// not even that one printed, it is for prints_what_comes_back to say so.
void expect_printed(Session& session, const std::vector<std::string>& sent) {
  const auto printed = all_printed(session);
  if (const auto frame = frame_of(printed)) {
    const std::string wrong = difference(printed, *frame, sent);
    expect(wrong.empty(), wrong);
  }
}

/// The same, but for where a line begins and ends, and for what else is among them: that is for
/// checks of lines. None of what came may be missing.
void expect_all_of_it_printed(Session& session, const std::vector<std::string>& sent) {
  const auto frame = frame_of(all_printed(session));
  if (!frame) {
    return;
  }
  std::string out = session.client.out();
  out.erase(0, out.find(first_line) + first_line.size() + frame->after.size());
  std::string wanted = joined(sent);
  for (const std::string& mark : {frame->before, frame->after, std::string("\n")}) {
    out = without(out, mark);
    wanted = without(wanted, mark);
  }
  if (out == wanted) {
    return;
  }
  std::size_t found = 0;
  for (const char byte : out) {
    found += found < wanted.size() && byte == wanted[found] ? 1U : 0U;
  }
  expect(found == wanted.size(), "of ", wanted.size(), " bytes that the server sent (newlines not ",
         "counted), ", found, " were printed; number ", found + 1, " is missing or wrong");
}

/// Whether the client prints the lines that it has read while the connection is open and quiet.
bool prints_at_once(Session& session, const std::vector<std::string>& sent) {
  try {
    settle(session.pid(), "the client to print what it has read", [&] {
      const auto printed = session.client.lines();
      const auto frame = frame_of(printed);
      return frame && difference(printed, *frame, sent).empty();
    });
    return true;
  } catch (const Failure&) {
    return false;
  }
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
std::string answered_after_the_end(Session& session) {
  converse(session);
  type(session, "one\ntwo\nq\n");
  expect_sent(session, "one\ntwo\n");
  expect(session.peer->at_eof() || session.peer->was_reset(), "the client's `q` brings no end");
  try {
    session.peer->send("one\ntwo\n");
    session.peer->close();
  } catch (const Failure&) { // NOLINT(bugprone-empty-catch): reset, which is the lesson
  }
  expect_exit(session, 0);
  return session.client.out();
}

bool prints_at_once_in_a_terminal(const std::string& program) {
  Session session(
      program, {.input = Input::terminal, .output = Output::terminal, .errors = Output::terminal});
  converse(session);
  return prints_at_once(session, {});
}

/// Stops all processes of the client while `what` comes to it, so that it finds all of it at once.
void while_stopped(Session& session, const std::function<void()>& what) {
  const auto processes = session.client.processes();
  for (const ProcessInfo& process : processes) {
    stop_process(process.pid);
  }
  what();
  for (const ProcessInfo& process : processes) {
    ::kill(process.pid, SIGCONT);
  }
}

} // namespace

bool sends_on(const std::string& more) {
  constexpr std::size_t much = 1000;
  return more.size() > much;
}

void throw_sends_more(const std::string& more) {
  if (sends_on(more)) { // told in the same words wherever it is seen
    throw Failure("after the end of its input the client sends on and on",
                  {.means = "there is no more to send. At end of file fgets returns NULL, getline "
                            "fails and read gives 0: a loop that does not look at it sends the "
                            "last line again, for ever",
                   .look = "steps/support/input.cpp; fgets(3), read(2)"});
  }
  const bool is_q = more == "q\n" || more == "Q\n" || more == "q" || more == "Q";
  throw Failure("after the last of its input the client sends more:\n" + shown(more, 400),
                is_q ? Advice{.means = "a line that is `q` alone asks the client to end. It is not "
                                       "sent: look at a line before you send it",
                              .look = "steps/support/input.cpp"}
                     : Advice{.means = "`q` and end of file end what the client sends: nothing is "
                                       "sent after them, and nothing twice",
                              .look = "steps/support/input.cpp; fgets(3), read(2)"});
}

std::string rest_of_sending(Process& client, Connection& peer) {
  constexpr std::size_t enough = std::size_t{1} << 20; // of a client that never stops
  std::string rest;
  Quiescence quiescence(client.pid());
  const Deadline deadline(step_limit);
  try {
    while (rest.size() < enough && !deadline.passed()) {
      const bool still = quiescence.reached(); // asked before the last look
      if (peer.has_something(milliseconds(still ? 0 : 10))) {
        const std::string piece = peer.receive_some();
        if (piece.empty()) {
          break;
        }
        rest += piece;
      } else if (still) {
        break;
      }
    }
  } catch (const Failure&) { // NOLINT(bugprone-empty-catch): a reset is an end, too
  }
  wait_until_asleep(client);
  return rest;
}

LAB_CHECK(connects, .sentence = "connects to the server whose address and port it is given",
          .promise = "C1", .marks = 1,
          .means = "all that this client does begins with its connection",
          .look = "steps/support/endpoint.hpp; connect(2)",
          .by_hand = "1: BIN/lab-scenes server-pieces 9190\n"
                     "2: PROGRAM 127.0.0.1 9190") {
  const Session session(subject.program);
}

LAB_CHECK(converses, .sentence = "sends a line when it is typed, and reads what comes back",
          .promise = "C4", .marks = 1,
          .means = "one process waits for what is typed, the other one for what the server sends",
          .look = "steps/07-half-close-client, [2] and [4]",
          .by_hand = "1: BIN/lab-scenes server-pieces 9190\n"
                     "2: PROGRAM 127.0.0.1 9190\n"
                     "2: hello\n"
                     "2: q",
          .needs = &connects) {
  Session session(subject.program);
  converse(session);
}

LAB_CHECK(is_two_processes_over_one_socket, .sentence = "is two processes over one socket",
          .promise = "C5", .marks = 1,
          .means = "fork gives the child a descriptor of the same socket",
          .look = "steps/07-half-close-client; fork(2)", .needs = &converses) {
  Session session(subject.program);
  converse(session);
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

LAB_CHECK(prints_what_comes_back, .sentence = "prints the lines that come back", .promise = "C1",
          .marks = 1,
          .means =
              "what read returns has to be written to standard output: by write(2), or by "
              "stdio. A process that leaves by _exit, or is killed, loses what stdio still has",
          .look = "steps/07-half-close-client, [4]; steps/support/replies.cpp",
          .by_hand = "1: BIN/lab-scenes server-pieces 9190\n"
                     "2: PROGRAM 127.0.0.1 9190\n"
                     "2: hello\n"
                     "2: q",
          .needs = &converses) {
  Session session(subject.program);
  converse(session);
  const auto printed = all_printed(session);
  expect(frame_of(printed).has_value(), "the server sent the line `", first_line,
         "`, the client read it, and it is not in what the client has printed by its end");
}

LAB_CHECK(prints_a_line_at_once, .sentence = "prints a line as soon as it has come back",
          .promise = "C1 G3", .marks = 1,
          .means = "TCP hands over bytes as they come, and stdio keeps them when output is no "
                   "terminal: print a line when its newline is there, and flush",
          .look = "steps/07-half-close-client, [4]; steps/support/output.hpp; setvbuf(3)",
          .by_hand = "1: BIN/lab-scenes server-pieces 9190\n"
                     "2: PROGRAM 127.0.0.1 9190 | cat\n"
                     "2: hello",
          .needs = &prints_what_comes_back) {
  Session session(subject.program);
  converse(session);
  std::vector<std::string> lines;
  bool prints = prints_at_once(session, lines);
  while (prints && lines.size() < 3) {
    lines.push_back(text("line ", lines.size()));
    send_piece(session, lines.back() + '\n');
    prints = prints_at_once(session, lines);
  }
  if (prints) {
    return;
  }
  const auto printed = all_printed(session);
  const auto frame = frame_of(printed);
  expect(frame.has_value(), "the server sent `", first_line, "`, and the client did not print it");
  const std::string wrong = difference(printed, *frame, lines);
  expect(wrong.empty(), wrong);
  throw Failure(text("the line came only when the program ended: it was in ",
                     prints_at_once_in_a_terminal(subject.program)
                         ? "stdio's buffer. (In a terminal the line is seen at once. This test "
                           "reads the output through a pipe.)"
                         : "a buffer of the program"));
}

LAB_CHECK(prints_each_line_once_in_whatever_pieces,
          .sentence = "prints each line once, in whatever pieces it comes", .promise = "C1",
          .marks = 2,
          .means = "a read returns any part of the stream: half a line, or two and a half. Only "
                   "the newline tells where a line ends",
          .look = "steps/07-half-close-client, [4]; steps/support/replies.cpp; read(2)",
          .needs = &prints_what_comes_back) {
  const std::vector<std::string> lines{"alpha", "beta gamma", "", "q", "delta"};
  const std::string text = joined(lines);
  std::vector<std::string> sent;
  const auto sent_once_more = [&] { sent.insert(sent.end(), lines.begin(), lines.end()); };

  Session session(subject.program);
  converse(session);
  send_piece(session, text); // all in one
  sent_once_more();
  for (const char& byte : text) {
    send_piece(session, {&byte, 1});
  }
  sent_once_more();
  for (std::size_t cut = 1; cut < text.size(); ++cut) { // cut in two, anywhere
    send_piece(session, text.substr(0, cut));
    send_piece(session, text.substr(cut));
    sent_once_more();
  }
  expect_printed(session, sent);
}

LAB_CHECK(prints_long_lines, .sentence = "prints lines of up to 100,000 bytes whole",
          .promise = "C1 G6", .marks = 2,
          .means = "a line may be longer than any buffer, and one as long as the buffer leaves no "
                   "room for the NUL after it",
          .look = "steps/support/replies.cpp; steps/07-half-close-client, [4]",
          .needs = &prints_each_line_once_in_whatever_pieces) {
  Session session(subject.program);
  converse(session);
  std::vector<std::string> lines;
  for (const std::size_t size : {29U, 30U, 31U, 70U, 1023U, 1024U, 1025U, 4096U, 16384U}) {
    lines.push_back(std::string(size - 1, 'x') + 'y');
  }
  while_stopped(session, [&] { // so one read may take as much as it asks for
    const std::string text = joined(lines);
    session.peer->send(text);
    wait_until("all of it to be there for the client to read", [&] {
      const auto end = server_end(*session.peer);
      return !end || end->receive_queue >= text.size();
    });
  });
  const std::vector<std::string> more{std::string(65536, 'x'), std::string(100'000, 'y'),
                                      "short again"};
  session.peer->send(joined(more));
  lines.insert(lines.end(), more.begin(), more.end());
  expect_printed(session, lines);
}

LAB_CHECK(prints_nul_bytes, .sentence = "prints NUL and all other bytes as they are",
          .promise = "C1 G6", .marks = 1,
          .means = "strlen and printf(\"%s\") end at a NUL: read's result says how much there is",
          .look = "steps/07-half-close-client, [4]; read(2), RETURN VALUE",
          .needs = &prints_what_comes_back) {
  using namespace std::string_literals;
  Session session(subject.program);
  converse(session);
  const std::vector<std::string> lines{"a\0b"s, "\0"s, "\0\0c"s, "\xff\xfe"s, "after"};
  for (const std::string& line : lines) {
    send_piece(session, line + '\n');
  }
  expect_printed(session, lines);
}

LAB_CHECK(prints_a_last_line_without_newline,
          .sentence = "prints a last line that comes without its newline", .promise = "C1 C2",
          .marks = 1, .means = "the end of the stream ends a line, too",
          .look = "steps/support/replies.cpp, finish", .needs = &prints_what_comes_back) {
  Session session(subject.program);
  converse(session);
  send_piece(session, "whole\n"); // in pieces of their own: a check above is about those
  send_piece(session, "half");
  all_printed(session);
  const std::string out = session.client.out();
  if (const auto frame = frame_of(session.client.lines())) {
    expect(out.find(frame->around("whole") + '\n') != std::string::npos &&
               out.find(frame->before + "half") != std::string::npos,
           "the server sent `whole`, a newline, and `half` without one, and closed");
  }
}

LAB_CHECK(prints_each_line_in_one_write,
          .sentence = "prints each line by one write with its newline", .promise = "G3", .marks = 1,
          .means = "two processes write to one terminal: what takes two writes can be cut in two",
          .look = "steps/support/output.hpp; write(2), pipe(7)", .needs = &prints_a_line_at_once) {
  Session session(subject.program);
  if (!session.client.sees_writes()) {
    throw Skipped("this kernel's pipes do not keep writes apart (pipe(2), O_DIRECT)");
  }
  converse(session);
  if (!prints_at_once(session, {})) {
    return; // a check of its own says so
  }
  const std::vector<std::string> lines{"alpha", std::string(1000, 'b'), "gamma"};
  for (const std::string& line : lines) {
    for (std::size_t at = 0; at < line.size(); at += 100) {
      send_piece(session, line.substr(at, 100));
    }
    send_piece(session, "\n");
  }
  prints_at_once(session, lines); // waits for them; whether they are right is for other checks
  const auto writes = session.client.writes();
  for (const std::string& write : writes) {
    std::istringstream text(write);
    std::string line;
    int whole = 0;
    while (std::getline(text, line)) {
      whole += line.empty() ? 0 : 1;
    }
    expect(write.ends_with('\n') && whole <= 1, "a line is one write(2) with its newline, and ",
           "this is one of ", writes.size(), " writes, with ", whole, " lines:\n",
           shown(write, 400));
  }
}

LAB_CHECK(sends_what_it_reads,
          .sentence = "sends each line when it is typed, of any length, byte for byte",
          .promise = "C4 G6", .marks = 1,
          .means = "a line may be longer than the buffer that fgets fills, and hold a NUL that "
                   "strlen takes for its end",
          .look = "steps/support/input.cpp; steps/07-half-close-client, [2]; fgets(3)",
          .needs = &converses) {
  using namespace std::string_literals;
  Session session(subject.program);
  const std::vector<std::string> lines{"hello"s, ""s, std::string(100'000, 'z'), "a\0b"s, "last"s};
  for (const std::string& line : lines) { // each at once, not at the end of its input
    const std::string text = line + '\n';
    type(session, text);
    expect_sent(session, text);
  }
  const std::string text = std::string(8191, 'p') + '\n'; // two pages: the least that a pipe holds
  while_stopped(session, [&] { type(session, text); });   // so one read may take all of it
  expect_sent(session, text);
}

static void half_closes(const std::string& program, const std::string& last_input) {
  Session session(program);
  converse(session);
  type(session, "one\ntwo\n");
  expect_sent(session, "one\ntwo\n");
  if (last_input.empty()) {
    session.client.close_input();
  } else {
    type(session, last_input + "what follows is not sent\n");
  }
  expect_end_of_sending(session);
  expect_reads_on(session, "one\n");
  expect_reads_on(session, "two\n");
  session.peer->close();
  expect_exit(session, 0);
}

LAB_CHECK(q_half_closes, .sentence = "`q` half-closes, and what comes back is still read",
          .promise = "C2", .marks = 2,
          .means = "shutdown(SHUT_WR) ends the sending of the connection in both processes: close "
                   "would take one descriptor away, and the server would see nothing",
          .look = "steps/07-half-close-client, [3]; shutdown(2)",
          .by_hand = "1: BIN/lab-scenes server-late 9190\n"
                     "2: PROGRAM 127.0.0.1 9190\n"
                     "2: hello\n"
                     "2: q",
          .needs = &converses) {
  half_closes(subject.program, "q\n");
}

LAB_CHECK(capital_q_half_closes, .sentence = "a capital `Q` half-closes as well", .promise = "C2",
          .marks = 1, .means = "`q` and `Q` are the same to the contract",
          .look = "steps/support/input.cpp", .needs = &q_half_closes) {
  half_closes(subject.program, "Q\n");
}

LAB_CHECK(end_of_file_half_closes,
          .sentence = "end of file half-closes, and what comes back is still read", .promise = "C2",
          .marks = 2,
          .means = "at end of file fgets returns NULL and leaves the buffer as it was: a client "
                   "that does not look at the result sends the last line again, for ever",
          .look = "steps/07-half-close-client, [2] and [3]; fgets(3), read(2)",
          .needs = &q_half_closes) {
  half_closes(subject.program, "");
}

LAB_CHECK(takes_as_data_what_is_not_q_alone, .sentence = "takes `qq`, ` q` and `quit` for data",
          .promise = "C2", .marks = 1, .means = "only `q` or `Q` alone on a line ends the client",
          .look = "steps/support/input.cpp; strcmp(3)", .needs = &converses) {
  Session session(subject.program);
  for (const char* line : {"qq\n", " q\n", "q \n", "Qq\n", "quit\n", "\n", "xq\n", "the last\n"}) {
    const std::string all(line);
    const Situation situation("typed `" + all.substr(0, all.size() - 1) + "` and a newline");
    type(session, line);
    expect_sent(session, line);
  }
}

LAB_CHECK(takes_as_data_a_q_after_a_full_buffer,
          .sentence = "takes a `q` at the end of a long line for data", .promise = "C2", .marks = 1,
          .means = "fgets gives a line that is longer than its buffer in pieces, and the last "
                   "piece may be `q` and a newline",
          .look = "steps/support/input.cpp; fgets(3)", .needs = &converses) {
  Session session(subject.program);
  for (const std::size_t size :
       {28U, 29U, 63U, 99U, 127U, 255U, 511U, 1023U, 1024U, 4095U, 8191U}) {
    const std::string line =
        std::string(size, 'x') + "q\n"; // `q` alone, for a client that reads in pieces
    type(session, line);
    expect_sent(session, line);
  }
  type(session, "still here\n");
  expect_sent(session, "still here\n");
}

LAB_CHECK(sends_a_last_line_without_newline,
          .sentence = "sends a last line without its newline, once", .promise = "C2", .marks = 1,
          .means = "end of file may come in the middle of a line",
          .look = "steps/support/input.cpp; fgets(3)", .needs = &converses) {
  Session session(subject.program);
  type(session, "whole\nhalf");
  session.client.close_input();
  expect_sent(session, "whole\nhalf");
  const std::string more = rest_of_sending(session.client, *session.peer);
  if (!more.empty() && more != "\n") { // a newline added to the last line does no harm
    throw_sends_more(more);
  }
}

LAB_CHECK(
    prints_what_comes_after_the_half_close,
    .sentence = "prints two megabytes that come after the half-close, until the server closes",
    .promise = "C2", .marks = 2,
    .means = "a half-close is the end of one direction: the other goes on for as long as the "
             "server likes",
    .look = "steps/07-half-close-client, [3] and [4]; shutdown(2); RFC 9293, 3.6",
    .needs = &q_half_closes) {
  Session session(subject.program);
  converse(session);
  type(session, "q\n");
  expect_end_of_sending(session);
  const auto lines = lines_of(std::size_t{2} << 20, long_line);
  session.peer->send(joined(lines)); // the server has seen the end before it sends any of it
  expect_reads_on(session, "");
  expect_all_of_it_printed(session, lines);
  expect_exit(session, 0);
}

LAB_CHECK(notices_that_the_server_closes_first,
          .sentence = "the server closes first: a line on standard error, exit status 1",
          .promise = "C3", .marks = 2,
          .means = "the writer waits for a line and does not see the server's end: the reader has "
                   "to end the writer",
          .look = "steps/07-half-close-client, [6] and [7]; kill(2), waitpid(2)",
          .needs = &converses) {
  Session session(subject.program);
  converse(session);
  session.peer->send("the last\n");
  session.peer->close();
  const Situation situation("the server closed first");
  try {
    expect_exit(session, 1, promptly); // its standard input stays open
  } catch (Failure& failure) {
    if (session.client.poll_exit()) {
      failure.advise({.means = "an end that the user has not asked for is a failure: the client "
                               "says so on standard error, and its exit status is 1",
                      .look = "steps/07-half-close-client, [6] and [7]"});
    }
    throw;
  }
  expect_error_line(session);
}

LAB_CHECK(notices_a_reset, .sentence = "the server resets: a line on standard error, exit status 1",
          .promise = "C3 G6", .marks = 2, .means = "read's -1 is an end, too, and not a good one",
          .look = "steps/07-half-close-client, [4] and [7]; read(2), ECONNRESET",
          .needs = &converses) {
  Session session(subject.program);
  converse(session);
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
    .look = "steps/07-half-close-client, [2] and [7]; write(2), EPIPE",
    .needs = &is_two_processes_over_one_socket) {
  Session session(subject.program);
  converse(session);
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

/// The server's end of a long talk: it waits until the client has no more to send.
static void take_leave(Session& session) {
  if (const std::string more = rest_of_sending(session.client, *session.peer); !more.empty()) {
    throw_sends_more(more);
  }
}

LAB_CHECK(gets_a_megabyte_back, .sentence = "a megabyte piped in comes back whole", .promise = "C4",
          .marks = 2,
          .means = "one process sends while the other receives: neither waits for the other",
          .look = "steps/07-half-close-client, [2] and [4]", .needs = &converses) {
  Session session(subject.program);
  converse(session);
  const auto lines = lines_of(std::size_t{1} << 20);
  const std::string text = joined(lines);
  side_by_side(
      session,
      [&](Connection& peer) {
        for (std::size_t got = 0; got < text.size();) {
          const std::string piece = peer.receive_some(1000, step_limit);
          expect(!piece.empty(), "of ", text.size(), " bytes piped in, the client sent ", got);
          got += piece.size();
          peer.send(piece, step_limit);
        }
        take_leave(session);
      },
      [&] { type(session, text + "q\n"); });
  expect_all_of_it_printed(session, lines);
}

LAB_CHECK(gets_a_megabyte_back_from_a_server_that_reads_first,
          .sentence = "a megabyte comes back from a server that reads all of it before it answers",
          .promise = "C4", .marks = 1,
          .means = "a client that waits for an answer to each line waits here for ever",
          .look = "steps/07-half-close-client, [2]", .needs = &converses) {
  Session session(subject.program);
  converse(session);
  const auto lines = lines_of(std::size_t{1} << 20);
  const std::string text = joined(lines);
  side_by_side(
      session,
      [&](Connection& peer) {
        const std::string all = peer.receive(text.size(), patience);
        take_leave(session);
        peer.send(all, patience);
      },
      [&] { type(session, text + "q\n"); });
  expect_all_of_it_printed(session, lines);
}

LAB_CHECK(reads_while_its_writer_is_blocked, .sentence = "reads on while the server takes nothing",
          .promise = "C4", .marks = 2,
          .means = "if both sides write and neither reads, both buffers fill up and both wait: "
                   "the reader must not depend on the writer",
          .look = "steps/07-half-close-client, [4] and [5]", .needs = &converses) {
  Session session(subject.program);
  converse(session);
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
        take_leave(session);
      },
      [&] { type(session, input + "q\n"); });
  expect_all_of_it_printed(session, lines);
}

LAB_CHECK(reads_and_writes_in_a_process_each,
          .sentence = "the child sends, the parent reads, neither waiting for the other",
          .promise = "C4", .marks = 2,
          .means = "with one of the two stopped, the other goes on with its part",
          .look = "steps/07-half-close-client, [2] and [4]",
          .needs = &is_two_processes_over_one_socket) {
  Session session(subject.program);
  converse(session);
  const pid_t writer = writer_of(session);

  stop_process(writer);
  {
    const Situation situation("with the child stopped, its parent reads nothing that comes back");
    send_piece(session, "while the writer is stopped\n");
  }
  ::kill(writer, SIGCONT);

  session.client.stop();
  type(session, "while the reader is stopped\n");
  {
    const Situation situation("with the parent stopped, its child sends nothing of what is typed");
    expect_sent(session, "while the reader is stopped\n");
  }
  session.client.resume();
}

enum class Way { q, end_of_file, server_closes, server_resets };

static void leaves_nothing_after(const std::string& program, Way way) {
  Session session(program);
  converse(session);
  switch (way) {
  case Way::q:
    type(session, "q\n");
    rest_of_sending(session.client, *session.peer);
    session.peer->close();
    break;
  case Way::end_of_file:
    type(session, "the last\n");
    expect_sent(session, "the last\n");
    session.client.close_input();
    rest_of_sending(session.client, *session.peer);
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
    .look = "steps/07-half-close-client, [5] and [7]; waitpid(2)",
    .needs = &is_two_processes_over_one_socket) {
  leaves_nothing_after(subject.program, Way::q);
}

LAB_CHECK(
    leaves_nothing_after_end_of_file, .sentence = "leaves no process behind after end of file",
    .promise = "C5 G5", .marks = 1,
    .means = "a process that ends before its child, or that does not wait for it, leaves it behind",
    .look = "steps/07-half-close-client, [5] and [7]; waitpid(2)",
    .needs = &is_two_processes_over_one_socket) {
  leaves_nothing_after(subject.program, Way::end_of_file);
}

LAB_CHECK(
    leaves_nothing_when_the_server_closes,
    .sentence = "leaves no process behind when the server closes first", .promise = "C5 G5",
    .marks = 2,
    .means = "the writer stays as an orphan, and waits for a line that no process needs any more",
    .look = "steps/07-half-close-client, [5] and [7]; waitpid(2)",
    .needs = &is_two_processes_over_one_socket) {
  leaves_nothing_after(subject.program, Way::server_closes);
}

LAB_CHECK(
    leaves_nothing_when_the_server_resets,
    .sentence = "leaves no process behind when the server resets", .promise = "C5 G5", .marks = 1,
    .means = "the writer stays as an orphan, and waits for a line that no process needs any more",
    .look = "steps/07-half-close-client, [5] and [7]; waitpid(2)",
    .needs = &is_two_processes_over_one_socket) {
  leaves_nothing_after(subject.program, Way::server_resets);
}

LAB_CHECK(has_no_zombie_after_its_half_close,
          .sentence = "no zombie stays between `q` and the server's end", .promise = "C5 G5",
          .marks = 2,
          .means = "the writer ends with its half-close, and the server may take hours. A reader "
                   "that reaps only at the end keeps a zombie until then",
          .look = "steps/07-half-close-client, [5]; waitpid(2)",
          .needs = &is_two_processes_over_one_socket) {
  Session session(subject.program);
  converse(session);
  type(session, "q\n");
  rest_of_sending(session.client, *session.peer);
  if (!session.peer->was_reset()) {
    send_piece(session, "I take my time\n");
  }
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
}

static void ends_on(const std::string& program, int signal) {
  Session session(program);
  converse(session);
  session.client.signal(signal);
  session.client.wait(promptly);
  expect_all_gone_soon(session.client);
  expect(session.peer->at_eof(promptly) || session.peer->was_reset(),
         "the client has ended, and its server does not see an end");
}

LAB_CHECK(ends_on_sigterm, .sentence = "SIGTERM to the client ends both processes", .promise = "C5",
          .marks = 1, .means = "a signal goes to one process: the writer is another",
          .look = "steps/07-half-close-client, [2] and [7]; kill(2), prctl(2), PR_SET_PDEATHSIG",
          .needs = &is_two_processes_over_one_socket) {
  ends_on(subject.program, SIGTERM);
}

LAB_CHECK(ends_on_sigint, .sentence = "SIGINT to the client ends both processes", .promise = "C5",
          .marks = 1, .means = "a signal goes to one process: the writer is another",
          .look = "steps/07-half-close-client, [2] and [7]; kill(2), prctl(2), PR_SET_PDEATHSIG",
          .needs = &is_two_processes_over_one_socket) {
  ends_on(subject.program, SIGINT);
}

LAB_CHECK(ends_when_its_writer_is_killed, .sentence = "ends when its writer is killed",
          .promise = "C5 G5", .marks = 1,
          .means = "without the writer no process half-closes, and the server waits for an end "
                   "that does not come: the reader has to notice",
          .look = "steps/07-half-close-client, [5]; poll(2), waitpid(2)",
          .needs = &is_two_processes_over_one_socket) {
  Session session(subject.program);
  converse(session);
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
          .look = "steps/07-half-close-client, [2]; prctl(2), PR_SET_PDEATHSIG; pipe(7)",
          .needs = &is_two_processes_over_one_socket) {
  Session session(subject.program);
  converse(session);
  session.client.signal(SIGKILL);
  session.client.wait(promptly);
  expect_all_gone_soon(session.client); // its standard input stays open
}

LAB_CHECK(ends_when_it_cannot_connect, .sentence = "ends with status 1 when no server listens",
          .promise = "G2", .marks = 1,
          .means = "when connect fails, the client ends, and a script has to see it",
          .look = "steps/support/error.hpp; connect(2)", .needs = &connects) {
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
          .look = "steps/support/arguments.cpp; strtol(3)", .needs = &connects) {
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
    .look = "steps/07-half-close-client, [4]; write(2), ENOSPC; full(4)",
    .needs = &prints_a_line_at_once) {
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
          .look = "steps/07-half-close-client, [4] and [7]; pipe(7), signal(7)",
          .needs = &prints_what_comes_back) {
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

static void expect_idle_family(Session& session) {
  constexpr milliseconds window{400};
  std::vector<std::pair<pid_t, std::string>> family{{session.pid(), "the client"}};
  for (const ProcessInfo& child : children_of(session.pid())) {
    if (!child.zombie()) {
      family.emplace_back(child.pid, "its child");
    }
  }
  expect_all_idle(family, window);
}

LAB_CHECK(sleeps_while_it_waits,
          .sentence = "uses no processor while nobody types and nothing comes", .promise = "G4",
          .marks = 1, .means = "a program that waits sleeps in a system call until its event",
          .look = "steps/07-half-close-client, [5]; poll(2)", .needs = &converses) {
  Session session(subject.program);
  converse(session);
  expect_idle_family(session);
}

LAB_CHECK(sleeps_after_its_half_close,
          .sentence = "uses no processor between its end of file and the server's",
          .promise = "G4 C2", .marks = 1,
          .means = "end of file can be read again and again, and poll calls it ready each time: "
                   "stop asking",
          .look = "steps/07-half-close-client, [5]; read(2), poll(2)", .needs = &converses) {
  Session session(subject.program);
  converse(session);
  type(session, "the last\n");
  expect_sent(session, "the last\n");
  session.client.close_input();
  if (sends_on(rest_of_sending(session.client, *session.peer))) {
    return; // that it never stops is for end_of_file_half_closes to say
  }
  expect_idle_family(session);
}

LAB_CHECK(works_at_a_terminal, .sentence = "works at a terminal, with Ctrl-D and Ctrl-C",
          .promise = "C2 C5", .marks = 1,
          .means = "Ctrl-D is end of file, Ctrl-C a SIGINT to both processes at once",
          .look = "steps/07-half-close-client, [7]; termios(3)",
          .needs = &end_of_file_half_closes) {
  const ProcessOptions at_a_terminal{
      .input = Input::terminal, .output = Output::terminal, .errors = Output::terminal};
  {
    Session session(subject.program, at_a_terminal);
    converse(session);
    type(session, "typed\n");
    expect_sent(session, "typed\n");
    send_piece(session, "typed\n");
    session.client.close_input(); // Ctrl-D
    expect_end_of_sending(session);
    expect_printed(session, {"typed"});
    expect_exit(session, 0);
  }
  Session session(subject.program, at_a_terminal);
  converse(session);
  type(session, "\x03"); // Ctrl-C goes to both processes
  session.client.wait(promptly);
  expect_all_gone_soon(session.client);
}

LAB_CHECK(works_over_ipv6, .sentence = "works over IPv6", .promise = "C1 C2", .marks = 1,
          .means = "ADDRESS is a numeric address, IPv4 or IPv6",
          .look = "steps/support/endpoint.hpp; getaddrinfo(3)", .needs = &q_half_closes) {
  needs_ipv6();
  Session session(subject.program, {}, "::1");
  converse(session);
  type(session, "over IPv6\nq\n");
  expect_sent(session, "over IPv6\n");
  expect_end_of_sending(session);
  session.peer->send("over IPv6\n");
  expect_printed(session, {"over IPv6"});
  expect_exit(session, 0);
}

LAB_CHECK(says_that_it_is_connected_and_whose_message_it_prints,
          .sentence = "prints `connected`, and `message from server: LINE` for a line",
          .promise = "C1", .marks = 1,
          .means = "the contract fixes these two lines; all other checks take any wording",
          .look = "steps/support/replies.cpp", .needs = &prints_what_comes_back) {
  Session session(subject.program);
  send_piece(session, "hello\n");
  send_piece(session, "and again\n");
  auto printed = all_printed(session);
  const std::vector<std::string> wanted{"connected", "message from server: hello",
                                        "message from server: and again"};
  printed.resize(std::min(printed.size(), wanted.size())); // exercise 07 prints one more
  expect(printed == wanted, "the server sent `hello` and `and again`. The client has to print\n",
         shown(joined(wanted)), "and it printed\n", shown(joined(printed)));
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
  const std::string line = ": connect: Connection refused\n";
  expect(client.err() == client.name() + line || client.err() == client.path() + line,
         "standard error has to be\n", shown(client.name() + line), "and is\n",
         shown(client.err()));
}

LAB_CHECK(says_how_it_is_used, .sentence = "says `usage: NAME ADDRESS PORT`", .promise = "G1",
          .marks = 1, .means = "a user who typed it wrong has to see what is right",
          .look = "steps/support/arguments.cpp", .needs = &refuses_wrong_arguments) {
  expect_refused(subject.program, [](Process& client, const std::string& command) {
    expect(says_usage(client, "ADDRESS PORT"), "`", command,
           "`: no line on standard error is `usage: ", client.name(), " ADDRESS PORT`:\n",
           shown(client.err()));
  });
}

LAB_CHECK(echo_mpclient_prints_the_answer,
          .sentence = "echo_mpclient prints what the server answers after it has seen the end",
          .promise = "C2", .marks = 2,
          .means = "shutdown(SHUT_WR) leaves the direction open in which the answer comes",
          .look = "steps/07-half-close-client, [3]; shutdown(2)", .needs = &q_half_closes) {
  Session session(subject.program);
  const std::string out = answered_after_the_end(session);
  const bool prints = out.find(first_line) != std::string::npos; // if not, another check says so
  expect(!prints ||
             (out.find("one\n") != std::string::npos && out.find("two\n") != std::string::npos),
         "the server answered `one` and `two` after the half-close");
}

LAB_CHECK(close_client_loses_the_answer,
          .sentence = "close_client loses what the server answers after it has seen the end",
          .promise = "C2", .marks = 1,
          .means = "the lesson needs the loss: close ends both directions",
          .look = "steps/07-half-close-client/close_client.cpp, [4]", .needs = &connects) {
  Session session("close_client");
  const std::string out = answered_after_the_end(session);
  expect(out.find("one") == std::string::npos && out.find("two") == std::string::npos,
         "what was answered after the end was printed");
}

LAB_CHECK(close_client_leaves_nothing_behind,
          .sentence = "close_client leaves no process behind, however it ends", .promise = "C3 C5",
          .marks = 1, .means = "it is echo_mpclient in all but its close",
          .look = "steps/07-half-close-client/close_client.cpp, [3] and [4]",
          .needs = &close_client_loses_the_answer) {
  for (const Way way : {Way::q, Way::end_of_file, Way::server_closes, Way::server_resets}) {
    leaves_nothing_after("close_client", way);
  }
}

} // namespace lab::mp_client
