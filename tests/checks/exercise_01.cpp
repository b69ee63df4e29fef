// The checks of exercises/01-echo-server: what every server promises, and the number of bytes that
// each client got back.

#include "checks/at_once.hpp"
#include "checks/common.hpp"
#include "checks/exercise_server.hpp"
#include "checks/probed.hpp"
#include "checks/settle.hpp"
#include "harness/server.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace lab::exercise_01 {

namespace {

constexpr Suite suite{.name = "exercise-01", .subject = {.program = "echo_server"}};

// The lines that tell of clients that have gone, in order.
std::vector<std::string> endings(Server& server) {
  auto lines = server.process().lines();
  std::erase_if(lines,
                [](const std::string& line) { return !line.starts_with("client disconnected"); });
  return lines;
}

// Waits for the line of the client that was the `number`-th (from 1) to go.
std::string ending(Server& server, std::size_t number) {
  settle(server.pid(), "the line `client disconnected: N bytes` to be printed",
         [&] { return endings(server).size() >= number; });
  return endings(server).at(number - 1);
}

void expect_bytes(Server& server, std::size_t client, std::uint64_t bytes) {
  const std::string wanted = text("client disconnected: ", bytes, " bytes");
  const std::string line = ending(server, client);
  expect(line == wanted, "a client got ", bytes, " bytes back, and instead of `", wanted,
         "` the line is `", line, "`");
}

// What the client sees of the end is for other checks to say.
void come_and_go(Server& server, std::string_view data) {
  Connection client = server.connect();
  if (!data.empty()) {
    client.exchange(data, soon);
  }
  client.close();
}

// Sends until neither side takes any more: the server waits in write. Returns how many bytes write
// has taken by then: those that the server's socket still holds, and those that wait in ours.
std::uint64_t fill(Server& server, Connection& client) {
  const std::string piece = pattern(65536);
  std::uint64_t taken = 0;
  int unchanged = 0;
  wait_until("the server to wait in write for a client that does not read", [&] {
    while (client.send_some_nonblocking(piece) != 0) {
      unchanged = 0;
    }
    const auto theirs = server_end(client);
    const auto ours = own_end(client);
    const auto state = process_info(server.pid());
    expect(theirs && ours && state, "the server has dropped a client that does not read");
    const std::uint64_t now = theirs->send_queue + ours->receive_queue;
    unchanged = now == taken && state->state == 'S' ? unchanged + 1 : 0;
    taken = now;
    // Long enough for the last acknowledgement, which may be delayed (40 ms): until it comes, the
    // bytes that it is about are in both queues.
    return unchanged >= 15;
  });
  return taken;
}

} // namespace

LAB_TAKE_EXERCISE_GATES
LAB_TAKE_EXERCISE_BYTES
LAB_TAKE_FOR(server::shows_lines_at_once, -1)
LAB_TAKE_EXERCISE_SERVER

LAB_CHECK(tells_how_many_bytes,
          .sentence = "prints `client disconnected: N bytes` when a client has gone",
          .promise = "E1", .marks = 5,
          .means = "N is what went back to this client: 6 for `hello` and its newline. The line "
                   "is `client disconnected: 6 bytes`, with these words and no others",
          .look = "exercises/01-echo-server/README.md; TODO 2 and 3; "
                  "steps/01-echo-server, [5]",
          .by_hand = "2: BIN/lab-scenes many 9190 1\n"
                     "2: Enter",
          .needs = &server::shows_lines_at_once) {
  Server server("echo_server");
  come_and_go(server, "hello\n");
  expect_bytes(server, 1, 6);
}

LAB_CHECK(
    counts_five_mebibytes_exactly, .sentence = "counts five mebibytes exactly", .promise = "E1",
    .marks = 3,
    .means =
        "every byte counts, whatever it is, and however many reads and writes carry it. A client "
        "may send NUL bytes, and strlen ends at the first: only write's result says how many "
        "bytes went back",
    .look = "TODO 1 and 2; steps/01-echo-server, [5] and [6]; write(2), RETURN VALUE",
    .by_hand = "2: BIN/lab-scenes bulk 9190 5242880",
    .needs = {&tells_how_many_bytes, &server::returns_every_byte}) {
  Server server("echo_server");
  Connection client = server.connect();
  client.exchange_pattern(std::size_t{5} << 20U);
  client.close();
  expect_bytes(server, 1, std::uint64_t{5} << 20U);
}

LAB_CHECK(counts_nothing_for_a_silent_client,
          .sentence = "counts 0 bytes for a client that sends nothing", .promise = "E1", .marks = 2,
          .means = "end of file is a read that returns 0: it adds nothing. And -1 is no number of "
                   "bytes either",
          .look = "steps/01-echo-server, [5]; read(2), RETURN VALUE",
          .by_hand = "2: BIN/lab-scenes silent 9190", .needs = &counts_five_mebibytes_exactly) {
  Server server("echo_server");
  come_and_go(server, "");
  expect_bytes(server, 1, 0);
  server.connect().reset();
  expect_bytes(server, 2, 0);
}

LAB_CHECK(counts_for_each_client_anew, .sentence = "counts for each client anew", .promise = "E1",
          .marks = 4,
          .means = "a counter that is not set to 0 for each client also counts the bytes of the "
                   "clients before",
          .look = "exercises/01-echo-server/README.md, hint 2",
          .by_hand = "2: BIN/lab-scenes bulk 9190 1000\n"
                     "2: BIN/lab-scenes bulk 9190 10",
          .needs = &counts_five_mebibytes_exactly) {
  Server server("echo_server");
  std::size_t client = 0;
  for (const std::size_t size : {1U, 29U, 31U, 1024U, 1U, 65537U, 300'001U}) {
    come_and_go(server, pattern(size, size));
    expect_bytes(server, ++client, size);
  }
}

LAB_CHECK(counts_more_than_4_gibibytes, .sentence = "counts more than 4 GiB exactly",
          .promise = "E1", .marks = 2,
          .means = "an int ends at 2 GiB, and an unsigned int begins at 0 again after 4 GiB. "
                   "std::uint64_t has 64 bits on every machine",
          .look = "TODO 2; exercises/01-echo-server/README.md, hint 2",
          .by_hand = "2: BIN/lab-scenes bulk 9190 5000000000",
          .needs = &counts_five_mebibytes_exactly) {
  probed::needs_probe("echo_server");
  constexpr std::uint64_t pretended = (std::uint64_t{4} << 30U) + 5;
  Probe probe(
      {.faults = text("read:socket:*:pretend=", pretended, ";write:socket:*:pretend=", pretended)});
  ServerOptions options;
  options.process.memory_bytes = std::size_t{1} << 30U; // for a program that keeps what it reads
  probe.attach(options.process);
  Server server("echo_server", options);
  Connection client = server.connect();
  client.send("x"); // there is something to read all the time: it is read last
  client.half_close();
  const auto over = [&] { return !endings(server).empty(); };
  settle(server.pid(), "the server to read",
         [&] { return probe.faults_injected("read") > 0 || over(); });
  std::int64_t at_once = 0;
  for (const Event& event : probe.events()) {
    at_once = event.injected ? std::max(at_once, event.result) : at_once;
  }
  constexpr std::int64_t least = 512; // of fewer, 4 GiB would take minutes
  if (at_once > 0 && at_once < least && !over()) {
    throw Failure(text("it reads ", at_once, " bytes at a time, too few to see 4 GiB go through"),
                  {.means = text("read ", least,
                                 " bytes or more at a time: a system call for so "
                                 "few bytes costs more than the bytes"),
                   .look = "exercises/01-echo-server/README.md, the contract; read(2)"});
  }
  constexpr std::chrono::seconds limit{60}; // on a busy machine, for a buffer of a kilobyte
  settle(server.pid(), "the line `client disconnected: N bytes` to be printed", over, limit);
  const std::string line = endings(server).front();
  probed::expect_faults(probe, "read");
  probed::expect_faults(probe, "write");
  const std::string wanted = text("client disconnected: ", pretended + 1, " bytes");
  expect(line == wanted,
         "read and write were made to say that they had moved more than 4 GiB. Instead of `",
         wanted, "` the line is `", line, "`");
}

LAB_CHECK(
    counts_through_short_writes,
    .sentence = "echoes and counts right when write takes less than it is given",
    .promise = "S5 E1", .marks = 3,
    .means =
        "write's result says how many bytes it took: write the rest too, and count each byte once",
    .look = "steps/01-echo-server, [6]; write(2), RETURN VALUE",
    .needs = &counts_five_mebibytes_exactly) {
  probed::needs_probe("echo_server");
  Probe probe({.faults = "write:socket:every5=interrupt;write:socket:*:short=7;"
                         "read:socket:every3=interrupt"});
  ServerOptions options;
  probe.attach(options.process);
  Server server("echo_server", options);
  come_and_go(server, pattern(5'000));
  expect_bytes(server, 1, 5'000);
  probed::expect_faults(probe, "write");
}

LAB_CHECK(counts_what_write_has_taken,
          .sentence = "counts what write has taken for a client that resets, and no more",
          .promise = "E1", .marks = 4,
          .means = "bytes that were read but not written have not gone back. Bytes that write took "
                   "before it failed have gone back",
          .look = "TODO 1; steps/01-echo-server, [6]; write(2), RETURN VALUE",
          .by_hand = "2: BIN/lab-scenes stall 9190\n"
                     "2: ^C",
          .needs = {&counts_nothing_for_a_silent_client, &counts_through_short_writes}) {
  Server server("echo_server");
  Connection client = server.connect(soon, 16'384);
  const std::uint64_t taken = fill(server, client);
  client.reset();
  const std::string line = ending(server, 1);
  const std::string wanted = text("client disconnected: ", taken, " bytes");
  expect(line == wanted,
         "a client sent, read nothing, and reset. The server waited in write then, and write had "
         "taken ",
         taken, " bytes: instead of `", wanted, "` the line is `", line, "`");
}

LAB_CHECK(
    goes_on_after_an_aborted_accept,
    .sentence = "serves on when accept fails because a client has gone", .promise = "S6",
    .marks = -1,
    .means = "ECONNABORTED is about one client, which has gone: the server accepts the next one",
    .look = "steps/support/failed_accept.cpp; accept(2), ERRORS",
    .by_hand = "1: strace -o trace.txt -e inject=accept4:error=ECONNABORTED:when=1 PROGRAM 9190\n"
               "2: BIN/lab-scenes many 9190 1",
    .needs = &server::serves_the_next_client) {
  probed::outlives_an_aborted_accept({.program = "echo_server"});
}

} // namespace lab::exercise_01
