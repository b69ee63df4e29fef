// The checks of steps/05-descriptors: leaky_server has to leak, exactly as it says, for the lesson
// to show it; tidy_server has to do none of it.

#include "checks/common.hpp"
#include "checks/mp_server.hpp"
#include "checks/server.hpp"
#include "checks/settle.hpp"
#include "checks/tidy_server.hpp"
#include "harness/programs.hpp"
#include "harness/server.hpp"
#include "tools/drawing/picture.hpp"

#include <algorithm>
#include <csignal>
#include <string>
#include <vector>

namespace lab::step_05 {

namespace {

/// The sockets that are not TCP's, the pipes and the files above standard error, and those of
/// 0, 1 and 2 that are missing: there have to be none.
std::string strangers(pid_t pid, std::size_t tcp_sockets) {
  std::string text;
  const auto held = descriptors_of(pid);
  for (const DescriptorInfo& descriptor : held) {
    if (descriptor.fd > 2 && descriptor.kind != DescriptorInfo::Kind::socket) {
      text += " " + std::to_string(descriptor.fd) + " -> " + descriptor.target;
    }
  }
  if (text.empty() && held.size() != 3 + tcp_sockets) {
    text = " " + std::to_string(held.size()) + " in all";
  }
  return text;
}

std::size_t connections_of(pid_t pid) {
  const auto held = sockets_of(pid);
  return static_cast<std::size_t>(std::ranges::count_if(
      held, [](const SocketInfo& socket) { return socket.state != TcpState::listen; }));
}

std::vector<Connection> connected(Server& server, std::size_t count) {
  std::vector<Connection> clients;
  for (std::size_t i = 0; i < count; ++i) {
    clients.push_back(server.connect());
    clients.back().exchange("hello\n");
  }
  return clients;
}

} // namespace

} // namespace lab::step_05

namespace lab::leaky {

namespace {

using namespace step_05;
constexpr Suite suite{.name = "step-05", .subject = {.program = "leaky_server", .forks = true}};

} // namespace

LAB_EVERY_SERVER(LAB_TAKE_SERVER)
LAB_STOPPED_SERVER(LAB_TAKE_SERVER)
LAB_FORKING_GATES(LAB_TAKE_SERVER)
LAB_SERVER_WORDING(LAB_TAKE_SERVER)

LAB_CHECK(keeps_every_clients_socket,
          .sentence = "leaky_server's parent keeps every client's socket, and its table grows",
          .promise = "M2", .marks = 2,
          .means = "the lesson needs the leak: the parent does not close what it has accepted",
          .look = "steps/05-descriptors/leaky_server.cpp, [4]") {
  Server server("leaky_server");
  const std::size_t before = descriptors_of(server.pid()).size();
  auto clients = connected(server, 5);
  expect(connections_of(server.pid()) == 5, "with 5 clients connected the parent holds ",
         connections_of(server.pid()), " of their sockets:\n", picture_of(server.pid()));
  for (Connection& client : clients) {
    client.close();
  }
  server.wait_for_no_children();
  const std::size_t after = descriptors_of(server.pid()).size();
  expect(after == before + 5, "the parent had ", before, " descriptors before its 5 clients, ",
         "and ", after, " after they have gone:\n", picture_of(server.pid()));
}

LAB_CHECK(
    client_never_sees_the_end, .sentence = "leaky_server's client never sees end of file",
    .promise = "M2", .marks = 2,
    .means = "the child's end does not close the connection: the parent's descriptor keeps it open",
    .look = "steps/05-descriptors/leaky_server.cpp, [3] and [4]") {
  Server server("leaky_server");
  Connection client = server.connect();
  client.exchange("hello\n");
  client.half_close();
  server.wait_for_no_children(); // the child has seen the half-close, has ended and is reaped

  // The process that would close the connection has gone: no need to wait for an end that does not
  // come.
  expect(!client.at_eof(std::chrono::milliseconds(0)) && !client.was_reset(),
         "the client saw the end when its child had ended");
  const auto held = sockets_of(server.pid());
  expect(std::ranges::any_of(held,
                             [&](const SocketInfo& socket) {
                               return socket.remote_port == client.local_port() &&
                                      socket.state == TcpState::close_wait;
                             }),
         "the parent does not hold the client's socket in CLOSE_WAIT:\n", picture_of(server.pid()));
  server.stop();
  expect(client.at_eof() || client.was_reset(), "not even the end of the parent closed it");
}

LAB_CHECK(
    children_keep_the_listener,
    .sentence = "leaky_server's children keep the listener: the port stays taken", .promise = "M2",
    .marks = 2,
    .means =
        "a listener is closed only when the last of its descriptors is closed, in all processes",
    .look = "steps/05-descriptors/leaky_server.cpp, [2]") {
  Server server("leaky_server");
  Connection client = server.connect();
  client.exchange("hello\n");
  const pid_t child = server.children().at(0).pid;
  expect(listening_socket_of(child).has_value(), "the child does not hold the listener:\n",
         picture_of(child));
  server.process().signal(SIGKILL);
  server.process().wait();
  expect(server.listening(), "the listener has gone together with the parent");
  client.exchange("my child lives\n");

  Process second(lab::program("leaky_server"), {.arguments = {std::to_string(server.port())}});
  const Exit end = second.wait();
  expect(end.exited && end.code == 1 && second.err().find("bind") != std::string::npos,
         "a second server on its port ends with ", end.text());
}

} // namespace lab::leaky

namespace lab::tidy {

namespace {

using namespace step_05;
constexpr Suite suite{.name = "step-05", .subject = {.program = "tidy_server", .forks = true}};

} // namespace

LAB_EVERY_SERVER(LAB_TAKE_SERVER)
LAB_STOPPED_SERVER(LAB_TAKE_SERVER)
LAB_TIDY_SERVER(LAB_TAKE_SERVER)
LAB_FORKING_SERVER(LAB_TAKE_SERVER)
LAB_SERVER_WORDING(LAB_TAKE_SERVER)

LAB_CHECK(are_shared_out_exactly,
          .sentence = "tidy_server: parent {0, 1, 2, listener}, child {0, 1, 2, client}",
          .promise = "M2", .marks = 3,
          .means = "fork copies the table of descriptors: each process closes what it does not use",
          .look = "steps/05-descriptors, [1], [2] and [4]; ls -l /proc/PID/fd") {
  Server server(subject.program);
  std::vector<Connection> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(server.connect());
    clients.back().exchange("hello\n");
  }
  const auto exact = [&] {
    const auto held = sockets_of(server.pid());
    return held.size() == 1 && held.front().state == TcpState::listen &&
           strangers(server.pid(), 1).empty();
  };
  settle(server.pid(), "the parent to hold 0, 1, 2 and the listener", exact,
         [&] { return "with 3 clients connected the parent holds\n" + xray_of(server.pid()); });
  for (const Connection& client : clients) {
    const pid_t child = server.child_serving(client, promptly);
    const auto held = sockets_of(child);
    expect(held.size() == 1 && held.front().remote_port == client.local_port() &&
               strangers(child, 1).empty(),
           "the child of the client on port ", client.local_port(),
           " has to hold 0, 1, 2 and that client's socket, and holds\n", picture_of(child));
  }
}

LAB_CHECK(do_not_grow, .sentence = "tidy_server's table does not grow with its clients",
          .promise = "M2 G5", .marks = 2,
          .means = "a table that grows with every client is full one day, and then accept fails",
          .look = "steps/05-descriptors, [4]; ls -l /proc/PID/fd") {
  Server server(subject.program);
  expect_no_growth(server.pid(), [&] {
    for (int i = 0; i < 20; ++i) {
      Connection client = server.connect();
      client.exchange("I come and go\n");
    }
  });
}

LAB_CHECK(let_the_client_see_the_end,
          .sentence = "tidy_server's client sees end of file after its half-close",
          .promise = "M2 S5", .marks = 2,
          .means = "a connection ends when the last of its descriptors is closed: the parent has "
                   "to close its own before the child closes the last",
          .look = "steps/05-descriptors, [3] and [4]; close(2), shutdown(2)") {
  Server server(subject.program);
  Connection client = server.connect();
  client.send("the last words\n");
  client.half_close();
  expect(client.receive(15) == "the last words\n", "something else came back");
  settle(
      server.pid(), "the client to see end of file after its half-close",
      [&] { return client.at_eof(std::chrono::milliseconds(0)); },
      [&] {
        std::string text = "its socket is held by";
        for (const pid_t pid : server.holders_of(client)) {
          text += " " + std::to_string(pid) + (pid == server.pid() ? " (the parent)" : "");
        }
        return text + ":\n" + xray_of(server.pid());
      });
}

LAB_CHECK(
    leave_the_port_free, .sentence = "tidy_server's port is free when the parent has been killed",
    .promise = "M2 S3", .marks = 2,
    .means = "a child that keeps the listener keeps the port, for as long as its client stays",
    .look = "steps/05-descriptors, [2]; bind(2), EADDRINUSE") {
  Server server(subject.program);
  Connection client = server.connect();
  client.exchange("hello\n");
  server.process().signal(SIGKILL);
  server.process().wait();
  wait_until(
      "port " + std::to_string(server.port()) + " to be free after the parent was killed",
      [&] { return !server.listening(); },
      [&] {
        return "a process still listens there:\n" + process_table(server.process().left_behind());
      },
      promptly);
  Server second(subject.program, {.port = server.port()});
  second.connect().exchange("hello again\n");
}

LAB_CHECK(
    reaps_its_children, .sentence = "tidy_server reaps its children", .promise = "G5", .marks = 1,
    .means =
        "a child that has ended keeps its entry in the process table until its parent waits for it",
    .look = "steps/support/stop_signals.cpp; steps/04-signal-vs-sigaction/reap_all.cpp, [1]") {
  run_part(mp_server::reaps_children_that_end_together, subject);
}

} // namespace lab::tidy
