#include "harness/limits.hpp"

#include "harness/confine.hpp"
#include "harness/failure.hpp"
#include "harness/fd.hpp"
#include "harness/lock.hpp"
#include "harness/proc.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lab {

namespace {

constexpr uid_t first_user = 50'000;
constexpr uid_t last_user = 59'999;

std::string folder_of(pid_t pid) {
  return "/proc/" + std::to_string(pid);
}

std::set<uid_t> users_of_processes() {
  std::set<uid_t> found;
  for (const ProcessInfo& process : all_processes()) {
    struct stat status {};

    if (::stat(folder_of(process.pid).c_str(), &status) == 0) {
      found.insert(status.st_uid);
    }
  }
  return found;
}

/// Becomes another user for good; async-signal-safe.
bool become(uid_t user, gid_t group) {
  return ::setgroups(0, nullptr) == 0 && ::setresgid(group, group, group) == 0 &&
         ::setresuid(user, user, user) == 0;
}

/// In a container, root may lack CAP_SYS_RESOURCE and then cannot limit a process of another user;
/// that user can. So a child becomes that user for it. Returns an errno value.
int limit_as_owner(pid_t pid, __rlimit_resource resource, const rlimit& limit) {
  struct stat status {};

  if (::stat(folder_of(pid).c_str(), &status) != 0) {
    return ESRCH;
  }
  const pid_t helper = ::fork();
  if (helper == 0) {
    const bool done =
        become(status.st_uid, status.st_gid) && ::prlimit(pid, resource, &limit, nullptr) == 0;
    ::_exit(done ? 0 : errno);
  }
  int result = 0;
  if (helper == -1 || ::waitpid(helper, &result, 0) != helper || !WIFEXITED(result)) {
    return EPERM;
  }
  return WEXITSTATUS(result);
}

int change_limit(pid_t pid, __rlimit_resource resource, const rlimit& limit) {
  if (::prlimit(pid, resource, &limit, nullptr) == 0) {
    return 0;
  }
  const int error = errno;
  return error == EPERM && ::geteuid() == 0 ? limit_as_owner(pid, resource, limit) : error;
}

/// From /proc/PID/limits, which needs no rights; prlimit needs the same as for a change.
std::optional<rlimit> limit_of(pid_t pid, __rlimit_resource resource) {
  const std::string name = resource == RLIMIT_NPROC ? "Max processes" : "Max open files";
  std::ifstream file(folder_of(pid) + "/limits");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(name)) {
      const auto number = [&](std::size_t column) {
        const std::string text = line.substr(column, 20);
        return text.starts_with("unlimited") ? RLIM_INFINITY : std::stoull(text);
      };
      return rlimit{.rlim_cur = number(26), .rlim_max = number(47)};
    }
  }
  return std::nullopt;
}

rlim_t limit_for_room(pid_t pid, unsigned room) {
  std::set<int> used;
  for (const DescriptorInfo& descriptor : descriptors_of(pid)) {
    used.insert(descriptor.fd);
  }
  // A new descriptor gets the lowest free number, and that has to be below the limit.
  int fd = 0;
  for (unsigned passed = 0; used.contains(fd) || passed < room; ++fd) {
    passed += used.contains(fd) ? 0U : 1U;
  }
  return static_cast<rlim_t>(fd);
}

} // namespace

std::optional<uid_t> unprivileged_user() {
  if (::geteuid() != 0) {
    return std::nullopt;
  }
  if (const auto user = confined_user()) {
    return user;
  }
  static std::vector<Fd> locks; // until the end of this process
  const auto taken = users_of_processes();
  std::random_device random;
  constexpr uid_t count = last_user - first_user + 1;
  const auto start = static_cast<uid_t>(random() % count);
  for (uid_t turn = 0; turn < count; ++turn) {
    const uid_t user = first_user + (start + turn) % count;
    if (!taken.contains(user)) {
      if (auto lock = try_lock("fork-lab-user-" + std::to_string(user))) {
        locks.push_back(std::move(*lock));
        return user;
      }
    }
  }
  throw std::system_error(EAGAIN, std::generic_category(), "no user id without processes");
}

std::optional<std::string> cannot_limit_processes() {
  const auto user = unprivileged_user();
  std::array<int, 2> ready{-1, -1};
  std::array<int, 2> go{-1, -1};
  or_throw(::pipe2(ready.data(), O_CLOEXEC), "pipe2");
  const Fd ready_read(ready[0]);
  Fd ready_write(ready[1]);
  or_throw(::pipe2(go.data(), O_CLOEXEC), "pipe2");
  const Fd go_read(go[0]);
  Fd go_write(go[1]);

  constexpr int not_that_user = 1;
  constexpr int could_fork = 2;
  constexpr int limited = 3;
  const pid_t helper = or_throw(::fork(), "fork");
  if (helper == 0) {
    if (user && !become(*user, *user)) {
      ::_exit(not_that_user);
    }
    char byte = 0;
    go_write.close();
    ready_write.close(); // tells that we are that user
    [[maybe_unused]] const ssize_t got = ::read(go_read.get(), &byte, 1);
    const pid_t child = ::fork();
    if (child == 0) {
      ::_exit(0);
    }
    ::_exit(child == -1 && errno == EAGAIN ? limited : could_fork);
  }
  ready_write.close();
  char byte = 0;
  [[maybe_unused]] const ssize_t got = ::read(ready_read.get(), &byte, 1);
  const auto former = limit_of(helper, RLIMIT_NPROC);
  const int error =
      former ? change_limit(helper, RLIMIT_NPROC, {.rlim_cur = 0, .rlim_max = former->rlim_max})
             : ESRCH;
  go_write.close();
  int status = 0;
  or_throw(::waitpid(helper, &status, 0), "waitpid");
  if (WIFEXITED(status) && WEXITSTATUS(status) == limited) {
    return std::nullopt;
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == not_that_user) {
    return "root may not run programs as another user here, and the limit on processes "
           "(RLIMIT_NPROC) does not hold root back";
  }
  if (error != 0) {
    return "the limit on processes (RLIMIT_NPROC) cannot be set for another process here: " +
           std::generic_category().message(error);
  }
  return "the limit on processes (RLIMIT_NPROC) holds nobody back here: a fork beyond it succeeds";
}

rlim_t tasks_of_user(uid_t user) {
  rlim_t tasks = 0;
  for (const ProcessInfo& process : all_processes()) {
    struct stat status {};

    if (::stat(folder_of(process.pid).c_str(), &status) == 0 && status.st_uid == user) {
      tasks += static_cast<rlim_t>(std::max(process.threads, 1));
    }
  }
  return tasks;
}

std::vector<ControlGroup> control_groups_with(std::string_view controller) {
  std::vector<ControlGroup> found;
  std::ifstream groups("/proc/self/cgroup"); // `0::/a/b`, or `3:cpu,cpuacct:/a/b`
  for (std::string line; std::getline(groups, line);) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (second == std::string::npos) {
      continue;
    }
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (controllers.empty() ||
        ("," + controllers + ",").find("," + std::string(controller) + ",") != std::string::npos) {
      found.push_back({.top = "/sys/fs/cgroup/" + controllers, .path = line.substr(second + 1)});
    }
  }
  return found;
}

rlim_t most_processes() {
  rlimit limit{};
  or_throw(::getrlimit(RLIMIT_NPROC, &limit), "getrlimit");
  rlim_t most = limit.rlim_cur;
  for (const ControlGroup& group : control_groups_with("pids")) {
    // A limit holds for all groups below it. In a container, those above its own are not there.
    for (std::string path = group.path;; path.erase(path.rfind('/'))) {
      rlim_t in_group = 0;
      if (std::ifstream(group.top + path + "/pids.max") >> in_group) { // or `max`
        most = std::min(most, in_group);
      }
      if (path.find('/') == std::string::npos) {
        break;
      }
    }
  }
  return most;
}

std::size_t room_for_processes(std::size_t wanted) {
  const auto user = confined_user(); // of root alone
  std::array<int, 2> hold{-1, -1};   // they wait for its end
  std::array<int, 2> tell{-1, -1};
  or_throw(::pipe2(hold.data(), O_CLOEXEC), "pipe2");
  const Fd hold_read(hold[0]);
  Fd hold_write(hold[1]);
  or_throw(::pipe2(tell.data(), O_CLOEXEC), "pipe2");
  const Fd tell_read(tell[0]);
  Fd tell_write(tell[1]);
  const pid_t helper = ::fork();
  if (helper == -1) {
    return 0;
  }
  if (helper == 0) {
    hold_write.close();
    if (user && !become(*user, *user)) {
      ::_exit(1); // then programs cannot run as that user either, and say so
    }
    raise_process_limit();
    std::size_t count = 0;
    pid_t child = 1;
    while (count < wanted && (child = ::fork()) > 0) {
      ++count;
    }
    char byte = 0;
    if (child != 0) {
      [[maybe_unused]] const ssize_t written = ::write(tell_write.get(), &count, sizeof count);
    }
    [[maybe_unused]] const ssize_t end = ::read(hold_read.get(), &byte, 1);
    while (child != 0 && ::wait(nullptr) > 0) {
    }
    ::_exit(0);
  }
  tell_write.close();
  std::size_t count = 0;
  const bool told = ::read(tell_read.get(), &count, sizeof count) == sizeof count;
  hold_write.close();
  or_throw(::waitpid(helper, nullptr, 0), "waitpid");
  return told ? count : wanted;
}

void raise_process_limit() {
  rlimit limit{};
  or_throw(::getrlimit(RLIMIT_NPROC, &limit), "getrlimit");
  limit.rlim_cur = limit.rlim_max;
  or_throw(::setrlimit(RLIMIT_NPROC, &limit), "setrlimit");
}

std::size_t raise_descriptor_limit(std::size_t wanted) {
  rlimit limit{};
  or_throw(::getrlimit(RLIMIT_NOFILE, &limit), "getrlimit");
  if (limit.rlim_cur < wanted && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = std::min<rlim_t>(wanted, limit.rlim_max);
    or_throw(::setrlimit(RLIMIT_NOFILE, &limit), "setrlimit");
  }
  return limit.rlim_cur;
}

Limit::Limit(pid_t pid, __rlimit_resource resource, rlim_t soft) : pid_(pid), resource_(resource) {
  const auto present = limit_of(pid, resource);
  const int error = present ? change_limit(pid, resource,
                                           {.rlim_cur = std::min(soft, present->rlim_max),
                                            .rlim_max = present->rlim_max})
                            : ESRCH;
  if (error == ESRCH) {
    throw Failure("process " + std::to_string(pid) + " has ended");
  }
  if (error != 0) {
    throw std::system_error(error, std::generic_category(), "prlimit");
  }
  former_ = *present;
  in_force_ = true;
}

Limit::~Limit() {
  restore();
}

void Limit::restore() noexcept {
  if (in_force_) {
    in_force_ = false;
    change_limit(pid_, resource_, former_);
  }
}

DescriptorLimit::DescriptorLimit(pid_t pid, unsigned room)
    : Limit(pid, RLIMIT_NOFILE, limit_for_room(pid, room)) {}

} // namespace lab
