#include "harness/process.hpp"

#include "harness/confine.hpp"
#include "harness/failure.hpp"
#include "harness/fd.hpp"
#include "harness/programs.hpp"
#include "harness/tree.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <set>
#include <system_error>
#include <thread>
#include <tuple>
#include <utility>

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

namespace lab {

namespace {

/// Writes that are kept apart; more are joined, so that a flood of small ones needs no memory.
constexpr std::size_t most_writes = 100'000;

/// How often output that raises no event is looked at: a file, or the memory of a program.
constexpr std::chrono::milliseconds look_interval{10};

/// How often the number of processes, and the memory of all together, is looked at.
constexpr std::chrono::milliseconds count_interval{100};

/// How often the memory of all processes together is added up, whatever the system says.
constexpr std::chrono::milliseconds sum_interval{500};

/// One of the two outputs, as far as it has come. Guarded by State::mutex.
struct Stream {
  struct Mark {
    std::size_t end;
    Clock::time_point when;
  };

  Fd source;                   // our end; empty once it has reached end of file
  bool is_file = false;        // no end of file: read as far as it goes
  std::size_t packet_size = 0; // of a full one; 0: the kernel keeps no writes apart
  bool joined = false; // the last packet was a full one, so the next belongs to the same write
  std::string text;
  std::vector<Mark> marks; // where each write ends
  std::size_t given = 0;   // the part of text that line and wait_for_line have passed

  void add(std::string_view piece) {
    text += piece;
    const Mark mark{.end = text.size(), .when = Clock::now()};
    if (!marks.empty() && (joined || marks.size() == most_writes)) {
      marks.back() = mark;
    } else {
      marks.push_back(mark);
    }
    joined = piece.size() == packet_size;
  }

  [[nodiscard]] std::vector<Write> writes() const {
    std::vector<Write> all;
    std::size_t begin = 0;
    for (const Mark& mark : marks) {
      all.push_back({.when = mark.when, .text = text.substr(begin, mark.end - begin)});
      begin = mark.end;
    }
    return all;
  }

  [[nodiscard]] std::vector<std::string> lines() const {
    std::vector<std::string> all;
    std::size_t begin = 0;
    for (auto end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
      all.push_back(text.substr(begin, end - begin));
      begin = end + 1;
    }
    return all;
  }

  std::optional<std::string> next_line() {
    const auto end = text.find('\n', given);
    if (end == std::string::npos) {
      return std::nullopt;
    }
    std::string line = text.substr(given, end - given);
    given = end + 1;
    return line;
  }
};

/// Everything that the child needs between fork and exec, ready made: there it may call
/// async-signal-safe functions alone, since we may have threads (fork(2)).
struct Launch {
  const char* path = nullptr;
  int program = -1; // the same file, open
  std::vector<char*> arguments;
  std::vector<char*> environment;
  std::array<int, 3> standard{-1, -1, -1}; // what becomes 0, 1, 2; -1: closed
  bool controlling_terminal = false;
  const char* folder = nullptr;
  std::optional<uid_t> user;
  bool confined = false;
  std::vector<std::pair<__rlimit_resource, rlimit>> limits;
  pid_t parent = -1;
  int report = -1; // where a failure goes; closed by a successful exec
};

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
    for (int fd = STDERR_FILENO + 1; fd < 4096; ++fd) { // a kernel before 5.11
      ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    }
  }
}

[[noreturn]] void become_program(const Launch& launch) noexcept {
  ::setsid();
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
    must(launch, confine_self(), "prctl");
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

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
constexpr bool built_with_address_sanitizer = true;
#else
constexpr bool built_with_address_sanitizer = false;
#endif

/// A program built with AddressSanitizer reserves terabytes of address space at its start.
bool has_address_sanitizer(const std::filesystem::path& program) {
  struct stat status {};

  if (::stat(program.c_str(), &status) != 0) {
    return false;
  }
  // A check starts the same program many times.
  using File = std::tuple<dev_t, ino_t, off_t, time_t, long>;
  thread_local std::map<File, bool> known;
  const auto [entry, is_new] = known.try_emplace(File(
      status.st_dev, status.st_ino, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec));
  if (is_new) {
    constexpr std::string_view backwards = "tini_nasa__"; // else this program would have it as well
    const std::string name(backwards.rbegin(), backwards.rend());
    const Fd file(::open(program.c_str(), O_RDONLY | O_CLOEXEC));
    std::array<char, 65536> piece; // NOLINT(*-member-init): read fills what is used
    std::size_t kept = 0;          // of the piece before: the name may begin in it
    ssize_t got = 0;
    while (file && !entry->second &&
           (got = ::read(file.get(), piece.data() + kept, piece.size() - kept)) > 0) {
      const std::size_t size = kept + static_cast<std::size_t>(got);
      entry->second = ::memmem(piece.data(), size, name.data(), name.size()) != nullptr;
      kept = std::min(size, name.size() - 1);
      std::memmove(piece.data(), piece.data() + size - kept, kept);
    }
  }
  return entry->second;
}

/// Switches LeakSanitizer off.
void forgo_leaks(ProcessOptions& options) {
  constexpr const char* variable = "ASAN_OPTIONS";
  auto entry =
      std::ranges::find(options.environment, variable, &std::pair<std::string, std::string>::first);
  if (entry == options.environment.end()) {
    const char* present = std::getenv(variable);
    options.environment.emplace_back(variable, present == nullptr ? "" : present);
    entry = std::prev(options.environment.end());
  }
  entry->second += entry->second.empty() ? "detect_leaks=0" : ":detect_leaks=0";
}

/// The program's file, to be run by execveat(2) if its path is closed to another user. Where the
/// file itself is closed to others, a copy in memory is not.
Fd open_program(const std::filesystem::path& program, bool for_another_user) {
  Fd file = own(::open(program.c_str(), O_PATH | O_CLOEXEC), "open");

  struct stat status {};

  check(::fstat(file.get(), &status), "fstat");
  constexpr mode_t for_others = S_IROTH | S_IXOTH;
  if (!for_another_user || (status.st_mode & for_others) == for_others ||
      (status.st_mode & S_IXUSR) == 0) {
    return file;
  }
  Fd copy = own(::memfd_create(program.filename().c_str(), MFD_CLOEXEC), "memfd_create");
  const Fd source = own(::open(program.c_str(), O_RDONLY | O_CLOEXEC), "open");
  while (check(::sendfile(copy.get(), source.get(), nullptr, 1 << 20), "sendfile") > 0) {
  }
  // By another descriptor: what is open for writing anywhere cannot be run (ETXTBSY).
  const std::string path = "/proc/self/fd/" + std::to_string(copy.get());
  return own(::open(path.c_str(), O_RDONLY | O_CLOEXEC), "open");
}

std::size_t resident_bytes(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/statm");
  std::size_t total = 0;
  std::size_t resident = 0;
  file >> total >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

/// Of the whole system: what can be had without swapping. 0 where the kernel does not tell.
std::size_t available_memory() {
  std::ifstream file("/proc/meminfo"); // "MemAvailable:   21435268 kB"
  for (std::string key, unit; file >> key;) {
    std::size_t size = 0;
    if (!(file >> size) || key == "MemAvailable:") {
      return size * 1024;
    }
    std::getline(file, unit);
  }
  return 0;
}

/// What the limit on processes counts already before a program of ours starts.
rlim_t tasks_of_this_user() {
  static const rlim_t count = [] {
    rlim_t tasks = 0;
    for (const ProcessInfo& process : all_processes()) {
      struct stat status {};
      if (::stat(("/proc/" + std::to_string(process.pid)).c_str(), &status) == 0 &&
          status.st_uid == ::getuid()) {
        tasks += static_cast<rlim_t>(std::max(process.threads, 1));
      }
    }
    return tasks;
  }();
  return count;
}

struct Pipe {
  Fd read;
  Fd write;
  std::size_t packet_size = 0; // of a full one, in packet mode
};

Pipe make_pipe(bool packets) {
  std::array<int, 2> ends{-1, -1};
  Pipe made;
  if (packets && ::pipe2(ends.data(), O_CLOEXEC | O_DIRECT) == 0) {
    // A page of the kernel's, which may be 16 or 64 KiB. (pipe(2) says PIPE_BUF, which is 4,096.)
    made.packet_size = static_cast<std::size_t>(::getpagesize());
  } else {
    check(::pipe2(ends.data(), O_CLOEXEC), "pipe2");
  }
  made.read = own(ends[0], "pipe2");
  made.write = own(ends[1], "pipe2");
  return made;
}

void set_nonblocking(const Fd& fd) {
  const int flags = check(::fcntl(fd.get(), F_GETFL), "fcntl");
  check(::fcntl(fd.get(), F_SETFL, flags | O_NONBLOCK), "fcntl");
}

/// As large as the kernel lets us: in packet mode each write takes a page, however small it is.
void enlarge(const Fd& pipe) {
  for (int size = 1 << 20; size > (1 << 16); size /= 2) {
    if (::fcntl(pipe.get(), F_SETPIPE_SZ, size) != -1) {
      return;
    }
  }
}

struct Terminal {
  Fd master;
  Fd slave;
};

Terminal make_terminal(std::optional<uid_t> user) {
  Terminal made;
  made.master = own(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), "posix_openpt");
  check(::grantpt(made.master.get()), "grantpt");
  check(::unlockpt(made.master.get()), "unlockpt");
  std::array<char, 64> name{};
  if (const int error = ::ptsname_r(made.master.get(), name.data(), name.size()); error != 0) {
    errno = error;
    throw_errno("ptsname_r");
  }
  made.slave = own(::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC), "open");
  if (user) {
    check(::fchown(made.slave.get(), *user, *user), "fchown");
  }
  termios settings{};
  check(::tcgetattr(made.slave.get(), &settings), "tcgetattr");
  settings.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  settings.c_oflag &= ~static_cast<tcflag_t>(OPOST);
  check(::tcsetattr(made.slave.get(), TCSANOW, &settings), "tcsetattr");
  return made;
}

/// Writes without raising SIGPIPE in this process, whose disposition is not ours to change.
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

} // namespace

std::string quantity(std::size_t bytes) {
  return std::to_string(bytes) + (bytes == 1 ? " byte" : " bytes");
}

std::string shown(std::string_view text, std::size_t most) {
  std::string result;
  if (text.size() > most) {
    result = "  | ... (" + quantity(text.size() - most) + " before this)\n";
    text.remove_prefix(text.size() - most);
  }
  bool at_start = true;
  for (const char byte : text) {
    if (at_start) {
      result += "  | ";
      at_start = false;
    }
    const auto value = static_cast<unsigned char>(byte);
    if (byte == '\n') {
      result += '\n';
      at_start = true;
    } else if (byte == '\t' || (value >= 0x20 && value != 0x7f)) {
      result += byte; // bytes above 0x7f as they are: UTF-8
    } else {
      constexpr std::string_view digits = "0123456789abcdef";
      result += {'\\', 'x', digits[value >> 4U], digits[value & 0xfU]};
    }
  }
  return at_start ? result : result + "\n";
}

std::string signal_name(int signal) {
  if (signal >= SIGRTMIN && signal <= SIGRTMAX) {
    const int above = signal - SIGRTMIN;
    return above == 0 ? "SIGRTMIN" : "SIGRTMIN+" + std::to_string(above);
  }
  const char* name = ::sigabbrev_np(signal);
  return name == nullptr ? "signal " + std::to_string(signal) : std::string("SIG") + name;
}

std::string Exit::text() const {
  return exited ? "exit status " + std::to_string(code) : "killed by " + signal_name(signal);
}

struct Process::State {
  State(const std::filesystem::path& file, ProcessOptions given);
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  State(State&&) = delete;
  State& operator=(State&&) = delete;
  ~State();

  void start();
  void drain();
  bool take_in(Stream& stream);
  void kill_tree(std::string_view reason);
  bool too_much_memory();
  bool too_many_processes();
  bool too_much_memory_together();
  std::optional<Exit> look_for_exit();
  std::vector<ProcessInfo> left_behind();
  [[nodiscard]] bool output_open() const;
  [[nodiscard]] bool somebody_writes() const;
  std::string report();
  std::string next_line(Stream& stream, std::string_view stream_name, std::string_view text,
                        std::chrono::milliseconds limit);

  [[nodiscard]] std::string command() const {
    std::string text = name;
    for (const std::string& argument : options.arguments) {
      text += " " + argument;
    }
    return text;
  }

  std::filesystem::path program;
  std::string name;
  ProcessOptions options;
  pid_t pid = -1;
  Fd pidfd;
  Fd input; // our end of a pipe, or the terminal
  Fd wake;
  bool watch_memory = false;
  std::size_t tasks_at_start = 0;
  std::size_t most_available = 0; // of the system's memory, at any look so far
  Clock::time_point next_sum = Clock::now() + sum_interval;

  // What the thread writes. Where both are needed, tree_mutex is taken first.
  mutable std::mutex mutex;
  std::condition_variable changed;
  Stream out;
  Stream err;
  bool flooded = false;
  std::string ended_by_us; // why, if we did
  bool process_ended = false;

  std::mutex tree_mutex;
  std::optional<Tree> tree;
  std::optional<Exit> exit;
  std::set<std::pair<pid_t, unsigned long long>> orphans; // seen alive after the end

  std::atomic<bool> closing = false;
  std::thread thread;
  std::optional<Reported> reported; // goes first: a Failure of another thread may be asking us
};

Process::State::State(const std::filesystem::path& file, ProcessOptions given)
    : program(file), name(file.filename().string()), options(std::move(given)) {
  std::error_code error;
  if (!std::filesystem::exists(program, error)) {
    throw Failure("no program " + name + " in " + program.parent_path().string() +
                  ": build it, or name its folder with --programs");
  }
  adopt_orphans();
  wake = own(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd");
  if (programs_confined()) { // a stranger's: far more than any exercise takes
    options.memory_bytes = options.memory_bytes.value_or(std::size_t{1} << 30);
  }
  // A shell may stand before the program: where we have it, so have those whom we run.
  const bool has_asan =
      options.memory_bytes && (built_with_address_sanitizer || has_address_sanitizer(program));
  if (programs_confined()) {
    // AddressSanitizer takes some megabytes for each process.
    constexpr std::size_t plenty = std::size_t{1} << 30;
    options.most_memory = options.most_memory.value_or(has_asan ? 8 * plenty : plenty);
  }
  watch_memory = has_asan;
  if (has_asan && programs_confined()) {
    forgo_leaks(options); // it is found by ptrace(2), which those who are confined may not call
  }
  tasks_at_start = system_load().tasks;
  if (!options.user) {
    options.user = confined_user();
  }
  try {
    start();
    thread = std::thread([this] { drain(); });
    reported.emplace([this] { return report(); });
  } catch (...) {
    if (pid != -1) {
      tree->end_all(true, patience);
    }
    throw;
  }
}

void Process::State::start() {
  Launch launch;
  launch.path = program.c_str();
  const Fd opened = open_program(program, options.user.has_value());
  launch.program = opened.get();
  launch.user = options.user;
  launch.confined = programs_confined();
  launch.parent = ::getpid();
  launch.folder = options.working_directory.empty() ? nullptr : options.working_directory.c_str();

  std::vector<std::string> arguments{program.string()};
  arguments.insert(arguments.end(), options.arguments.begin(), options.arguments.end());
  for (std::string& argument : arguments) {
    launch.arguments.push_back(argument.data());
  }
  launch.arguments.push_back(nullptr);

  const std::string mark = new_mark();
  tree.emplace(mark);
  auto added = options.environment;
  // By LC_ALL alone the messages of libc, bash and ls are not English: unless the locale's name is
  // just C, gettext(3) asks LANGUAGE first.
  for (const auto& [variable, value] : {std::pair("LC_ALL", "C.UTF-8"), {"LANGUAGE", ""}}) {
    if (std::ranges::find(added, variable, &std::pair<std::string, std::string>::first) ==
        added.end()) {
      added.emplace_back(variable, value);
    }
  }
  const char* outer = std::getenv(std::string(run_variable).c_str());
  added.emplace_back(run_variable, outer == nullptr ? mark : std::string(outer) + "/" + mark);
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view former(*entry);
    if (std::none_of(added.begin(), added.end(), [&](const auto& variable) {
          return former.starts_with(variable.first + "=");
        })) {
      environment.emplace_back(former);
    }
  }
  for (const auto& [variable, value] : added) {
    environment.push_back(variable + "=" + value);
  }
  for (std::string& entry : environment) {
    launch.environment.push_back(entry.data());
  }
  launch.environment.push_back(nullptr);

  const auto limit = [&](__rlimit_resource resource, rlim_t soft, rlim_t hard) {
    rlimit present{};
    check(::getrlimit(resource, &present), "getrlimit");
    launch.limits.emplace_back(resource, rlimit{.rlim_cur = std::min(soft, present.rlim_max),
                                                .rlim_max = std::min(hard, present.rlim_max)});
  };
  limit(RLIMIT_CORE, 0, 0); // no file is to outlive the program
  if (options.cpu_seconds) {
    limit(RLIMIT_CPU, *options.cpu_seconds, *options.cpu_seconds + 1);
  }
  if (options.memory_bytes && !watch_memory) {
    limit(RLIMIT_AS, *options.memory_bytes, *options.memory_bytes);
  }
  if (options.file_bytes) {
    limit(RLIMIT_FSIZE, *options.file_bytes, *options.file_bytes);
  }
  if (options.open_files) {
    limit(RLIMIT_NOFILE, *options.open_files, *options.open_files);
  }
  if (options.processes) {
    limit(RLIMIT_NPROC, *options.processes, *options.processes);
  } else if (options.user || ::geteuid() != 0) {
    // Only so that a fork bomb cannot outrun our thread, which looks now and then.
    const rlim_t others = options.user ? 0 : tasks_of_this_user();
    limit(RLIMIT_NPROC, others + 2 * options.most_processes, others + 2 * options.most_processes);
  }

  // The program's ends; closed at the end of this function, when the child has its own.
  std::vector<Fd> theirs;
  std::optional<Terminal> terminal;
  const auto terminal_slave = [&] {
    if (!terminal) {
      terminal = make_terminal(options.user);
      set_nonblocking(terminal->master);
    }
    return terminal->slave.get();
  };
  bool terminal_read = false;
  const auto output = [&](Output kind, Stream& stream) {
    switch (kind) {
    case Output::closed:
      return -1;
    case Output::terminal: {
      const int slave = terminal_slave();
      if (!terminal_read) { // the second one to ask for it writes into the first one's stream
        stream.source = own(::fcntl(terminal->master.get(), F_DUPFD_CLOEXEC, 3), "fcntl");
        terminal_read = true;
      }
      return slave;
    }
    case Output::file:
      stream.source = own(::memfd_create("output", MFD_CLOEXEC), "memfd_create");
      stream.is_file = true;
      // Opened anew, as a shell opens a file: only so the kernel locks the offset that processes
      // share, and two that write at once do not write over each other.
      theirs.push_back(own(::open(("/proc/self/fd/" + std::to_string(stream.source.get())).c_str(),
                                  O_WRONLY | O_CLOEXEC),
                           "open"));
      return theirs.back().get();
    case Output::null:
      theirs.push_back(own(::open("/dev/null", O_WRONLY | O_CLOEXEC), "open"));
      return theirs.back().get();
    case Output::pipe:
      break;
    }
    Pipe pipe = make_pipe(true);
    enlarge(pipe.read);
    set_nonblocking(pipe.read);
    stream.packet_size = pipe.packet_size;
    stream.source = std::move(pipe.read);
    theirs.push_back(std::move(pipe.write));
    return theirs.back().get();
  };
  switch (options.input) {
  case Input::closed:
    break;
  case Input::null:
    theirs.push_back(own(::open("/dev/null", O_RDONLY | O_CLOEXEC), "open"));
    launch.standard[0] = theirs.back().get();
    break;
  case Input::terminal:
    launch.standard[0] = terminal_slave();
    launch.controlling_terminal = true;
    break;
  case Input::pipe: {
    Pipe pipe = make_pipe(false);
    set_nonblocking(pipe.write);
    input = std::move(pipe.write);
    theirs.push_back(std::move(pipe.read));
    launch.standard[0] = theirs.back().get();
    break;
  }
  }
  launch.standard[1] = output(options.output, out);
  launch.standard[2] = output(options.errors, err);

  Pipe report = make_pipe(false);
  launch.report = report.write.get();

  // No handler of ours may run in the child.
  sigset_t all;
  sigset_t former;
  ::sigfillset(&all);
  check(::pthread_sigmask(SIG_SETMASK, &all, &former), "pthread_sigmask");
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
  pid = child;
  // Not reaped before we say so, hence there for certain.
  tree->set_root(process_info(pid).value_or(ProcessInfo{.pid = pid}));
  pidfd = Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))); // -1 before Linux 5.3

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
      throw Failure("cannot run " + program.string() + ": " + reason);
    }
    throw std::system_error(failed.number, std::generic_category(),
                            call + ", before running " + name);
  }
  if (terminal && options.input == Input::terminal) {
    input = own(::fcntl(terminal->master.get(), F_DUPFD_CLOEXEC, 3), "fcntl");
  }
}

Process::State::~State() {
  reported.reset();
  bool ended = false;
  try {
    const std::lock_guard lock(tree_mutex);
    ended = tree->end_all(true, patience);
  } catch (const std::exception&) { // NOLINT(bugprone-empty-catch): no memory left to look with
  }
  closing = true;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(wake.get(), &one, sizeof one);
  if (thread.joinable()) {
    thread.join();
  }
  try {
    if (!ended) {
      tree->end_all(true, patience);
    }
  } catch (const std::exception&) { // NOLINT(bugprone-empty-catch): as above
  }
}

/// Adds what there is to a stream. False when there is nothing now.
bool Process::State::take_in(Stream& stream) {
  // A packet larger than what is asked for would lose its end. No page of Linux on x86-64 or arm64
  // is larger than this.
  std::array<char, 65536> buffer; // NOLINT(*-member-init): read fills what is used
  const ssize_t got = stream.is_file ? ::pread(stream.source.get(), buffer.data(), buffer.size(),
                                               static_cast<off_t>(stream.text.size()))
                                     : ::read(stream.source.get(), buffer.data(), buffer.size());
  if (got > 0) {
    stream.add({buffer.data(), static_cast<std::size_t>(got)});
    return true;
  }
  const bool for_now = got == -1 && (errno == EAGAIN || errno == EINTR);
  if (!for_now && !stream.is_file) {
    stream.source.close(); // end of file; EIO from a terminal that nobody has open any more
  }
  return false;
}

/// The thread: takes in the outputs until both have ended, and sees to the limits that are ours.
void Process::State::drain() {
  auto next_count = Clock::now();
  bool watch_end = static_cast<bool>(pidfd);
  while (!closing) {
    std::array<pollfd, 4> waits{
        {{.fd = wake.get(), .events = POLLIN, .revents = 0},
         {.fd = -1, .events = POLLIN, .revents = 0},
         {.fd = -1, .events = POLLIN, .revents = 0},
         {.fd = watch_end ? pidfd.get() : -1, .events = POLLIN, .revents = 0}}};
    bool look = watch_memory;
    {
      const std::lock_guard lock(mutex);
      if (flooded) {
        out.source.close();
        err.source.close();
      }
      waits[1].fd = out.is_file ? -1 : out.source.get();
      waits[2].fd = err.is_file ? -1 : err.source.get();
      look |= (out.is_file || err.is_file) && !flooded;
    }
    const auto timeout = look ? look_interval : count_interval;
    ::poll(waits.data(), waits.size(), static_cast<int>(timeout.count()));
    const bool ended = (waits[3].revents & POLLIN) != 0;
    bool flood = false;
    {
      const std::lock_guard lock(mutex);
      for (Stream* stream : {&out, &err}) {
        // Many at a time, so that a program that writes a lot need not wait for us so often.
        for (int turn = 0; (turn < 64 || ended) && stream->source && take_in(*stream); ++turn) {
        }
      }
      flood = !flooded && out.text.size() + err.text.size() > options.most_output;
      flooded |= flood;
      process_ended |= ended;
      watch_end &= !ended;
    }
    changed.notify_all();
    if (flood) {
      kill_tree("it wrote more than " + quantity(options.most_output));
    } else if (watch_memory && too_much_memory()) {
      kill_tree("it used more than " + quantity(*options.memory_bytes) + " of memory");
      watch_memory = false;
    } else if (Clock::now() >= next_count) {
      if (too_many_processes()) {
        kill_tree("it had more than " + std::to_string(options.most_processes) + " processes");
      } else if (too_much_memory_together()) {
        kill_tree("its processes had more than " + quantity(*options.most_memory) +
                  " of memory together");
      }
      next_count = Clock::now() + count_interval;
    }
  }
}

bool Process::State::too_many_processes() {
  const std::size_t tasks = system_load().tasks;
  tasks_at_start = std::min(tasks, tasks_at_start);
  if (tasks - tasks_at_start <= options.most_processes) {
    return false;
  }
  const std::lock_guard lock(tree_mutex);
  return tree->members(true).size() > options.most_processes;
}

bool Process::State::too_much_memory_together() {
  if (!options.most_memory) {
    return false;
  }
  // One number tells when it is worth looking closer at once. That others take memory does no harm;
  // that they give some back may hide what is taken.
  const std::size_t available = available_memory();
  most_available = std::max(most_available, available);
  if (most_available - available < *options.most_memory / 2 && Clock::now() < next_sum) {
    return false;
  }
  next_sum = Clock::now() + sum_interval;
  const std::lock_guard lock(tree_mutex);
  std::size_t sum = 0;
  for (const ProcessInfo& process : tree->members(true)) {
    const auto use = memory_use(process.pid);
    sum += use ? use->proportional : 0;
  }
  return sum > *options.most_memory;
}

bool Process::State::too_much_memory() {
  std::vector<ProcessInfo> processes = descendants_of(pid);
  processes.push_back({.pid = pid});
  return std::any_of(processes.begin(), processes.end(), [&](const ProcessInfo& process) {
    return resident_bytes(process.pid) > *options.memory_bytes;
  });
}

void Process::State::kill_tree(std::string_view reason) {
  const std::lock_guard lock(tree_mutex);
  if (!reason.empty()) {
    const std::lock_guard other(mutex);
    ended_by_us = reason;
  }
  if (tree) {
    tree->end_all(false, patience);
  }
}

std::optional<Exit> Process::State::look_for_exit() {
  const std::lock_guard lock(tree_mutex);
  if (exit) {
    return exit;
  }
  // Looked at, and left as a zombie: while it is one, nobody else is given its pid.
  siginfo_t info{};
  if (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
      info.si_pid == 0) {
    return std::nullopt;
  }
  exit = info.si_code == CLD_EXITED ? Exit{.exited = true, .code = info.si_status, .signal = 0}
                                    : Exit{.exited = false, .code = 0, .signal = info.si_status};
  const auto left = tree->members(false);
  for (const ProcessInfo& process : left) {
    if (!process.zombie()) {
      orphans.emplace(process.pid, process.start_time);
    }
  }
  if (left.empty()) {
    ::waitpid(pid, nullptr, 0);
    tree->root_reaped();
  }
  return exit;
}

std::vector<ProcessInfo> Process::State::left_behind() {
  if (!look_for_exit()) {
    return {};
  }
  const std::lock_guard lock(tree_mutex);
  auto left = tree->members(false);
  std::erase_if(left, [&](const ProcessInfo& process) {
    if (process.name == guard_name) {
      return true; // of a tool that runs checks itself: it goes when its work is done
    }
    if (!process.zombie()) {
      orphans.emplace(process.pid, process.start_time);
      return false;
    }
    // An orphan that has ended by now: we are its parent, and reap it as init would.
    return orphans.contains({process.pid, process.start_time}) && process.parent == ::getpid() &&
           ::waitpid(process.pid, nullptr, WNOHANG) == process.pid;
  });
  return left;
}

/// Under mutex.
bool Process::State::output_open() const {
  return (out.source && !out.is_file) || (err.source && !err.is_file);
}

/// Whether a process has the other end of an output open: the thread may not have seen its end yet.
/// Under mutex.
bool Process::State::somebody_writes() const {
  return std::ranges::any_of(std::array{&out, &err}, [](const Stream* stream) {
    pollfd end{.fd = stream->source.get(), .events = POLLIN, .revents = 0};
    return stream->source && !stream->is_file && ::poll(&end, 1, 0) != -1 &&
           (end.revents & POLLHUP) == 0;
  });
}

std::string Process::State::report() {
  const auto end = look_for_exit();
  std::string text = "`" + command() + "` (pid " + std::to_string(pid) + ") ";
  if (end) {
    text += "has ended: " + end->text();
  } else {
    const auto info = process_info(pid);
    text += "still runs";
    if (info) {
      text += ", state ";
      text += info->state;
      text += " (" + std::string(name_of_state(info->state)) + ")";
    }
  }
  {
    const std::lock_guard lock(mutex);
    if (!ended_by_us.empty()) {
      text += "; the harness ended it, because " + ended_by_us;
    }
  }
  text += "\n";
  if (end) {
    if (const auto left = left_behind(); !left.empty()) {
      text += "left behind:\n" + process_table(left);
    }
  } else {
    text += "its processes:\n" + process_table(pid);
  }
  const std::lock_guard lock(mutex);
  text += "standard output so far, " + quantity(out.text.size()) + (out.text.empty() ? "" : ":") +
          "\n" + shown(out.text);
  text += "standard error so far, " + quantity(err.text.size()) + (err.text.empty() ? "" : ":") +
          "\n" + shown(err.text);
  return text;
}

std::string Process::State::next_line(Stream& stream, std::string_view stream_name,
                                      std::string_view text, std::chrono::milliseconds limit) {
  const Deadline deadline(limit);
  std::unique_lock lock(mutex);
  while (true) {
    std::optional<std::string> found;
    while ((found = stream.next_line())) {
      if (found->find(text) != std::string::npos) {
        return *found;
      }
    }
    const bool over = !stream.source || (stream.is_file && process_ended);
    if (over || deadline.passed()) {
      std::string message = over ? "no" : "waited " + in_words(limit) + " for a";
      message += over ? " further line" : " line";
      if (!text.empty()) {
        message += " with `" + std::string(text) + "`";
      }
      message += " on standard " + std::string(stream_name);
      lock.unlock();
      if (over) {
        // The output ends a moment before the process does: let the report tell how it ended.
        const Deadline moment(std::min(limit, std::chrono::milliseconds(1000)));
        while (!look_for_exit() && !moment.passed()) {
          std::this_thread::sleep_for(std::chrono::milliseconds(2));
        }
      }
      throw Failure(message);
    }
    changed.wait_until(lock, deadline.moment());
  }
}

Process::Process(const std::filesystem::path& program, ProcessOptions options)
    : state_(std::make_unique<State>(std::filesystem::absolute(lab::program(program.string())),
                                     std::move(options))) {}

Process::Process(Process&&) noexcept = default;
Process& Process::operator=(Process&&) noexcept = default;
Process::~Process() = default;

pid_t Process::pid() const {
  return state_->pid;
}

const std::string& Process::name() const {
  return state_->name;
}

std::string Process::command() const {
  return state_->command();
}

std::string Process::line(std::chrono::milliseconds limit) {
  return wait_for_line("", limit);
}

std::string Process::wait_for_line(std::string_view text, std::chrono::milliseconds limit) {
  return state_->next_line(state_->out, "output", text, limit);
}

std::string Process::wait_for_error_line(std::string_view text, std::chrono::milliseconds limit) {
  return state_->next_line(state_->err, "error", text, limit);
}

bool Process::has_line(std::string_view text) const {
  const auto all = lines();
  return std::any_of(all.begin(), all.end(),
                     [&](const std::string& line) { return line.find(text) != std::string::npos; });
}

std::vector<std::string> Process::lines() const {
  const std::lock_guard lock(state_->mutex);
  return state_->out.lines();
}

std::vector<std::string> Process::error_lines() const {
  const std::lock_guard lock(state_->mutex);
  return state_->err.lines();
}

std::string Process::out() const {
  const std::lock_guard lock(state_->mutex);
  return state_->out.text;
}

std::string Process::err() const {
  const std::lock_guard lock(state_->mutex);
  return state_->err.text;
}

namespace {

std::vector<std::string> texts_of(std::vector<Write> writes) {
  std::vector<std::string> texts;
  for (Write& write : writes) {
    texts.push_back(std::move(write.text));
  }
  return texts;
}

} // namespace

std::vector<std::string> Process::writes() const {
  return texts_of(timed_writes());
}

std::vector<Write> Process::timed_writes() const {
  const std::lock_guard lock(state_->mutex);
  return state_->out.writes();
}

std::vector<std::string> Process::error_writes() const {
  const std::lock_guard lock(state_->mutex);
  return texts_of(state_->err.writes());
}

bool Process::sees_writes() const {
  const std::lock_guard lock(state_->mutex);
  return state_->out.packet_size != 0;
}

bool Process::flooded() const {
  const std::lock_guard lock(state_->mutex);
  return state_->flooded;
}

bool Process::type(std::string_view text, std::chrono::milliseconds limit) {
  const Deadline deadline(limit);
  std::size_t done = 0;
  while (done < text.size()) {
    if (!state_->input) {
      return false;
    }
    const ssize_t written = write_quietly(state_->input.get(), text.substr(done));
    if (written > 0) {
      done += static_cast<std::size_t>(written);
    } else if (errno == EPIPE || errno == EIO) {
      return false;
    } else if (errno != EAGAIN && errno != EINTR) {
      throw_errno("write");
    } else {
      if (deadline.passed()) {
        throw Failure("waited " + in_words(limit) + " for the program to read its input: of " +
                      quantity(text.size()) + " it took " + std::to_string(done));
      }
      pollfd wait{.fd = state_->input.get(), .events = POLLOUT, .revents = 0};
      ::poll(&wait, 1, static_cast<int>(deadline.left().count()));
    }
  }
  return true;
}

void Process::close_input() {
  if (state_->options.input == Input::terminal) {
    type("\x04");
  } else {
    state_->input.close();
  }
}

bool Process::signal(int number) {
  if (poll_exit()) {
    return false;
  }
  // Not reaped: the pid is still the program's.
  return check(::kill(state_->pid, number), "kill") == 0;
}

void Process::stop() {
  signal(SIGSTOP);
  wait_until(name() + " to stop on SIGSTOP", [&] {
    const auto info = process_info(pid());
    return info && info->stopped();
  });
}

void Process::resume() {
  signal(SIGCONT);
}

std::optional<Exit> Process::poll_exit() {
  return state_->look_for_exit();
}

Exit Process::wait(std::chrono::milliseconds limit) {
  const Deadline deadline(limit);
  while (!poll_exit()) {
    if (deadline.passed()) {
      throw Failure("waited " + in_words(limit) + " for the program to end");
    }
    if (state_->pidfd) {
      pollfd wait{.fd = state_->pidfd.get(), .events = POLLIN, .revents = 0};
      ::poll(&wait, 1, static_cast<int>(deadline.left().count()));
    } else {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }
  // All that it wrote is in the pipes by now. They end when nobody holds them any more; what runs
  // on may hold them for ever, so then it is enough that they are empty.
  std::unique_lock lock(state_->mutex);
  for (Stream* stream : {&state_->out, &state_->err}) {
    while (stream->is_file && state_->take_in(*stream)) {
    }
  }
  while (state_->output_open() && !deadline.passed()) {
    if (state_->somebody_writes()) {
      lock.unlock();
      const auto left = left_behind();
      const bool orphaned = std::any_of(
          left.begin(), left.end(), [](const ProcessInfo& process) { return !process.zombie(); });
      lock.lock();
      bool empty = true;
      for (const Stream* stream : {&state_->out, &state_->err}) {
        int bytes = 0;
        empty &= !stream->source || stream->is_file ||
                 (::ioctl(stream->source.get(), FIONREAD, &bytes) == 0 && bytes == 0);
      }
      if (orphaned && empty && state_->somebody_writes()) {
        break;
      }
    }
    if (state_->output_open()) {
      state_->changed.wait_for(lock, std::chrono::milliseconds(20));
    }
  }
  lock.unlock();
  return *poll_exit();
}

bool Process::output_held_open() const {
  const bool ended = state_->look_for_exit().has_value();
  const std::lock_guard lock(state_->mutex);
  return ended && state_->somebody_writes();
}

std::vector<ProcessInfo> Process::left_behind() {
  return state_->left_behind();
}

std::vector<ProcessInfo> Process::processes() {
  const std::lock_guard lock(state_->tree_mutex);
  return state_->tree->members(true);
}

void Process::kill_all() {
  state_->kill_tree("");
}

std::string Process::report() {
  return state_->report();
}

} // namespace lab
