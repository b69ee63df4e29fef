#include "checks/descriptors.hpp"

#include "checks/check.hpp"
#include "checks/common.hpp"
#include "checks/settle.hpp"
#include "harness/server.hpp"
#include "tools/drawing/picture.hpp"

#include <csignal>
#include <vector>

namespace lab::descriptors {

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

} // namespace

void are_shared_out_exactly(const std::string& program) {
  Server server(program);
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

void do_not_grow(const std::string& program) {
  Server server(program);
  const std::size_t before = descriptors_of(server.pid()).size();
  for (int i = 0; i < 20; ++i) {
    Connection client = server.connect();
    client.exchange("I come and go\n");
  }
  settle(
      server.pid(), "the parent's table of descriptors to be as before its clients",
      [&] { return descriptors_of(server.pid()).size() <= before; },
      [&] {
        return "before, it had " + std::to_string(before) +
               "; after 20 clients have come and gone " +
               std::to_string(descriptors_of(server.pid()).size()) + ":\n" + xray_of(server.pid());
      });
}

void let_the_client_see_the_end(const std::string& program) {
  Server server(program);
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

void leave_the_port_free(const std::string& program) {
  Server server(program);
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
  Server second(program, {.port = server.port()});
  second.connect().exchange("hello again\n");
}

} // namespace lab::descriptors
