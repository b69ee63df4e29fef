#include "tools/grade/command.hpp"

#include "harness/confine.hpp"
#include "harness/fd.hpp"
#include "harness/tree.hpp"
#include "tools/grade/files.hpp"
#include "tools/grade/landlock.hpp"
#include "tools/grade/seccomp.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace lab::grade {

namespace {

/// What lab-check needs to run programs as somebody else, and to look into them.
constexpr std::array kept_capabilities{CAP_CHOWN,      CAP_DAC_OVERRIDE, CAP_FOWNER,
                                       CAP_KILL,       CAP_SETGID,       CAP_SETUID,
                                       CAP_SYS_PTRACE, CAP_SYS_RESOURCE, CAP_SYS_NICE};

void drop_capabilities() {
  for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability) != -1; ++capability) {
    if (std::ranges::find(kept_capabilities, capability) == kept_capabilities.end()) {
      ::prctl(PR_CAPBSET_DROP, capability); // without the right to, it has few
    }
  }
}

/// In a user namespace of an ordinary user: a capability for lab-check. The programs that it runs
/// have none, and so may not look into it, though they are of the same user: ptrace(2).
void keep_one_capability() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, 2> data{};
  or_throw(static_cast<int>(::syscall(SYS_capget, &header, data.data())), "capget");
  data[0].inheritable |= 1U << CAP_SYS_PTRACE;
  or_throw(static_cast<int>(::syscall(SYS_capset, &header, data.data())), "capset");
  or_throw(::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SYS_PTRACE, 0, 0),
           "prctl PR_CAP_AMBIENT");
}

void limit(__rlimit_resource resource, rlim_t soft, rlim_t hard) {
  rlimit present{};
  or_throw(::getrlimit(resource, &present), "getrlimit");
  const rlimit value{.rlim_cur = std::min(soft, present.rlim_max),
                     .rlim_max = std::min(hard, present.rlim_max)};
  or_throw(::setrlimit(resource, &value), "setrlimit");
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
  or_throw(::fcntl(results_fd, F_SETFD, options.trusted ? 0 : FD_CLOEXEC), "fcntl");
  ::fcntl(group_fd, F_SETFD, options.trusted ? 0 : FD_CLOEXEC); // if there is one
  or_throw(::chdir(options.working_folder.c_str()), "chdir " + options.working_folder);
  if (options.trusted) {
    drop_capabilities();
    if (protections.user_namespace && protections.namespaces && !protections.other_user) {
      keep_one_capability();
    }
    or_throw(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl PR_SET_NO_NEW_PRIVS");
  } else {
    end_first();
    if (protections.other_user) {
      become(options.users.front());
    }
    or_throw(confine_self() ? 0 : -1, "prctl");
  }
  if (protections.file_rules && !protections.namespaces) {
    restrict_files(options);
  }
  if (protections.call_filter) {
    filter_calls(protections.namespaces);
  }
}

} // namespace

void tell_status(int fd, int status) {
  write_all(fd, "S" + std::to_string(status));
}

void tell_error(int fd, const std::exception& error) {
  write_all(fd, std::string("E") + error.what());
}

void become(uid_t user) {
  const gid_t group = user;
  or_throw(::setgroups(0, nullptr), "setgroups");
  or_throw(::setresgid(group, group, group), "setresgid");
  or_throw(::setresuid(user, user, user), "setresuid");
}

void run_command(const Protections& protections, JobOptions& options, int status) {
  try {
    prepare(protections, options);
    if (options.trusted && ::fcntl(group_fd, F_GETFD) != -1) {
      options.command.push_back("--group=" + std::to_string(group_fd));
    }
    const std::string temporary = temporary_folder(protections, options);
    std::vector<std::string> environment{"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C.UTF-8",
                                         "TMPDIR=" + temporary, "HOME=" + temporary};
    if (!protections.namespaces) { // by these harness/tree.hpp knows them again
      for (const std::string_view variable : {run_variable, guard_variable}) {
        if (const char* const value = std::getenv(std::string(variable).c_str())) {
          environment.push_back(std::string(variable) + "=" + value);
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
    tell_error(status, error);
  }
  ::_exit(127);
}

} // namespace lab::grade
