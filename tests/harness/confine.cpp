#include "harness/confine.hpp"

#include "harness/call_filter.hpp"

#include <array>
#include <cerrno>
#include <cstdint>

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace lab {

namespace {

struct Confinement {
  bool wanted = false;
  std::optional<uid_t> user;
  std::optional<int> group;
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

/// What a program may not do to others of its user, and what would hide from its limits. A kernel
/// without seccomp(2) has no such filter; lab-grade says so.
void filter_calls(char* const* last_arguments) noexcept {
  CallFilter filter;
  const auto self = static_cast<std::uint32_t>(::getpid());
  for (const long call : {SYS_prlimit64, SYS_sched_setaffinity, SYS_sched_setscheduler,
                          SYS_sched_setparam, SYS_sched_setattr, SYS_migrate_pages}) {
    filter.refuse_unless(call, 0, {0U, self});
  }
  constexpr std::uint32_t one_process = 1; // IOPRIO_WHO_PROCESS, which no header has
  filter.refuse_unless(SYS_setpriority, 0, {PRIO_PROCESS});
  filter.refuse_unless(SYS_setpriority, 1, {0U, self});
  filter.refuse_unless(SYS_ioprio_set, 0, {one_process});
  filter.refuse_unless(SYS_ioprio_set, 1, {0U, self});
  filter.refuse(SYS_process_madvise);
  filter.refuse(SYS_memfd_create);
  filter.refuse(SYS_shmget);
#ifdef SYS_memfd_secret
  filter.refuse(SYS_memfd_secret);
#endif
  if (last_arguments != nullptr) { // at an address that the program cannot know
    filter.refuse_unless(SYS_execve, 1, last_arguments);
    filter.refuse_unless(SYS_execveat, 2, last_arguments);
  }
  filter.install();
}

} // namespace

void confine_programs(std::optional<uid_t> user, std::optional<int> group) {
  confinement() = {.wanted = true, .user = user, .group = group};
}

bool programs_confined() {
  return confinement().wanted;
}

std::optional<uid_t> confined_user() {
  return confinement().user;
}

std::optional<int> confined_group() {
  return confinement().group;
}

void end_first() noexcept {
  if (const int score = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC); score != -1) {
    [[maybe_unused]] const ssize_t written = ::write(score, "1000", 4);
    ::close(score);
  }
}

bool confine_self(char* const* last_arguments) noexcept {
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
  filter_calls(last_arguments);
  return true;
}

} // namespace lab
