#include "checks/server.hpp"

#include "checks/at_once.hpp"
#include "checks/common.hpp"
#include "checks/settle.hpp"
#include "checks/shortage.hpp"
#include "harness/fd.hpp"
#include "harness/idle.hpp"
#include "harness/probe/probe.hpp"
#include "harness/programs.hpp"
#include "harness/server.hpp"
#include "tools/drawing/picture.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>
#include <fstream>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <poll.h>
#include <sys/socket.h>

namespace lab::server {

namespace {

std::vector<Wrong> wrong_arguments(const Subject& subject, unsigned port) {
  const std::string good = std::to_string(port);
  std::vector<std::string> too_many{good, "127.0.0.1"};
  too_many.resize(static_cast<std::size_t>(subject.most_arguments) + 1, "1");
  return {
      {.arguments = {}, .why = "no argument"},
      {.arguments = std::move(too_many), .why = "one argument too many"},
      {.arguments = {"abc"}, .why = "no number"},
      {.arguments = {"-1"}, .why = "below 0"},
      {.arguments = {"65536"}, .why = "above 65535"},
      {.arguments = {"4294967296"}, .why = "above 65535: 32 bits hold it as 0"},
      {.arguments = {"18446744073709551616"}, .why = "above 65535: no integer holds it"},
      {.arguments = {"+80"}, .why = "a sign is no digit"},
      {.arguments = {" 80"}, .why = "a space is no digit"},
      {.arguments = {"80x"}, .why = "a number and more"},
      {.arguments = {""}, .why = "empty"},
      {.arguments = {good, "nonsense"}, .why = "no address"},
      {.arguments = {good, "256.0.0.1"}, .why = "no byte of an address is 256"},
  };
}

// Whether every address counts as one of this machine (ip(7), ip_nonlocal_bind).
bool can_bind_anything() {
  int on = 0;
  std::ifstream("/proc/sys/net/ipv4/ip_nonlocal_bind") >> on;
  return on != 0;
}

// An IPv4 address as a socket of either family shows it.
bool same_address(std::string_view shown, std::string_view expected) {
  constexpr std::string_view mapped = "::ffff:";
  if (expected.find(':') == std::string_view::npos && shown.starts_with(mapped)) {
    shown.remove_prefix(mapped.size());
  }
  return shown == expected || (expected == "0.0.0.0" && shown == "::");
}

// Waits for it to listen somewhere, and gives its listening sockets.
std::vector<SocketInfo> wait_for_listeners(Process& process) {
  std::vector<SocketInfo> found;
  wait_until("the server to listen", [&] {
    if (process.poll_exit()) {
      process.wait(); // for its last words
      throw Failure("the server ended instead of listening");
    }
    found = listeners_of(process);
    return !found.empty();
  });
  return found;
}

// A server asleep although there is more for it to read is blocked in write. Gives how often its
// processes have slept, or nothing when it is not.
std::optional<unsigned long long> blocked_in_write(Server& server, const Connection& client) {
  const auto end = server_end(client);
  if (!end || end->receive_queue == 0) {
    return std::nullopt;
  }
  unsigned long long switches = 0;
  for (const pid_t pid : server.holders_of(client)) {
    const auto info = process_info(pid);
    const auto use = cpu_use(pid);
    if (!info || info->state != 'S' || !use) {
      return std::nullopt;
    }
    switches += use->switches;
  }
  return switches;
}

// A client for which the kernel keeps little, so that a server is soon blocked in a write to it.
Connection connect_slow_reader(Server& server) {
  constexpr int buffer = 64 * 1024;
  Connection client = server.connect(patience, buffer);
  or_throw(setsockopt(client.fd(), SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer), "setsockopt");
  return client;
}

// Sends and does not read, until the server is blocked in write. Gives what has been sent. A server
// that never is, because it keeps all in its memory, is given 32 MiB.
std::string block_in_write(Server& server, Connection& client) {
  constexpr std::size_t most = std::size_t{32} << 20;
  constexpr std::size_t step = std::size_t{64} << 10;
  std::string sent;
  const std::string block = pattern(std::size_t{1} << 20);
  const Deadline deadline(patience);
  while (sent.size() < most) {
    const std::size_t at = sent.size() % block.size();
    const std::size_t went = client.send_some_nonblocking(std::string_view(block).substr(at, step));
    sent.append(block, at, went);
    if (went == std::min(step, block.size() - at)) {
      continue; // there is room for more: the server still reads, or the kernel does for it
    }
    if (const auto first = blocked_in_write(server, client)) {
      std::this_thread::yield();
      if (blocked_in_write(server, client) == first) {
        return sent; // two looks, and it has not run in between
      }
    }
    pollfd room{.fd = client.fd(), .events = POLLOUT, .revents = 0};
    poll(&room, 1, 2); // the server reads on, or is on its way to its write
    if (deadline.passed()) {
      throw Failure(text("a client sent ", sent.size(),
                         " bytes without reading: the server neither reads on nor waits in write"));
    }
  }
  return sent;
}

// After its half-close the client sees the server's end of file.
void expect_eof(Server& server, Connection& client) {
  const auto close = [&] {
    settle(
        server.pid(), "the server to close after its client has half-closed",
        [&] {
          const bool over = client.at_eof(std::chrono::milliseconds(0));
          if (!over && client.was_reset()) {
            throw Failure("the client has half-closed, and the server reset it",
                          {.means = "a connection that is reset, or closed with unread bytes in "
                                    "it, is no end of file: the client may lose what is still "
                                    "under way",
                           .look = "steps/01-echo-server, [5] and [7]; socket(7), SO_LINGER; "
                                   "RFC 2525, 2.17"});
          }
          return over;
        },
        [&] {
          std::string holders;
          for (const pid_t pid : server.holders_of(client)) {
            holders +=
                text(holders.empty() ? "" : ", ", pid == server.pid() ? "the server " : "",
                     pid == server.pid() && !server.children().empty() ? "itself, " : "", pid);
          }
          return "the client's connection is held by " +
                 (holders.empty() ? "no process" : holders) + ":\n" + xray_of(server.pid());
        });
  };
  try {
    close();
  } catch (Failure& failure) {
    const auto holders = server.holders_of(client);
    if (holders.size() == 1 && holders.front() == server.pid() && server.children().empty()) {
      failure.advise({.means = "the process has read the client's end of file, and still has the "
                               "client's socket: close it. After fork both processes have it, "
                               "and the connection ends when both have closed it",
                      .look = "steps/01-echo-server, [7]; steps/05-descriptors, [3] and [4]; "
                              "close(2)"});
    }
    throw;
  }
}

void expect_running(Server& server) {
  if (server.process().poll_exit()) {
    throw Failure("the server is gone: " + server.process().wait().text());
  }
}

// The server is there, and serves a new client.
void expect_service(Server& server, std::string_view after) {
  const Situation situation(text("after ", after));
  expect_running(server);
  server.connect().exchange("are you there?\n", soon);
  expect_clean(server.process());
}

// That the server has ended is what there is to say, not that it has reset a connection, or refuses
// it.
template <typename Talk>
auto unless_gone(Server& server, Talk&& talk) {
  try {
    return talk();
  } catch (const Failure&) {
    constexpr std::chrono::milliseconds moment{500}; // it closes its sockets before it is a zombie
    const Deadline deadline(moment);
    while (!server.process().poll_exit() && !deadline.passed()) {
      std::this_thread::yield();
    }
    expect_running(server);
    throw;
  }
}

void expect_no_child_left(Server& server, const std::string& after) {
  advised({.means =
               "the server has ended, and a child of it has not, or was not reaped: the parent "
               "hands the signal on to its children, and waits for all of them",
           .look = "steps/06-mp-server, [6]; steps/support/stop_signals.cpp; kill(2), waitpid(2)"},
          [&] { expect_nothing_left(server.process(), after); });
}

// Sends the signal, and looks at the end of it.
void expect_end(Server& server, int signal, std::string_view situation) {
  const std::string what = text(signal_name(signal), " ", situation);
  // It waits by now, or is busy for good: the moment before it waits is another check's.
  constexpr std::chrono::milliseconds rest{15};
  Quiescence quiescence(server.pid(), rest);
  const Deadline busy(promptly);
  wait_until("the server to be at rest", [&] { return quiescence.reached() || busy.passed(); });
  server.process().signal(signal);
  const Exit exit = ended(server.process(), what);
  expect(exit.success(), what, ": it ended with ", exit.text(), " instead of exit status 0");
  expect_no_child_left(server, what);
  expect(!server.listening(), "after ", what, " port ", server.port(), " still listens");
  expect_clean(server.process());
}

// For each of the two signals a server; `prepare` brings it into the situation, and gives what has
// to stay alive until the signal.
template <typename Prepare>
void expect_ends(const Subject& subject, std::string_view situation, Prepare&& prepare) {
  for (const int signal : {SIGINT, SIGTERM}) {
    Server server(subject.program);
    [[maybe_unused]] const auto kept = prepare(server);
    expect_end(server, signal, situation);
  }
}

enum class Client : unsigned char { leaves, stays };

// The program is stopped by `rule` of the probe right before a call that waits. SIGTERM comes then,
// and its handler runs before the call does. Whether the program has made such a call.
bool end_in_gap(const Subject& subject, const std::string& rule, Client what_it_does) {
  Probe probe({.faults = rule});
  ServerOptions options;
  probe.attach(options.process);
  Server server(subject.program, std::move(options));
  Connection client = server.connect();
  std::optional<pid_t> stopped;
  const auto one_has_stopped = [&] {
    expect_running(server);
    for (const ProcessInfo& process : server.process().processes()) {
      stopped = process.stopped() ? std::optional(process.pid) : stopped;
    }
    return stopped.has_value();
  };
  client.send("hello\n", soon);
  wait_until("the line `hello` to come back", [&] {
    return client.has_something(std::chrono::milliseconds(0)) || one_has_stopped();
  });
  if (what_it_does == Client::leaves) {
    client.close();
    wait_until("the server's kernel to have the client's end", [&] {
      const auto end = server_end(client);
      return !end || end->state != TcpState::established;
    });
  }
  constexpr std::chrono::milliseconds rest{100};
  Quiescence quiescence(server.pid(), rest);
  const Deadline never_waits(soon); // that a program polls is for the checks of G4 to say
  wait_until("the server to stop before a call that waits, or to wait",
             [&] { return one_has_stopped() || quiescence.reached() || never_waits.passed(); });
  if (!stopped) {
    return false;
  }
  const std::string call(rule.substr(0, rule.find(':')));
  const bool is_child = *stopped != server.pid();
  server.process().signal(SIGTERM);
  if (is_child) { // to which its parent hands it on, or not
    Quiescence handed_on(server.pid());
    wait_until("the child to be told to end", [&] {
      const auto info = process_info(*stopped);
      return !info || info->zombie() || has_pending(*stopped, SIGTERM) || handed_on.reached();
    });
  }
  kill(*stopped, SIGCONT);
  const std::string what = text("SIGTERM right before ", is_child ? "a child's " : "",
                                call == "poll" ? "poll or select" : call);
  const Situation situation("the check stopped it right before the call, and let it go on");
  const Exit exit = ended(server.process(), what);
  expect(exit.success(), what, ": it ended with ", exit.text(), " instead of exit status 0");
  expect_no_child_left(server, what);
  return true;
}

// How many lines name this client's port.
std::size_t lines_of(const std::vector<std::string>& lines, unsigned port) {
  const std::string end = text("port: ", port);
  return static_cast<std::size_t>(
      std::ranges::count_if(lines, [&](const std::string& line) { return line.ends_with(end); }));
}

void wait_for_line_of(Server& server, const Connection& client) {
  settle(server.pid(),
         text("the line of the client on port ", client.local_port(),
              " to be printed while that client is connected"),
         [&] { return lines_of(server.process().lines(), client.local_port()) > 0; });
}

// Brings clients: many at once where each has a child. Each one's line is there while the client
// still is. Gives their ports.
std::vector<unsigned> bring_clients(Server& server, const Subject& subject) {
  std::vector<unsigned> ports;
  std::vector<Connection> clients;
  const int rounds = subject.forks ? 2 : 4;
  for (int round = 0; round < rounds; ++round) {
    for (int i = 0; i < (subject.forks ? 12 : 1); ++i) {
      clients.push_back(server.connect());
      ports.push_back(clients.back().local_port());
    }
    for (Connection& client : clients) {
      client.exchange("hello\n", soon);
      wait_for_line_of(server, client);
    }
    clients.clear(); // all leave together
    if (subject.forks) {
      settle(server.pid(), "the children of clients that have gone to end",
             [&] { return server.children().empty(); });
    }
  }
  server.connect().exchange("last\n", soon); // one process: it is done with those before
  return ports;
}

// Each client's line once, and each line of the beginning once.
void expect_lines_once(Server& server, const std::vector<std::string>& beginning,
                       const std::vector<unsigned>& ports) {
  const auto lines = server.process().lines();
  for (const unsigned port : ports) {
    const std::size_t count = lines_of(lines, port);
    expect(count == 1, "the line of the client on port ", port, " is there ", count, " times");
  }
  for (const std::string& line : beginning) {
    const auto count = std::ranges::count(lines, line);
    expect(count == 1, "this line is there ", count, " times: ", line);
  }
}

} // namespace

LAB_SHARED_CHECK(
    listens, .sentence = "PROGRAM listens on the port it is given", .promise = "S2", .marks = 1,
    .means = "socket, bind and listen make a server: without them no client can connect",
    .look = "steps/01-echo-server, [3]; bind(2), listen(2)",
    .by_hand = "2: ss -tlnp sport = :9190\n"
               "2: BIN/lab-scenes many 9190 1") {
  try {
    Server server(subject.program);
    server.connect();
  } catch (Failure& failure) {
    if (failure.doing().find("listening on ") != std::string::npos) {
      failure.advise({.means = "it has printed that it listens, and no process has a listening "
                               "socket on this port: its listener has been closed again",
                      .look = "close(2), closefrom(3); steps/05-descriptors, [2] and [4]"});
    }
    throw;
  }
}

LAB_SHARED_CHECK(refuses_wrong_arguments,
                 .sentence = "PROGRAM ends with status 2 on wrong arguments and starts nothing",
                 .promise = "G1", .marks = 1,
                 .means = "a typing error must not open some other port: atoi turns 'abc' into 0, "
                          "and htons turns 65536 into 0",
                 .look = "steps/support/arguments.cpp; strtol(3), endptr and ERANGE",
                 .by_hand = "1: PROGRAM abc\n"
                            "1: echo $?\n"
                            "1: PROGRAM 65536\n"
                            "1: echo $?") {
  const Port port = reserve_port();
  expect_refused(subject.program, wrong_arguments(subject, port.number()));
}

LAB_SHARED_CHECK(says_how_it_is_used, .sentence = "PROGRAM says how it is used on wrong arguments",
                 .promise = "G1", .marks = 1,
                 .means = "`usage: NAME ARGS` on standard error tells what to type instead",
                 .look = "steps/support/arguments.cpp; stderr(3)") {
  const Port port = reserve_port();
  expect_usage(subject.program, wrong_arguments(subject, port.number()));
}

LAB_SHARED_CHECK(
    ends_when_it_cannot_bind, .sentence = "PROGRAM ends with status 1 when it cannot bind",
    .promise = "G2", .marks = 1,
    .means = "a call that fails for good ends the program with a status that a script can see",
    .look = "steps/support/error.hpp; bind(2), ERRORS", .needs = &listens) {
  const Listener other;
  Process process(program(subject.program), {.arguments = {std::to_string(other.port())}});
  const Exit taken = ended_or_listening(process, "its port is taken");
  expect(taken.exited && taken.code == 1, "its port is taken by another, and it ended with ",
         taken.text(), " instead of exit status 1");
  if (can_bind_anything()) {
    return;
  }
  const Port port = reserve_port();
  Process elsewhere(program(subject.program),
                    {.arguments = {std::to_string(port.number()), "192.0.2.1"}});
  const Exit foreign = ended_or_listening(elsewhere, "192.0.2.1 is no address of this machine");
  expect(foreign.exited && foreign.code == 1,
         "192.0.2.1 is no address of this machine, and it ended with ", foreign.text(),
         " instead of exit status 1");
}

LAB_SHARED_CHECK(
    names_the_call_that_failed, .sentence = "PROGRAM names the call that failed and the reason",
    .promise = "G2", .marks = 1,
    .means = "`bind() error` leaves out why: `NAME: CALL: REASON` on standard error says it all",
    .look = "steps/support/error.hpp; errno(3), strerror(3), perror(3)", .needs = &listens) {
  const auto expect_report = [](Process& process, int error) {
    ended_or_listening(process, "it cannot bind");
    const std::string line = text(": bind: ", std::strerror(error));
    const auto lines = process.error_lines();
    expect(std::ranges::find(lines, process.name() + line) != lines.end() ||
               std::ranges::find(lines, process.path() + line) != lines.end(),
           "standard error has no line `", process.name(), line, "`");
  };
  const Listener other;
  Process process(program(subject.program), {.arguments = {std::to_string(other.port())}});
  expect_report(process, EADDRINUSE);
  if (!can_bind_anything()) {
    const Port port = reserve_port();
    Process elsewhere(program(subject.program),
                      {.arguments = {std::to_string(port.number()), "192.0.2.1"}});
    expect_report(elsewhere, EADDRNOTAVAIL);
  }
}

LAB_SHARED_CHECK(
    listens_on_loopback_alone,
    .sentence = "PROGRAM listens on 127.0.0.1 alone when no address is given", .promise = "S1",
    .marks = 1, .means = "INADDR_ANY opens the port to the whole network: that has to be asked for",
    .look = "steps/01-echo-server; ip(7), INADDR_LOOPBACK", .needs = &listens) {
  Server server(subject.program);
  for (const SocketInfo& socket : listeners_of(server.process())) {
    expect(same_address(socket.local_address, "127.0.0.1"),
           "no address was given, and it has a socket in state ", describe(socket));
  }
}

LAB_SHARED_CHECK(
    listens_on_an_address,
    .sentence = "PROGRAM listens on the address it is given: 0.0.0.0 or ::1 or ::", .promise = "S1",
    .marks = 1,
    .means = "ADDRESS is any numeric address of this machine, and IPv6 is a family of its own",
    .look = "steps/support/endpoint.hpp; getaddrinfo(3), AI_NUMERICHOST; ipv6(7)",
    .needs = &listens) {
  std::vector<const char*> addresses{"127.0.0.1", "0.0.0.0"};
  if (const auto reason = no_ipv6()) {
    note("not looked at: ::1 and ::, because " + *reason);
  } else {
    addresses.insert(addresses.end(), {"::1", "::"});
  }
  for (const char* const address : addresses) {
    Server server(subject.program, {.address = address});
    for (const SocketInfo& socket : listeners_of(server.process())) {
      expect(same_address(socket.local_address, address), "it was given the address ", address,
             ", and has a socket in state ", describe(socket));
    }
    server.connect().exchange("hello\n", soon);
  }
}

LAB_SHARED_CHECK(listens_on_a_port_of_the_kernel,
                 .sentence = "PROGRAM lets the kernel choose when the port is 0", .promise = "S1",
                 .marks = 1, .means = "port 0 is how a program asks for a port that is free",
                 .look = "ip(7), ip_local_port_range; getsockname(2)", .needs = &listens) {
  Process process(program(subject.program), {.arguments = {"0"}});
  for (const SocketInfo& socket : wait_for_listeners(process)) {
    Connection::to(socket.local_port).exchange("hello\n", soon);
  }
}

LAB_SHARED_CHECK(says_where_it_listens,
                 .sentence = "PROGRAM prints the address and port it listens on",
                 .promise = "S2 S1", .marks = 1,
                 .means = "`listening on ADDRESS:PORT` comes after listen, with what the kernel "
                          "has bound: with port 0, only the server can know the port",
                 .look = "steps/support/endpoint.cpp; getsockname(2)", .needs = &listens) {
  const auto listening_line = [&](const std::string& port, const std::string& address) {
    Process process(program(subject.program), {.arguments = {port, address}});
    std::string line = process.wait_for_line("listening on ", soon);
    const auto sockets = listeners_of(process); // once it says so, it is so
    expect(!sockets.empty(), "it printed `", line, "` and does not listen");
    const unsigned bound = sockets.front().local_port;
    Connection::to(bound, address);
    const auto says = [&](const std::string& where) {
      const bool six = where.find(':') != std::string::npos;
      return line == text("listening on ", where, ":", bound) ||
             (six && line == text("listening on [", where, "]:", bound));
    };
    // Whether that is the address that it was given is for another check to say.
    expect(says(address) || says(sockets.front().local_address), "its socket is in state ",
           describe(sockets.front()), ", and it printed `", line, "`");
  };
  const Port port = reserve_port();
  listening_line(std::to_string(port.number()), "127.0.0.1");
  listening_line("0", "127.0.0.1");
  if (const auto reason = no_ipv6()) {
    note("not looked at: ::1, because " + *reason);
  } else {
    listening_line("0", "::1");
  }
}

LAB_SHARED_CHECK(
    echoes_a_line, .sentence = "PROGRAM returns a line to its client", .promise = "S5", .marks = 1,
    .means = "what read has given is what write has to send, as many bytes, and as they are",
    .look = "steps/01-echo-server, [5] and [6]; read(2), write(2)",
    .by_hand = "2: BIN/lab-scenes many 9190 1", .needs = &listens) {
  Server server(subject.program);
  Connection client = server.connect();
  try {
    for (const std::string line : {"hello", "and again"}) {
      const Situation situation("a client sent the line `" + line + "`");
      client.exchange(line + "\n", soon);
    }
  } catch (Failure& failure) {
    const bool no_output = std::ranges::any_of(descriptors_of(server.pid()), [](const auto& one) {
      return one.fd <= STDERR_FILENO && one.kind == DescriptorInfo::Kind::socket;
    });
    if (no_output) {
      failure.advise({.means = "the server has closed its standard input, output or error, and a "
                               "socket has got that number: what the server prints goes to a "
                               "client. 0, 1 and 2 stay open",
                      .look = "closefrom(3), close_range(2); stdin(3)"});
    } else if (client.was_reset() || client.at_eof(std::chrono::milliseconds(0))) {
      failure.advise(
          subject.forks
              ? Advice{.means = "the connection ended before the line came back. The parent "
                                "closes its copy of the client's socket, and the child keeps "
                                "its own until its client has gone. shutdown ends the "
                                "connection for both",
                       .look = "steps/05-descriptors, [2] and [4]; close(2), shutdown(2)"}
              : Advice{.means = "the connection ended before the line came back. The server "
                                "reads and writes in a loop, until read gives 0: only then its "
                                "client has gone, and the socket is closed",
                       .look = "steps/01-echo-server, [5] to [7]; read(2), RETURN VALUE"});
    }
    throw;
  }
}

LAB_SHARED_CHECK(
    serves_the_next_client, .sentence = "PROGRAM serves the next client when one has left",
    .promise = "S6", .marks = 1,
    .means = "a server goes on until it is asked to end: when it is done with a client, it accepts "
             "the next one",
    .look = "steps/01-echo-server, [4]; accept(2)",
    .by_hand = "2: BIN/lab-scenes many 9190 1\n"
               "2: Enter\n"
               "2: BIN/lab-scenes many 9190 1",
    .needs = &echoes_a_line) {
  Server server(subject.program);
  server.connect().exchange("hello\n", soon);
  if (subject.forks) { // what it does at the end of a child, it has done
    constexpr std::chrono::milliseconds rest{100};
    Quiescence quiescence(server.pid(), rest);
    const Deadline never_rests(promptly); // that it polls is for the checks of G4 to say
    wait_until("the server to come to rest", [&] {
      return server.process().poll_exit() || quiescence.reached() || never_rests.passed();
    });
  }
  const Situation situation("one client has left, and then the next one came");
  try {
    unless_gone(server, [&] { server.connect().exchange("hello\n", soon); });
  } catch (Failure& failure) {
    if (server.process().poll_exit() && subject.forks) {
      failure.advise(
          {.means = "the server has ended with its first client. The end of a child "
                    "brings SIGCHLD, which interrupts poll and accept: they fail with "
                    "EINTR, or accept then fails with EAGAIN. The server goes on",
           .look = "steps/06-mp-server, [4]; steps/support/failed_accept.cpp; accept(2), ERRORS"});
    } else if (!server.process().poll_exit() && !server.listening()) {
      failure.advise({.means = "no process listens any more: the listener has been closed. The "
                               "parent keeps it as long as it runs, and a child closes its copy",
                      .look = "steps/05-descriptors, [2] and [4]; close(2)"});
    }
    throw;
  }
}

LAB_SHARED_CHECK(serves_a_second_client,
                 .sentence = "PROGRAM serves a second client while the first one stays",
                 .promise = "M1 S6", .marks = 1,
                 .means = "a process that waits for the first client's next line cannot wait for "
                          "a second client: each client has a child of its own",
                 .look = "steps/06-mp-server, [8]; fork(2)",
                 .by_hand = "2: BIN/lab-scenes many 9190 1\n"
                            "3: BIN/lab-scenes many 9190 1",
                 .needs = &serves_the_next_client) {
  Server server(subject.program);
  Connection first = server.connect();
  first.exchange("I am the first, and I stay\n", soon);
  Connection second = server.connect();
  {
    const Situation situation("the first client stays and is silent, and a second one sent a line");
    second.exchange("I am the second\n", soon);
  }
  const Situation situation("a second client has come; the first one sent a line");
  first.exchange("I am still there\n", soon);
}

LAB_SHARED_CHECK(has_a_child_for_each_client,
                 .sentence = "PROGRAM gives each client a child of its own", .promise = "M1",
                 .marks = 1,
                 .means = "fork after accept makes the process that serves this client, and no "
                          "other: then none waits for another, and the end of one harms no other",
                 .look = "steps/06-mp-server, [8]; fork(2)",
                 .by_hand = "2: BIN/lab-scenes many 9190 3\n"
                            "3: ps --ppid PID -o pid,stat,comm",
                 .needs = &serves_a_second_client) {
  Server server(subject.program);
  std::vector<Connection> clients;
  for (std::size_t i = 0; i < 3; ++i) {
    clients.push_back(server.connect());
    clients.back().exchange("hello\n", soon);
  }
  std::vector<pid_t> children;
  for (const Connection& client : clients) {
    auto holders = server.holders_of(client);
    std::erase(holders, server.pid()); // whether the parent keeps it is another check's
    expect(!holders.empty(), "the client on port ", client.local_port(),
           " is served, and no child of the server holds its socket:\n", picture_of(server.pid()));
    children.push_back(holders.front()); // the eldest: one born later may have inherited it
  }
  std::ranges::sort(children);
  expect(std::ranges::adjacent_find(children) == children.end(),
         "one child serves two of three clients:\n", picture_of(server.pid()));
}

LAB_SHARED_CHECK(returns_from_its_handler,
                 .sentence = "PROGRAM goes on when one of two clients has left", .promise = "M6 M3",
                 .marks = 1,
                 .means = "the handler of SIGCHLD has to return while other children live. "
                          "waitpid(-1, ..., WNOHANG) gives 0 then, not -1: a loop that waits for "
                          "-1 turns for ever, and without WNOHANG waitpid itself waits",
                 .look = "steps/04-signal-vs-sigaction/reap_all.cpp, [1]; waitpid(2), RETURN VALUE",
                 .by_hand = "2: BIN/lab-scenes many 9190 1\n"
                            "3: BIN/lab-scenes many 9190 1\n"
                            "3: Enter\n"
                            "3: BIN/lab-scenes many 9190 1",
                 .needs = &has_a_child_for_each_client) {
  Server server(subject.program);
  Connection stays = server.connect();
  stays.exchange("I stay\n", soon);
  Connection leaves = server.connect();
  leaves.exchange("I leave\n", soon);
  const pid_t child = server.child_serving(leaves);
  leaves.close();
  advised({.means = "the client has gone, and its child lives on. A child that has served its "
                    "client ends by _exit: otherwise it goes on in the code of its parent",
           .look = "steps/06-mp-server, [5]; _exit(2)"},
          [&] {
            settle(server.pid(), "the child of the client that has left to end", [&] {
              const auto info = process_info(child);
              return !info || info->zombie();
            });
          });
  const Situation situation("two clients came, and one has left. Its child has ended; then a third "
                            "client came");
  unless_gone(server,
              [&] { server.connect().exchange("is my server back from its handler?\n", soon); });
}

LAB_SHARED_CHECK(restarts_at_once,
                 .sentence = "PROGRAM restarts at once on a port with a connection in TIME_WAIT",
                 .promise = "S3", .marks = 2,
                 .means = "the side that closes first keeps the port in TIME_WAIT for a minute. In "
                          "that time a new server gets it only with SO_REUSEADDR, set before bind",
                 .look = "steps/01-echo-server, [1]; socket(7), SO_REUSEADDR; RFC 9293, 3.3.2",
                 .needs = &echoes_a_line) {
  const Port port = reserve_port();
  const auto start = [&] { return Server(subject.program, {.port = port.number()}); };
  std::string seen;
  {
    Server first = start();
    Connection client = first.connect();
    client.exchange("hello\n", soon);
    first.process().kill_all(); // the kernel closes for it: the server closes first
    client.at_eof();
    const unsigned client_port = client.local_port();
    client.close();
    // The server's end is then in TIME_WAIT, unless the server has had it reset.
    wait_until("the connection to be over", [&] {
      seen.clear();
      for (const SocketInfo& socket : tcp_sockets()) {
        if (socket.local_port == port.number() && socket.remote_port == client_port) {
          seen = describe(socket);
          return socket.state == TcpState::time_wait;
        }
      }
      return true;
    });
  }
  const Situation situation(text("a first server has gone and left its connection in ", seen,
                                 "; then a second one was started on the same port"));
  Server second = start();
  second.connect().exchange("hello again\n", soon);
}

LAB_SHARED_CHECK(names_each_client,
                 .sentence = "PROGRAM prints each client's address and port and when it has gone",
                 .promise = "S4", .marks = 2,
                 .means = "accept hands over the client's address, and ntohs its port, for "
                          "`connected client IP: IP port: PORT`; later `client disconnected`",
                 .look = "steps/01-echo-server, [4]; accept(2), inet_ntop(3), ntohs(3)",
                 .by_hand = "2: BIN/lab-scenes many 9190 12\n"
                            "2: Enter",
                 .needs = &shows_lines_at_once) {
  Server server(subject.program);
  const auto gone = [&] {
    return std::ranges::count_if(server.process().lines(), [](const std::string& line) {
      return line.starts_with("client disconnected");
    });
  };
  const std::array ways{"half-closed", "closed", "reset"};
  for (std::size_t i = 0; i < ways.size(); ++i) {
    Connection client = server.connect();
    const std::string line = text("connected client IP: 127.0.0.1 port: ", client.local_port());
    const std::string mapped =
        text("connected client IP: ::ffff:127.0.0.1 port: ", client.local_port());
    client.exchange("hello\n", soon);
    settle(server.pid(), text("the line `", line, "` to be printed"), [&] {
      const auto lines = server.process().lines();
      return std::ranges::find(lines, line) != lines.end() ||
             std::ranges::find(lines, mapped) != lines.end();
    });
    const auto before = gone();
    expect(before == static_cast<std::ptrdiff_t>(i), "with ", i,
           " clients gone and one connected, `client disconnected` is there ", before, " times");
    if (i == 0) {
      client.half_close();
    } else if (i == 1) {
      client.close();
    } else {
      client.reset();
    }
    settle(server.pid(),
           text("`client disconnected` to be printed after a client has ", ways.at(i)),
           [&] { return gone() == before + 1; });
  }
}

LAB_SHARED_CHECK(
    names_clients_of_ipv6, .sentence = "PROGRAM prints the address and port of a client over IPv6",
    .promise = "S4 S1", .marks = 1,
    .means = "an IPv6 address does not fit into a sockaddr_in: sockaddr_storage holds either",
    .look = "steps/support/endpoint.hpp; ipv6(7), inet_ntop(3)", .needs = &shows_lines_at_once) {
  needs_ipv6();
  Server server(subject.program, {.address = "::1"});
  Connection client = server.connect();
  client.exchange("hello\n", soon);
  const std::string line = text("connected client IP: ::1 port: ", client.local_port());
  settle(server.pid(), text("the line `", line, "` to be printed"), [&] {
    const auto lines = server.process().lines();
    return std::ranges::find(lines, line) != lines.end();
  });
}

LAB_SHARED_CHECK(
    returns_every_byte,
    .sentence = "PROGRAM returns every byte in order whatever the sizes of the writes",
    .promise = "S5", .marks = 2,
    .means = "TCP carries bytes, not messages: a read may return any part of what was sent",
    .look = "steps/01-echo-server, [5]; read(2), RETURN VALUE; tcp(7)",
    .by_hand = "2: BIN/lab-scenes bulk 9190", .needs = &echoes_a_line) {
  Server server(subject.program);
  Connection client = server.connect();
  std::size_t seed = 0;
  for (const std::size_t size : std::initializer_list<std::size_t>{
           1,    2,    29,   30,   31,   63,   64,     65,     1000,   1023,    1024,
           1025, 1448, 1449, 4095, 4096, 4097, 65'535, 65'536, 65'537, 300'000, 2'000'000}) {
    client.exchange(pattern(size, ++seed), soon);
  }
  // Many writes under way at the same time, of sizes that fit no buffer.
  std::string all;
  for (std::size_t size = 1; size < 400; size += 7) {
    const std::string piece = pattern(size, ++seed);
    client.send(piece);
    all += piece;
  }
  expect_same(all, client.receive(all.size(), soon));
}

LAB_SHARED_CHECK(
    returns_single_bytes, .sentence = "PROGRAM returns single bytes before a line is complete",
    .promise = "S5", .marks = 1,
    .means = "an echo by line keeps a byte back until a newline comes, which may be never",
    .look = "steps/01-echo-server, [5]; read(2)", .needs = &echoes_a_line) {
  Server server(subject.program);
  Connection client = server.connect();
  for (int i = 0; i < 256; ++i) {
    const std::string byte(1, static_cast<char>(i == '\n' ? 'n' : i));
    client.send(byte);
    const Situation situation(text("byte ", i + 1, ", sent alone"));
    expect_same(byte, client.receive(1, soon));
  }
}

LAB_SHARED_CHECK(waits_for_a_slow_reader,
                 .sentence = "PROGRAM loses nothing when the client reads slowly", .promise = "S5",
                 .marks = 2,
                 .means = "write may take less than it was given: the rest has to be written too",
                 .look = "steps/01-echo-server, [6]; write(2), RETURN VALUE",
                 .by_hand = "2: BIN/lab-scenes stall 9190\n"
                            "2: Enter",
                 .needs = &returns_every_byte) {
  Server server(subject.program);
  Connection client = connect_slow_reader(server);
  const std::string sent = block_in_write(server, client);
  std::string back;
  for (int i = 0; i < 200; ++i) {
    back += client.receive(1, soon);
  }
  for (int i = 0; i < 500; ++i) {
    back += client.receive(100, soon);
  }
  while (back.size() < sent.size()) {
    back += client.receive_some(5000, soon);
  }
  expect_same(sent, back);
  client.exchange("and on\n", soon);
}

LAB_SHARED_CHECK(
    closes_for_an_early_half_close,
    .sentence = "PROGRAM closes when a client half-closes before its first byte",
    .promise = "S5 G6", .marks = 1,
    .means = "read's 0 is the client's end of file: close the socket, in every process that has "
             "it, or the client waits for ever",
    .look = "steps/01-echo-server, [5] and [7]; steps/05-descriptors, [3] and [4]; shutdown(2)",
    .by_hand = "2: BIN/lab-scenes silent 9190", .needs = &serves_the_next_client) {
  Server server(subject.program);
  Connection client = server.connect();
  client.half_close();
  expect_eof(server, client);
}

LAB_SHARED_CHECK(
    returns_what_is_under_way,
    .sentence = "PROGRAM returns all that is under way after a half-close and then closes",
    .promise = "S5", .marks = 2,
    .means =
        "a half-close says that no more will come: the server still has to return what has come",
    .look = "steps/01-echo-server, [5] and [6]; steps/07-half-close-client; shutdown(2)",
    .by_hand = "2: BIN/lab-scenes half-close 9190",
    .needs = {&returns_every_byte, &closes_for_an_early_half_close}) {
  Server server(subject.program);
  {
    Connection client = connect_slow_reader(server);
    std::string sent = block_in_write(server, client);
    const std::string more = pattern(std::size_t{1} << 20, 2);
    sent.append(more, 0, client.send_some_nonblocking(more));
    client.half_close();
    const Situation situation(text("of ", sent.size(), " bytes sent before the half-close"));
    expect_same(sent, client.receive_until_eof());
  }
  for (const std::size_t size :
       std::initializer_list<std::size_t>{1, 30, 64, 1000, 100'000}) { // and with little under way
    Connection client = server.connect();
    const std::string sent = pattern(size, size);
    client.send(sent);
    client.half_close();
    expect_same(sent, client.receive_until_eof());
  }
}

LAB_SHARED_CHECK(
    does_not_stall, .sentence = "PROGRAM answers small messages without a stall of 40 ms",
    .promise = "S5", .marks = 2,
    .means = "an answer in pieces waits: Nagle's algorithm holds the second piece until the "
             "client's delayed ACK, 40 ms later",
    .look = "steps/01-echo-server, [2] and [5]; tcp(7), TCP_NODELAY; a larger buffer",
    .needs = &echoes_a_line) {
  Server server(subject.program);
  Connection client = server.connect();
  // A stall is 40 ms. The kernel acknowledges at once while a connection is young: warm up.
  constexpr std::chrono::milliseconds stall{35};
  constexpr int trips = 16;
  constexpr int most_slow = trips / 4;
  for (int i = 0; i < 40; ++i) {
    client.exchange("warm up\n", soon);
  }
  for (const std::size_t size :
       std::initializer_list<std::size_t>{1, 30, 31, 64, 100, 1000, 1449}) {
    std::string message = pattern(size);
    message.back() = '\n'; // a line: whether the server waits for its end is another check's
    std::vector<std::chrono::milliseconds> best;
    // The best of three: a busy machine makes some batches slow, Nagle's algorithm all of them.
    for (int batch = 0; batch < 3; ++batch) {
      std::vector<std::chrono::milliseconds> times;
      int slow = 0;
      for (int i = 0; i < trips && slow <= most_slow; ++i) {
        const auto start = Clock::now();
        client.send(message);
        client.receive(size, soon);
        times.push_back(
            std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start));
        slow += times.back() >= stall ? 1 : 0;
      }
      best = times;
      if (slow <= most_slow) {
        best.clear();
        break;
      }
    }
    if (!best.empty()) {
      std::string list;
      for (const auto time : best) {
        list += text(list.empty() ? "" : ", ", time.count());
      }
      throw Failure(text("a message of ", size, " bytes takes ", list,
                         " ms to come back, one after the other"));
    }
  }
}

LAB_SHARED_CHECK(uses_no_processor_while_it_waits,
                 .sentence = "PROGRAM uses no processor while it waits", .promise = "G4",
                 .marks = 2,
                 .means = "a program that waits sleeps in the kernel: a program that asks again "
                          "and again takes the processor from the others",
                 .look = "steps/01-echo-server, [4]; accept(2), ERRORS; poll(2)",
                 .needs = &serves_the_next_client) {
  std::vector<std::pair<pid_t, std::string>> watched;
  const auto watch = [&](Server& server, const std::string& situation) {
    for (const ProcessInfo& process : server.process().processes()) {
      if (!process.zombie()) {
        watched.emplace_back(process.pid, situation);
      }
    }
  };
  Server fresh(subject.program);
  Server silent(subject.program);
  Server stalled(subject.program);
  Server left(subject.program);
  Connection silent_client = silent.connect();
  silent_client.exchange("and now nothing\n", soon);
  const Connection second_client = silent.connect(); // one process: it waits in the backlog
  Connection stalled_client = connect_slow_reader(stalled);
  block_in_write(stalled, stalled_client);
  left.connect().exchange("goodbye\n", soon);
  Connection reset_client = left.connect();
  reset_client.exchange("goodbye\n", soon);
  reset_client.reset();
  if (subject.forks) { // if they live on, another check says so
    Quiescence quiescence(left.pid());
    wait_until("the children of clients that have gone to end, or to wait",
               [&] { return left.children().empty() || quiescence.reached(); });
  }
  watch(fresh, "a server without a client");
  watch(silent, "a server with two silent clients");
  watch(stalled, "a server with a client that does not read");
  watch(left, "a server whose clients have gone");
  expect_all_idle(watched);
}

LAB_SHARED_CHECK(
    keeps_nothing_of_a_client,
    .sentence = "PROGRAM keeps no descriptor and no process of a client that has gone",
    .promise = "G5", .marks = 2,
    .means = "if each client costs a descriptor or a process, none is left after a thousand of "
             "them: accept fails with EMFILE, or fork fails",
    .look = "steps/05-descriptors, [4]; steps/04-signal-vs-sigaction; close(2), waitpid(2)",
    .needs = {&serves_the_next_client, &closes_for_an_early_half_close}) {
  Server server(subject.program);
  // One process serves one client after another.
  const std::size_t at_once = subject.forks ? 20 : 1;
  expect_no_growth(server.pid(), [&] {
    for (std::size_t done = 0; done < 20; done += at_once) {
      std::vector<Connection> connections;
      while (connections.size() < at_once) {
        connections.push_back(server.connect());
      }
      for (Connection& client : connections) {
        client.exchange("hello\n", soon);
        client.half_close();
        expect_eof(server, client);
      }
    }
    settle(
        server.pid(), "the server to have no child once its clients have gone",
        [&] { return children_of(server.pid()).empty(); },
        [&] {
          return text(server.children().size(), " living and ", server.zombies().size(),
                      " zombies");
        });
  });
}

LAB_SHARED_CHECK(leaves_no_file, .sentence = "PROGRAM leaves no file behind", .promise = "G5",
                 .marks = 1, .means = "a temporary file outlives the program that forgets it",
                 .look = "unlink(2); pipe(2) needs no file at all", .needs = &echoes_a_line) {
  const Folder folder;
  Server server(subject.program, {.process = {.environment = {{"TMPDIR", folder.path()}},
                                              .working_directory = folder.path()}});
  {
    Connection client = server.connect();
    client.exchange("hello\n", soon);
  }
  try {
    server.stop(SIGTERM, soon);
  } catch (const Failure&) {
    server.process().kill_all(); // that it does not end is another check's
  }
  const std::string files = folder.list();
  expect(files.empty(), "it has ended, and left in the folder it ran in, or in TMPDIR: ", files);
}

LAB_SHARED_CHECK(
    echoes_any_bytes, .sentence = "PROGRAM echoes NUL bytes and lines of 100000 bytes",
    .promise = "G6", .marks = 1,
    .means = "strlen ends at a NUL, and a buffer at its size: only read's result says how much "
             "there is",
    .look = "steps/01-echo-server, [5]; read(2), RETURN VALUE", .needs = &echoes_a_line) {
  Server server(subject.program);
  Connection client = server.connect();
  client.exchange(std::string(1, '\0'), soon);
  client.exchange(std::string(10'000, '\0') + "\n", soon);
  client.exchange(std::string(100'000, 'x') + "\n", soon);
  client.exchange(std::string(100'000, '\xff'), soon);
  client.exchange("%s%n%x\n\r\n\0\n", soon);
  client.exchange(pattern(100'000) + "\n", soon);
  expect_clean(server.process());
}

LAB_SHARED_CHECK(echoes_64_mebibytes, .sentence = "PROGRAM echoes 64 MiB of random bytes",
                 .promise = "G6 S5", .marks = 1,
                 .means = "what works for a line has to work for any amount",
                 .look = "steps/01-echo-server, [5] and [6]", .needs = &echoes_a_line) {
  Server server(subject.program);
  Connection client = server.connect();
  client.exchange_pattern(std::size_t{64} << 20, 1, soon);
  expect_clean(server.process());
}

LAB_SHARED_CHECK(
    survives_resets, .sentence = "PROGRAM goes on after clients that reset at any point",
    .promise = "G6 S6", .marks = 2,
    .means = "accept, read and write may all fail because a client has gone: that is the end of "
             "that client, not of the server",
    .look = "steps/01-echo-server, [4] and [5]; accept(2) and read(2), ERRORS",
    .needs = &serves_the_next_client) {
  Server server(subject.program);
  for (int i = 0; i < 24; ++i) {
    const Situation situation(text("after ", i, " clients that reset"));
    Connection client = unless_gone(server, [&] { return server.connect(); });
    switch (i % 6) {
    case 0: // before its first byte
      break;
    case 1:
      client.send("x");
      break;
    case 2:
      unless_gone(server, [&] { client.exchange("hello\n", soon); });
      break;
    case 3: // with much under way in both directions
      client.send_some_nonblocking(pattern(200'000));
      break;
    case 4:
      client.half_close();
      break;
    default:
      client.send("hello\n");
      client.half_close();
    }
    client.reset();
  }
  // Gone before the server has accepted them.
  server.stop_accepting();
  for (const bool sends : {false, true}) {
    Connection client = server.connect();
    if (sends) {
      client.send("hello\n");
    }
    client.reset();
  }
  server.process().resume();
  expect_service(server, "26 clients that reset, two of them before they were accepted,");
}

LAB_SHARED_CHECK(
    survives_a_reset_while_it_writes,
    .sentence = "PROGRAM goes on after a client that resets while it writes", .promise = "S6",
    .marks = 2,
    .means = "a write to a client that has gone raises SIGPIPE, whose default ends the process",
    .look = "steps/support/stop_signals.hpp; signal(7), SIGPIPE; write(2), EPIPE",
    .needs = &serves_the_next_client) {
  Server server(subject.program);
  {
    Connection client = connect_slow_reader(server);
    block_in_write(server, client);
    client.reset();
    expect_service(server, "a client that reset while a write to it was blocked");
  }
  // A line, the client's end of file and its reset, all while the server is stopped: it then reads
  // the line, and its write gets EPIPE, which brings SIGPIPE; without the end of file ECONNRESET.
  for (const bool half_closed : {true, false}) {
    Connection client = server.connect();
    client.exchange("hello\n", soon);
    const auto holders = server.holders_of(client);
    for (const pid_t pid : holders) {
      kill(pid, SIGSTOP);
      wait_until("the server to be stopped", [&] {
        const auto info = process_info(pid);
        return !info || info->stopped();
      });
    }
    client.send("to nobody\n");
    if (half_closed) {
      client.half_close();
      wait_until("the server's kernel to have the client's end of file", [&] {
        const auto end = own_end(client);
        return !end || end->state != TcpState::fin_wait1;
      });
    }
    client.reset();
    for (const pid_t pid : holders) {
      kill(pid, SIGCONT);
    }
    expect_service(server, half_closed
                               ? "a client that sent a line, half-closed and reset before the echo"
                               : "a client that sent a line and reset before the echo");
  }
  if (subject.forks) {
    settle(server.pid(), "the child of a client that has reset to end",
           [&] { return server.children().empty(); });
  }
}

LAB_SHARED_CHECK(
    serves_after_a_stalled_client,
    .sentence = "PROGRAM serves the next client when a client that never read has gone",
    .promise = "S6", .marks = 1,
    .means = "a blocked write ends with an error when the client resets: then it is the turn of "
             "the next one",
    .look = "steps/01-echo-server, [5] and [6]; write(2), ERRORS",
    .needs = &serves_the_next_client) {
  Server server(subject.program);
  Connection stalled = connect_slow_reader(server);
  block_in_write(server, stalled);
  Connection next = server.connect();
  next.send("hello\n");
  stalled.reset();
  const Situation situation("a client that never read has reset; the next one");
  next.receive(6, soon);
}

LAB_SHARED_CHECK(
    ends_while_it_waits,
    .sentence = "PROGRAM ends with status 0 on SIGINT and SIGTERM while it waits for a client",
    .promise = "S7 G5", .marks = 1,
    .means = "being asked to stop is not an error: stop listening, leave nothing, return 0",
    .look = "steps/support/stop_signals.cpp; steps/06-mp-server, [2] and [6]; sigaction(2)",
    .needs = &serves_the_next_client) {
  expect_ends(subject, "while it waits for a client", [](Server&) { return 0; });
  expect_ends(subject, "when its client has gone", [&](Server& server) {
    server.connect().exchange("goodbye\n", soon);
    return 0;
  });
}

LAB_SHARED_CHECK(
    ends_when_it_is_about_to_wait,
    .sentence = "PROGRAM ends with status 0 on a SIGTERM that comes right before it waits",
    .promise = "S7", .marks = 2,
    .means = "a flag is tested, the signal is handled, and then accept or read waits, as if there "
             "had been no signal: it is lost. Block it, and unblock it in the wait itself, or let "
             "the handler do something that ends the wait",
    .look = "steps/06-mp-server, [4]; ppoll(2); signal(7)", .needs = &ends_while_it_waits) {
  if (const auto reason = Probe::cannot_probe(subject.program)) {
    throw Skipped(*reason);
  }
  const bool accepts = end_in_gap(subject, "accept:parent:2=stop", Client::leaves);
  const bool polls = end_in_gap(subject, "poll:parent:2=stop", Client::leaves);
  const bool reads = end_in_gap(subject, "read:socket:2=stop", Client::stays);
  expect(
      accepts || polls || reads,
      "the check has seen no call of accept, poll or read before which it could stop the server. "
      "It does not see a call by syscall(2)");
}

LAB_SHARED_CHECK(
    ends_with_a_silent_client,
    .sentence = "PROGRAM ends with status 0 on SIGINT and SIGTERM with a silent client",
    .promise = "S7 G5", .marks = 1,
    .means = "a read that waits for a client must not keep the server from ending, and its process "
             "must end with the server",
    .look = "steps/support/stop_signals.cpp; steps/06-mp-server, [2] and [6]; signal(7), EINTR",
    .needs = &ends_while_it_waits) {
  expect_ends(subject, "with a silent client", [&](Server& server) {
    std::vector<Connection> clients;
    for (int i = 0; i < 2; ++i) { // one process: the second one waits
      clients.push_back(server.connect());
      if (i == 0 || subject.forks) {
        clients.back().exchange("and now nothing\n", soon);
      }
    }
    return clients;
  });
}

LAB_SHARED_CHECK(
    ends_with_a_client_that_does_not_read,
    .sentence = "PROGRAM ends with status 0 on SIGINT and SIGTERM while a write blocks",
    .promise = "S7 G5", .marks = 1,
    .means = "a client that does not read blocks write for as long as it likes: the server must "
             "end without waiting for it",
    .look = "steps/support/stop_signals.cpp; steps/06-mp-server, [2] and [6]; signal(7), EINTR",
    .needs = &ends_while_it_waits) {
  expect_ends(subject, "with a client that does not read", [](Server& server) {
    Connection client = connect_slow_reader(server);
    block_in_write(server, client);
    return client;
  });
}

LAB_SHARED_CHECK(serves_beside_bad_clients,
                 .sentence = "PROGRAM serves others beside clients that stall or flood or reset",
                 .promise = "S6", .marks = 2,
                 .means = "each client has a process of its own, so none has to wait for another",
                 .look = "steps/06-mp-server, [8]; fork(2)", .needs = &serves_a_second_client) {
  Server server(subject.program);
  Connection silent = server.connect();
  silent.exchange("half a li", soon);
  Connection stalled = connect_slow_reader(server);
  block_in_write(server, stalled);
  const auto serve = [&](std::string_view beside) {
    const Situation situation(text("beside ", beside));
    server.connect().exchange(pattern(100'000), soon);
  };
  serve("a silent client and one that does not read");
  for (int i = 0; i < 20; ++i) {
    Connection client = server.connect();
    client.send_some_nonblocking(pattern(100'000));
    client.reset();
  }
  serve("a flood of clients that send and reset");
  stalled.reset();
  serve("one that reset while a write to it was blocked");
  silent.exchange("ne\n", soon); // and none of it has harmed this one
  expect_clean(server.process());
}

LAB_SHARED_CHECK(
    ends_with_fifty_clients,
    .sentence = "PROGRAM ends with status 0 on SIGTERM with fifty clients and leaves no process",
    .promise = "S7 G5", .marks = 2,
    .means = "a signal goes to one process: the parent has to pass it on to its children, and to "
             "reap them",
    .look = "steps/06-mp-server, [6]; kill(2), waitpid(2)",
    .needs = {&serves_a_second_client, &ends_while_it_waits}) {
  const std::size_t count = clients_at_once(50, 10);
  Server server(subject.program);
  std::vector<Connection> clients;
  clients.push_back(connect_slow_reader(server));
  while (clients.size() < count) {
    clients.push_back(server.connect());
  }
  for (Connection& client : clients) {
    client.exchange("hello\n", soon);
  }
  block_in_write(server, clients.front());
  try {
    expect_end(server, SIGTERM, text("with ", count, " clients"));
  } catch (Failure& failure) {
    if (!server.zombies().empty()) {
      failure.advise(
          {.means = "it waits for children that have ended already: they are zombies. "
                    "SIGCHLD is not queued, and one delivery can stand for many exits: "
                    "call waitpid until none is left",
           .look = "steps/04-signal-vs-sigaction/reap_all.cpp, [1]; waitpid(2), WNOHANG"});
    }
    throw;
  }
  for (Connection& client : clients) {
    const bool over = &client == &clients.front() || client.at_eof(soon) || client.was_reset();
    expect(over, "the server has ended, and the client on port ", client.local_port(),
           " still waits: some process holds its connection");
  }
}

LAB_SHARED_CHECK(
    writes_each_line_at_once, .sentence = "PROGRAM writes each line at once and whole into a pipe",
    .promise = "G3 S4", .marks = 2,
    .means = "stdio keeps lines back when output is no terminal, and fork copies what it keeps",
    .look = "steps/support/output.hpp; setvbuf(3), write(2), pipe(7)",
    .needs = &names_each_client) {
  Server server(subject.program);
  const auto ports = bring_clients(server, subject);
  expect_lines_once(server, {}, ports);
  expect_whole_lines(server.process());
}

LAB_SHARED_CHECK(
    writes_each_line_once, .sentence = "PROGRAM writes each line once and at once into a file",
    .promise = "G3 S4", .marks = 2,
    .means = "stdio keeps lines back when output is no terminal, and fork copies what it keeps",
    .look = "steps/support/output.hpp; setvbuf(3), fflush(3), fork(2)",
    .needs = &names_each_client) {
  Server server(subject.program, {.process = {.output = Output::file}});
  Connection first = server.connect();
  first.exchange("hello\n", soon);
  wait_for_line_of(server, first);
  const auto beginning = server.process().lines();
  std::vector<unsigned> ports{first.local_port()};
  first.close();
  const auto more = bring_clients(server, subject);
  ports.insert(ports.end(), more.begin(), more.end());
  expect_lines_once(server, beginning, ports);
}

} // namespace lab::server
