// lacking WHAT... -- COMMAND...
//
// Runs a command on a machine that is short of something:
//   ipv6                no ::1, in a network of its own
//   backlog=N           no more than N for listen(2)'s backlog, in a network of its own
//   descriptors=N       at most N descriptors for each process
//   processes=N         at most N processes more than this user has now
//   pipes               pipes of two pages that nobody may enlarge: this user has too many already
//   close_range=ERROR   close_range(2) fails, with ENOSYS or EPERM
//   pids                process ids from 1 on, in a namespace of their own
// `processes` and `pipes` hold nobody back who is root: there the command is run as another user.
// Who is not root does without `pipes`: all of this user's programs would have small ones
// meanwhile. Ends as the command does, and with 77 where this machine cannot be made so short.

#include "harness/fd.hpp"
#include "harness/limits.hpp"
#include "harness/proc.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/if.h>
#include <linux/ipv6.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

constexpr int cannot = 77; // as automake and others have it

struct Wants {
  bool ipv6 = false;
  bool pids = false;
  bool pipes = false;
  std::optional<rlim_t> backlog;
  std::optional<rlim_t> descriptors;
  std::optional<rlim_t> processes;
  std::optional<int> close_range; // the error
};

std::optional<rlim_t> number(std::string_view text) {
  rlim_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value)
                                                                  : std::nullopt;
}

bool understood(std::string_view what, Wants& wants) {
  const std::string_view name = what.substr(0, what.find('='));
  const std::string_view value = name == what ? "" : what.substr(name.size() + 1);
  if (name == "backlog") {
    return (wants.backlog = number(value)).has_value();
  }
  if (name == "descriptors") {
    return (wants.descriptors = number(value)).has_value();
  }
  if (name == "processes") {
    return (wants.processes = number(value)).has_value();
  }
  if (name == "close_range" && (value == "EPERM" || value == "ENOSYS")) {
    wants.close_range = value == "EPERM" ? EPERM : ENOSYS;
    return true;
  }
  wants.ipv6 |= what == "ipv6";
  wants.pids |= what == "pids";
  wants.pipes |= what == "pipes";
  return what == "ipv6" || what == "pids" || what == "pipes";
}

void write_file(const char* path, const std::string& text) {
  std::ofstream file(path);
  if (!(file << text << std::flush)) {
    lab::throw_errno(path);
  }
}

/// New namespaces. Where we are not root, in a user namespace, in which we are who we were.
void enter(const Wants& wants) {
  int flags = (wants.ipv6 || wants.backlog ? CLONE_NEWNET : 0) |
              (wants.pids ? CLONE_NEWPID | CLONE_NEWNS : 0);
  if (flags == 0) {
    return;
  }
  const uid_t user = geteuid();
  const gid_t group = getegid();
  if (user != 0) {
    flags |= CLONE_NEWUSER;
  }
  lab::or_throw(unshare(flags), "unshare");
  if (user != 0) {
    write_file("/proc/self/setgroups", "deny");
    write_file("/proc/self/uid_map", std::to_string(user) + " " + std::to_string(user) + " 1");
    write_file("/proc/self/gid_map", std::to_string(group) + " " + std::to_string(group) + " 1");
  }
}

void raise_loopback(const Wants& wants) {
  const lab::Fd four = lab::own(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");
  ifreq request{};
  std::strncpy(request.ifr_name, "lo", sizeof request.ifr_name - 1);
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  lab::or_throw(ioctl(four.get(), SIOCSIFFLAGS, &request), "ioctl SIOCSIFFLAGS lo");
  if (wants.backlog) {
    write_file("/proc/sys/net/core/somaxconn", std::to_string(*wants.backlog));
  }
  const lab::Fd six(socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (wants.ipv6 && six) { // else this machine has none anyway
    in6_ifreq address{.ifr6_addr = IN6ADDR_LOOPBACK_INIT, .ifr6_prefixlen = 128, .ifr6_ifindex = 1};
    if (ioctl(six.get(), SIOCDIFADDR, &address) != 0 && errno != EADDRNOTAVAIL) {
      lab::throw_errno("ioctl SIOCDIFADDR ::1");
    }
  }
}

void mount_proc() {
  lab::or_throw(mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "mount /");
  lab::or_throw(mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr),
                "mount /proc");
}

void limit(__rlimit_resource resource, rlim_t most, const char* call) {
  rlimit present{};
  lab::or_throw(getrlimit(resource, &present), "getrlimit");
  most = std::min(most, present.rlim_max);
  const rlimit less{.rlim_cur = most, .rlim_max = most};
  lab::or_throw(setrlimit(resource, &less), call);
}

/// Pipes as large as they may be, until a new one is small.
std::vector<lab::Fd> take_all_pipes() {
  constexpr int large = 1 << 20;
  constexpr int usual = 1 << 16; // pipe(7)
  lab::raise_descriptor_limit(4096);
  std::vector<lab::Fd> pipes;
  while (true) {
    std::array<int, 2> ends{-1, -1};
    lab::or_throw(pipe2(ends.data(), O_CLOEXEC), "pipe2");
    pipes.push_back(lab::own(ends[0], "pipe2"));
    pipes.push_back(lab::own(ends[1], "pipe2"));
    if (fcntl(ends[0], F_SETPIPE_SZ, large) == -1 &&
        lab::or_throw(fcntl(ends[0], F_GETPIPE_SZ), "fcntl F_GETPIPE_SZ") < usual) {
      return pipes;
    }
  }
}

void refuse_close_range(int error) {
  std::array<sock_filter, 4> program{{
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
      {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, SYS_close_range},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error)},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
  }};
  const sock_fprog filter{.len = program.size(), .filter = program.data()};
  lab::or_throw(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl PR_SET_NO_NEW_PRIVS");
  lab::or_throw(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter), "prctl PR_SET_SECCOMP");
}

void become(uid_t user) {
  const gid_t group = user;
  lab::or_throw(setgroups(0, nullptr), "setgroups");
  lab::or_throw(setresgid(group, group, group), "setresgid");
  lab::or_throw(setresuid(user, user, user), "setresuid");
}

[[noreturn]] void run_command(const Wants& wants, char** command) {
  try {
    if (wants.descriptors) {
      limit(RLIMIT_NOFILE, *wants.descriptors, "setrlimit RLIMIT_NOFILE");
    }
    if (wants.processes) {
      limit(RLIMIT_NPROC, lab::tasks_of_user(getuid()) + *wants.processes,
            "setrlimit RLIMIT_NPROC");
    }
    if (wants.close_range) {
      refuse_close_range(*wants.close_range);
    }
    lab::or_throw(prctl(PR_SET_PDEATHSIG, SIGKILL), "prctl PR_SET_PDEATHSIG");
    execv(command[0], command);
    lab::throw_errno(command[0]);
  } catch (const std::exception& error) {
    std::cerr << "lacking: skipped: " << error.what() << '\n' << std::flush;
  }
  _exit(cannot);
}

/// As a program's exit status.
int status_of(pid_t child) {
  int status = 0;
  pid_t ended = 0;
  while ((ended = waitpid(-1, &status, 0)) != child) { // orphans too: we may be process 1
    if (ended == -1 && errno != EINTR) {
      lab::throw_errno("waitpid");
    }
  }
  constexpr int killed = 128; // as a shell has it
  return WIFEXITED(status) ? WEXITSTATUS(status) : killed + WTERMSIG(status);
}

/// Holds what the command is to be short of while it runs.
int keep(const Wants& wants, std::optional<uid_t> user, char** command) {
  if (wants.pids) {
    mount_proc();
    // LeakSanitizer does not work in such a namespace. NOLINTNEXTLINE(concurrency-mt-unsafe)
    setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
  }
  if (user) {
    become(*user);
    if (access(command[0], X_OK) != 0) {
      lab::throw_errno("other users may not run " + std::string(command[0]));
    }
  }
  lab::or_throw(prctl(PR_SET_PDEATHSIG, SIGKILL), "prctl PR_SET_PDEATHSIG");
  const std::vector<lab::Fd> pipes = wants.pipes ? take_all_pipes() : std::vector<lab::Fd>();
  const pid_t child = lab::or_throw(fork(), "fork");
  if (child == 0) {
    run_command(wants, command);
  }
  return status_of(child);
}

int usage() {
  std::cerr << "usage: lacking WHAT... -- COMMAND...\n"
               "  WHAT: ipv6, backlog=N, descriptors=N, processes=N, pipes, "
               "close_range=EPERM|ENOSYS, pids\n";
  return 2;
}

} // namespace

int main(int argc, char** argv) {
  Wants wants;
  int at = 1;
  while (at < argc && std::string_view(argv[at]) != "--") {
    if (!understood(argv[at++], wants)) {
      return usage();
    }
  }
  if (at + 1 >= argc || at == 1) {
    return usage();
  }
  try {
    const bool other_user = wants.processes || wants.pipes;
    const auto user = other_user ? lab::unprivileged_user() : std::nullopt;
    if (wants.pipes && !user) {
      throw std::runtime_error("only root can give small pipes to a user who does nothing else");
    }
    enter(wants);
    if (wants.ipv6 || wants.backlog) {
      raise_loopback(wants);
    }
    const pid_t supervisor = lab::or_throw(fork(), "fork");
    if (supervisor == 0) {
      int status = cannot;
      try {
        status = keep(wants, user, argv + at + 1);
      } catch (const std::exception& error) {
        std::cerr << "lacking: skipped: " << error.what() << '\n' << std::flush;
      }
      _exit(status);
    }
    return status_of(supervisor);
  } catch (const std::exception& error) {
    std::cerr << "lacking: skipped: " << error.what() << '\n';
    return cannot;
  }
}
