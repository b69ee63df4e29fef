// The checks of exercises/07-half-close-client: the client of step 07, and at its end the number of
// bytes that went out and came back.

#include "checks/at_once.hpp"
#include "checks/common.hpp"
#include "checks/mp_client.hpp"
#include "checks/probed.hpp"
#include "checks/settle.hpp"
#include "harness/programs.hpp"
#include "harness/server.hpp"

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <future>
#include <string>

#include <signal.h> // NOLINT(modernize-deprecated-headers): kill

namespace lab::exercise_07 {

namespace {

constexpr Suite suite{.name = "exercise-07", .subject = {.program = "echo_mpclient"}};

constexpr const char* program = "echo_mpclient";

// A client under test, connected to us.
struct Session {
  Process client;
  Connection peer;
};

Session start(Listener& listener, ProcessOptions options = {}) {
  options.arguments = {"127.0.0.1", std::to_string(listener.port())};
  Process client(lab::program(program), std::move(options));
  Connection peer = listener.accept(soon);
  return {.client = std::move(client), .peer = std::move(peer)};
}

std::string counts(std::uint64_t sent, std::uint64_t received) {
  return text("sent ", sent, " bytes, received ", received, " bytes");
}

// Which of the two numbers is wrong, if that is all. What the check means is about N.
Advice wrong_number(const std::string& line, std::uint64_t sent, std::uint64_t received) {
  if (line == text("sent ", received, " bytes, received ", sent, " bytes")) {
    return {.means = "the two numbers are swapped: N is what the writer has sent, and M what the "
                     "reader has received",
            .look = "TODO 4"};
  }
  if (line.starts_with(text("sent ", sent, " bytes, received "))) {
    return {.means = "N is right, and M is wrong. M is the sum of what read has returned: not what "
                     "was sent, and not what was printed",
            .look = "TODO 3; steps/07-half-close-client, [4]"};
  }
  return {};
}

// The last line of standard output, once the client has ended. Its exit status and what it leaves
// behind are for other checks.
void expect_counts(Session& session, const std::string& when, std::uint64_t sent,
                   std::uint64_t received) {
  const Situation situation(when);
  session.client.wait(soon);
  const auto lines = session.client.lines();
  const std::string wanted = counts(sent, received);
  const std::string last = lines.empty() ? "" : lines.back();
  if (last != wanted) {
    const bool there = std::ranges::find(lines, wanted) != lines.end();
    throw Failure(text("instead of `", wanted, "` the last line is `", last, "`",
                       there ? ". The right line comes before it" : ""),
                  wrong_number(last, sent, received));
  }
  if (std::ranges::count_if(
          lines, [](const std::string& line) { return line.starts_with("sent "); }) > 1) {
    throw Failure("the line is there more than once",
                  {.means = "one process prints it, at the very end: the reader, when its writer "
                            "has ended and all numbers are known",
                   .look = "TODO 4"});
  }
  expect_clean(session.client);
}

// Waits until the client has read all that we have sent.
void wait_until_read(Session& session) {
  settle(session.client.pid(), "the client to read what the server has sent", [&] {
    const auto end = server_end(session.peer); // the other end: here the client's
    return !end || end->receive_queue == 0;
  });
}

void expect_input(Session& session, const std::string& wanted) {
  const Situation situation(text("typed ", wanted.size(), " bytes, for the server"));
  const std::string got = session.peer.receive(wanted.size(), soon);
  expect(got == wanted, "typed\n", shown(wanted, 200), "and sent\n", shown(got, 200));
}

// How many bytes come until the client has come to rest, or the server sees an end. That it sends
// nothing after its `q` is for another check to say: here what has come counts.
std::uint64_t rest(Session& session) {
  const std::string more = mp_client::rest_of_sending(session.client, session.peer);
  if (mp_client::sends_on(more)) {
    mp_client::throw_sends_more(more);
  }
  return more.size();
}

bool has_ended(Connection& peer) {
  return peer.at_eof(std::chrono::milliseconds(0)) || peer.was_reset();
}

} // namespace

// What all others need.
LAB_TAKE_FOR(mp_client::connects, -1)
LAB_TAKE_FOR(mp_client::converses, -1)
LAB_TAKE_FOR(mp_client::q_half_closes, -1)
LAB_TAKE_FOR(mp_client::prints_what_comes_back, -1)
LAB_TAKE_FOR(mp_client::prints_a_line_at_once, -1)

// What the client of step 07 promises, in so far as the counting can break it.

LAB_CHECK(prints_the_contracts_lines,
          .sentence = "prints `connected`, and `message from server: LINE` for a line",
          .promise = "C1", .marks = -1, .means = "the contract fixes these lines",
          .look = "steps/support/replies.cpp",
          .by_hand = "1: BIN/lab-scenes server-pieces 9190\n"
                     "2: PROGRAM 127.0.0.1 9190\n"
                     "2: hello\n"
                     "2: q",
          .needs = &mp_client::prints_what_comes_back) {
  run_part(mp_client::says_that_it_is_connected_and_whose_message_it_prints, subject);
}

LAB_CHECK(
    prints_each_line_once_and_whole,
    .sentence = "prints each line once and whole, in whatever pieces, however long, whatever bytes",
    .promise = "C1 G3 G6", .marks = -1,
    .means = "a read gives what has come by then: a part of a line, a line or many, with "
             "any bytes in them; what has no newline yet is kept for the next read",
    .look = "steps/07-half-close-client, [4]; steps/support/replies.cpp; read(2)",
    .by_hand = "1: BIN/lab-scenes server-pieces 9190\n"
               "2: PROGRAM 127.0.0.1 9190\n"
               "2: hello\n"
               "2: q",
    .needs = &mp_client::prints_what_comes_back) {
  run_part(mp_client::prints_each_line_once_in_whatever_pieces, subject);
  run_part(mp_client::prints_long_lines, subject);
  run_part(mp_client::prints_nul_bytes, subject);
  run_part(mp_client::prints_each_line_in_one_write, subject);
}

LAB_CHECK(says_what_is_wrong, .sentence = "says how it is used, and why it cannot connect",
          .promise = "G1 G2", .marks = -1,
          .means = "wrong arguments give `usage: NAME ARGS` and exit status 2. A call that fails "
                   "gives `NAME: CALL: REASON` and exit status 1",
          .look = "steps/support/error.hpp and arguments.cpp; strerror(3)",
          .by_hand = "1: PROGRAM\n"
                     "1: echo $?\n"
                     "1: PROGRAM 127.0.0.1 9190\n"
                     "1: echo $?",
          .needs = &mp_client::connects) {
  run_part(mp_client::refuses_wrong_arguments, subject);
  run_part(mp_client::says_how_it_is_used, subject);
  run_part(mp_client::ends_when_it_cannot_connect, subject);
  run_part(mp_client::says_why_it_cannot_connect, subject);
}

LAB_CHECK(sleeps_while_it_waits, .sentence = "uses no processor while it waits", .promise = "G4",
          .marks = -1,
          .means = "both processes sleep until there is something to do: also when their input "
                   "has ended, and the server goes on",
          .look = "steps/07-half-close-client, [5]; poll(2)",
          .by_hand = "1: BIN/lab-scenes server-pieces 9190\n"
                     "2: PROGRAM 127.0.0.1 9190\n"
                     "3: ps -o pid,stat,time,comm -p PID --ppid PID",
          .needs = &mp_client::converses, .waits = true) {
  run_part(mp_client::sleeps_while_it_waits, subject);
  run_part(mp_client::sleeps_after_its_half_close, subject);
}

LAB_CHECK(reads_and_writes_in_a_process_each,
          .sentence = "the child sends, the parent reads, neither waiting for the other",
          .promise = "C4", .marks = -1,
          .means = "two processes over one socket: with one of them stopped, the other goes on "
                   "with its part",
          .look = "steps/07-half-close-client, [2] and [4]; fork(2)",
          .by_hand = "1: BIN/lab-scenes server-stalls 9190\n"
                     "2: yes | PROGRAM 127.0.0.1 9190",
          .needs = &mp_client::converses) {
  run_part(mp_client::reads_and_writes_in_a_process_each, subject);
}

LAB_CHECK(
    half_closes,
    .sentence =
        "half-closes at `q`, `Q` or end of file, sends all before, and prints what comes back",
    .promise = "C2", .marks = -1,
    .means = "a half-close is the end of one direction: the other goes on. Only a `q` that is "
             "alone on its line asks for it",
    .look = "steps/07-half-close-client, [2] and [3]; steps/support/input.cpp; shutdown(2)",
    .by_hand = "1: BIN/lab-scenes server-late 9190\n"
               "2: PROGRAM 127.0.0.1 9190\n"
               "2: hello\n"
               "2: Q",
    .needs = &mp_client::q_half_closes) {
  run_part(mp_client::end_of_file_half_closes, subject);
  run_part(mp_client::capital_q_half_closes, subject);
  run_part(mp_client::takes_as_data_what_is_not_q_alone, subject);
  run_part(mp_client::sends_a_last_line_without_newline, subject);
  run_part(mp_client::prints_what_comes_after_the_half_close, subject);
}

LAB_CHECK(notices_the_servers_end,
          .sentence = "the server closes first: a line on standard error, exit status 1",
          .promise = "C3", .marks = -1,
          .means = "the writer waits for a line and does not see the server's end: the reader has "
                   "to end the writer",
          .look = "steps/07-half-close-client, [6] and [7]; kill(2), waitpid(2)",
          .by_hand = "1: BIN/lab-scenes server-closes 9190\n"
                     "2: PROGRAM 127.0.0.1 9190\n"
                     "2: hello\n"
                     "2: echo $?",
          .needs = &mp_client::converses) {
  run_part(mp_client::notices_that_the_server_closes_first, subject);
  run_part(mp_client::notices_a_reset, subject);
  run_part(mp_client::notices_it_while_its_writer_is_blocked, subject);
}

LAB_CHECK(reads_while_its_writer_is_blocked, .sentence = "reads on while the server takes nothing",
          .promise = "C4", .marks = -1,
          .means = "the reader must not depend on the writer, and a full pipe between them must "
                   "not stop either",
          .look = "steps/07-half-close-client, [4] and [5]; pipe(7)",
          .by_hand = "1: BIN/lab-scenes server-stalls 9190\n"
                     "2: yes | PROGRAM 127.0.0.1 9190",
          .needs = &mp_client::converses) {
  run_part(mp_client::reads_while_its_writer_is_blocked, subject);
}

LAB_CHECK(
    leaves_nothing_behind, .sentence = "leaves no process behind, however it ends",
    .promise = "C5 G5", .marks = -1,
    .means = "a process that ends before its child, or that does not wait for it, leaves it behind",
    .look = "steps/07-half-close-client, [5] and [7]; waitpid(2)",
    .by_hand = "1: BIN/lab-scenes server-closes 9190\n"
               "2: PROGRAM 127.0.0.1 9190\n"
               "2: hello\n"
               "2: ps -C echo_mpclient",
    .needs = &mp_client::converses) {
  run_part(mp_client::leaves_nothing_after_q, subject);
  run_part(mp_client::leaves_nothing_after_end_of_file, subject);
  run_part(mp_client::leaves_nothing_when_the_server_closes, subject);
  run_part(mp_client::leaves_nothing_when_the_server_resets, subject);
  run_part(mp_client::has_no_zombie_after_its_half_close, subject);
  run_part(mp_client::ends_when_its_writer_is_killed, subject);
  run_part(mp_client::ends_when_its_reader_is_killed, subject);
}

// What is new: the two numbers.

LAB_CHECK(tells_both_counts, .sentence = "ends with `sent N bytes, received M bytes` after `q`",
          .promise = "E7", .marks = 5,
          .means = "fork gives each process a variable of its own: what the child counts, the "
                   "parent learns only if the child tells it. `q` itself is not sent",
          .look = "TODO 1 to 4; steps/07-half-close-client, [5]; pipe(7)",
          .by_hand = "1: BIN/lab-scenes server-late 9190\n"
                     "2: printf 'hello\\nq\\n' | PROGRAM 127.0.0.1 9190",
          .needs = &mp_client::prints_what_comes_back) {
  Listener listener;
  Session session = start(listener);
  session.client.type("hello\nworld\n");
  expect_input(session, "hello\nworld\n");
  session.peer.send("HELLO\n");
  wait_until_read(session);
  session.client.type("q\n");
  const auto more = rest(session);
  session.peer.close();
  expect_counts(session, "`hello`, `world` and `q` were typed, and `HELLO` came back", 12 + more,
                6);
}

LAB_CHECK(counts_nothing_as_0, .sentence = "counts 0 where nothing is sent and nothing comes",
          .promise = "E7", .marks = 1,
          .means = "neither end of file nor `q` is a byte that was sent",
          .look = "exercises/07-half-close-client/README.md, the contract",
          .by_hand = "1: BIN/lab-scenes server-late 9190\n"
                     "2: PROGRAM 127.0.0.1 9190 < /dev/null",
          .needs = &tells_both_counts) {
  for (const bool by_q : {false, true}) {
    Listener listener;
    Session session = start(listener);
    if (by_q) {
      session.client.type("q\n");
    } else {
      session.client.close_input();
    }
    const auto more = rest(session);
    session.peer.close();
    expect_counts(session, by_q ? "nothing but `q`" : "end of file at once", more, 0);
  }
}

LAB_CHECK(counts_each_direction_by_itself,
          .sentence = "counts each direction by itself, whole lines or not", .promise = "E7",
          .marks = 2,
          .means = "a server may answer more or less than it got: M is what read returned. It is "
                   "not what was sent or printed",
          .look = "TODO 3; steps/07-half-close-client, [4]",
          .by_hand = "1: BIN/lab-scenes server-stalls 9190\n"
                     "2: printf hello | PROGRAM 127.0.0.1 9190\n"
                     "1: Enter",
          .needs = &tells_both_counts) {
  Listener listener;
  Session session = start(listener);
  session.peer.send("one\ntwo\n\nand 7 b");
  wait_until_read(session);
  session.client.type("a last line without its newline");
  session.client.close_input();
  expect_input(session, "a last line without its newline");
  const auto more = rest(session);
  session.peer.close();
  expect_counts(session, "31 bytes went out, and other 16 came, the last 7 without a newline",
                31 + more, 16);
}

LAB_CHECK(counts_a_megabyte_each_way, .sentence = "counts a megabyte each way", .promise = "E7 C4",
          .marks = 2, .means = "the bytes are counted in many pieces: the sum has to be right",
          .look = "exercises/07-half-close-client/README.md, hint 2",
          .by_hand = "1: BIN/lab-scenes server-late 9190\n"
                     "2: head -c 1000000 /dev/zero | PROGRAM 127.0.0.1 9190 > lines",
          .needs = &counts_each_direction_by_itself) {
  Listener listener;
  Session session = start(listener);
  std::string lines;
  while (lines.size() < 1'000'000) {
    lines += text("line ", lines.size(), std::string(lines.size() % 150, 'x'), '\n');
  }
  auto typing = std::async(std::launch::async, [&] { session.client.type(lines); });
  std::size_t echoed = 0;
  while (echoed < lines.size()) {
    const std::string piece = session.peer.receive_some();
    if (piece.empty()) {
      break;
    }
    session.peer.send(piece);
    echoed += piece.size();
  }
  typing.get();
  expect(echoed == lines.size(), "typed ", lines.size(), " bytes, and sent ", echoed);
  wait_until_read(session);
  session.client.close_input();
  const auto more = rest(session);
  session.peer.close();
  expect_counts(session, "a megabyte piped in", lines.size() + more, lines.size());
}

LAB_CHECK(waits_for_the_writers_number, .sentence = "knows N when its writer is slow to tell it",
          .promise = "E7", .marks = 2,
          .means = "the server's end may come before the writer's last word. The end of the pipe, "
                   "and waitpid, tell that no word is still to come: take the number after that, "
                   "or let the writer tell it before it half-closes",
          .look = "TODO 2 and 4; pipe(7), waitpid(2)", .needs = &tells_both_counts) {
  probed::needs_probe(program);
  Probe probe({.faults = "write:pipe:children:*=stop"});
  ProcessOptions options;
  probe.attach(options);
  Listener listener;
  Session session = start(listener, options);
  const auto let_go = [&](bool only_before_the_end) {
    for (const ProcessInfo& process : session.client.processes()) {
      // It was stopped before the look for an end: so it has not gone on to send one.
      if (process.stopped() && !(only_before_the_end && has_ended(session.peer))) {
        ::kill(process.pid, SIGCONT);
      }
    }
  };
  session.client.type("hello\nq\n");
  expect_input(session, "hello\n");
  std::uint64_t more = 0;
  try {
    settle(session.client.pid(), "the client to half-close", [&] {
      let_go(true);
      while (session.peer.has_something(std::chrono::milliseconds(0))) {
        const std::string piece = session.peer.receive_some();
        if (piece.empty()) {
          return true;
        }
        more += piece.size(); // that it should not send it is for q_half_closes to say, too
      }
      return session.peer.was_reset();
    });
  } catch (const Failure&) { // NOLINT(bugprone-empty-catch): that is for q_half_closes to say
  }
  session.peer.close();
  try {
    settle(session.client.pid(), "the client to end", [&] { return session.client.poll_exit(); });
  } catch (const Failure&) { // as it should: it waits for its writer
    wait_until("the client to end", [&] {
      let_go(false);
      return session.client.poll_exit().has_value();
    });
  }
  expect_counts(session,
                "6 bytes went out, and the server closed after the half-close, while the writer "
                "was stopped before it wrote to the pipe once more",
                6 + more, 0);
}

LAB_CHECK(counts_when_the_server_closes_first,
          .sentence = "knows N when the server closes first and nobody types", .promise = "E7 C3",
          .marks = 4,
          .means = "the child waits for a line and will not run again: it has to tell the parent "
                   "what it has sent before it waits",
          .look = "TODO 2, hints 1 and 2; steps/07-half-close-client, [6] and [7]",
          .by_hand = "1: BIN/lab-scenes server-closes 9190\n"
                     "2: PROGRAM 127.0.0.1 9190\n"
                     "2: hello",
          .needs = &tells_both_counts) {
  Listener listener;
  Session session = start(listener);
  for (const char* const line : {"hello\n", "are you there?\n"}) {
    session.client.type(line);
    expect_input(session, line);
  }
  session.peer.send("no\n");
  session.peer.close(); // all read: an end of file, no reset
  expect_counts(session, "21 bytes went out and 3 came; then the server closed", 21, 3);
}

LAB_CHECK(counts_when_the_server_resets, .sentence = "knows N and M when the server resets",
          .promise = "E7 C3", .marks = 2,
          .means = "read's -1 is an end as well, and adds nothing to what came before",
          .look = "TODO 3 and 4; read(2), ECONNRESET",
          .by_hand = "1: BIN/lab-scenes server-resets 9190\n"
                     "2: PROGRAM 127.0.0.1 9190\n"
                     "2: hello",
          .needs = {&counts_when_the_server_closes_first, &counts_each_direction_by_itself}) {
  Listener listener;
  Session session = start(listener);
  session.client.type("hello\n");
  expect_input(session, "hello\n");
  session.peer.send("HELLO\nHE");
  wait_until_read(session);
  session.peer.reset();
  expect_counts(session, "6 bytes went out and 8 came; then the server reset", 6, 8);
}

LAB_CHECK(counts_when_the_writer_is_blocked,
          .sentence = "knows N when the server goes while the writer is blocked",
          .promise = "E7 C3", .marks = 3,
          .means = "a write that waits has already taken a part of its bytes. A writer that tells "
                   "its number only when all are gone never tells of these",
          .look = "TODO 2, hints 2 and 3; send(2), MSG_DONTWAIT; poll(2), POLLOUT",
          .by_hand = "1: BIN/lab-scenes server-stalls 9190\n"
                     "2: yes | PROGRAM 127.0.0.1 9190\n"
                     "1: ^C",
          .needs = &counts_when_the_server_closes_first) {
  Listener listener;
  Session session = start(listener);
  // As one line: the client's buffers are full long before its end. With a newline: a client that
  // sends by the line waits for it.
  const std::string line = std::string(std::size_t{24} << 20U, 'x') + '\n';
  auto typing = std::async(std::launch::async, [&] {
    try {
      session.client.type(line);
    } catch (const Failure&) { // NOLINT(bugprone-empty-catch): nor need it read all
    }
  });
  std::uint64_t taken = 0;
  int unchanged = 0;
  try {
    wait_until("the client's writer to wait for a server that does not read", [&] {
      const auto ours = own_end(session.peer);
      const auto theirs = server_end(session.peer);
      expect(ours && theirs, "the client has dropped a server that does not read");
      const std::uint64_t now = ours->receive_queue + theirs->send_queue;
      const auto family = session.client.processes();
      const bool asleep =
          std::ranges::all_of(family, [](const ProcessInfo& one) { return one.state != 'R'; });
      // Long enough for the last acknowledgement, which may be delayed: until it comes, the
      // bytes that it is about are in both queues.
      unchanged = now == taken && now > 0 && asleep ? unchanged + 1 : 0;
      taken = now;
      return unchanged >= 15;
    });
  } catch (...) {
    session.client.kill_all();
    typing.wait();
    throw;
  }
  session.peer.reset();
  try {
    expect_counts(session,
                  text("the server read nothing, the kernel took ", taken,
                       " bytes for it, and then the server reset"),
                  taken, 0);
  } catch (...) {
    session.client.kill_all();
    typing.wait();
    throw;
  }
  typing.wait();
}

LAB_CHECK(counts_when_a_signal_ends_it, .sentence = "tells N and M when a signal ends it",
          .promise = "E7 C5", .marks = 2,
          .means = "the client prints this line however it ends, also on Ctrl-C",
          .look = "TODO 4; steps/07-half-close-client, [7]; sigaction(2)",
          .by_hand = "1: BIN/lab-scenes server-pieces 9190\n"
                     "2: PROGRAM 127.0.0.1 9190\n"
                     "2: hello\n"
                     "3: kill -TERM PID",
          .needs = {&counts_when_the_server_closes_first, &counts_each_direction_by_itself}) {
  const auto end_by = [](int signal, Output output) {
    Listener listener;
    Session session = start(listener, {.output = output});
    session.client.type("hello\n");
    expect_input(session, "hello\n");
    session.peer.send("hel");
    wait_until_read(session);
    session.client.signal(signal);
    expect_counts(session, text("6 bytes went out and 3 came; then ", signal_name(signal)), 6, 3);
  };
  for (const int signal : {SIGINT, SIGTERM}) {
    try {
      end_by(signal, Output::pipe);
    } catch (Failure& failure) {
      try {
        end_by(signal, Output::terminal);
        failure.advise({.means =
                            "the line comes in a terminal, and not through a pipe: stdio keeps "
                            "it in its buffer, and a signal ends the program without writing "
                            "the buffer out. Print it by write, or call fflush",
                        .look = buffer_look});
      } catch (const Failure&) { // NOLINT(bugprone-empty-catch): then it is no buffer
      }
      throw;
    }
  }
}

LAB_CHECK(
    counts_through_short_writes, .sentence = "counts right when write takes less than it is given",
    .promise = "E7", .marks = 2,
    .means = "write may take less than it was given. Its result says how much that was: it is "
             "what N grows by, and the rest is still to be sent",
    .look = "TODO 2; write(2), RETURN VALUE", .needs = &tells_both_counts) {
  probed::needs_probe(program);
  Probe probe({.faults = "write:socket:*:short=7;read:socket:every2:short=5;"
                         "write:socket:every4=interrupt"});
  ProcessOptions options;
  probe.attach(options);
  Listener listener;
  Session session = start(listener, options);
  const std::string lines = "some lines that do not fit into seven bytes\nnor into five\n";
  session.client.type(lines);
  expect_input(session, lines);
  session.peer.send(lines);
  wait_until_read(session);
  session.client.close_input();
  const auto more = rest(session);
  session.peer.close();
  expect_counts(session, "each write took 7 bytes at most", lines.size() + more, lines.size());
  probed::expect_faults(probe, "write");
}

} // namespace lab::exercise_07
