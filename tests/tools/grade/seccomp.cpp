#include "tools/grade/seccomp.hpp"

#include "harness/call_filter.hpp"
#include "harness/fd.hpp"

#include <array>
#include <cerrno>
#include <cstdint>

#include <sched.h>
#include <sys/syscall.h>

namespace lab::grade {

namespace {

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

void filter_calls(bool own_ipc) {
  CallFilter filter;
  for (const long call : refused_calls) {
    filter.refuse(call);
  }
  if (!own_ipc) {
    for (const long call : ipc_calls) {
      filter.refuse(call);
    }
  }
  // The flags of clone3(2) are out of a filter's sight: the library takes clone(2) instead.
  filter.refuse(SYS_clone3, ENOSYS);
  filter.refuse_bits(SYS_clone, 0, namespace_flags);
  or_throw(filter.install() ? 0 : -1, "prctl PR_SET_SECCOMP");
}

} // namespace lab::grade
