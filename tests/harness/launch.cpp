#include "harness/launch.hpp"

#include "harness/confine.hpp"
#include "harness/failure.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <grp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

namespace lab {

namespace {

struct LaunchError {
  int number = 0;
  std::array<char, 28> call{};
};

/// Tells our parent that `call` failed, and ends.
[[noreturn]] void give_up(const Launch& launch, const char* call) noexcept {
  LaunchError error{.number = errno};
  ::strncpy(error.call.data(), call, error.call.size() - 1);
  [[maybe_unused]] const ssize_t written = ::write(launch.report, &error, sizeof error);
  ::_exit(127);
}

void must(const Launch& launch, bool done, const char* call) noexcept {
  if (!done) {
    give_up(launch, call);
  }
}

void close_all_on_exec() noexcept {
  if (::syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) != 0) {
    for (int fd = STDERR_FILENO + 1; fd < 4096; ++fd) { // before Linux 5.11, or refused
      ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    }
  }
}

[[noreturn]] void become_program(const Launch& launch) noexcept {
  ::setsid();
  if (launch.group) {
    [[maybe_unused]] const ssize_t joined = ::write(*launch.group, "0", 1); // or it is in none
  }
  for (int fd = 0; fd < 3; ++fd) {
    const int source = launch.standard.at(static_cast<std::size_t>(fd));
    if (source == -1) {
      ::close(fd);
    } else {
      must(launch, ::dup2(source, fd) == fd, "dup2");
    }
  }
  if (launch.controlling_terminal) {
    must(launch, ::ioctl(STDIN_FILENO, TIOCSCTTY, 0) == 0, "ioctl TIOCSCTTY");
  }
  close_all_on_exec();
  if (launch.folder != nullptr) {
    must(launch, ::chdir(launch.folder) == 0, "chdir");
  }
  if (launch.confined) {
    end_first();
  }
  if (launch.user) {
    const gid_t group = *launch.user;
    must(launch, ::setgroups(1, &group) == 0, "setgroups");
    must(launch, ::setresgid(group, group, group) == 0, "setresgid");
    must(launch, ::setresuid(*launch.user, *launch.user, *launch.user) == 0, "setresuid");
  }
  for (const auto& [resource, limit] : launch.limits) {
    must(launch, ::setrlimit(resource, &limit) == 0, "setrlimit");
  }
  if (launch.confined) {
    must(launch, confine_self(launch.stays ? launch.arguments.data() : nullptr), "prctl");
  }
  // After the change of user, which would undo it. If our parent has ended before, no signal comes.
  must(launch, ::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0, "prctl");
  if (::getppid() != launch.parent) {
    ::_exit(127);
  }

  struct sigaction action {};

  action.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) {
    ::sigaction(signal, &action, nullptr);
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);

  ::execve(launch.path, launch.arguments.data(), launch.environment.data());
  if (errno == EACCES && launch.user) {
    // The folder may be closed to this user; the file itself, opened before, is not. A script is
    // opened once more by its interpreter, which needs the descriptor: execveat(2).
    const auto run = [&] {
      ::syscall(SYS_execveat, launch.program, "", launch.arguments.data(),
                launch.environment.data(), AT_EMPTY_PATH);
    };
    run();
    if (errno == ENOENT) {
      ::fcntl(launch.program, F_SETFD, 0);
      run();
    }
  }
  give_up(launch, "exec");
}

} // namespace

void launch(Launch& launch, const std::function<void(pid_t)>& started) {
  Pipe report = make_pipe(false);
  launch.report = report.write.get();

  // No handler of ours may run in the child.
  sigset_t all;
  sigset_t former;
  ::sigfillset(&all);
  or_throw(::pthread_sigmask(SIG_SETMASK, &all, &former), "pthread_sigmask");
  const pid_t child = ::fork();
  if (child == 0) {
    become_program(launch);
  }
  const int fork_error = errno;
  ::pthread_sigmask(SIG_SETMASK, &former, nullptr);
  if (child == -1) {
    errno = fork_error;
    throw_errno("fork");
  }
  started(child);

  report.write.close();
  LaunchError failed;
  ssize_t got = 0;
  do {
    got = ::read(report.read.get(), &failed, sizeof failed); // end of file: exec has closed it
  } while (got == -1 && errno == EINTR);
  if (got > 0) {
    const auto reason = std::generic_category().message(failed.number);
    const std::string call = failed.call.data();
    if (call == "exec") {
      throw Failure(std::string("cannot run ") + launch.path + ": " + reason);
    }
    throw std::system_error(failed.number, std::generic_category(),
                            call + ", before running " + launch.path);
  }
}

Fd open_program(const std::filesystem::path& program, bool for_another_user) {
  Fd file = own(::open(program.c_str(), O_PATH | O_CLOEXEC), "open");

  struct stat status {};

  or_throw(::fstat(file.get(), &status), "fstat");
  constexpr mode_t for_others = S_IROTH | S_IXOTH;
  if (!for_another_user || (status.st_mode & for_others) == for_others ||
      (status.st_mode & S_IXUSR) == 0) {
    return file;
  }
  Fd copy = own(::memfd_create(program.filename().c_str(), MFD_CLOEXEC), "memfd_create");
  const Fd source = own(::open(program.c_str(), O_RDONLY | O_CLOEXEC), "open");
  while (or_throw(::sendfile(copy.get(), source.get(), nullptr, 1 << 20), "sendfile") > 0) {
  }
  // By another descriptor: what is open for writing anywhere cannot be run (ETXTBSY).
  const std::string path = "/proc/self/fd/" + std::to_string(copy.get());
  return own(::open(path.c_str(), O_RDONLY | O_CLOEXEC), "open");
}

Pipe make_pipe(bool packets) {
  std::array<int, 2> ends{-1, -1};
  Pipe made;
  if (packets && ::pipe2(ends.data(), O_CLOEXEC | O_DIRECT) == 0) {
    // A page of the kernel's, which may be 16 or 64 KiB. (pipe(2) says PIPE_BUF, which is 4,096.)
    made.packet_size = static_cast<std::size_t>(::getpagesize());
  } else {
    or_throw(::pipe2(ends.data(), O_CLOEXEC), "pipe2");
  }
  made.read = own(ends[0], "pipe2");
  made.write = own(ends[1], "pipe2");
  return made;
}

void set_nonblocking(const Fd& fd) {
  const int flags = or_throw(::fcntl(fd.get(), F_GETFL), "fcntl");
  or_throw(::fcntl(fd.get(), F_SETFL, flags | O_NONBLOCK), "fcntl");
}

void enlarge(const Fd& pipe) {
  for (int size = 1 << 20; size > (1 << 16); size /= 2) {
    if (::fcntl(pipe.get(), F_SETPIPE_SZ, size) != -1) {
      return;
    }
  }
}

Terminal make_terminal(std::optional<uid_t> user) {
  Terminal made;
  made.master = own(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), "posix_openpt");
  or_throw(::grantpt(made.master.get()), "grantpt");
  or_throw(::unlockpt(made.master.get()), "unlockpt");
  std::array<char, 64> name{};
  if (const int error = ::ptsname_r(made.master.get(), name.data(), name.size()); error != 0) {
    errno = error;
    throw_errno("ptsname_r");
  }
  made.slave = own(::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC), "open");
  if (user) {
    or_throw(::fchown(made.slave.get(), *user, *user), "fchown");
  }
  termios settings{};
  or_throw(::tcgetattr(made.slave.get(), &settings), "tcgetattr");
  settings.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  settings.c_oflag &= ~static_cast<tcflag_t>(OPOST);
  or_throw(::tcsetattr(made.slave.get(), TCSANOW, &settings), "tcsetattr");
  return made;
}

ssize_t write_quietly(int fd, std::string_view data) {
  sigset_t pipe_signal;
  sigset_t former;
  ::sigemptyset(&pipe_signal);
  ::sigaddset(&pipe_signal, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &pipe_signal, &former);
  const ssize_t written = ::write(fd, data.data(), data.size());
  const int error = errno;
  if (written == -1 && error == EPIPE && ::sigismember(&former, SIGPIPE) == 0) {
    const timespec at_once{};
    ::sigtimedwait(&pipe_signal, nullptr, &at_once); // the one that this write has raised
  }
  ::pthread_sigmask(SIG_SETMASK, &former, nullptr);
  errno = error;
  return written;
}

} // namespace lab
