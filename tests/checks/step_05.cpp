// The checks of steps/05-descriptors: leaky_server has to leak, exactly as it says, for the lesson
// to show it; tidy_server has to do none of it.

#include "checks/common.hpp"
#include "checks/descriptors.hpp"
#include "checks/mp_server.hpp"
#include "checks/server_checks.hpp"
#include "checks/settle.hpp"
#include "harness/programs.hpp"
#include "harness/server.hpp"

#include <algorithm>
#include <csignal>
#include <string>
#include <vector>

namespace {

std::size_t connections_of(pid_t pid) {
  const auto held = lab::sockets_of(pid);
  return static_cast<std::size_t>(std::ranges::count_if(
      held, [](const lab::SocketInfo& socket) { return socket.state != lab::TcpState::listen; }));
}

std::vector<lab::Connection> connected(lab::Server& server, std::size_t count) {
  std::vector<lab::Connection> clients;
  for (std::size_t i = 0; i < count; ++i) {
    clients.push_back(server.connect());
    clients.back().exchange("hello\n");
  }
  return clients;
}

} // namespace

TEST_SUITE("step-05") {

  LAB_EVERY_SERVER_CHECKS("step-05", "leaky_server", .forks = true)
  LAB_SERVER_WORDING_CHECKS("step-05", "leaky_server", .forks = true)

  LAB_CHECK("step-05: leaky_server's parent keeps every client's socket, and its table grows",
            .promise = "M2", .points = 2,
            .means = "the lesson needs the leak: the parent does not close what it has accepted",
            .look = "steps/05-descriptors/leaky_server.cpp, [4]") {
    lab::Server server("leaky_server");
    const std::size_t before = lab::descriptors_of(server.pid()).size();
    auto clients = connected(server, 5);
    lab::expect(connections_of(server.pid()) == 5, "with 5 clients connected the parent holds ",
                connections_of(server.pid()), " of their sockets:\n",
                lab::picture_of(server.pid()));
    for (lab::Connection& client : clients) {
      client.close();
    }
    server.wait_for_no_children();
    const std::size_t after = lab::descriptors_of(server.pid()).size();
    lab::expect(after == before + 5, "the parent had ", before,
                " descriptors before its 5 clients, ", "and ", after, " after they have gone:\n",
                lab::picture_of(server.pid()));
  }

  LAB_CHECK("step-05: leaky_server's client never sees end of file", .promise = "M2", .points = 2,
            .means =
                "the child's end does not close the connection: the parent's descriptor keeps it",
            .look = "steps/05-descriptors/leaky_server.cpp, [3] and [4]") {
    lab::Server server("leaky_server");
    lab::Connection client = server.connect();
    client.exchange("hello\n");
    client.half_close();
    server.wait_for_no_children(); // the child has seen the half-close, has ended and is reaped

    // Whoever would close the connection has gone: no need to wait for an end that does not come.
    lab::expect(!client.at_eof(std::chrono::milliseconds(0)) && !client.was_reset(),
                "the client saw the end when its child had ended; ",
                lab::report_of(server.process()));
    const auto held = lab::sockets_of(server.pid());
    lab::expect(std::ranges::any_of(held,
                                    [&](const lab::SocketInfo& socket) {
                                      return socket.remote_port == client.local_port() &&
                                             socket.state == lab::TcpState::close_wait;
                                    }),
                "the parent does not hold the client's socket in CLOSE_WAIT:\n",
                lab::picture_of(server.pid()));
    server.stop();
    lab::expect(client.at_eof() || client.was_reset(), "not even the end of the parent closed it");
  }

  LAB_CHECK("step-05: leaky_server's children keep the listener: the port stays taken",
            .promise = "M2", .points = 2,
            .means =
                "a listener is closed when the last of its descriptors is, in whichever process",
            .look = "steps/05-descriptors/leaky_server.cpp, [2]") {
    lab::Server server("leaky_server");
    lab::Connection client = server.connect();
    client.exchange("hello\n");
    const pid_t child = server.children().at(0).pid;
    lab::expect(lab::listening_socket_of(child).has_value(),
                "the child does not hold the listener:\n", lab::picture_of(child));
    server.process().signal(SIGKILL);
    server.process().wait();
    lab::expect(server.listening(), "with the parent the listener has gone");
    client.exchange("my child lives\n");

    lab::Process second(lab::program("leaky_server"),
                        {.arguments = {std::to_string(server.port())}});
    const lab::Exit end = second.wait();
    lab::expect(end.exited && end.code == 1 && second.err().find("bind") != std::string::npos,
                "a second server on its port ends with ", end.text(), "; ", lab::report_of(second));
  }

  LAB_SERVER_CHECKS("step-05", "tidy_server", .forks = true)
  LAB_FORKING_SERVER_CHECKS("step-05", "tidy_server", .forks = true)
  LAB_SERVER_WORDING_CHECKS("step-05", "tidy_server", .forks = true)

  LAB_CHECK("step-05: tidy_server: parent {0, 1, 2, listener}, child {0, 1, 2, client}",
            .promise = "M2", .points = 3,
            .means =
                "fork copies the table of descriptors: each process closes what it does not use",
            .look = "steps/05-descriptors, [1], [2] and [4]; ls -l /proc/PID/fd") {
    lab::descriptors::are_shared_out_exactly("tidy_server");
  }

  LAB_CHECK("step-05: tidy_server's table does not grow with its clients", .promise = "M2 G5",
            .points = 2,
            .means = "a table that grows with every client is full one day, and then accept fails",
            .look = "steps/05-descriptors, [4]; ls -l /proc/PID/fd") {
    lab::descriptors::do_not_grow("tidy_server");
  }

  LAB_CHECK("step-05: tidy_server's client sees end of file after its half-close",
            .promise = "M2 S5", .points = 2,
            .means = "the connection ends with the last of its descriptors: the parent's has to go "
                     "before the child's",
            .look = "steps/05-descriptors, [3] and [4]; close(2), shutdown(2)") {
    lab::descriptors::let_the_client_see_the_end("tidy_server");
  }

  LAB_CHECK("step-05: tidy_server's port is free when the parent has been killed",
            .promise = "M2 S3", .points = 2,
            .means =
                "a child that keeps the listener keeps the port, for as long as its client stays",
            .look = "steps/05-descriptors, [2]; bind(2), EADDRINUSE") {
    lab::descriptors::leave_the_port_free("tidy_server");
  }

  LAB_CHECK("step-05: tidy_server reaps its children", .promise = "G5", .points = 1,
            .means = "a child that has ended keeps its entry until its parent waits for it",
            .look = "steps/support/children.cpp; steps/04-signal-vs-sigaction/reap_all.cpp, [1]") {
    lab::mp_server::reaps_children_that_end_together("tidy_server");
  }
}
