#include "harness/confine.hpp"

#include <cerrno>
#include <cstdint>

#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace lab {

namespace {

struct Confinement {
  bool wanted = false;
  std::optional<uid_t> user;
};

Confinement& confinement() {
  static Confinement the_confinement;
  return the_confinement;
}

// landlock(7), the sixth version, which is newer than the headers of Debian 12.
struct Ruleset {
  std::uint64_t handled_access_fs;
  std::uint64_t handled_access_net;
  std::uint64_t scoped;
};

constexpr std::uint64_t scope_abstract_unix_sockets = 1U << 0U;
constexpr std::uint64_t scope_signals = 1U << 1U;

} // namespace

void confine_programs(std::optional<uid_t> user) {
  confinement() = {.wanted = true, .user = user};
}

bool programs_confined() {
  return confinement().wanted;
}

std::optional<uid_t> confined_user() {
  return confinement().user;
}

bool confine_self() noexcept {
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 && errno != EINVAL) {
    return false;
  }
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return false;
  }
  const Ruleset rules{.handled_access_fs = 0,
                      .handled_access_net = 0,
                      .scoped = scope_abstract_unix_sockets | scope_signals};
  const auto domain = static_cast<int>(
      ::syscall(SYS_landlock_create_ruleset, &rules, sizeof rules, 0)); // fails before Linux 6.12
  if (domain != -1) {
    ::syscall(SYS_landlock_restrict_self, domain, 0);
    ::close(domain);
  }
  return true;
}

} // namespace lab
