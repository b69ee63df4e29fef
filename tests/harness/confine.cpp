#include "harness/confine.hpp"

#include <array>
#include <cerrno>
#include <cstdint>

#include <fcntl.h>
#include <linux/capability.h>
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

void end_first() noexcept {
  if (const int score = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC); score != -1) {
    [[maybe_unused]] const ssize_t written = ::write(score, "1000", 4);
    ::close(score);
  }
}

bool confine_self() noexcept {
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 && errno != EINVAL) {
    return false;
  }
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  const std::array<__user_cap_data_struct, 2> none{};
  if (::syscall(SYS_capset, &header, none.data()) != 0 ||
      ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) { // so that exec by root gives none either
    return false;
  }
  Ruleset rules{.handled_access_fs = 0,
                .handled_access_net = 0,
                .scoped = scope_abstract_unix_sockets | scope_signals};
  auto domain = static_cast<int>(::syscall(SYS_landlock_create_ruleset, &rules, sizeof rules, 0));
  if (domain == -1) { // before Linux 6.12: any domain keeps its processes from tracing others
    rules = {
        .handled_access_fs = LANDLOCK_ACCESS_FS_MAKE_BLOCK, .handled_access_net = 0, .scoped = 0};
    constexpr std::size_t of_first_version = sizeof rules.handled_access_fs;
    domain = static_cast<int>(::syscall(SYS_landlock_create_ruleset, &rules, of_first_version, 0));
  }
  if (domain != -1) {
    ::syscall(SYS_landlock_restrict_self, domain, 0);
    ::close(domain);
  }
  return true;
}

} // namespace lab
