// grade-as WHO COMMAND...
//
// Runs a command as on a machine that allows less than this one:
//   container  root without CAP_SYS_ADMIN who may make no namespaces, as in Gradescope's containers
//   old        the same with a kernel that has neither landlock nor close_range
//   user       an ordinary user
//   bare       an ordinary user who may make no namespaces
//   alone      the same with a kernel that has neither landlock nor close_range
// `container` and `old` need root. As root, the ordinary user is the one with the id 65533.

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <vector>

#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

bool refuse_namespaces(bool later_calls_too) {
  std::vector<sock_filter> program;
  const auto add = [&](unsigned code, std::uint32_t k, unsigned yes = 0, unsigned no = 0) {
    program.push_back({.code = static_cast<std::uint16_t>(code),
                       .jt = static_cast<std::uint8_t>(yes),
                       .jf = static_cast<std::uint8_t>(no),
                       .k = k});
  };
  constexpr std::uint32_t flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET |
                                  CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
  const auto refuse = [&](long call, int error) {
    add(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call), 0, 1);
    add(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error));
  };
  add(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr));
  refuse(SYS_unshare, EPERM);
  refuse(SYS_mount, EPERM);
  refuse(SYS_clone3, ENOSYS);
  if (later_calls_too) {
    for (const long call : {SYS_close_range, SYS_landlock_create_ruleset, SYS_landlock_add_rule,
                            SYS_landlock_restrict_self}) {
      refuse(call, ENOSYS);
    }
  }
  add(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 3);
  add(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args));
  add(BPF_JMP | BPF_JSET | BPF_K, flags, 0, 1);
  add(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
  add(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  const sock_fprog filter{.len = static_cast<unsigned short>(program.size()),
                          .filter = program.data()};
  return (geteuid() == 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

bool drop(int capability) {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, 2> data{};
  if (syscall(SYS_capget, &header, data.data()) != 0) {
    return false;
  }
  auto& word = data.at(static_cast<std::size_t>(capability) / 32);
  const std::uint32_t kept = ~(1U << (static_cast<unsigned>(capability) % 32));
  word.effective &= kept;
  word.permitted &= kept;
  word.inheritable &= kept;
  return prctl(PR_CAPBSET_DROP, capability) == 0 && syscall(SYS_capset, &header, data.data()) == 0;
}

bool become_user() {
  constexpr uid_t user = 65533;
  return geteuid() != 0 || (setgroups(0, nullptr) == 0 && setresgid(user, user, user) == 0 &&
                            setresuid(user, user, user) == 0);
}

bool become(std::string_view who) {
  if (who == "user") {
    return become_user();
  }
  const bool old = who == "old" || who == "alone";
  if (who == "container" || who == "old") {
    return refuse_namespaces(old) && drop(CAP_SYS_ADMIN);
  }
  if (who == "bare" || who == "alone") {
    return become_user() && refuse_namespaces(old);
  }
  errno = EINVAL;
  return false;
}

} // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: grade-as container|old|user|bare|alone COMMAND...\n");
    return 2;
  }
  if (!become(argv[1])) {
    std::fprintf(stderr, "grade-as: %s: %s\n", argv[1], std::strerror(errno));
    return 3;
  }
  execvp(argv[2], argv + 2);
  std::fprintf(stderr, "grade-as: %s: %s\n", argv[2], std::strerror(errno));
  return 3;
}
