#include "tools/drawing/snapshot.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

namespace lab {

namespace {

/// Who holds what, by the name that the kernel gives it: `socket:[4711]`.
using Holders = std::map<std::string, std::vector<Holder>, std::less<>>;

using End = std::tuple<std::string_view, unsigned, std::string_view, unsigned>;

/// An IPv4 client of an IPv6 socket is `::ffff:127.0.0.1` at one end and `127.0.0.1` at the other.
std::string_view unmapped(std::string_view address) {
  constexpr std::string_view mapped = "::ffff:";
  return address.starts_with(mapped) && address.find('.') != std::string_view::npos
             ? address.substr(mapped.size())
             : address;
}

End end_of(const SocketInfo& socket) {
  return {unmapped(socket.local_address), socket.local_port, unmapped(socket.remote_address),
          socket.remote_port};
}

End other_end_of(const SocketInfo& socket) {
  const auto [local_address, local_port, remote_address, remote_port] = end_of(socket);
  return {remote_address, remote_port, local_address, local_port};
}

/// The TCP sockets of a network namespace, to be looked up.
class Sockets {
public:
  explicit Sockets(std::vector<SocketInfo> sockets) : sockets_(std::move(sockets)) {
    for (const SocketInfo& socket : sockets_) {
      if (socket.inode != 0) {
        by_inode_.emplace(socket.inode, &socket);
      }
      by_end_.emplace(end_of(socket), &socket);
    }
  }

  [[nodiscard]] const SocketInfo* held(unsigned long inode) const {
    const auto found = by_inode_.find(inode);
    return found == by_inode_.end() ? nullptr : found->second;
  }

  [[nodiscard]] const SocketInfo* other_end(const SocketInfo& socket) const {
    const auto found = by_end_.find(other_end_of(socket));
    return found == by_end_.end() ? nullptr : found->second;
  }

  [[nodiscard]] const std::vector<SocketInfo>& all() const { return sockets_; }

private:
  std::vector<SocketInfo> sockets_;
  std::map<unsigned long, const SocketInfo*> by_inode_;
  std::map<End, const SocketInfo*> by_end_;
};

/// Complete, and nobody has called accept for it yet.
bool waits_for_accept(const SocketInfo& socket) {
  return socket.inode == 0 &&
         (socket.state == TcpState::established || socket.state == TcpState::close_wait);
}

bool belongs_to(const SocketInfo& connection, const SocketInfo& listener) {
  return connection.local_port == listener.local_port &&
         (unmapped(connection.local_address) == unmapped(listener.local_address) ||
          listener.local_address == "0.0.0.0" || listener.local_address == "::");
}

bool on_this_machine(const SocketInfo& socket) {
  return socket.remote_address == socket.local_address || socket.remote_address == "::1" ||
         unmapped(socket.remote_address).starts_with("127.");
}

std::string name_of_socket(const SocketInfo& socket) {
  return "socket:[" + std::to_string(socket.inode) + "]";
}

const std::vector<Holder>& of(const Holders& holders, std::string_view target) {
  static const std::vector<Holder> none;
  const auto found = holders.find(target);
  return found == holders.end() ? none : found->second;
}

Peer peer_at(const SocketInfo& socket, const Holders& holders) {
  Peer peer{.socket = socket};
  if (socket.inode == 0) {
    peer.kind = waits_for_accept(socket) ? Peer::Kind::not_accepted : Peer::Kind::closed;
    return peer;
  }
  peer.holders = of(holders, name_of_socket(socket));
  peer.kind = peer.holders.empty() ? Peer::Kind::hidden : Peer::Kind::held;
  return peer;
}

void add_tree(std::vector<Member>& members, const ProcessInfo& process, std::vector<bool> last,
              const std::vector<ProcessInfo>& below) {
  members.push_back({.process = process, .last = last});
  const std::size_t place = members.size() - 1;
  std::vector<const ProcessInfo*> children;
  for (const ProcessInfo& other : below) {
    if (other.parent == process.pid && other.pid != process.pid) {
      children.push_back(&other);
    }
  }
  members[place].has_children = !children.empty();
  last.push_back(false);
  for (const ProcessInfo* child : children) {
    last.back() = child == children.back();
    add_tree(members, *child, last, below);
  }
}

/// The trees, without their descriptors.
std::vector<Member> trees_of(const std::vector<pid_t>& roots, const std::vector<ProcessInfo>& all) {
  std::map<pid_t, const ProcessInfo*> by_pid;
  for (const ProcessInfo& process : all) {
    by_pid.emplace(process.pid, &process);
  }
  std::vector<Member> members;
  std::set<pid_t> drawn;
  for (const pid_t root : roots) {
    const auto found = by_pid.find(root);
    if (found == by_pid.end() || !drawn.insert(root).second) {
      continue;
    }
    const auto below = descendants_of(root, all);
    const auto under_another = [&](pid_t other) {
      const auto of_other = descendants_of(other, all);
      return other != root &&
             std::any_of(of_other.begin(), of_other.end(),
                         [&](const ProcessInfo& process) { return process.pid == root; });
    };
    if (std::any_of(roots.begin(), roots.end(), under_another)) {
      continue;
    }
    const std::size_t place = members.size();
    add_tree(members, *found->second, {}, below);
    if (const auto parent = by_pid.find(found->second->parent); parent != by_pid.end()) {
      members[place].parent_name = parent->second->name;
    }
  }
  return members;
}

void add_holder(Holders& holders, const ProcessInfo& process, const DescriptorInfo& descriptor) {
  if (descriptor.inode == 0) {
    return;
  }
  auto& entry = holders[descriptor.target];
  // One process is one holder, of each end of a pipe.
  const bool known = std::any_of(entry.begin(), entry.end(), [&](const Holder& holder) {
    return holder.pid == process.pid && holder.reads == descriptor.reads;
  });
  if (!known) {
    entry.push_back({.pid = process.pid,
                     .name = process.name,
                     .fd = descriptor.fd,
                     .reads = descriptor.reads,
                     .writes = descriptor.writes});
  }
}

/// The same end of a pipe is inherited by whole families of processes: only the picture's count.
void add_pipe(Held& held, const Holders& holders, pid_t pid, const std::set<pid_t>& drawn) {
  for (const Holder& holder : of(holders, held.descriptor.target)) {
    if (holder.reads != held.descriptor.reads) {
      held.other_end.push_back(holder);
    } else if (holder.pid != pid && drawn.contains(holder.pid)) {
      held.others.push_back(holder);
    }
  }
  held.holders = held.others.size() + 1;
}

void add_socket(Held& held, const Holders& holders, const Sockets& sockets, pid_t pid) {
  for (const Holder& holder : of(holders, held.descriptor.target)) {
    if (holder.pid != pid) {
      held.others.push_back(holder);
    }
  }
  held.holders = held.others.size() + 1;
  const SocketInfo* const socket = sockets.held(held.descriptor.inode);
  if (socket == nullptr) {
    held.protocol = socket_protocol(pid, held.descriptor.fd);
    return;
  }
  held.socket = *socket;
  if (socket->state != TcpState::listen) {
    if (const SocketInfo* const other = sockets.other_end(*socket)) {
      held.peer = peer_at(*other, holders);
    } else if (on_this_machine(*socket)) {
      held.peer = Peer{.kind = Peer::Kind::gone};
    }
    return;
  }
  for (const SocketInfo& connection : sockets.all()) {
    if (waits_for_accept(connection) && belongs_to(connection, *socket)) {
      const SocketInfo* const client = sockets.other_end(connection);
      held.waiting.push_back(client != nullptr
                                 ? peer_at(*client, holders)
                                 : Peer{.kind = Peer::Kind::gone, .socket = connection});
    }
  }
}

/// The kernel keeps 15 bytes of a program's name; where that is its start, its file has all of it.
void complete_name(ProcessInfo& process) {
  constexpr std::size_t kept = 15;
  if (process.name.size() == kept) {
    const std::string file = executable_of(process.pid);
    const std::string name = file.substr(file.rfind('/') + 1);
    process.name = name.starts_with(process.name) ? name : process.name;
  }
}

} // namespace

std::vector<Held> Member::sockets() const {
  std::vector<Held> found;
  std::copy_if(descriptors.begin(), descriptors.end(), std::back_inserter(found),
               [](const Held& held) { return held.socket.has_value(); });
  return found;
}

std::size_t Snapshot::zombies() const {
  return static_cast<std::size_t>(
      std::count_if(members.begin(), members.end(),
                    [](const Member& member) { return member.process.zombie(); }));
}

std::size_t Snapshot::shared_sockets() const {
  std::set<unsigned long> shared;
  for (const Member& member : members) {
    for (const Held& held : member.descriptors) {
      if (held.socket && held.holders > 1) {
        shared.insert(held.descriptor.inode);
      }
    }
  }
  return shared.size();
}

Snapshot look_at(const std::vector<pid_t>& roots, const LookOptions& options) {
  auto all = all_processes();
  for (ProcessInfo& process : all) {
    complete_name(process);
  }
  Snapshot snapshot{.members = trees_of(roots, all)};
  Holders holders;
  bool any_socket = false;
  std::set<pid_t> drawn;
  for (Member& member : snapshot.members) {
    const pid_t pid = member.process.pid;
    drawn.insert(pid);
    const auto descriptors = visible_descriptors_of(pid);
    member.hidden = !descriptors;
    for (DescriptorInfo& descriptor : descriptors.value_or(std::vector<DescriptorInfo>())) {
      add_holder(holders, member.process, descriptor);
      any_socket |= descriptor.kind == DescriptorInfo::Kind::socket;
      member.descriptors.push_back({.descriptor = std::move(descriptor)});
    }
  }
  if (options.everywhere && any_socket) {
    for (const ProcessInfo& process : all) {
      if (!drawn.contains(process.pid)) {
        for (const DescriptorInfo& descriptor : descriptors_of(process.pid)) {
          add_holder(holders, process, descriptor);
        }
      }
    }
  }
  // The sockets last: what a process held a moment ago may have changed its state since, but not
  // the other way round.
  const Sockets own(any_socket ? tcp_sockets() : std::vector<SocketInfo>());
  for (Member& member : snapshot.members) {
    const pid_t pid = member.process.pid;
    std::optional<Sockets> of_another;
    if (any_socket && in_other_network(pid)) {
      of_another.emplace(tcp_sockets(pid));
    }
    const Sockets& sockets = of_another ? *of_another : own;
    for (Held& held : member.descriptors) {
      held.holders = 1;
      if (held.descriptor.kind == DescriptorInfo::Kind::socket) {
        add_socket(held, holders, sockets, pid);
      } else if (held.descriptor.kind == DescriptorInfo::Kind::pipe) {
        add_pipe(held, holders, pid, drawn);
      }
    }
    if (member.process.zombie()) {
      member.end_known = may_inspect(pid);
    }
  }
  // Whoever has ended meanwhile was looked at in two halves.
  std::erase_if(snapshot.members, [](Member& member) {
    const auto now = process_info(member.process.pid);
    const bool gone = !now || !now->same_as(member.process);
    if (!gone && now->zombie() && !member.process.zombie()) {
      member.process = *now;
      member.descriptors.clear();
      member.end_known = may_inspect(now->pid);
    }
    return gone;
  });
  return snapshot;
}

} // namespace lab
