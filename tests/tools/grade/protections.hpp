// What the kernel here has to keep a submission away from everything else.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace lab::grade {

/// What stands between a submission and the rest of this machine. Found out by trying.
struct Protections {
  bool other_user = false;     ///< we are root, and may become somebody else
  bool user_namespace = false; ///< what follows needs one: we may not mount here
  bool namespaces = false;     ///< own mounts, processes, IPC and host name
  bool network = false;        ///< own network, of which loopback is all there is
  bool file_rules = false;     ///< landlock(7): used where there are no own mounts
  bool signal_rules = false;   ///< landlock(7), sixth version: used where there is no other user
  bool call_filter = false;    ///< seccomp(2)

  /// A line for each protection that there is not: what it is, and why.
  [[nodiscard]] std::vector<std::string> missing() const;

  std::string why_no_namespaces{}; // NOLINT(readability-redundant-member-init)
  std::string why_no_network{};    // NOLINT(readability-redundant-member-init)
};

/// `workspace` has a folder `root`, to mount at. Throws std::system_error.
Protections find_protections(const std::filesystem::path& workspace);

} // namespace lab::grade
