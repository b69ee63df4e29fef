// What the kernel shows at one moment: processes, their descriptors, and which other processes hold
// the same. It comes from /proc and sock_diag(7). The processes do not notice.
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
  /// For a TCP socket that listens or has a peer.
  std::optional<SocketInfo> socket{};
  /// For any other socket: `UNIX`, `TCP`.
  std::string protocol{}; // NOLINT(readability-redundant-member-init)
  /// How many processes hold it, this one included. (Only processes that were looked at count.)
  std::size_t holders = 0;
  /// The other processes that hold it, inside and outside the picture. For a pipe: those that hold
  /// the same end.
  std::vector<Holder> others{}; // NOLINT(readability-redundant-member-init)
  /// For a pipe: the processes that hold its other end.
  std::vector<Holder> other_end{}; // NOLINT(readability-redundant-member-init)
  /// For a connection: its other end. Nothing if that is on another machine.
  std::optional<Peer> peer{};
  /// For a listener: the clients' ends of the connections that wait for accept.
  std::vector<Peer> waiting{}; // NOLINT(readability-redundant-member-init)
};

/// A process at its place in the tree.
struct Member {
  ProcessInfo process{};
  /// From the root's child down to this process: whether each is the last among its siblings.
  /// Empty for a root.
  std::vector<bool> last{}; // NOLINT(readability-redundant-member-init)
  bool has_children = false;
  /// For a root: the name of its parent.
  std::string parent_name{};       // NOLINT(readability-redundant-member-init)
  std::vector<Held> descriptors{}; // NOLINT(readability-redundant-member-init)
  /// Whether the kernel hides its descriptors from us, because it is another user's process.
  bool hidden = false;
  /// For a zombie: whether the kernel shows us how it ended.
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
  /// Looks at the descriptors of all other processes too. So it finds those that hold a socket of
  /// the members, or its other end.
  bool everywhere = true;
};

/// The processes `roots` and all their descendants, as they are now. A process that is gone, or
/// ends meanwhile, is left out. A root that descends from another root is drawn only there.
Snapshot look_at(const std::vector<pid_t>& roots, const LookOptions& options = {});

} // namespace lab
