#include "harness/server.hpp"

#include "harness/programs.hpp"
#include "harness/sock_diag.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace lab {

namespace {

/// Whether one of the processes holds the socket.
bool holds(pid_t pid, unsigned long inode) {
  const auto descriptors = descriptors_of(pid);
  return std::any_of(descriptors.begin(), descriptors.end(), [&](const DescriptorInfo& descriptor) {
    return descriptor.kind == DescriptorInfo::Kind::socket && descriptor.inode == inode;
  });
}

std::vector<pid_t> family_of(pid_t root) {
  std::vector<pid_t> pids{root};
  for (const ProcessInfo& process : descendants_of(root)) {
    pids.push_back(process.pid);
  }
  return pids;
}

std::optional<SocketInfo> end_of(const Connection& connection, bool own) {
  const auto asked = ask_for_end_of(connection.fd(), own);
  const unsigned local = own ? connection.local_port() : connection.remote_port();
  const unsigned remote = own ? connection.remote_port() : connection.local_port();
  for (const SocketInfo& socket : asked ? *asked : tcp_sockets()) {
    if (socket.local_port == local && socket.remote_port == remote) {
      return socket;
    }
  }
  return std::nullopt;
}

std::string reachable(const std::string& address) {
  if (address.empty() || address == "0.0.0.0") {
    return "127.0.0.1";
  }
  return address == "::" ? "::1" : address;
}

} // namespace

std::vector<SocketInfo> listening_sockets() {
  if (auto asked = ask_for_listeners()) {
    return *std::move(asked);
  }
  auto sockets = tcp_sockets();
  std::erase_if(sockets, [](const SocketInfo& socket) { return socket.state != TcpState::listen; });
  return sockets;
}

std::optional<SocketInfo> own_end(const Connection& connection) {
  return end_of(connection, true);
}

std::optional<SocketInfo> server_end(const Connection& connection) {
  return end_of(connection, false);
}

Server::Server(const std::string& program, ServerOptions options)
    : port_(options.port.value_or(0)), address_(reachable(options.address)) {
  if (!options.port) {
    reserved_ = reserve_port();
    port_ = reserved_->number();
  }
  auto& arguments = options.process.arguments;
  arguments.push_back(std::to_string(port_));
  if (!options.address.empty()) {
    arguments.push_back(options.address);
  }
  arguments.insert(arguments.end(), options.extra.begin(), options.extra.end());
  process_.emplace(lab::program(program), std::move(options.process));

  std::optional<std::chrono::nanoseconds> used; // when it was first seen to listen
  const auto waits_or_spins = [&](pid_t pid) {
    constexpr std::chrono::milliseconds much{100};
    const auto info = process_info(pid);
    const auto use = cpu_use(pid);
    used = used.value_or(use ? use->run_time : much);
    return info && (info->state == 'S' || info->stopped() || !use || use->run_time - *used > much);
  };
  wait_until(
      "the server to listen on port " + std::to_string(port_),
      [&] {
        if (process_->poll_exit()) {
          process_->wait(); // for its last words
          throw Failure("the server ended instead of listening on port " + std::to_string(port_));
        }
        const auto sockets = listeners();
        for (const SocketInfo& socket : sockets) {
          for (const pid_t pid : family_of(process_->pid())) {
            if (holds(pid, socket.inode)) {
              only_listener_ = sockets.size() == 1 ? socket.inode : 0;
              return waits_or_spins(pid);
            }
          }
        }
        return false;
      },
      options.limit);
}

Connection Server::connect(std::chrono::milliseconds limit, int receive_buffer) {
  // A backlog of 1 has room for 2: a queue is full when it is longer than its backlog.
  constexpr std::size_t room = 2;
  wait_until(
      "the server to accept a connection", [&] { return waiting() < room; },
      [&] { return std::to_string(waiting()) + " connections wait for accept"; }, limit);
  return Connection::to(port_, address_, limit, receive_buffer);
}

std::vector<SocketInfo> Server::listeners() const {
  if (only_listener_ != 0) { // to be asked for one is cheaper for the kernel than for all
    auto found = ask_for_listener(address_, port_);
    if (found && found->size() == 1 && found->front().inode == only_listener_) {
      return *std::move(found);
    }
  }
  auto sockets = listening_sockets();
  std::erase_if(sockets, [&](const SocketInfo& socket) { return socket.local_port != port_; });
  return sockets;
}

std::size_t Server::waiting() const {
  std::size_t count = 0;
  for (const SocketInfo& socket : listeners()) {
    count += socket.receive_queue;
  }
  return count;
}

void Server::stop_accepting() {
  const Deadline never_sleeps(promptly); // that a program polls is for the checks of G4 to say
  wait_until(
      "the server to accept all who have come, and to sleep",
      [&] {
        const auto info = process_info(pid());
        return waiting() == 0 && info && (info->state == 'S' || never_sleeps.passed());
      },
      [&] { return std::to_string(waiting()) + " connections wait for accept"; });
  process_->stop();
}

std::size_t Server::backlog() const {
  std::size_t most = 1;
  for (const SocketInfo& socket : listeners()) {
    most = std::max(most, std::size_t{socket.send_queue});
  }
  return most;
}

std::vector<ProcessInfo> Server::children() const {
  auto found = children_of(process_->pid());
  std::erase_if(found, [](const ProcessInfo& process) { return process.zombie(); });
  return found;
}

std::vector<ProcessInfo> Server::zombies() const {
  auto found = descendants_of(process_->pid());
  std::erase_if(found, [](const ProcessInfo& process) { return !process.zombie(); });
  return found;
}

void Server::wait_for_children(std::size_t count, std::chrono::milliseconds limit) const {
  wait_until(
      "the server to have " + std::to_string(count) + (count == 1 ? " child" : " children"),
      [&] { return children().size() == count; },
      [&] { return "it has " + std::to_string(children().size()); }, limit);
}

void Server::wait_for_no_children(std::chrono::milliseconds limit) const {
  wait_until(
      "the server to have no child left, not even a zombie",
      [&] { return children_of(process_->pid()).empty(); },
      [&] {
        return std::to_string(children().size()) + " living and " +
               std::to_string(zombies().size()) + " zombies";
      },
      limit);
}

std::vector<pid_t> Server::holders_of(const Connection& connection) const {
  std::vector<pid_t> holders;
  const auto socket = server_end(connection);
  if (socket && socket->inode != 0) { // it has been accepted
    for (const pid_t pid : family_of(process_->pid())) {
      if (holds(pid, socket->inode)) {
        holders.push_back(pid);
      }
    }
  }
  return holders;
}

pid_t Server::child_serving(const Connection& connection, std::chrono::milliseconds limit) {
  return wait_until(
      "a child that holds the connection of the client on port " +
          std::to_string(connection.local_port()),
      [&]() -> pid_t {
        for (const pid_t pid : holders_of(connection)) {
          if (pid != process_->pid()) {
            return pid;
          }
        }
        return 0;
      },
      limit);
}

bool Server::listening() const {
  return !listeners().empty();
}

Exit Server::stop(int signal, std::chrono::milliseconds limit) {
  process_->signal(signal);
  return process_->wait(limit);
}

} // namespace lab
