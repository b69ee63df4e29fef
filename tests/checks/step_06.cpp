// The checks of steps/06-mp-server: a server's, and those of the full server alone (the contract's
// M promises). None of these needs a line of output, but the two of `removed proc id`.

#include "checks/common.hpp"
#include "checks/mp_server.hpp"
#include "checks/probed.hpp"
#include "checks/server.hpp"
#include "checks/settle.hpp"
#include "checks/shortage.hpp"
#include "harness/idle.hpp"
#include "harness/limits.hpp"
#include "harness/probe/probe.hpp"
#include "harness/server.hpp"
#include "tools/drawing/picture.hpp"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cmath>
#include <csignal>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace lab::mp_server {

namespace {

constexpr Suite suite{.name = "step-06", .subject = {.program = "echo_mpserver", .forks = true}};

using std::chrono::milliseconds;
using Clients = std::vector<Connection>;

/// Enough that one SIGCHLD stands for many ends.
std::size_t many() {
  return clients_at_once(50, 10);
}

/// Clients that stay, each with one round trip behind it: so each has been accepted and is served.
Clients connected(Server& server, std::size_t count) {
  Clients clients;
  for (std::size_t i = 0; i < count; ++i) {
    clients.push_back(server.connect());
  }
  for (std::size_t i = 0; i < count; ++i) {
    clients[i].exchange("client " + std::to_string(i) + '\n');
  }
  return clients;
}

void leave(Clients& clients) {
  for (Connection& client : clients) {
    client.close();
  }
}

/// The process that serves each client after a round trip. The parent may still be about to close
/// its own descriptor of the socket.
std::vector<pid_t> children_of_clients(Server& server, std::span<const Connection> clients) {
  std::map<unsigned long, unsigned> ports; // by the inode of the server's socket, the client's port
  for (const SocketInfo& socket : tcp_sockets()) {
    if (socket.local_port == server.port() && socket.inode != 0) {
      ports.emplace(socket.inode, socket.remote_port);
    }
  }
  std::map<unsigned, std::set<pid_t>> holders;
  for (const ProcessInfo& process : descendants_of(server.pid())) {
    for (const DescriptorInfo& descriptor : descriptors_of(process.pid)) {
      const auto port = ports.find(descriptor.inode);
      if (descriptor.kind == DescriptorInfo::Kind::socket && port != ports.end()) {
        holders[port->second].insert(process.pid);
      }
    }
  }
  std::vector<pid_t> children;
  for (const Connection& client : clients) {
    const auto& found = holders[client.local_port()];
    if (found.size() != 1) {
      throw Failure(text("the client on port ", client.local_port(),
                         " is being served, and its socket is held by ", found.size(),
                         " processes besides the server ", server.pid(), ", where it has to be 1"));
    }
    children.push_back(*found.begin());
  }
  return children;
}

pid_t child_of(Server& server, const Connection& client) {
  return children_of_clients(server, {&client, 1}).front();
}

/// `3 zombies: 4123 Z, 4125 Z, 4130 Z`
std::string listed(const std::vector<ProcessInfo>& processes, std::string_view noun) {
  std::string text = std::to_string(processes.size()) + ' ' + std::string(noun);
  text += processes.size() == 1 ? "" : noun.ends_with('s') ? "es" : "s";
  constexpr std::size_t most = 8;
  for (std::size_t i = 0; i < std::min(most, processes.size()); ++i) {
    text += i == 0 ? ": " : ", ";
    text += std::to_string(processes[i].pid) + ' ' + processes[i].state;
  }
  return text + (processes.size() > most ? ", ..." : "");
}

/// Waits until the server has no child left that is alive.
void expect_children_ended(Server& server) {
  settle(server.pid(), "the children of clients that have left to end",
         [&] { return server.children().empty(); });
}

/// Waits until the server has no child left, alive or not.
void expect_all_reaped(Server& server, std::size_t ended) {
  settle(
      server.pid(), "the server " + std::to_string(server.pid()) + " to reap its children",
      [&] { return children_of(server.pid()).empty(); },
      [&] {
        return "of " + std::to_string(ended) + " children that have ended it leaves " +
               listed(server.zombies(), "zombie") +
               "; alive: " + listed(server.children(), "child process");
      });
  expect(!server.process().poll_exit(), "the server has ended");
  expect_clean(server.process());
}

/// Sends a signal to a process that may be in the middle of anything.
void send(pid_t pid, int signal) {
  expect(::kill(pid, signal) == 0, "process ", pid,
         " has ended, and its parent has reaped it. Its client stays, and it was to be sent ",
         signal_name(signal));
}

/// The signals that a right program comes through: SIGCHLD in any case, and those that it handles
/// itself, except the ones that ask it to stop.
std::vector<int> harmless_signals(pid_t pid) {
  std::vector<int> signals{SIGCHLD};
  for (const int signal : {SIGALRM, SIGUSR1, SIGUSR2, SIGVTALRM, SIGPROF, SIGIO}) {
    if (catches_signal(pid, signal)) {
      signals.push_back(signal);
    }
  }
  return signals;
}

bool sleeps(pid_t pid) {
  const auto info = process_info(pid);
  return !info || info->state == 'S'; // gone: what comes next says so
}

void wait_until_asleep(pid_t pid) {
  wait_until("process " + std::to_string(pid) + " to wait for its next event",
             [&] { return sleeps(pid); });
}

/// Each harmless signal to a process that is blocked in a system call, and a SIGSTOP and SIGCONT,
/// which break some calls even where nothing is handled (signal(7)).
void interrupt(pid_t pid) {
  for (const int signal : harmless_signals(pid)) {
    wait_until_asleep(pid);
    send(pid, signal);
  }
  wait_until_asleep(pid);
  send(pid, SIGSTOP);
  wait_until("process " + std::to_string(pid) + " to stop", [&] {
    const auto info = process_info(pid);
    return !info || info->stopped() || info->zombie();
  });
  send(pid, SIGCONT);
}

/// Signals to some processes that stay, as fast as they go, until the end of the scope.
class Storm {
public:
  explicit Storm(const std::vector<pid_t>& pids) {
    for (const pid_t pid : pids) {
      targets_.emplace_back(pid, harmless_signals(pid));
    }
    thread_ = std::jthread([this](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        for (const auto& [pid, signals] : targets_) {
          for (const int signal : signals) {
            ::kill(pid, signal);
          }
          if (rounds % 16 == 0) {
            ::kill(pid, SIGSTOP);
            ::kill(pid, SIGCONT);
          }
        }
        ++rounds;
        std::this_thread::yield();
      }
    });
  }

  std::atomic<unsigned> rounds = 0;

private:
  std::vector<std::pair<pid_t, std::vector<int>>> targets_;
  std::jthread thread_; // joined first
};

/// The process ids of the lines `removed proc id: PID`, in the order of the output.
std::vector<pid_t> removed(const Process& process) {
  constexpr std::string_view start = "removed proc id: ";
  std::vector<pid_t> pids;
  for (const std::string& line : process.lines()) {
    pid_t pid = 0;
    const char* end = line.data() + line.size();
    if (line.starts_with(start) &&
        std::from_chars(line.data() + start.size(), end, pid).ptr == end) {
      pids.push_back(pid);
    }
  }
  return pids;
}

void expect_removed(Server& server, const std::vector<pid_t>& ended) {
  settle(
      server.pid(), "a line `removed proc id: PID` to be printed for each child that has ended",
      [&] { return removed(server.process()).size() >= ended.size(); },
      [&] {
        auto missing = ended;
        for (const pid_t pid : removed(server.process())) {
          std::erase(missing, pid);
        }
        std::string text = "of " + std::to_string(ended.size()) + " there is none for " +
                           std::to_string(missing.size()) + ":";
        for (std::size_t i = 0; i < std::min<std::size_t>(8, missing.size()); ++i) {
          text += ' ' + std::to_string(missing[i]);
        }
        return text;
      });
  std::map<pid_t, int> times;
  for (const pid_t pid : removed(server.process())) {
    ++times[pid];
  }
  for (const pid_t pid : ended) {
    expect(times[pid] == 1, times[pid], " lines `removed proc id: ", pid,
           "` for the one child of that id");
    times.erase(pid);
  }
  expect(times.empty(), "a line `removed proc id: ", times.empty() ? 0 : times.begin()->first,
         "`, and the server ", server.pid(), " had no child of that id");
}

/// Ends the clients' children while the server cannot reap: it is stopped.
void end_while_stopped(Server& server, Clients& clients, const std::vector<pid_t>& children) {
  server.process().stop();
  leave(clients);
  wait_until(
      "the children of " + std::to_string(children.size()) +
          " clients that have left to end (the server is stopped, they are not)",
      [&] {
        return std::ranges::all_of(children, [](pid_t pid) {
          const auto info = process_info(pid);
          return !info || info->zombie();
        });
      },
      [&] { return listed(server.children(), "child process"); });
  server.process().resume();
}

} // namespace

LAB_EVERY_SERVER(LAB_TAKE_SERVER)
LAB_STOPPED_SERVER(LAB_TAKE_SERVER)
LAB_TIDY_SERVER(LAB_TAKE_SERVER)
LAB_FORKING_SERVER(LAB_TAKE_SERVER)
LAB_SERVER_WORDING(LAB_TAKE_SERVER)

LAB_CHECK(serves_500_at_once, .sentence = "serves 500 clients at once, none waiting for another",
          .promise = "M1", .marks = 3,
          .means = "a client that connects later is served while all before it stay: no limit, "
                   "no queue, no table that fills up",
          .look = "steps/06-mp-server, [8]", .needs = &server::serves_a_second_client) {
  const std::size_t count = clients_at_once(500, 100);
  Server server(subject.program);
  Clients clients;
  for (std::size_t i = 0; i < count; ++i) {
    clients.push_back(server.connect());
  }
  for (std::size_t i = count; i-- > 0;) { // the last to come first, while all others stay
    const std::string line =
        "client " + std::to_string(i + 1) + " of " + std::to_string(count) + '\n';
    const Situation situation(
        text(count - 1 - i, " of ", count, " clients that stay were served; then"));
    clients[i].send(line);
    if (!clients[i].has_something(milliseconds(500))) {
      settle(
          server.pid(), "its line to come back",
          [&] { return clients[i].has_something(milliseconds(0)); }, milliseconds(10'000));
    }
    expect(clients[i].receive(line.size(), milliseconds(10'000)) == line,
           "something else came back");
  }
  const auto children = server.children();
  expect(children.size() >= count, count, " clients are connected, and the server ", server.pid(),
         " has ", listed(children, "child process"));
}

LAB_CHECK(shares_out_the_descriptors,
          .sentence = "the parent holds the listener alone, a child its client's socket alone",
          .promise = "M2", .marks = 3,
          .means = "fork copies the table of descriptors. A socket is closed only when the last of "
                   "its descriptors is closed, in all processes",
          .look = "steps/05-descriptors, [2] and [4]; steps/06-mp-server, [8]; fork(2)",
          .by_hand = "2: BIN/lab-scenes many 9190 3\n"
                     "3: BIN/lab-xray PID",
          .needs = {&server::returns_from_its_handler, &server::closes_for_an_early_half_close}) {
  Server server(subject.program);
  const Clients clients = connected(server, 5);
  const auto connections_of_parent = [&] {
    auto held = sockets_of(server.pid());
    std::erase_if(held, [](const SocketInfo& socket) { return socket.state == TcpState::listen; });
    return held;
  };
  settle(
      server.pid(), "the parent to close the sockets of its clients",
      [&] { return connections_of_parent().empty(); },
      [&] {
        std::string text = "it holds " + std::to_string(connections_of_parent().size()) + " of 5:";
        return text + "\n" + xray_of(server.pid());
      });
  expect(listening_socket_of(server.pid()).has_value(), "the parent ", server.pid(),
         " does not hold the listener:\n", picture_of(server.pid()));
  for (const Connection& client : clients) {
    const pid_t child = child_of(server, client);
    const auto held = sockets_of(child);
    expect(!listening_socket_of(child), "child ", child, " holds the listener:\n",
           picture_of(child));
    expect(held.size() == 1, "child ", child, " holds ", held.size(),
           " TCP sockets, and serves the client on port ", client.local_port(), " alone:\n",
           picture_of(child));
  }
}

LAB_CHECK(keeps_no_descriptor_of_clients_gone,
          .sentence = "keeps no descriptor of clients that have gone", .promise = "M2 G5",
          .marks = 2,
          .means = "a table that grows with every client is full one day, and then accept fails",
          .look = "steps/05-descriptors, [4]; ls -l /proc/PID/fd",
          .needs = &server::returns_from_its_handler) {
  Server server(subject.program);
  expect_no_growth(server.pid(), [&] {
    Clients clients = connected(server, 20);
    leave(clients);
    expect_children_ended(server);
    wait_until_asleep(server.pid());
  });
}

LAB_CHECK(reaps_children_that_ended_while_it_was_stopped,
          .sentence = "reaps all 50 children that ended while it was stopped", .promise = "M3",
          .marks = 3, .means = "SIGCHLD is not queued: one delivery can stand for many exits",
          .look = "steps/04-signal-vs-sigaction/reap_all.cpp, [1]; steps/06-mp-server, [1]; "
                  "waitpid(2), WNOHANG",
          .by_hand = "2: BIN/lab-scenes many 9190 50\n"
                     "3: kill -STOP PID\n"
                     "2: Enter\n"
                     "3: kill -CONT PID\n"
                     "3: ps --ppid PID -o pid,stat,comm",
          .needs = {&server::returns_from_its_handler, &server::closes_for_an_early_half_close}) {
  const std::size_t count = many();
  Server server(subject.program);
  Clients clients = connected(server, count);
  end_while_stopped(server, clients, children_of_clients(server, clients));
  expect_all_reaped(server, count);
}

LAB_CHECK(reaps_children_that_end_together,
          .sentence = "reaps every child when 50 clients leave at once", .promise = "M3",
          .marks = 3, .means = "SIGCHLD is not queued: one delivery can stand for many exits",
          .look = "steps/04-signal-vs-sigaction/reap_all.cpp, [1]; steps/06-mp-server, [1]; "
                  "waitpid(2), WNOHANG",
          .needs = &server::returns_from_its_handler) {
  const std::size_t count = many();
  Server server(subject.program);
  Clients clients = connected(server, count);
  leave(clients);
  expect_all_reaped(server, count);
}

LAB_CHECK(reaps_children_while_clients_come,
          .sentence = "reaps every child while other clients keep coming", .promise = "M3",
          .marks = 2,
          .means = "in a busy server, children also end in the middle of accept and fork",
          .look = "steps/06-mp-server, [4]; sigaction(2)",
          .needs = &server::returns_from_its_handler) {
  Server server(subject.program);
  constexpr int rounds = 20;
  constexpr std::size_t at_once = 10;
  Clients former;
  for (int round = 0; round < rounds; ++round) {
    Clients clients;
    for (std::size_t i = 0; i < at_once; ++i) { // one comes, one goes
      clients.push_back(server.connect());
      if (i < former.size()) {
        former[i].close();
      }
    }
    for (Connection& client : clients) {
      client.exchange("still here\n");
    }
    former = std::move(clients);
  }
  leave(former);
  expect_all_reaped(server, rounds * at_once);
}

LAB_CHECK(reaps_children_one_by_one, .sentence = "reaps a child as soon as its client has left",
          .promise = "M3", .marks = 1,
          .means = "a server that reaps only when the next client comes leaves a zombie until then",
          .look = "steps/06-mp-server, [1] and [3]; signal(7)",
          .needs = &server::returns_from_its_handler) {
  Server server(subject.program);
  Connection stays = server.connect();
  stays.exchange("I stay\n");
  for (int i = 0; i < 5; ++i) {
    Connection client = server.connect();
    client.exchange("I leave\n");
    const pid_t child = child_of(server, client);
    client.half_close();
    expect(client.receive_until_eof().empty(), "more came back than was sent");
    settle(
        server.pid(), "the server to reap child " + std::to_string(child),
        [&] { return !process_info(child); }, [&] { return describe(child); });
  }
  stays.exchange("and am served\n");
}

LAB_CHECK(reaps_children_that_were_killed,
          .sentence = "reaps a child that was killed, and serves on", .promise = "M3 G5",
          .marks = 1, .means = "a child may end in many ways, and is a zombie after each of them",
          .look = "steps/03-wait; wait(2)", .needs = &server::returns_from_its_handler) {
  Server server(subject.program);
  Clients clients = connected(server, 5);
  const auto children = children_of_clients(server, clients);
  for (std::size_t i = 0; i < 4; ++i) { // one by one: several at once are another check's affair
    send(children[i], i % 2 == 0 ? SIGKILL : SIGSEGV);
    settle(
        server.pid(),
        "the server to reap child " + std::to_string(children[i]) + ", which was killed",
        [&] { return !process_info(children[i]); }, [&] { return describe(children[i]); });
    expect(clients[i].at_eof() || clients[i].was_reset(), "the child of the client on port ",
           clients[i].local_port(), " was killed, and the client does not see an end: ",
           "some other process still holds its socket");
  }
  clients[4].exchange("my child lives\n");
  server.connect().exchange("and there are new ones\n");
}

LAB_CHECK(prints_each_child_removed,
          .sentence = "prints `removed proc id: PID` once for each child", .promise = "M3",
          .marks = 2,
          .means = "the line stands for a waitpid that returned that child: each child has one "
                   "line, however it ended, and even if many ended together",
          .look = "steps/06-mp-server, [1]; waitpid(2)",
          .by_hand = "2: BIN/lab-scenes many 9190 12\n"
                     "2: Enter",
          .needs = {&server::shows_lines_at_once,
                    &reaps_children_that_ended_while_it_was_stopped}) {
  const std::size_t count = many();
  Server server(subject.program);
  std::vector<pid_t> ended;
  const auto note = [&](const Clients& clients) {
    auto children = children_of_clients(server, clients);
    ended.insert(ended.end(), children.begin(), children.end());
    return children;
  };
  for (int i = 0; i < 3; ++i) { // one after another
    Clients one = connected(server, 1);
    note(one);
    leave(one);
    expect_removed(server, ended);
  }
  Clients killed = connected(server, 1);
  send(note(killed).front(), SIGKILL);
  expect_removed(server, ended);
  Clients together = connected(server, count);
  const auto children = note(together);
  end_while_stopped(server, together, children);
  expect_removed(server, ended);
}

LAB_CHECK(accepts_through_signals, .sentence = "a signal breaks no accept of the parent",
          .promise = "M4", .marks = 2,
          .means = "a call that a handler interrupts returns EINTR, unless the handler was "
                   "installed with SA_RESTART. And waitpid in a handler must not wait",
          .look = "steps/06-mp-server, [3]; signal(7), Interruption of system calls",
          .needs = &server::returns_from_its_handler) {
  Server server(subject.program);
  Clients clients;
  for (int i = 0; i < 20; ++i) {
    interrupt(server.pid());
    clients.push_back(server.connect());
    clients.back().exchange("after a signal to the parent\n");
  }
  for (Connection& client : clients) {
    client.exchange("and all are served\n");
  }
}

LAB_CHECK(reads_through_signals, .sentence = "a signal breaks no read of a child", .promise = "M4",
          .marks = 2,
          .means = "read's -1 with EINTR is neither the end nor a number of bytes. The child has "
                   "inherited the parent's handlers",
          .look = "steps/06-mp-server, [3]; steps/01-echo-server, [5]; read(2)",
          .needs = &server::returns_from_its_handler) {
  Server server(subject.program);
  Connection client = server.connect();
  client.exchange("first\n");
  const pid_t child = child_of(server, client);
  for (int i = 0; i < 20; ++i) {
    interrupt(child);
    client.exchange("after a signal to the child, " + std::to_string(i) + '\n');
  }
  interrupt(child);
  client.half_close();
  const std::string rest = client.receive_until_eof();
  expect(rest.empty(), "nothing was under way, and these came back:\n", shown(rest));
}

LAB_CHECK(writes_through_signals, .sentence = "a signal breaks no write of a child",
          .promise = "M4", .marks = 2,
          .means = "a write that a signal breaks has taken some of its bytes, or none: the rest is "
                   "still to be written, from where it stopped",
          .look = "steps/01-echo-server, [6]; steps/06-mp-server, [3]; write(2)",
          .needs = &server::returns_from_its_handler) {
  Server server(subject.program);
  Connection client = server.connect(patience, 4096);
  client.exchange("first\n");
  const pid_t child = child_of(server, client);

  // Send, and do not read, until the child leaves unread what has come: then it is in its write.
  const std::string data = pattern(std::size_t{32} << 20);
  std::size_t sent = 0;
  wait_until(
      "child " + std::to_string(child) + " to be blocked in write",
      [&] {
        sent += client.send_some_nonblocking(std::string_view(data).substr(sent));
        const auto held = sockets_of(child);
        return !held.empty() && held.front().receive_queue > 0 && sleeps(child);
      },
      [&] { return describe(child) + "; sent so far: " + std::to_string(sent) + " bytes"; });

  std::string back;
  for (int i = 0; i < 20; ++i) {
    interrupt(child);
    back += client.receive(1000); // room for a part of what it writes
  }
  client.half_close();
  {
    const Storm storm({server.pid(), child});
    back += client.receive_until_eof();
  }
  const auto differs = std::mismatch(back.begin(), back.end(), data.begin(), data.end()).first;
  const auto same = static_cast<std::size_t>(differs - back.begin());
  expect(back.size() == sent && same == sent, "sent ", sent, " bytes, ", back.size(),
         " came back, and they differ from offset ", same, " on");
  expect_clean(server.process());
}

LAB_CHECK(survives_a_storm, .sentence = "loses no byte and no process in a storm of signals",
          .promise = "M4", .marks = 2,
          .means = "a signal can come between any two instructions, not only where you expect it",
          .look = "steps/06-mp-server, [3] and [4]; signal(7), sigprocmask(2)",
          .by_hand = "2: BIN/lab-scenes bulk 9190 500000000\n"
                     "3: for i in $(seq 1000); do kill -CHLD PID; done",
          .needs = {&server::returns_from_its_handler, &server::closes_for_an_early_half_close}) {
  Server server(subject.program);
  Clients clients = connected(server, 4);
  auto pids = children_of_clients(server, clients);
  pids.push_back(server.pid());
  Storm storm(pids);
  {
    const Situation situation("while signals came to the parent and its children all the time "
                              "(SIGCHLD and others that they handle)");
    for (std::uint64_t i = 0; i < clients.size(); ++i) {
      clients[i].exchange_pattern(std::size_t{1} << 20, i + 1);
      for (int visitor = 0; visitor < 5; ++visitor) {
        server.connect().exchange("in the middle of it\n"); // its child ends: SIGCHLD of its own
      }
    }
  }
  wait_until("the storm of signals to last for a hundred rounds",
             [&] { return storm.rounds > 100; });
  for (const pid_t pid : pids) {
    const auto info = process_info(pid);
    expect(info && !info->zombie(), "process ", pid, " ended in the storm of signals");
  }
  expect_clean(server.process());
}

LAB_CHECK(outlives_a_failing_fork,
          .sentence = "fork failing costs one client its connection, nothing else", .promise = "M5",
          .marks = 2,
          .means = "fork returns -1 when the process limit is reached: the parent goes on, closes "
                   "that client's socket, and says so on standard error",
          .look = "steps/06-mp-server, [8]; fork(2), EAGAIN",
          .needs = &server::returns_from_its_handler) {
  // The second fork fails: by the kernel's limit, or, where this machine has none, by the probe.
  ServerOptions options;
  std::optional<Probe> probe;
  if (const auto no_limit = cannot_limit_processes()) {
    if (const auto no_probe = Probe::cannot_probe(subject.program)) {
      throw Skipped(*no_limit + "; and " + *no_probe);
    }
    probe.emplace(ProbeOptions{.faults = "fork:2=EAGAIN"});
    probe->attach(options.process);
  } else {
    options.process.user = unprivileged_user();
  }
  Server server(subject.program, std::move(options));
  Connection early = server.connect();
  early.exchange("before\n");
  {
    std::optional<ProcessLimit> limit;
    if (!probe) {
      limit.emplace(server.pid());
    }
    Connection unlucky = server.connect();
    settle(
        server.pid(), "the client that got no child to lose its connection",
        [&] { return unlucky.at_eof(milliseconds(0)) || unlucky.was_reset(); },
        [&] { return "fork fails with EAGAIN, and its connection stays open"; });
    settle(server.pid(), "a line on standard error to say that fork failed",
           [&] { return !server.process().error_lines().empty(); });
    early.exchange("meanwhile\n");
    expect(!server.process().poll_exit(),
           "the server has ended: because of one client, all others have lost their connections");
  }
  server.connect().exchange("afterwards\n");
  early.exchange("as before\n");
}

LAB_CHECK(
    outlives_a_failing_accept, .sentence = "no client loses anything when accept fails with EMFILE",
    .promise = "M5", .marks = 2,
    .means = "the client stays in the backlog, and accept fails again at once. A server that does "
             "not pause uses all of a processor, and a server that exits ends every connection",
    .look = "steps/06-mp-server, [4]; steps/support/failed_accept.cpp; accept(2), EMFILE",
    .needs = &server::serves_a_second_client) {
  Server server(subject.program);
  Connection early = server.connect();
  early.exchange("before\n");
  wait_until_asleep(server.pid());

  DescriptorLimit limit(server.pid());
  Connection waiting = server.connect(); // the kernel takes it into the backlog
  waiting.send("I wait\n");
  constexpr double most = 0.05;
  const double share = share_of_processor(server.pid());
  expect(share < most, "accept fails with EMFILE, and the server ", server.pid(), " used ",
         std::lround(100 * share),
         " % of the processor that it could have had: it turns in a loop");
  expect(!server.process().poll_exit(), "the server has ended");
  early.exchange("meanwhile\n");
  limit.restore();

  std::string back;
  {
    const Situation situation("there is room for a descriptor again, but the client that waited is "
                              "not served");
    back = waiting.receive(7, promptly);
  }
  expect(back == "I wait\n", "something else came back:\n", shown(back));
  server.connect().exchange("afterwards\n");
}

LAB_CHECK(outlives_errors_of_accept,
          .sentence = "goes on after accept has failed with ECONNABORTED, EMFILE or ENFILE",
          .promise = "M5", .marks = 1,
          .means = "some errors of accept are about one client, and others pass after a moment: "
                   "the server goes on after each of them",
          .look = "steps/support/failed_accept.cpp; accept(2), ERRORS",
          .needs = &server::serves_a_second_client) {
  if (const auto reason = Probe::cannot_probe(subject.program)) {
    throw Skipped(*reason);
  }
  for (const std::string error : {"ECONNABORTED", "EMFILE", "ENFILE"}) {
    Probe probe({.faults = "accept:2-4=" + error});
    ServerOptions options;
    probe.attach(options.process);
    Server server(subject.program, std::move(options));
    Connection early = server.connect();
    early.exchange("before\n");
    Connection next = server.connect();
    const Situation situation("accept failed with " + error + " three times, and then not");
    next.exchange("accepted at last\n", promptly);
    early.exchange("as before\n");
    probed::expect_faults(probe, "accept");
  }
}

LAB_CHECK(outlives_clients_gone_before_accept,
          .sentence = "clients that are gone before accept do no harm to the others",
          .promise = "M5 S6", .marks = 1,
          .means = "a connection may be reset before it is accepted: then accept fails, or the "
                   "first read of the child",
          .look = "steps/support/failed_accept.cpp; accept(2), ECONNABORTED",
          .needs = &server::has_a_child_for_each_client) {
  Server server(subject.program);
  Connection early = server.connect();
  early.exchange("before\n");
  Clients stay;
  for (int i = 0; i < 5; ++i) {
    server.stop_accepting(); // so that it accepts the next two when the first of them has gone
    Connection gone = server.connect();
    gone.send("never mind\n");
    stay.push_back(server.connect());
    gone.reset();
    server.process().resume();
    stay.back().exchange("I am still there\n");
  }
  early.exchange("so am I\n");
  settle(server.pid(), "the children of the clients that reset their connections to be gone",
         [&] { return server.children().size() == 1 + stay.size(); });
}

LAB_CHECK(
    prints_each_child_removed_into_a_file,
    .sentence = "prints `removed proc id: PID` at once and once into a file, too",
    .promise = "M3 G3", .marks = 1,
    .means = "stdio keeps what is printed into a file in a buffer, and fork copies the buffer",
    .look = "steps/support/output.hpp; steps/06-mp-server, [1] and [5]; setvbuf(3)",
    .needs = &server::shows_lines_at_once) {
  Server server(subject.program, {.process = {.output = Output::file}});
  std::vector<pid_t> ended;
  for (int i = 0; i < 5; ++i) {
    Clients clients = connected(server, 1);
    ended.push_back(child_of(server, clients.front()));
    leave(clients);
    expect_removed(server, ended);
  }
}

LAB_CHECK(handles_signals_safely, .sentence = "its handlers call async-signal-safe functions alone",
          .promise = "M6", .marks = 1,
          .means = "a handler may interrupt printf or malloc, and call it again: then a lock is "
                   "taken twice, or a list is half changed",
          .look = "steps/06-mp-server, [1] and [2]; signal-safety(7)",
          .needs = &server::returns_from_its_handler) {
  probed::expect_safe_handlers(*probed::server_with_busy_handlers(subject.program));
}

LAB_CHECK(keeps_errno, .sentence = "its handlers leave errno as they found it", .promise = "M6",
          .marks = 1,
          .means = "a handler may run between a call that fails and the line that looks at errno. "
                   "waitpid in the handler then puts ECHILD where that line expects EINTR",
          .look = "steps/04-signal-vs-sigaction/reap_all.cpp, [1]; errno(3); signal-safety(7)",
          .needs = &server::returns_from_its_handler) {
  probed::expect_errno_kept(*probed::server_with_busy_handlers(subject.program));
}

LAB_CHECK(sleeps_while_its_clients_do,
          .sentence = "parent and children use no processor while their clients are silent",
          .promise = "G4", .marks = 1,
          .means = "a program that waits sleeps in a system call until its event",
          .look = "steps/06-mp-server, [4]; poll(2)", .needs = &server::returns_from_its_handler) {
  Server server(subject.program);
  const Clients clients = connected(server, 3);
  const pid_t child = child_of(server, clients.front());
  expect_idle(server.pid());
  expect_idle(child);
}

} // namespace lab::mp_server

namespace lab::flag {

namespace {

constexpr Suite suite{.name = "step-06", .subject = {.program = "flag_server", .forks = true}};

} // namespace

LAB_EVERY_SERVER(LAB_TAKE_SERVER)
LAB_TIDY_SERVER(LAB_TAKE_SERVER)
LAB_FORKING_SERVER(LAB_TAKE_SERVER)
LAB_SERVER_WORDING(LAB_TAKE_SERVER)

LAB_CHECK(does_all_else_right,
          .sentence = "flag_server reaps, prints and goes on after a failure as echo_mpserver does",
          .promise = "M2 M3 M4 M5 M6", .marks = 2,
          .means = "the two programs differ in how they wait, and in nothing else",
          .look = "diff steps/06-mp-server/flag_server.cpp and echo_mpserver.cpp",
          .needs = &server::returns_from_its_handler) {
  for (const Check* const check :
       {&mp_server::shares_out_the_descriptors,
        &mp_server::reaps_children_that_ended_while_it_was_stopped,
        &mp_server::prints_each_child_removed, &mp_server::survives_a_storm,
        &mp_server::outlives_a_failing_fork, &mp_server::outlives_a_failing_accept,
        &mp_server::handles_signals_safely, &mp_server::keeps_errno}) {
    check->body(subject);
  }
}

LAB_CHECK(loses_a_signal, .sentence = "flag_server loses a SIGTERM that comes before it waits",
          .promise = "S7", .marks = 2,
          .means = "the lesson needs the loss: the flag is tested, then the handler sets it, and "
                   "then accept waits until the next client",
          .look = "steps/06-mp-server/flag_server.cpp, the test and the wait",
          .needs = &server::ends_while_it_waits) {
  probed::needs_probe(subject.program);
  Probe probe({.faults = "accept:parent:2=stop"});
  ServerOptions options;
  probe.attach(options.process);
  Server server(subject.program, std::move(options));
  server.connect().exchange("hello\n");
  wait_until("the server to be stopped between its test and accept", [&] {
    const auto info = process_info(server.pid());
    return info && info->stopped();
  });
  server.process().signal(SIGTERM);
  server.process().resume();
  Quiescence quiescence(server.pid());
  wait_until("the server to wait again, or to end",
             [&] { return server.process().poll_exit() || quiescence.reached(); });
  expect(!server.process().poll_exit(), "the server has ended: the signal was not lost");
  expect(!has_pending(server.pid(), SIGTERM), "SIGTERM is pending: no handler has run");
  Connection next = server.connect();
  const Exit exit = ended(server.process(), "a client after the signal");
  expect(exit.success(), "the next client came, and the server ended with ", exit.text());
}

} // namespace lab::flag
