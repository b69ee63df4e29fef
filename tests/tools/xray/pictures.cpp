// lab-xray-pictures [--check] FOLDER
//
// Makes the drawings of lessons and slides from live processes: FOLDER/xray-*.svg. Process ids,
// ports and terminals are then given numbers that stay, so that a file changes when the picture
// does. With --check nothing is written: exit status 1 where a file is not what would be written.
// Exit status 77 where this machine cannot make them.

#include "harness/deadline.hpp"
#include "harness/fd.hpp"
#include "harness/probe/probe.hpp"
#include "harness/process.hpp"
#include "harness/programs.hpp"
#include "harness/server.hpp"
#include "tools/drawing/live_pictures.hpp"
#include "tools/drawing/picture.hpp"
#include "tools/drawing/snapshot.hpp"
#include "tools/drawing/svg.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace {

using lab::DescriptorInfo;
using lab::Holder;
using lab::Peer;
using lab::Pictures;
using lab::Snapshot;

/// Numbers that stay, for those of a run.
class Names {
public:
  void pid(pid_t of_run, pid_t stays) { pids_[of_run] = stays; }

  void port(unsigned of_run, unsigned stays) { ports_[of_run] = stays; }

  [[nodiscard]] Snapshot in(Snapshot snapshot) const {
    for (lab::Member& member : snapshot.members) {
      put(member.process.pid);
      put(member.process.parent);
      member.parent_name.clear(); // it is this program
      for (lab::Held& held : member.descriptors) {
        if (held.descriptor.kind == DescriptorInfo::Kind::terminal) {
          held.descriptor.target = "/dev/pts/1";
        } else if (held.descriptor.kind == DescriptorInfo::Kind::pipe) {
          held.descriptor.inode = pipe_number; // none of the programs has two
        }
        if (held.socket) {
          put(*held.socket);
        }
        put(held.others);
        put(held.other_end);
        if (held.peer) {
          put(*held.peer);
        }
        for (Peer& client : held.waiting) {
          put(client);
        }
      }
    }
    return snapshot;
  }

private:
  void put(pid_t& pid) const {
    if (const auto found = pids_.find(pid); found != pids_.end()) {
      pid = found->second;
    }
  }

  void put(unsigned& port) const {
    if (const auto found = ports_.find(port); found != ports_.end()) {
      port = found->second;
    }
  }

  void put(lab::SocketInfo& socket) const {
    put(socket.local_port);
    put(socket.remote_port);
  }

  void put(std::vector<Holder>& holders) const {
    for (Holder& holder : holders) {
      put(holder.pid);
    }
    std::sort(holders.begin(), holders.end(),
              [](const Holder& a, const Holder& b) { return a.pid < b.pid; });
  }

  void put(Peer& peer) const {
    put(peer.socket);
    put(peer.holders);
  }

  static constexpr unsigned long pipe_number = 15700;

  std::map<pid_t, pid_t> pids_;
  std::map<unsigned, unsigned> ports_;
};

void add(Pictures& pictures, const std::string& name, const Names& names, Snapshot snapshot,
         const std::string& title) {
  pictures["xray-" + name + ".svg"] = lab::svg_of(names.in(std::move(snapshot)), title);
}

void await(const std::string& what, pid_t shown, const std::function<bool()>& condition) {
  lab::wait_until(what, condition, [&] { return lab::xray_of(shown); });
}

bool in_state(pid_t pid, char state) {
  const auto process = lab::process_info(pid);
  return process && process->state == state;
}

std::size_t sockets_held_by(pid_t pid) {
  return lab::sockets_of(pid).size();
}

/// Its standard descriptors are a terminal's, as a student's are.
lab::ProcessOptions at_a_terminal() {
  return {.input = lab::Input::terminal,
          .output = lab::Output::terminal,
          .errors = lab::Output::terminal};
}

lab::Process start_client(const std::string& program, const lab::Server& server) {
  lab::ProcessOptions options = at_a_terminal();
  options.arguments = {server.address(), std::to_string(server.port())};
  return lab::Process(lab::program(program), options);
}

unsigned port_of(const lab::Process& client) {
  await("the connection of " + client.command(), client.pid(),
        [&] { return sockets_held_by(client.pid()) == 1; });
  return lab::sockets_of(client.pid()).front().local_port;
}

pid_t child_of(const lab::Server& server) {
  await("a child of the server", server.pid(), [&] { return server.children().size() == 1; });
  return server.children().front().pid;
}

constexpr unsigned server_port = 9190;
constexpr unsigned client_port = 50123;
constexpr pid_t server_pid = 4711;
constexpr pid_t child_pid = 4720;
constexpr pid_t client_pid = 4715;
constexpr pid_t writer_pid = 4716;

/// Step 05: one server and one client, at three moments. The probe stops the server before fork,
/// and both processes before the first close of each.
void draw_fork(Pictures& pictures) {
  lab::Probe probe({.faults = "fork:1=stop;close:socket:process:1=stop"});
  lab::ServerOptions options{.process = at_a_terminal()};
  probe.attach(options.process);
  lab::Server server("tidy_server", options);
  const lab::Process client = start_client("echo_client", server);
  Names names;
  names.pid(server.pid(), server_pid);
  names.port(server.port(), server_port);
  names.pid(client.pid(), client_pid);
  names.port(port_of(client), client_port);

  await("the server to stop before fork", server.pid(),
        [&] { return in_state(server.pid(), 'T'); });
  add(pictures, "05-1-before-fork", names, lab::look_at({server.pid()}),
      "Before fork one process holds both sockets");

  server.process().resume();
  const pid_t child = child_of(server);
  names.pid(child, child_pid);
  await("parent and child to stop before close", server.pid(),
        [&] { return in_state(server.pid(), 'T') && in_state(child, 'T'); });
  add(pictures, "05-2-after-fork", names, lab::look_at({server.pid()}),
      "After fork both processes hold both sockets");

  lab::or_throw(::kill(child, SIGCONT), "kill");
  server.process().resume();
  await("each to hold what it uses", server.pid(), [&] {
    return sockets_held_by(server.pid()) == 1 && sockets_held_by(child) == 1 &&
           in_state(server.pid(), 'S') && in_state(child, 'S');
  });
  add(pictures, "05-3-after-close", names, lab::look_at({server.pid()}),
      "After the two closes each process holds what it uses");
}

/// Step 05: nobody closes, the client has half-closed, and its child has ended.
void draw_leak(Pictures& pictures) {
  lab::Server server("leaky_server", {.process = at_a_terminal()});
  lab::Process client = start_client("echo_mpclient", server);
  Names names;
  names.pid(server.pid(), server_pid);
  names.port(server.port(), server_port);
  names.pid(client.pid(), client_pid);
  names.port(port_of(client), client_port);
  client.wait_for_line("connected");
  client.type("q\n");
  await("a connection that nobody closes", server.pid(), [&] {
    const auto sockets = lab::sockets_of(server.pid());
    return lab::children_of(server.pid()).empty() && lab::children_of(client.pid()).empty() &&
           in_state(server.pid(), 'S') && in_state(client.pid(), 'S') && sockets.size() == 2 &&
           std::any_of(sockets.begin(), sockets.end(), [](const lab::SocketInfo& socket) {
             return socket.state == lab::TcpState::close_wait;
           });
  });
  add(pictures, "05-4-leak", names, lab::look_at({server.pid()}),
      "The forgotten close keeps the connection, and the client waits");
}

/// Step 07: the client has half-closed, and still reads; the server's child has not answered yet.
void draw_half_close(Pictures& pictures) {
  lab::Server server("echo_mpserver", {.process = at_a_terminal()});
  lab::Process client = start_client("echo_mpclient", server);
  const unsigned port = port_of(client);
  const pid_t child = child_of(server);
  await("the child to serve", server.pid(),
        [&] { return sockets_held_by(child) == 1 && in_state(child, 'S'); });
  Names names;
  names.pid(server.pid(), server_pid);
  names.port(server.port(), server_port);
  names.pid(child, child_pid);
  names.pid(client.pid(), client_pid);
  names.port(port, client_port);
  client.wait_for_line("connected");
  await("the client's writer", client.pid(), [&] {
    const auto writers = lab::children_of(client.pid());
    return writers.size() == 1 && writers.front().state == 'S' && in_state(client.pid(), 'S');
  });
  names.pid(lab::children_of(client.pid()).front().pid, writer_pid);
  await("a server that waits", server.pid(), [&] { return in_state(server.pid(), 'S'); });
  add(pictures, "07-1-two-processes", names, lab::look_at({client.pid()}),
      "The client's two processes share one socket");

  lab::or_throw(::kill(child, SIGSTOP), "kill");
  await("the child to stop", server.pid(), [&] { return in_state(child, 'T'); });
  client.type("hello\nq\n");
  await("the half-close", client.pid(), [&] {
    const auto sockets = lab::sockets_of(client.pid());
    return lab::children_of(client.pid()).empty() && in_state(client.pid(), 'S') &&
           sockets.size() == 1 && sockets.front().state == lab::TcpState::fin_wait2;
  });
  add(pictures, "07-2-half-close", names, lab::look_at({server.pid(), client.pid()}),
      "The client has half-closed: its text and its end of file wait at the server");
  lab::or_throw(::kill(child, SIGCONT), "kill");
}

Pictures draw() {
  Pictures pictures;
  draw_fork(pictures);
  draw_leak(pictures);
  draw_half_close(pictures);
  return pictures;
}

} // namespace

int main(int argc, char** argv) {
  return lab::make_live_pictures(argc, argv,
                                 {.name = "lab-xray-pictures",
                                  .target = "xray-pictures",
                                  .probed = "tidy_server",
                                  .make = draw});
}
