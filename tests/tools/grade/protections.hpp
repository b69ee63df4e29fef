// What this machine's kernel has to keep a submission away from everything else.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace lab::grade {

/// What stands between a submission and the rest of this machine. It is found out by trying.
struct Protections {
  bool other_user = false;     ///< we are root, and may become another user
  bool user_namespace = false; ///< the next two need a user namespace: we may not mount ourselves
  bool namespaces = false;     ///< own mounts, processes, IPC and host name
  bool network = false;        ///< own network, with nothing but loopback
  bool file_rules = false;     ///< landlock(7): used if there are no own mounts
  bool signal_rules = false;   ///< landlock(7), sixth version: used if there is no other user
  bool call_filter = false;    ///< seccomp(2)

  /// Whether submissions that are checked at the same time cannot reach each other.
  [[nodiscard]] bool apart() const { return network && (namespaces || other_user || signal_rules); }

  /// A line for each protection that this machine lacks: which, and why.
  [[nodiscard]] std::vector<std::string> missing() const;

  std::string why_no_namespaces{}; // NOLINT(readability-redundant-member-init)
  std::string why_no_network{};    // NOLINT(readability-redundant-member-init)
};

/// Tries which protections there are. `workspace` has a folder `root` to mount at. Throws
/// std::system_error.
Protections find_protections(const std::filesystem::path& workspace);

} // namespace lab::grade
