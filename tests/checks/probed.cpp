#include "checks/probed.hpp"

#include "checks/common.hpp"
#include "checks/settle.hpp"
#include "harness/idle.hpp"
#include "harness/programs.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdint>
#include <set>
#include <string_view>

namespace lab::probed {

void needs_probe(const std::string& program) {
  if (const auto reason = Probe::cannot_probe(program)) {
    throw Skipped(*reason);
  }
}

void expect_faults(const Probe& probe, std::string_view group) {
  if (probe.faults_injected(group) == 0) {
    throw Failure(text("some calls of ", group,
                       " were to fail, and the check has seen none that could: "
                       "the program makes these calls in another way"),
                  {.means =
                       "the check makes a function fail, for example fork or write. It does not "
                       "see a call by syscall(2), and not what stdio calls. Call the function "
                       "by its name",
                   .look = "tests/harness/probe/README.md"});
  }
}

void expect_handlers(const Probe& probe) {
  expect(std::ranges::any_of(probe.events(),
                             [](const Event& event) { return event.kind == Event::Kind::enter; }),
         "the check looks into handlers that sigaction() or signal() has set, and it has seen none "
         "run");
}

std::string what_happened(const Probe& probe, std::size_t lines) {
  return "the last events:\n" + probe.timeline(lines);
}

void expect_safe_handlers(const Probe& probe, bool even_while_waiting) {
  auto calls = probe.unsafe_calls();
  std::erase_if(calls, [&](const UnsafeCall& call) {
    return call.only_while_waiting && !even_while_waiting;
  });
  if (!calls.empty()) {
    std::string seen;
    for (const UnsafeCall& call : calls) {
      if (seen.find(call.text) == std::string::npos) {
        seen += (seen.empty() ? "" : "\n") + call.text;
      }
      if (seen.size() > 600) {
        break;
      }
    }
    std::set<std::int64_t> callers;
    for (const UnsafeCall& call : calls) {
      callers.insert(call.caller);
    }
    std::string at;
    for (const auto& [caller, place] : probe.places_of(callers)) {
      const auto call = std::ranges::find(calls, caller, &UnsafeCall::caller);
      at += place + ": " + call->function + " in a handler\n";
    }
    throw Failure(seen, {}, at);
  }
}

void expect_errno_kept(const Probe& probe, bool even_while_waiting) {
  auto clobbers = probe.errno_clobbers();
  std::erase_if(clobbers, [&](const ErrnoClobber& clobber) {
    return clobber.only_while_waiting && !even_while_waiting;
  });
  expect(clobbers.empty(), clobbers.empty() ? "" : clobbers.front().text, "\n",
         what_happened(probe));
}

std::unique_ptr<Probe> run_to_the_end(const std::string& program,
                                      const std::vector<std::string>& arguments) {
  needs_probe(program);
  auto probe = std::make_unique<Probe>();
  ProcessOptions options{.arguments = arguments, .input = Input::null};
  probe->attach(options);
  Process process(lab::program(program), options);
  // One that does not end is another check's: its handlers have run when it sleeps for good.
  Quiescence quiescence(process.pid());
  wait_until("the program to end, or to wait",
             [&] { return process.poll_exit() || quiescence.reached(); });
  return probe;
}

std::unique_ptr<Probe> server_with_busy_handlers(const std::string& program,
                                                 ServerOptions options) {
  needs_probe(program);
  auto probe = std::make_unique<Probe>();
  probe->attach(options.process);
  Server server(program, options);
  // Its handlers have run when it has reaped its children, or sleeps and does not: that it should
  // is another check's.
  const auto let_it_reap = [&] {
    Quiescence quiescence(server.pid());
    wait_until("the server to reap its children, or to wait",
               [&] { return server.zombies().empty() || quiescence.reached(); });
  };
  const auto wait_for_ends = [&](std::size_t left) {
    wait_until("the children of clients that have left to end",
               [&] { return server.children().size() <= left; });
  };
  server.connect().exchange("hello\n"); // waitpid finds no other child: ECHILD
  wait_for_ends(0);
  let_it_reap();
  std::vector<Connection> clients;
  for (int i = 0; i < 6; ++i) {
    clients.push_back(server.connect());
    clients.back().exchange("hello\n");
  }
  server.process().stop();
  for (std::size_t i = 0; i < 4; ++i) {
    clients[i].close();
  }
  wait_for_ends(2);
  server.process().resume();
  let_it_reap();
  clients[4].close();
  wait_for_ends(1);
  let_it_reap();
  const bool has_handler = catches_signal(server.pid(), SIGTERM);
  server.process().signal(SIGTERM); // its handler, and that of the last child
  Quiescence quiescence(server.pid());
  wait_until("the server to end, or to wait",
             [&] { return server.process().poll_exit() || quiescence.reached(); });
  if (has_handler) {
    expect_handlers(*probe);
  }
  return probe;
}

namespace {

Server probed_server(Probe& probe, const Subject& subject) {
  ServerOptions options;
  probe.attach(options.process);
  return Server(subject.program, options);
}

} // namespace

void echoes_through_short_writes(const Subject& subject) {
  needs_probe(subject.program);
  const std::string interrupts = "write:socket:every5=interrupt;read:socket:every3=interrupt";
  const std::string takes_7 = "write:socket:*:short=7";
  const auto echoes = [&](const std::string& faults, const char* words) {
    Probe probe({.faults = faults});
    Server server = probed_server(probe, subject);
    Connection client = server.connect();
    const Situation situation(words);
    for (int i = 0; i < 8; ++i) {
      client.exchange_pattern(1'000, 5, soon);
    }
    if (faults.find("short") !=
        std::string::npos) { // an interrupt needs a handler without SA_RESTART
      expect_faults(probe, "write");
    }
  };
  advised({.means = "a signal may interrupt read and write: they return -1, and errno is EINTR. "
                    "That is no end and no error of the client. Call them again",
           .look = "steps/06-mp-server, [3]; signal(7), Interruption of system calls"},
          [&] { echoes(interrupts, "signals interrupted some calls of read and write"); });
  advised({.means = "write may take less than it was given, and says how much in its result: "
                    "write the rest too",
           .look = "steps/01-echo-server, [6]; write(2), RETURN VALUE"},
          [&] {
            echoes(takes_7, "write took 7 bytes at most of what it was given");
            echoes(takes_7 + ";" + interrupts,
                   "write took 7 bytes at most, and signals interrupted some calls");
          });
}

void outlives_an_aborted_accept(const Subject& subject) {
  needs_probe(subject.program);
  Probe probe({.faults = "accept:2=ECONNABORTED;accept:4=interrupt"});
  Server server = probed_server(probe, subject);
  server.connect().exchange("hello\n", soon);
  const Situation situation("accept had failed with ECONNABORTED, because a client had gone");
  for (int i = 0; i < 3; ++i) {
    server.connect(soon).exchange("hello\n", soon);
  }
  expect_faults(probe, "accept");
}

void tells_an_error_from_data(const Subject& subject) {
  needs_probe(subject.program);
  Probe probe({.faults = "read:socket:process:2=ECONNRESET"});
  Server server = probed_server(probe, subject);
  Connection client = server.connect();
  client.exchange("hello\n", soon);
  const Situation situation("read had failed with ECONNRESET");
  std::string back;
  try {
    client.send("is this the last?\n");
    back = client.receive_some(65536, soon);
  } catch (const Failure&) {
    if (!client.was_reset()) {
      throw;
    }
  }
  expect(back.empty() || probe.faults_injected("read") == 0, "the server went on to send ",
         back.size(), " bytes or more:\n", shown(back, 200));
}

void outlives_a_shortage(const Subject& subject) {
  needs_probe(subject.program);
  Probe probe({.faults = "accept:1-3=EMFILE"});
  Server server = probed_server(probe, subject);
  const Situation situation("accept had failed with EMFILE, three times");
  server.connect(soon).exchange("hello\n", soon);
  expect_faults(probe, "accept");
}

void expect_outlived(Server& server) {
  static constexpr std::array<std::string_view, 9> calls{"accept",     "accept4",     "poll",
                                                         "ppoll",      "select",      "pselect",
                                                         "epoll_wait", "epoll_pwait", "sigsuspend"};
  Quiescence quiescence(server.pid());
  wait_until("the server to go on after a fork that failed", [&] {
    // The client has seen its end by now. So a server in such a call waits for the next client.
    return server.process().poll_exit() || quiescence.reached() ||
           std::ranges::find(calls, blocked_call_of(server.pid())) != calls.end();
  });
  if (server.process().poll_exit()) {
    throw Failure("fork had failed for one client, and the server has ended with " +
                      server.process().wait().text(),
                  {.means = "fork fails when the process limit is reached. That costs one client "
                            "its connection. The server goes on, and serves all others",
                   .look = "steps/06-mp-server, [8]; fork(2), EAGAIN"});
  }
}

void outlives_one_failing_fork(const Subject& subject) {
  needs_probe(subject.program);
  Probe probe({.faults = "fork:1=EAGAIN"});
  Server server = probed_server(probe, subject);
  const auto before = descriptors_of(server.pid()).size();
  Connection first = server.connect();
  settle(server.pid(),
         "the client to see an end, because fork has failed and no child will serve it",
         [&] { return first.at_eof(std::chrono::milliseconds(0)) || first.was_reset(); });
  expect_faults(probe, "fork");
  expect_outlived(server);
  const Situation situation("fork had failed for the client before");
  server.connect(soon).exchange("hello\n", soon);
  settle(
      server.pid(), "the parent to hold no socket of a client",
      [&] { return descriptors_of(server.pid()).size() <= before; },
      [&] { return describe(server.pid()); });
  settle(
      server.pid(), "a line on standard error to say that fork failed",
      [&] { return !server.process().error_lines().empty(); }, // it may be on its way to us
      [&] { return "fork failed, and standard error has no line that says so"; });
}

} // namespace lab::probed
