#include "tools/grade/jail.hpp"

#include "harness/confine.hpp"
#include "harness/proc.hpp"
#include "harness/tree.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <set>
#include <system_error>
#include <thread>

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lab::grade {

namespace {

namespace fs = std::filesystem;

/// Where a job with mounts of its own sees what it is shown.
const fs::path top = "/lab";

/// What a compiler and a program need of the system, where it is there. All of it is read-only.
constexpr std::array system_folders{"/usr",
                                    "/bin",
                                    "/sbin",
                                    "/lib",
                                    "/lib32",
                                    "/lib64",
                                    "/opt",
                                    "/nix",
                                    "/gnu",
                                    "/libx32",
                                    "/etc/ld.so.cache",
                                    "/etc/ld.so.conf",
                                    "/etc/ld.so.conf.d",
                                    "/etc/alternatives"};

constexpr std::array devices{"null", "zero", "full", "random", "urandom", "tty"};

/// What lab-check needs to run programs as somebody else, and to look into them.
constexpr std::array kept_capabilities{CAP_CHOWN,      CAP_DAC_OVERRIDE, CAP_FOWNER,
                                       CAP_KILL,       CAP_SETGID,       CAP_SETUID,
                                       CAP_SYS_PTRACE, CAP_SYS_RESOURCE, CAP_SYS_NICE};

constexpr int results_fd = 3; // of the command

int to_int(long value) {
  return static_cast<int>(value);
}

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written == -1 && errno != EINTR) {
      return;
    }
    text.remove_prefix(written == -1 ? 0 : static_cast<std::size_t>(written));
  }
}

void write_file(const fs::path& path, std::string_view text) {
  const Fd file =
      own(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644), "open " + path.string());
  if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    throw_errno("write " + path.string());
  }
}

// Mounts. All of this happens in a mount namespace of its own.

void mount_at(const char* source, const fs::path& target, const char* type, unsigned long flags,
              const std::string& data = {}) {
  check(::mount(source, target.c_str(), type, flags, data.empty() ? nullptr : data.c_str()),
        "mount " + target.string());
}

void make_read_only(const fs::path& target) {
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
  if (::mount_setattr(AT_FDCWD, target.c_str(), AT_RECURSIVE, &attributes, sizeof attributes) ==
      0) {
    return;
  }
  if (errno != ENOSYS) {
    throw_errno("mount_setattr " + target.string());
  }
  mount_at(nullptr, target, nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV);
}

void show(const fs::path& source, const fs::path& target, bool writable) {
  if (fs::is_directory(source)) {
    fs::create_directories(target);
  } else {
    fs::create_directories(target.parent_path());
    write_file(target, "");
  }
  mount_at(source.c_str(), target, nullptr, MS_BIND | MS_REC);
  if (!writable) {
    make_read_only(target);
  }
}

std::string size_option(std::size_t bytes) {
  return "size=" + std::to_string(bytes) + ",nr_inodes=20000";
}

/// A root of its own: the system read-only, the folders that are shown, nothing else.
void mount_view(const fs::path& root, const std::vector<Shown>& folders, std::size_t disk_bytes) {
  check(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "mount --make-rprivate /");
  mount_at("lab", root, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=1m");
  for (const fs::path source : system_folders) {
    const fs::path target = root / source.relative_path();
    std::error_code error;
    if (fs::is_symlink(source, error)) {
      fs::create_directories(target.parent_path());
      fs::create_symlink(fs::read_symlink(source), target);
    } else if (fs::exists(source, error)) {
      show(source, target, false);
    }
  }
  for (const Shown& shown : folders) {
    show(shown.folder, root / top.relative_path() / shown.name, shown.writable);
  }
  fs::create_directories(root / "etc");
  write_file(root / "etc/passwd", "root:x:0:0::/:/bin/sh\n");
  write_file(root / "etc/group", "root:x:0:\n");
  write_file(root / "etc/hosts", "127.0.0.1 localhost\n::1 localhost\n");

  fs::create_directory(root / "dev");
  mount_at("lab", root / "dev", "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=755,size=64k");
  for (const std::string device : devices) {
    std::error_code error;
    if (fs::exists("/dev/" + device, error)) {
      show("/dev/" + device, root / "dev" / device, true);
    }
  }
  fs::create_directory(root / "dev/pts");
  mount_at("lab", root / "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
           "newinstance,ptmxmode=0666,mode=620");
  fs::create_symlink("pts/ptmx", root / "dev/ptmx");
  fs::create_symlink("/proc/self/fd", root / "dev/fd");
  fs::create_directory(root / "dev/shm");
  mount_at("lab", root / "dev/shm", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
           "mode=1777," + size_option(disk_bytes));
  // Not what is mounted below it.
  mount_at(nullptr, root / "dev", nullptr,
           MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NOEXEC);
  fs::create_directory(root / "tmp");
  mount_at("lab", root / "tmp", "tmpfs", MS_NOSUID | MS_NODEV,
           "mode=1777," + size_option(disk_bytes));
  fs::create_directory(root / "proc");
  mount_at("proc", root / "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC);

  check(::chdir(root.c_str()), "chdir");
  check(to_int(::syscall(SYS_pivot_root, ".", ".")), "pivot_root");
  check(::umount2(".", MNT_DETACH), "umount2");
  mount_at(nullptr, "/", nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV);
  check(::chdir("/"), "chdir");
}

void raise_loopback() {
  const Fd socket = own(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");
  ifreq request{};
  std::strncpy(request.ifr_name, "lo", sizeof request.ifr_name - 1);
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  check(::ioctl(socket.get(), SIOCSIFFLAGS, &request), "ioctl SIOCSIFFLAGS lo");
}

/// As fork(2), into new namespaces.
pid_t fork_into(unsigned long namespaces) {
  return to_int(::syscall(SYS_clone, namespaces | SIGCHLD, nullptr, nullptr, nullptr, nullptr));
}

unsigned long namespaces_of(const Protections& protections) {
  unsigned long flags = 0;
  if (protections.user_namespace) {
    flags |= CLONE_NEWUSER;
  }
  if (protections.namespaces) {
    flags |= CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS;
  }
  if (protections.network) {
    flags |= CLONE_NEWNET;
  }
  return flags;
}

/// The ids that there are here, each mapped to itself. user_namespaces(7).
std::string same_ids(const char* map) {
  std::ifstream file(map);
  std::string text;
  for (std::string first, parent, count; file >> first >> parent >> count;) {
    text.append(first).append(" ").append(first).append(" ").append(count).append("\n");
  }
  return text;
}

/// Users and groups in a user namespace are called as outside of it; all of them where we may.
void map_users(pid_t pid) {
  const fs::path folder = "/proc/" + std::to_string(pid);
  if (::geteuid() == 0) {
    write_file(folder / "uid_map", same_ids("/proc/self/uid_map"));
    write_file(folder / "gid_map", same_ids("/proc/self/gid_map"));
    return;
  }
  const std::string user = std::to_string(::geteuid());
  const std::string group = std::to_string(::getegid());
  write_file(folder / "setgroups", "deny");
  write_file(folder / "uid_map", user + " " + user + " 1\n");
  write_file(folder / "gid_map", group + " " + group + " 1\n");
}

// Rules for files, where there are no own mounts.

void allow(int ruleset, const fs::path& path, std::uint64_t rights) {
  const Fd folder(::open(path.c_str(), O_PATH | O_CLOEXEC));

  struct stat status {};

  if (!folder || ::fstat(folder.get(), &status) != 0) {
    return; // not there: nothing to allow
  }
  constexpr std::uint64_t of_files = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
                                     LANDLOCK_ACCESS_FS_READ_FILE | (1U << 14U);
  landlock_path_beneath_attr rule{};
  rule.allowed_access = S_ISDIR(status.st_mode) ? rights : rights & of_files;
  rule.parent_fd = folder.get();
  check(to_int(::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0)),
        "landlock_add_rule " + path.string());
}

int landlock_version() {
  return to_int(
      ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION));
}

void restrict_files(const JobOptions& options) {
  const int version = landlock_version();
  std::uint64_t all = (std::uint64_t{1} << 13U) - 1; // the rights of the first version
  if (version >= 2) {
    all |= std::uint64_t{1} << 13U; // LANDLOCK_ACCESS_FS_REFER
  }
  if (version >= 3) {
    all |= std::uint64_t{1} << 14U; // LANDLOCK_ACCESS_FS_TRUNCATE
  }
  constexpr std::uint64_t read =
      LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
  const std::uint64_t write =
      all & ~(std::uint64_t{LANDLOCK_ACCESS_FS_MAKE_BLOCK} | LANDLOCK_ACCESS_FS_MAKE_CHAR);
  landlock_ruleset_attr attributes{};
  attributes.handled_access_fs = all;
  const Fd ruleset = own(to_int(::syscall(SYS_landlock_create_ruleset, &attributes, 8, 0)),
                         "landlock_create_ruleset");
  for (const char* const folder : system_folders) {
    allow(ruleset.get(), folder, read);
  }
  for (const char* const file : {"/etc/passwd", "/etc/group", "/etc/hosts", "/etc/nsswitch.conf",
                                 "/etc/localtime", "/proc"}) {
    allow(ruleset.get(), file, read);
  }
  for (const std::string device : devices) {
    allow(ruleset.get(), "/dev/" + device, read | write);
  }
  allow(ruleset.get(), "/dev/ptmx", read | write);
  allow(ruleset.get(), "/dev/pts", read | write);
  for (const Shown& shown : options.folders) {
    allow(ruleset.get(), shown.folder, shown.writable ? read | write : read);
  }
  allow(ruleset.get(), options.temporary, read | write);
  check(to_int(::syscall(SYS_landlock_restrict_self, ruleset.get(), 0)), "landlock_restrict_self");
}

// Calls that no exercise needs, and that reach into others or into the kernel.

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

/// Where IPC is shared with others: an object of System V IPC or a message queue outlives whoever
/// made it.
constexpr std::array ipc_calls{SYS_shmget, SYS_semget, SYS_msgget, SYS_mq_open};

/// Of clone(2): a user namespace in which a program has every capability.
constexpr std::uint32_t namespace_flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID |
                                          CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |
                                          CLONE_NEWCGROUP;

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
  check(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter), "prctl PR_SET_SECCOMP");
}

// Privileges.

void drop_capabilities() {
  for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability) != -1; ++capability) {
    if (std::ranges::find(kept_capabilities, capability) == kept_capabilities.end()) {
      ::prctl(PR_CAPBSET_DROP, capability); // who may not, has few
    }
  }
}

/// In a user namespace of an ordinary user: a capability for lab-check. The programs that it runs
/// have none, and so may not look into it, though they are of the same user: ptrace(2).
void keep_one_capability() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, 2> data{};
  check(to_int(::syscall(SYS_capget, &header, data.data())), "capget");
  data[0].inheritable |= 1U << CAP_SYS_PTRACE;
  check(to_int(::syscall(SYS_capset, &header, data.data())), "capset");
  check(::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SYS_PTRACE, 0, 0),
        "prctl PR_CAP_AMBIENT");
}

void become(uid_t user) {
  const gid_t group = user;
  check(::setgroups(0, nullptr), "setgroups");
  check(::setresgid(group, group, group), "setresgid");
  check(::setresuid(user, user, user), "setresuid");
}

void limit(__rlimit_resource resource, rlim_t soft, rlim_t hard) {
  rlimit present{};
  check(::getrlimit(resource, &present), "getrlimit");
  const rlimit value{.rlim_cur = std::min(soft, present.rlim_max),
                     .rlim_max = std::min(hard, present.rlim_max)};
  check(::setrlimit(resource, &value), "setrlimit");
}

/// Before exec: all that is left to do is to become the command.
void prepare(const Protections& protections, const JobOptions& options) {
  const Limits& limits = options.limits;
  limit(RLIMIT_CORE, 0, 0);
  limit(RLIMIT_CPU, limits.cpu_seconds, limits.cpu_seconds + 1);
  limit(RLIMIT_FSIZE, limits.file_bytes, limits.file_bytes);
  if (limits.processes && protections.other_user) {
    limit(RLIMIT_NPROC, *limits.processes, *limits.processes);
  }
  if (limits.nice != 0) {
    ::setpriority(PRIO_PROCESS, 0, limits.nice);
  }
  ::umask(0022);
  check(::fcntl(results_fd, F_SETFD, options.trusted ? 0 : FD_CLOEXEC), "fcntl");
  check(::chdir(options.working_folder.c_str()), "chdir " + options.working_folder);
  if (options.trusted) {
    drop_capabilities();
    if (protections.user_namespace && protections.namespaces && !protections.other_user) {
      keep_one_capability();
    }
    check(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl PR_SET_NO_NEW_PRIVS");
  } else {
    end_first();
    if (protections.other_user) {
      become(options.users.front());
    }
    check(confine_self() ? 0 : -1, "prctl");
  }
  if (protections.file_rules && !protections.namespaces) {
    restrict_files(options);
  }
  if (protections.call_filter) {
    filter_calls(protections.namespaces);
  }
}

[[noreturn]] void run_command(const Protections& protections, JobOptions& options, int status) {
  try {
    prepare(protections, options);
    const std::string temporary = temporary_folder(protections, options);
    std::vector<std::string> environment{"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C.UTF-8",
                                         "TMPDIR=" + temporary, "HOME=" + temporary};
    if (!protections.namespaces) { // by which harness/tree.hpp knows them again
      for (const std::string_view variable : {run_variable, guard_variable}) {
        if (const char* const mark = std::getenv(std::string(variable).c_str())) {
          environment.push_back(std::string(variable) + "=" + mark);
        }
      }
    }
    const auto pointers = [](std::vector<std::string>& texts) {
      std::vector<char*> result;
      std::ranges::transform(texts, std::back_inserter(result),
                             [](auto& text) { return text.data(); });
      result.push_back(nullptr);
      return result;
    };
    const auto arguments = pointers(options.command);
    const auto variables = pointers(environment);
    // Last of all: under AddressSanitizer this process has terabytes of address space itself.
    if (const auto most = options.limits.memory_bytes) {
      limit(RLIMIT_AS, *most, *most);
    }
    ::execve(options.command.front().c_str(), arguments.data(), variables.data());
    throw_errno("exec " + options.command.front());
  } catch (const std::exception& error) {
    write_all(status, std::string("E") + error.what());
  }
  ::_exit(127);
}

/// Descriptors of the keeper: the standard ones, these, and no other.
struct Ends {
  int status = 4;
  int go = 5;
};

/// Which are the command's alone.
void close_pipes() {
  for (int fd = 0; fd < Ends().status; ++fd) {
    ::close(fd);
  }
}

void reset_signals() {
  struct sigaction action {};

  action.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) {
    ::sigaction(signal, &action, nullptr);
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void tell_status(int fd, int status) {
  write_all(fd, "S" + std::to_string(status));
}

/// The first process of the new namespaces. When it ends, the kernel ends all others.
[[noreturn]] void be_init(const Protections& protections, const fs::path& workspace,
                          JobOptions& options, const Ends& ends) {
  try {
    check(::prctl(PR_SET_PDEATHSIG, SIGKILL), "prctl");
    char go = 0;
    if (::read(ends.go, &go, 1) != 1) { // the keeper has mapped our users, or is gone
      ::_exit(127);
    }
    ::close(ends.go);
    if (protections.network) {
      raise_loopback();
    }
    if (protections.namespaces) {
      mount_view(workspace / "root", options.folders, options.limits.disk_bytes);
      check(::sethostname("lab", 3), "sethostname");
    }
    const pid_t command = check(::fork(), "fork");
    if (command == 0) {
      ::setsid();
      ::fcntl(ends.status, F_SETFD, FD_CLOEXEC);
      run_command(protections, options, ends.status);
    }
    close_pipes();
    while (true) {
      int status = 0;
      const pid_t ended = ::waitpid(-1, &status, 0);
      if (ended == command) {
        tell_status(ends.status, status);
        ::_exit(0);
      }
      if (ended == -1 && errno != EINTR) {
        ::_exit(127);
      }
    }
  } catch (const std::exception& error) {
    write_all(ends.status, std::string("E") + error.what());
  }
  ::_exit(127);
}

/// Whether some process of these users is there, and a signal sent to each.
bool signal_users(const std::vector<uid_t>& users, int signal) {
  bool any = false;
  for_each_pid(own_start_time(), [&](pid_t pid) {
    const auto process = process_info(pid);
    if (!process || process->zombie()) {
      return false;
    }
    std::ifstream file("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(file, line);) {
      if (line.starts_with("Uid:")) {
        const auto user = static_cast<uid_t>(std::strtoul(line.c_str() + 4, nullptr, 10));
        if (std::ranges::find(users, user) != users.end()) {
          any = true;
          return send_signal(*process, signal);
        }
      }
    }
    return false;
  });
  return any;
}

/// Ends whatever these users still run; they are nobody's but the job's.
void end_users(const std::vector<uid_t>& users) {
  const Deadline deadline(patience);
  for (int quiet = 0; quiet < 2 && !deadline.passed();) {
    signal_users(users, SIGSTOP); // so that what forks faster than we look comes to a halt
    quiet = signal_users(users, SIGKILL) ? 0 : quiet + 1;
    if (quiet == 0) {
      std::this_thread::sleep_for(std::chrono::microseconds(200)); // they may need our processor
    }
  }
}

/// Removes what these users have left where anyone may write.
void remove_files(const std::vector<uid_t>& users) {
  for (const char* const folder : {"/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue", "/run/lock"}) {
    std::error_code error;
    for (auto entry = fs::directory_iterator(folder, error);
         !error && entry != fs::directory_iterator(); entry.increment(error)) {
      struct stat status {};

      const fs::path path = entry->path();
      if (::lstat(path.c_str(), &status) == 0 &&
          std::ranges::find(users, status.st_uid) != users.end()) {
        remove_folder(path);
      }
    }
  }
}

/// Keeps a job without a process namespace: everything that it starts stays below this process,
/// which the kernel hands orphans to, and is ended with it.
[[noreturn]] void keep_tree(const Protections& protections, JobOptions& options, const Ends& ends) {
  try {
    ::close(ends.go);
    adopt_orphans();
    const std::string mark = new_mark();
    check(::setenv(std::string(run_variable).c_str(), mark.c_str(), 1), "setenv");
    Tree tree(mark);
    sigset_t waited;
    ::sigemptyset(&waited);
    ::sigaddset(&waited, SIGTERM);
    ::sigaddset(&waited, SIGCHLD);
    ::sigprocmask(SIG_BLOCK, &waited, nullptr);
    const pid_t command = check(::fork(), "fork");
    if (command == 0) {
      ::sigprocmask(SIG_UNBLOCK, &waited, nullptr);
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::setsid();
      ::fcntl(ends.status, F_SETFD, FD_CLOEXEC);
      run_command(protections, options, ends.status);
    }
    tree.set_root(process_info(command).value_or(ProcessInfo{.pid = command}));
    close_pipes();
    siginfo_t info{};
    while (info.si_pid == 0) {
      int signal = 0;
      ::sigwait(&waited, &signal);
      if (signal == SIGTERM) {
        ::kill(command, SIGKILL); // not reaped: the pid is its own
      }
      info = {};
      ::waitid(P_PID, static_cast<id_t>(command), &info, WEXITED | WNOHANG | WNOWAIT);
    }
    int status = 0;
    status = info.si_code == CLD_EXITED ? info.si_status << 8 : info.si_status;
    tree.end_all(true, patience);
    if (protections.other_user) {
      end_users(options.users);
      remove_files(options.users);
    }
    tell_status(ends.status, status);
    ::_exit(0);
  } catch (const std::exception& error) {
    write_all(ends.status, std::string("E") + error.what());
  }
  ::_exit(127);
}

/// Our child: it ends when the job has, and the job with it.
[[noreturn]] void keep(const Protections& protections, const fs::path& workspace,
                       JobOptions& options, const Ends& ends, pid_t parent) {
  ::setsid();
  reset_signals();
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::prctl(PR_SET_NAME, "lab-grade-job");
  if (::getppid() != parent) {
    ::_exit(127);
  }
  const unsigned long namespaces = namespaces_of(protections);
  if ((namespaces & CLONE_NEWPID) == 0) {
    if (namespaces != 0 && ::unshare(static_cast<int>(namespaces)) == 0 && protections.network) {
      raise_loopback();
    }
    keep_tree(protections, options, ends);
  }
  try {
    std::array<int, 2> go{-1, -1};
    check(::pipe2(go.data(), O_CLOEXEC), "pipe2");
    sigset_t waited;
    ::sigemptyset(&waited);
    ::sigaddset(&waited, SIGTERM);
    ::sigaddset(&waited, SIGCHLD);
    ::sigprocmask(SIG_BLOCK, &waited, nullptr);
    const pid_t init = check(fork_into(namespaces), "clone");
    if (init == 0) {
      ::sigprocmask(SIG_UNBLOCK, &waited, nullptr);
      ::close(go[1]);
      be_init(protections, workspace, options, {.status = ends.status, .go = go[0]});
    }
    if ((namespaces & CLONE_NEWUSER) != 0) {
      map_users(init);
    }
    write_all(go[1], "g");
    close_pipes();
    while (true) {
      int signal = 0;
      ::sigwait(&waited, &signal);
      if (signal == SIGTERM) {
        ::kill(init, SIGKILL);
      }
      if (::waitpid(init, nullptr, WNOHANG) == init) {
        ::_exit(0); // the kernel reports its end when all of the namespace have ended
      }
    }
  } catch (const std::exception& error) {
    write_all(ends.status, std::string("E") + error.what());
  }
  ::_exit(127);
}

std::pair<Fd, Fd> make_pipe() {
  std::array<int, 2> ends{-1, -1};
  check(::pipe2(ends.data(), O_CLOEXEC), "pipe2");
  std::pair<Fd, Fd> made{own(ends[0], "pipe2"), own(ends[1], "pipe2")};
  check(::fcntl(made.first.get(), F_SETFL, O_NONBLOCK), "fcntl");
  return made;
}

/// What a child says of the attempt: nothing where all went well.
template <typename Attempt>
std::string tried(unsigned long namespaces, Attempt attempt) {
  auto [read_end, write_end] = make_pipe();
  std::array<int, 2> go{-1, -1};
  check(::pipe2(go.data(), O_CLOEXEC), "pipe2");
  const Fd go_read(go[0]);
  Fd go_write(go[1]);
  const pid_t child = fork_into(namespaces);
  if (child == 0) {
    try {
      char byte = 0;
      if (::read(go_read.get(), &byte, 1) == 1) {
        attempt();
        ::_exit(0);
      }
    } catch (const std::exception& error) {
      write_all(write_end.get(), error.what());
    }
    ::_exit(1);
  }
  if (child == -1) {
    return "clone: " + std::generic_category().message(errno);
  }
  std::string reason;
  try {
    if ((namespaces & CLONE_NEWUSER) != 0) {
      map_users(child);
    }
    write_all(go_write.get(), "g");
  } catch (const std::exception& error) {
    reason = error.what();
    go_write.close();
  }
  int status = 0;
  while (::waitpid(child, &status, 0) == -1 && errno == EINTR) {
  }
  if (status == 0 && reason.empty()) {
    return "";
  }
  std::array<char, 500> text{};
  const ssize_t got = ::read(read_end.get(), text.data(), text.size());
  if (got > 0) {
    reason.assign(text.data(), static_cast<std::size_t>(got));
  }
  return reason.empty() ? "the attempt failed" : reason;
}

/// A folder of a stranger's, open to be read, whatever rights its owner has left to itself. Nothing
/// where it is no folder.
Fd open_folder(int parent, const char* name) {
  const Fd place(::openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!place) {
    return {};
  }
  // By way of /proc: fchmod(2) takes no such descriptor.
  ::chmod(("/proc/self/fd/" + std::to_string(place.get())).c_str(), S_IRWXU);
  return Fd(::openat(place.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

template <typename Function>
void for_each_entry(const Fd& folder, Function function) {
  constexpr auto close = [](DIR* entries) { ::closedir(entries); };
  const std::unique_ptr<DIR, decltype(close)> entries(
      ::fdopendir(::openat(folder.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
  while (const dirent* const entry = entries ? ::readdir(entries.get()) : nullptr) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") {
      function(entry->d_name);
    }
  }
}

} // namespace

void remove_folder(const fs::path& folder) {
  // A stranger can nest folders deeper than a path is long, and than there are descriptors. So only
  // two are open at a time: a folder within a folder is moved up to `folder`.
  const Fd top = open_folder(AT_FDCWD, folder.c_str());
  if (!top) {
    ::unlink(folder.c_str());
    return;
  }
  std::size_t moved = 0;
  for (bool more = true; more;) {
    more = false;
    for_each_entry(top, [&](const char* name) {
      const Fd inner = open_folder(top.get(), name);
      if (!inner) {
        more |= ::unlinkat(top.get(), name, 0) == 0;
        return;
      }
      for_each_entry(inner, [&](const char* below) {
        if (!open_folder(inner.get(), below)) { // rename(2) has to write into what it moves
          ::unlinkat(inner.get(), below, 0);
          return;
        }
        while (::renameat(inner.get(), below, top.get(), std::to_string(++moved).c_str()) == -1 &&
               (errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR)) {
        }
      });
      more |= ::unlinkat(top.get(), name, AT_REMOVEDIR) == 0;
    });
  }
  ::rmdir(folder.c_str());
}

Protections find_protections(const fs::path& workspace) {
  Protections found;
  found.other_user = ::geteuid() == 0 && tried(0, [] {
                                           constexpr uid_t somebody = 65534;
                                           become(somebody);
                                         }).empty();
  const auto view = [&] { mount_view(workspace / "root", {}, std::size_t{1} << 20); };
  constexpr unsigned long own = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS;
  found.why_no_namespaces = tried(own, view);
  if (!found.why_no_namespaces.empty() && tried(own | CLONE_NEWUSER, view).empty()) {
    found.user_namespace = true;
    found.why_no_namespaces.clear();
  }
  found.namespaces = found.why_no_namespaces.empty();
  const unsigned long user = found.user_namespace && found.namespaces ? CLONE_NEWUSER : 0UL;
  found.why_no_network = tried(CLONE_NEWNET | user, raise_loopback);
  found.network = found.why_no_network.empty();
  const int version = landlock_version();
  found.file_rules = version >= 1;
  found.signal_rules = version >= 6;
  found.call_filter =
      architecture != 0 && tried(0, [] {
                             check(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl");
                             filter_calls(false);
                           }).empty();
  return found;
}

std::vector<std::string> Protections::missing() const {
  std::vector<std::string> lines;
  if (!namespaces) {
    lines.push_back("no namespaces of their own for files, processes and IPC (" +
                    why_no_namespaces + ")" +
                    (file_rules ? "; landlock keeps submissions to their own files"
                                : "; submissions can read what any user here can read"));
  }
  if (!network) {
    lines.push_back("no network of their own (" + why_no_network +
                    "): submissions can use the network of this machine");
  }
  if (::geteuid() == 0 && !other_user) {
    lines.emplace_back("root may not become another user here: submissions run as root, without "
                       "capabilities");
  }
  if (!other_user && !signal_rules && !namespaces) {
    lines.emplace_back(
        "submissions run as the same user as the grader, and nothing keeps them from "
        "signalling it: run it as root, or in a container");
  }
  if (!call_filter) {
    lines.emplace_back("no filter for system calls (seccomp)");
  }
  return lines;
}

std::string temporary_folder(const Protections& protections, const JobOptions& options) {
  return protections.namespaces ? "/tmp" : options.temporary.string();
}

std::string seen(const Protections& protections, const Shown& shown) {
  return protections.namespaces ? (top / shown.name).string() : shown.folder.string();
}

Job::Job(const Protections& protections, const fs::path& workspace, JobOptions options)
    : options_(std::move(options)), deadline_(options_.limits.time) {
  auto [out, out_write] = make_pipe();
  auto [status, status_write] = make_pipe();
  auto [results, results_write] = make_pipe();
  const Fd null = own(::open("/dev/null", O_RDONLY | O_CLOEXEC), "open /dev/null");
  const pid_t parent = ::getpid();
  keeper_ = check(::fork(), "fork");
  if (keeper_ == 0) {
    const Ends ends;
    std::array sources{null.get(), out_write.get(), out_write.get(), results_write.get(),
                       status_write.get()};
    // By way of higher numbers: none of the pipes is to be overwritten before it is in its place.
    for (int& source : sources) {
      source = ::fcntl(source, F_DUPFD, to_int(sources.size()));
    }
    for (int fd = 0; const int source : sources) {
      ::dup2(source, fd++);
    }
    ::closefrom(to_int(sources.size()));
    keep(protections, workspace, options_, ends, parent);
  }
  out_ = std::move(out);
  status_ = std::move(status);
  results_end_ = std::move(results);
  keeper_end_ = Fd(to_int(::syscall(SYS_pidfd_open, keeper_, 0)));
}

Job::~Job() {
  end();
}

void Job::end() {
  if (keeper_ != -1) {
    ::kill(keeper_, SIGTERM); // not reaped: the pid is its own
    while (::waitpid(keeper_, nullptr, 0) == -1 && errno == EINTR) {
    }
    keeper_ = -1;
  }
}

void Job::take_in(Fd& source, std::string& text, std::size_t most, bool& cut) {
  std::array<char, 65536> buffer; // NOLINT(*-member-init): read fills what is used
  for (int turn = 0; source && turn < 16; ++turn) {
    const ssize_t got = ::read(source.get(), buffer.data(), buffer.size());
    if (got == 0 || (got == -1 && errno != EAGAIN && errno != EINTR)) {
      source.close();
    }
    if (got <= 0) {
      return;
    }
    const auto room = std::min(most - text.size(), static_cast<std::size_t>(got));
    text.append(buffer.data(), room);
    cut |= room < static_cast<std::size_t>(got);
  }
}

std::vector<int> Job::events() const {
  std::vector<int> fds;
  for (const Fd* const fd : {&out_, &status_, &results_end_, &keeper_end_}) {
    if (*fd) {
      fds.push_back(fd->get());
    }
  }
  return fds;
}

std::optional<JobEnd> Job::poll() {
  constexpr std::size_t most_results = std::size_t{16} << 20;
  constexpr std::size_t most_status = 1000;
  take_in(out_, output_, options_.limits.output_bytes, output_cut_);
  take_in(results_end_, results_, most_results, results_cut_);
  take_in(status_, told_, most_status, told_cut_);
  if (deadline_.passed() && !timed_out_ && keeper_ != -1) {
    timed_out_ = true;
    ::kill(keeper_, SIGTERM);
  }
  if (keeper_ == -1 || ::waitpid(keeper_, nullptr, WNOHANG) != keeper_) {
    return std::nullopt;
  }
  keeper_ = -1;
  keeper_end_.close();
  take_in(out_, output_, options_.limits.output_bytes, output_cut_);
  take_in(results_end_, results_, most_results, results_cut_);
  take_in(status_, told_, most_status, told_cut_);
  JobEnd result{.timed_out = timed_out_, .status = std::nullopt, .error = {}};
  if (told_.starts_with('E')) {
    result.error = told_.substr(1);
  } else if (told_.starts_with('S')) {
    result.status = std::atoi(told_.c_str() + 1);
  } else if (timed_out_) {
    result.status = SIGKILL;
  } else {
    result.error = "the job ended without a word";
  }
  return result;
}

} // namespace lab::grade
