#include "tools/grade/seccomp.hpp"

#include "harness/fd.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

namespace lab::grade {

namespace {

#if defined(__x86_64__)
constexpr std::uint32_t architecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t architecture = AUDIT_ARCH_AARCH64;
#else
constexpr std::uint32_t architecture = 0;
#endif

constexpr std::array refused_calls{SYS_ptrace,
                                   SYS_process_vm_readv,
                                   SYS_process_vm_writev,
                                   SYS_unshare,
                                   SYS_setns,
                                   SYS_mount,
                                   SYS_umount2,
                                   SYS_pivot_root,
                                   SYS_chroot,
                                   SYS_keyctl,
                                   SYS_add_key,
                                   SYS_request_key,
                                   SYS_bpf,
                                   SYS_perf_event_open,
                                   SYS_userfaultfd,
                                   SYS_io_uring_setup,
                                   SYS_io_uring_enter,
                                   SYS_io_uring_register,
                                   SYS_pidfd_getfd,
                                   SYS_open_by_handle_at,
                                   SYS_kexec_load,
                                   SYS_init_module,
                                   SYS_finit_module,
                                   SYS_delete_module,
                                   SYS_reboot,
                                   SYS_swapon,
                                   SYS_swapoff,
                                   SYS_quotactl,
                                   SYS_fsopen,
                                   SYS_move_mount,
                                   SYS_open_tree,
                                   SYS_mount_setattr,
                                   SYS_name_to_handle_at};

/// For a job that shares IPC with others: an object of System V IPC, or a message queue, outlives
/// the process that made it.
constexpr std::array ipc_calls{SYS_shmget, SYS_semget, SYS_msgget, SYS_mq_open};

/// Of clone(2): a user namespace in which a program has every capability.
constexpr std::uint32_t namespace_flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID |
                                          CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |
                                          CLONE_NEWCGROUP;

} // namespace

bool knows_calls() {
  return architecture != 0;
}

void filter_calls(bool own_ipc) {
  std::vector<long> refused(refused_calls.begin(), refused_calls.end());
  if (!own_ipc) {
    refused.insert(refused.end(), ipc_calls.begin(), ipc_calls.end());
  }
  std::vector<sock_filter> program;
  const auto add = [&](unsigned code, std::uint32_t k, std::size_t yes = 0, std::size_t no = 0) {
    program.push_back({.code = static_cast<std::uint16_t>(code),
                       .jt = static_cast<std::uint8_t>(yes),
                       .jf = static_cast<std::uint8_t>(no),
                       .k = k});
  };
  constexpr std::uint32_t refuse = SECCOMP_RET_ERRNO | EPERM;
  add(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch));
  add(BPF_JMP | BPF_JEQ | BPF_K, architecture, 1, 0);
  add(BPF_RET | BPF_K, refuse); // 32-bit calls have other numbers
  add(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr));
#if defined(__x86_64__)
  constexpr std::uint32_t x32 = 0x40000000;
  add(BPF_JMP | BPF_JGE | BPF_K, x32, 0, 1);
  add(BPF_RET | BPF_K, refuse);
#endif
  for (const long call : refused) {
    add(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call), 0, 1);
    add(BPF_RET | BPF_K, refuse);
  }
  // The flags of clone3(2) are out of a filter's sight: the library takes clone(2) instead.
  add(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1);
  add(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
  add(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 3);
  add(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args)); // the lower half, little-endian
  add(BPF_JMP | BPF_JSET | BPF_K, namespace_flags, 0, 1);
  add(BPF_RET | BPF_K, refuse);
  add(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  const sock_fprog filter{.len = static_cast<unsigned short>(program.size()),
                          .filter = program.data()};
  or_throw(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter), "prctl PR_SET_SECCOMP");
}

} // namespace lab::grade
