#include "tools/grade/supervisor.hpp"

#include "harness/deadline.hpp"
#include "harness/fd.hpp"
#include "harness/proc.hpp"
#include "harness/tree.hpp"
#include "tools/grade/command.hpp"
#include "tools/grade/files.hpp"
#include "tools/grade/mounts.hpp"
#include "tools/grade/namespaces.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lab::grade {

namespace fs = std::filesystem;

namespace {

/// The standard descriptors and those of the results and of the group are the command's alone.
void close_pipes() {
  ::close(Ends().group);
  for (int fd = 0; fd < Ends().status; ++fd) {
    ::close(fd);
  }
}

/// What a supervisor waits for: that it is to end, and that a child has ended.
sigset_t block_signals() {
  sigset_t waited;
  ::sigemptyset(&waited);
  ::sigaddset(&waited, SIGTERM);
  ::sigaddset(&waited, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &waited, nullptr);
  return waited;
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

/// The first process of the new namespaces. When it ends, the kernel ends all others.
[[noreturn]] void be_init(const Protections& protections, const fs::path& workspace,
                          JobOptions& options, const Ends& ends) {
  try {
    or_throw(::prctl(PR_SET_PDEATHSIG, SIGKILL), "prctl");
    char go = 0;
    if (::read(ends.go, &go, 1) != 1) { // the supervisor has mapped our users, or is gone
      ::_exit(127);
    }
    ::close(ends.go);
    if (protections.network) {
      raise_loopback();
    }
    if (protections.namespaces) {
      mount_root(workspace / "root", options.mounts, options.limits.disk_bytes, options.trusted);
      or_throw(::sethostname("lab", 3), "sethostname");
    }
    const pid_t command = or_throw(::fork(), "fork");
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
    tell_error(ends.status, error);
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

/// Supervises a job without a process namespace: everything that it starts stays below this
/// process, which the kernel hands orphans to, and is ended with it.
[[noreturn]] void supervise_tree(const Protections& protections, JobOptions& options,
                                 const Ends& ends) {
  try {
    ::close(ends.go);
    adopt_orphans();
    const std::string token = new_token();
    or_throw(::setenv(std::string(run_variable).c_str(), token.c_str(), 1), "setenv");
    Tree tree(token);
    const sigset_t waited = block_signals();
    const pid_t command = or_throw(::fork(), "fork");
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
    const int status = info.si_code == CLD_EXITED ? info.si_status << 8 : info.si_status;
    tree.end_all(true, patience);
    if (protections.other_user) {
      end_users(options.users);
      remove_files(options.users);
    }
    tell_status(ends.status, status);
    ::_exit(0);
  } catch (const std::exception& error) {
    tell_error(ends.status, error);
  }
  ::_exit(127);
}

} // namespace

void supervise(const Protections& protections, const fs::path& workspace, JobOptions& options,
               const Ends& ends, pid_t parent) {
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
    supervise_tree(protections, options, ends);
  }
  try {
    std::array<int, 2> go{-1, -1};
    or_throw(::pipe2(go.data(), O_CLOEXEC), "pipe2");
    const sigset_t waited = block_signals();
    const pid_t init = or_throw(fork_into(namespaces), "clone");
    if (init == 0) {
      ::sigprocmask(SIG_UNBLOCK, &waited, nullptr);
      ::close(go[1]);
      be_init(protections, workspace, options,
              {.status = ends.status, .group = ends.group, .go = go[0]});
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
    tell_error(ends.status, error);
  }
  ::_exit(127);
}

} // namespace lab::grade
