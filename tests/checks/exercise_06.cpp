// The checks of exercises/06-mp-server: the full server of step 06, and a limit on clients.

#include "checks/common.hpp"
#include "checks/exercise_server.hpp"
#include "checks/mp_server.hpp"
#include "checks/probed.hpp"
#include "checks/settle.hpp"
#include "harness/server.hpp"

#include <algorithm>
#include <csignal>
#include <optional>
#include <string>
#include <vector>

#include <poll.h>

namespace lab::exercise_06 {

namespace {

constexpr Suite suite{.name = "exercise-06",
                      .subject = {.program = "echo_mpserver", .forks = true, .most_arguments = 3}};

using std::chrono::milliseconds;

constexpr const char* program = "echo_mpserver";
constexpr const char* busy = "server busy\n";

Server with_places(unsigned most) {
  return Server(program, {.address = "127.0.0.1", .extra = {std::to_string(most)}});
}

// A client has left. Whether its place is still taken when its child has been reaped.
bool is_never_free(Server& server, Probe* probe, unsigned most) {
  if (probe != nullptr) {
    probe->let_all_go();
  }
  try {
    settle(server.pid(), "the child to be reaped",
           [&] { return children_of(server.pid()).size() < most; });
    Connection later = server.connect();
    later.send("may I?\n");
    return std::string_view(busy).starts_with(later.receive_some(7, soon));
  } catch (const Failure&) { // other checks are about that
    return false;
  }
}

void expect_served(Connection& client, const std::string& when) {
  const Situation situation(when);
  client.send("may I?\n");
  const std::string got = client.receive(7, soon);
  if (std::string_view(busy).starts_with(got)) {
    throw Failure("it was sent `server busy`");
  }
  expect(got == "may I?\n", "it sent `may I?` and got\n", shown(got));
}

std::vector<Connection> served(Server& server, unsigned count) {
  std::vector<Connection> clients;
  for (unsigned i = 0; i < count; ++i) {
    clients.push_back(server.connect());
    expect_served(clients.back(),
                  text("client ", i + 1, " of ", count, ", and there is a place for each"));
  }
  return clients;
}

// All that the client gets until its end, which has to be no reset.
void expect_busy(Server& server, Connection& client, const std::string& when) {
  const Situation situation(when + ": instead of `server busy` and end of file");
  settle(
      server.pid(), "an answer to come",
      [&] {
        pollfd answer{.fd = client.fd(), .events = POLLIN, .revents = 0};
        return poll(&answer, 1, 0) == 1;
      },
      [] { return std::string("the client gets nothing, not even end of file"); }, soon);
  const std::string got = client.receive_until_eof(soon);
  expect(!got.empty(), "it got end of file and nothing before it");
  expect(got + '\n' != busy, "it got `server busy` without a newline at its end");
  expect(got == busy, "it got\n", shown(got));
}

} // namespace

LAB_TAKE_EXERCISE_GATES
LAB_FORKING_GATES(LAB_TAKE_EXERCISE_GATE)

// A handler at fault does harm everywhere: these come before what it does harm to.
LAB_CHECK(handles_signals_safely, .sentence = "its handlers make async-signal-safe calls alone",
          .promise = "M6", .marks = -1,
          .means = "a handler may run in the middle of printf or malloc. If it calls them too, "
                   "they find their own work half done",
          .look = "steps/04-signal-vs-sigaction/signal_handlers.cpp, [1]; steps/06-mp-server, "
                  "[1]; signal-safety(7)",
          .needs = &server::returns_from_its_handler) {
  run_part(mp_server::handles_signals_safely, subject);
  probed::expect_safe_handlers(
      *probed::server_with_busy_handlers(program, {.address = "127.0.0.1", .extra = {"7"}}));
}

LAB_TAKE_FOR(mp_server::keeps_errno, -1)

LAB_TAKE_EXERCISE_BYTES
LAB_TAKE_EXERCISE_GATE(shows_lines_at_once)
LAB_TAKE_EXERCISE_SERVER

LAB_CHECK(sends_server_busy,
          .sentence = "sends `server busy` and end of file to the next when MAX clients are served",
          .promise = "E6", .marks = 7,
          .means = "the parent knows how many clients it serves: when all places are taken it "
                   "says so, and ends the connection",
          .look = "TODO 1 and 2; steps/06-mp-server, [8]; shutdown(2)",
          .by_hand = "1: PROGRAM 9190 127.0.0.1 3\n"
                     "2: BIN/lab-scenes many 9190 4",
          .needs = &server::returns_from_its_handler) {
  for (const unsigned most : {1U, 3U}) {
    Server server = with_places(most);
    auto clients = served(server, most);
    for (int i = 0; i < 3; ++i) {
      Connection next = [&] {
        const Situation situation(text("MAX is ", most, ", and ", i,
                                       i == 1 ? " client" : " clients", i == 1 ? " has" : " have",
                                       " been refused"));
        return server.connect();
      }();
      expect_busy(server, next, text("MAX is ", most, ", and all places are taken"));
    }
    for (Connection& client : clients) { // and these notice nothing of it
      client.exchange("still here\n", soon);
    }
  }
}

LAB_CHECK(sends_server_busy_to_a_client_that_has_sent,
          .sentence = "sends `server busy` also to a client that has sent something already",
          .promise = "E6", .marks = 3,
          .means = "if a socket is closed with unread bytes in it, the connection is reset. A "
                   "reset may destroy what was sent before",
          .look = "TODO 1, hint 2; shutdown(2); RFC 9293, 3.10.4; RFC 2525, 2.17",
          .by_hand = "1: PROGRAM 9190 127.0.0.1 3\n"
                     "2: BIN/lab-scenes many 9190 3\n"
                     "3: BIN/lab-scenes many 9190 1",
          .needs = &sends_server_busy) {
  Server server = with_places(1);
  const auto clients = served(server, 1);
  for (const std::size_t size : {1U, 40U, 50'000U}) {
    server.stop_accepting(); // so that all of it is there when the server accepts
    Connection next = server.connect();
    next.send(pattern(size), soon);
    server.process().resume();
    expect_busy(server, next, "a client that had sent something before it was accepted");
  }
}

LAB_CHECK(
    refused_client_keeps_no_other_waiting,
    .sentence = "a client that is refused and sends on keeps no other client waiting",
    .promise = "E6 S6", .marks = 3,
    .means = "the parent itself serves no client: if it waits for one, all others wait with it",
    .look = "TODO 1; recv(2), MSG_DONTWAIT",
    .by_hand = "1: PROGRAM 9190 127.0.0.1 1\n"
               "2: BIN/lab-scenes many 9190 1\n"
               "3: yes > /dev/tcp/127.0.0.1/9190\n"
               "4: BIN/lab-scenes many 9190 1",
    .needs = &sends_server_busy) {
  Server server = with_places(1);
  auto clients = served(server, 1);
  Connection silent = server.connect(); // neither closes
  Connection flood = server.connect();
  try {
    for (int i = 0; i < 50; ++i) {
      flood.send_some_nonblocking(pattern(65536));
    }
  } catch (const Failure&) { // NOLINT(bugprone-empty-catch): it may be reset for that
  }
  Connection next = server.connect();
  expect_busy(server, next,
              "one client that was refused stays and says nothing, another goes on sending, and a "
              "third one comes");
  clients.front().close();
  server.wait_for_no_children(soon);
  Connection last = server.connect();
  last.send("may I?\n");
  const Situation situation(
      "two clients that were refused are still there, and a fourth one comes");
  last.receive_some(1, soon); // an answer: whether the place is free is for other checks to say
}

LAB_CHECK(serves_three_of_forty,
          .sentence = "serves three of 40 clients that come at once, and refuses the others",
          .promise = "E6", .marks = 3,
          .means = "no place is given twice, and none is lost, even if many clients come together",
          .look = "TODO 2; steps/06-mp-server, [4] and [8]",
          .by_hand = "1: PROGRAM 9190 127.0.0.1 3\n"
                     "2: BIN/lab-scenes many 9190 40",
          .needs = &refused_client_keeps_no_other_waiting) {
  Server server = with_places(3);
  std::vector<Connection> clients;
  while (clients.size() < 40) { // as many at once as its backlog has room for
    server.stop_accepting();
    for (auto room = server.backlog() + 1; room > 0 && clients.size() < 40; --room) {
      clients.push_back(Connection::to(server.port()));
    }
    server.process().resume();
  }
  int refused = 0;
  for (std::size_t i = 3; i < clients.size(); ++i) { // the queue keeps their order
    expect_busy(server, clients[i], text("client ", i + 1, " of 40, for three places"));
    ++refused;
  }
  for (std::size_t i = 0; i < 3; ++i) {
    expect_served(clients[i], text("client ", i + 1, " of 40, for three places"));
  }
  expect(server.children().size() == 3, "three clients are served, by ", server.children().size(),
         " children");
}

LAB_CHECK(
    frees_a_place_in_time, .sentence = "a place is free as soon as its client has seen the end",
    .promise = "E6", .marks = 6,
    .means = "the client sees the end when the child's socket closes. The zombie, SIGCHLD and "
             "waitpid come after that. So the child has to tell its parent before it ends",
    .look = "TODO 3, hint 2; signal(7), Real-time signals; sigaction(2), SA_SIGINFO",
    .by_hand = "1: PROGRAM 9190 127.0.0.1 1\n"
               "2: for i in $(seq 100); do BIN/lab-scenes silent 9190; done",
    .needs = {&sends_server_busy, &server::closes_for_an_early_half_close}) {
  for (const unsigned most : {1U, 3U}) {
    // Where the probe can, it holds each child between its last close and its being a zombie.
    std::optional<Probe> probe;
    ServerOptions options{.address = "127.0.0.1", .extra = {std::to_string(most)}};
    if (!Probe::cannot_probe(program)) {
      probe.emplace(ProbeOptions{.hold_exits = true});
      probe->attach(options.process);
    }
    Server server(program, options);
    auto clients = served(server, most);
    for (int round = 1; round <= 50; ++round) {
      Connection& leaving = clients[static_cast<std::size_t>(round) % most];
      leaving.half_close();
      expect(leaving.receive_until_eof(soon).empty(), "more came back than was sent");
      leaving = server.connect();
      try {
        expect_served(leaving, text("MAX is ", most,
                                    "; a client has seen the end of its connection. Before the "
                                    "child that has served it is a zombie, it connects again, "
                                    "round ",
                                    round, " of 50"));
      } catch (Failure& failure) {
        if (is_never_free(server, probe ? &*probe : nullptr, most)) {
          failure.advise({.means = "the place is not free later either, when the child has been "
                                   "reaped: a place that is not given back is lost for ever",
                          .look = "TODO 2 and 3"});
        }
        throw;
      }
      if (probe) {
        for (const pid_t child : probe->held_children()) {
          probe->let_go(child);
        }
      }
    }
    Connection next = server.connect();
    expect_busy(server, next, "after fifty changes all places are taken");
    if (probe) {
      probe->let_all_go();
    }
  }
}

LAB_CHECK(
    loses_no_place,
    .sentence = "loses no place when clients leave together, or before their child is entered",
    .promise = "E6", .marks = 3,
    .means = "SIGUSR1 and SIGCHLD are one bit each: two that come together are one. And a "
             "child may tell and end before its parent has entered it: block the signal "
             "until the parent has",
    .look = "TODO 2 and 3; signal(7), Real-time signals; sigprocmask(2)",
    .by_hand = "1: PROGRAM 9190 127.0.0.1 3\n"
               "2: BIN/lab-scenes many 9190 3\n"
               "2: Enter\n"
               "2: BIN/lab-scenes many 9190 4",
    .needs = &frees_a_place_in_time) {
  const bool can_probe = !Probe::cannot_probe(program);
  {
    std::optional<Probe> probe; // holds each child between its last close and its being a zombie
    ServerOptions options{.address = "127.0.0.1", .extra = {"3"}};
    if (can_probe) {
      probe.emplace(ProbeOptions{.hold_exits = true});
      probe->attach(options.process);
    }
    Server server(program, options);
    auto clients = served(server, 3);
    server.stop_accepting();
    for (Connection& client : clients) { // all three leave before the server hears of one
      client.half_close();
      client.receive_until_eof(soon);
    }
    server.process().resume();
    {
      const Situation situation("three clients have seen the end while the server was stopped");
      clients = served(server, 3);
    }
    if (probe) {
      probe->let_all_go();
    }
  }
  if (!can_probe) {
    return;
  }
  Probe probe({.faults = "fork:parent:1=then-stop", .hold_exits = true});
  ServerOptions options{.address = "127.0.0.1", .extra = {"1"}};
  probe.attach(options.process);
  Server quick(program, options);
  Connection leaves = quick.connect();
  leaves.exchange("hello\n", soon);
  wait_until("the server to be stopped right after fork", [&] {
    const auto info = process_info(quick.pid());
    return info && info->stopped();
  });
  leaves.half_close();
  wait_until("the child of the client that has left to close its socket",
             [&] { return probe.held_children().size() == 1; });
  quick.process().resume();
  leaves.receive_until_eof(soon); // the parent has closed its own
  Connection next = quick.connect();
  expect_served(next, "MAX is 1; the check stopped the server right after fork, and let it go on "
                      "when the child had told that its client has gone: the place is free");
  probe.let_all_go();
}

LAB_CHECK(frees_the_place_of_a_killed_child,
          .sentence = "a place is free when its child has been killed", .promise = "E6", .marks = 2,
          .means = "a child may end without telling its parent. A child that has been reaped "
                   "serves no client any more",
          .look = "TODO 2; waitpid(2)",
          .by_hand = "1: PROGRAM 9190 127.0.0.1 1\n"
                     "2: BIN/lab-scenes many 9190 1\n"
                     "3: pkill -KILL -P PID\n"
                     "3: BIN/lab-scenes many 9190 1",
          .needs = &sends_server_busy) {
  Server server = with_places(2);
  auto clients = served(server, 2);
  for (int round = 0; round < 3; ++round) {
    kill(server.child_serving(clients.front()), SIGKILL);
    server.wait_for_children(1, soon);
    settle(server.pid(), "the killed child to be reaped", [&] { return server.zombies().empty(); });
    clients.front() = server.connect();
    expect_served(clients.front(),
                  "a child was killed and has been reaped, and the next client comes");
  }
  clients.front().reset(); // and when its client has reset the connection
  server.wait_for_children(1, soon);
  clients.front() = server.connect();
  expect_served(clients.front(),
                "a client has reset, its child is gone, and the next client comes");
  Connection next = server.connect();
  expect_busy(server, next, "both places are taken again");
}

LAB_CHECK(keeps_nothing_of_a_refused_client,
          .sentence = "keeps no child and no socket of a client that it has refused",
          .promise = "E6 M2 G5", .marks = 3,
          .means = "if each refused client costs a descriptor or a process, none is left after a "
                   "thousand of them",
          .look = "TODO 1; steps/05-descriptors, [4]",
          .by_hand = "1: PROGRAM 9190 127.0.0.1 1\n"
                     "2: BIN/lab-scenes many 9190 10\n"
                     "3: BIN/lab-xray PID",
          .needs = {&refused_client_keeps_no_other_waiting,
                    &server::closes_for_an_early_half_close}) {
  Server server = with_places(1);
  const auto clients = served(server, 1);
  std::vector<Connection> refused;
  for (int i = 0; i < 20; ++i) { // none of them closes
    refused.push_back(server.connect());
    expect_busy(server, refused.back(), "MAX is 1, and one is being served");
  }
  settle(
      server.pid(), "the parent to hold its listener and no socket of a client",
      [&] {
        return sockets_of(server.pid()).size() == 1 && server.children().size() == 1 &&
               server.zombies().empty();
      },
      [&] { return text("20 clients have been refused"); });
}

LAB_CHECK(
    refuses_a_bad_max,
    .sentence = "ends with status 2 and its usage on a MAX that is no number from 1",
    .promise = "E6 G1", .marks = -1,
    .means = "a limit of 0 serves no client, and a MAX that is not a number is a typing error",
    .look = "exercises/support/limited_server.cpp; strtol(3), endptr and ERANGE",
    .by_hand = "1: PROGRAM 9190 127.0.0.1 0\n"
               "1: echo $?") {
  std::vector<Wrong> wrong;
  for (const char* const most : {"0", "-1", "abc", "2x", ""}) {
    wrong.push_back({.arguments = {"0", "127.0.0.1", most}, .why = "no number from 1"});
  }
  wrong.push_back({.arguments = {"0", "127.0.0.1", "1", "1"}, .why = "one argument too many"});
  expect_refused(program, wrong);
  expect_usage(program, wrong);
}

// What the server of step 06 promises, in so far as the limit can break it.

LAB_CHECK(serves_500_without_max, .sentence = "serves 500 clients at once when no MAX is given",
          .promise = "M1", .marks = -1, .means = "without MAX there is no limit",
          .look = "steps/06-mp-server, [8]", .by_hand = "2: BIN/lab-scenes many 9190 500",
          .needs = &server::returns_from_its_handler) {
  run_part(mp_server::serves_500_at_once, subject);
}

LAB_TAKE_FOR(mp_server::shares_out_the_descriptors, -1)
LAB_TAKE_FOR(mp_server::reaps_children_that_ended_while_it_was_stopped, -1)
LAB_TAKE_FOR(mp_server::prints_each_child_removed, -1)

LAB_CHECK(outlives_failing_calls,
          .sentence = "fork, accept, read or write failing costs one client at most",
          .promise = "M5", .marks = -1,
          .means = "all of them may fail for a moment: the server goes on, and keeps nothing of a "
                   "client that no child serves",
          .look = "steps/06-mp-server, [8]; steps/support/failed_accept.cpp; fork(2), EAGAIN; "
                  "accept(2), EMFILE",
          .by_hand = "1: strace -o trace.txt -e inject=clone:error=EAGAIN:when=1 PROGRAM 9190\n"
                     "2: BIN/lab-scenes silent 9190\n"
                     "2: BIN/lab-scenes many 9190 1",
          .needs = {&server::returns_from_its_handler, &server::closes_for_an_early_half_close},
          .waits = true) {
  advised({.means = "fork fails when the process limit is reached: the parent goes on, and closes "
                    "its own socket of that client, which no child serves",
           .look = "steps/06-mp-server, [8]; fork(2), EAGAIN"},
          [&] { probed::outlives_one_failing_fork(subject); });
  advised({.means = "accept fails when a client has gone (ECONNABORTED), or when no descriptor is "
                    "free (EMFILE). Both pass: call it again, and after EMFILE wait a moment",
           .look = "steps/06-mp-server, [4]; steps/support/failed_accept.cpp; accept(2), ERRORS"},
          [&] {
            probed::outlives_an_aborted_accept(subject);
            probed::outlives_a_shortage(subject);
          });
  probed::echoes_through_short_writes(subject);
  run_part(mp_server::outlives_a_failing_accept, subject);
}

LAB_TAKE_FOR(mp_server::survives_a_storm, -1)

LAB_CHECK(
    failed_fork_takes_no_place, .sentence = "a client takes no place when fork has failed",
    .promise = "M5", .marks = 3,
    .means = "a place is taken by a child that serves: without a child, no process gives it back",
    .look = "TODO 2; steps/06-mp-server, [8]",
    .by_hand =
        "1: strace -o trace.txt -e inject=clone:error=EAGAIN:when=1 PROGRAM 9190 127.0.0.1 1\n"
        "2: BIN/lab-scenes silent 9190\n"
        "2: BIN/lab-scenes many 9190 1",
    .needs = &sends_server_busy, .waits = true) {
  probed::needs_probe(program);
  Probe probe({.faults = "fork:1=EAGAIN"});
  ServerOptions options{.address = "127.0.0.1", .extra = {"1"}};
  probe.attach(options.process);
  Server server(program, options);
  Connection unlucky = server.connect();
  expect(unlucky.at_eof(soon) || unlucky.was_reset(),
         "fork has failed, and the client sees no end");
  probed::expect_faults(probe, "fork");
  probed::expect_outlived(server);
  Connection next = server.connect();
  expect_served(next, "MAX is 1, and fork had failed for the client before");
  Connection third = server.connect();
  expect_busy(server, third, "MAX is 1, and one is being served");
}

} // namespace lab::exercise_06
