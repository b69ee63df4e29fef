// What the kernel shows at one moment: processes, their descriptors, and who else holds what they
// hold. From /proc and sock_diag(7); nothing is asked of the processes themselves.
#pragma once

#include "harness/proc.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace lab {

/// A process that holds something, and by which descriptor.
struct Holder {
  pid_t pid = 0;
  std::string name;
  int fd = -1;
  bool reads = false;
  bool writes = false;
};

/// The other end of a connection, on this machine.
struct Peer {
  enum class Kind : unsigned char {
    held,         ///< by `holders`
    hidden,       ///< by a process whose descriptors we may not see
    not_accepted, ///< it waits in the queue of a listener
    closed,       ///< its program has closed it; the kernel still sends what is under way
    gone,         ///< there is no such end any more
  };

  Kind kind = Kind::held;
  SocketInfo socket{};           ///< not of one that is gone
  std::vector<Holder> holders{}; // NOLINT(readability-redundant-member-init)
};

/// A descriptor of one process.
struct Held {
  DescriptorInfo descriptor{};
  /// Of a TCP socket that listens or has a peer.
  std::optional<SocketInfo> socket{};
  /// Of any other socket: `UNIX`, `TCP`.
  std::string protocol{}; // NOLINT(readability-redundant-member-init)
  /// How many processes hold it, this one included, as far as was looked.
  std::size_t holders = 0;
  /// The other processes that do so, in no matter which of the picture's trees or outside of them.
  /// Of a pipe: the same end of it.
  std::vector<Holder> others{}; // NOLINT(readability-redundant-member-init)
  /// Of a pipe: those that hold its other end.
  std::vector<Holder> other_end{}; // NOLINT(readability-redundant-member-init)
  /// Of a connection; nothing where the other end is on another machine.
  std::optional<Peer> peer{};
  /// Of a listener: the clients' ends of the connections that wait for accept.
  std::vector<Peer> waiting{}; // NOLINT(readability-redundant-member-init)
};

/// A process at its place in the tree.
struct Member {
  ProcessInfo process{};
  /// From the root's child down to this process: whether each is the last among its siblings.
  /// Empty for a root.
  std::vector<bool> last{}; // NOLINT(readability-redundant-member-init)
  bool has_children = false;
  /// The name of its parent, of a root.
  std::string parent_name{};       // NOLINT(readability-redundant-member-init)
  std::vector<Held> descriptors{}; // NOLINT(readability-redundant-member-init)
  /// The kernel does not show us its descriptors: it is another user's.
  bool hidden = false;
  /// Of a zombie: whether the kernel shows us how it ended.
  bool end_known = true;

  /// Those of its descriptors that are TCP sockets.
  [[nodiscard]] std::vector<Held> sockets() const;
};

struct Snapshot {
  /// Parents before their children, in the order of the roots.
  std::vector<Member> members;

  [[nodiscard]] std::size_t zombies() const;

  /// How many TCP sockets of the members are held by more than one process.
  [[nodiscard]] std::size_t shared_sockets() const;
};

struct LookOptions {
  /// Looks into the descriptors of all other processes too, for those who hold a socket of the
  /// members, or its other end.
  bool everywhere = true;
};

/// What there is now of the processes `roots` and all that descend from them. One that is gone, or
/// vanishes meanwhile, is left out; one that descends from another root is drawn there.
Snapshot look_at(const std::vector<pid_t>& roots, const LookOptions& options = {});

} // namespace lab
