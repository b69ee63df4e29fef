// How a Process begins: limits, environment, what becomes of 0, 1 and 2.
#include "harness/asan.hpp"
#include "harness/confine.hpp"
#include "harness/launch.hpp"
#include "harness/limits.hpp"
#include "harness/process_state.hpp"
#include "harness/programs.hpp"
#include "harness/trace.hpp"

#include <algorithm>
#include <cstdlib>

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace lab {

Process::State::State(const std::filesystem::path& file, ProcessOptions given)
    : program(file), name(file.filename().string()), options(std::move(given)) {
  std::error_code error;
  if (!std::filesystem::exists(program, error)) {
    throw NoProgram(name, program.parent_path().string());
  }
  adopt_orphans();
  wake = own(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd");
  if (programs_confined()) { // a stranger's: far more than any exercise takes
    options.memory_bytes = options.memory_bytes.value_or(std::size_t{1} << 30);
    constexpr std::size_t enough = 800; // a server with 500 clients is the largest
    options.most_processes = std::min(options.most_processes, enough);
  }
  // A shell may stand before the program: where we have it, so have those whom we run.
  // What a stranger's program has in its file says nothing: it could be there to have no limit.
  const bool has_asan =
      options.memory_bytes &&
      (built_with_address_sanitizer || (!programs_confined() && has_address_sanitizer(program)));
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
    if (tracing()) {
      trace("the check starts `" + command() + "`: process " + std::to_string(pid));
    }
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
  launch.group = confined_group();
  // (AddressSanitizer may start the program once more.)
  launch.stays = options.looked_into && !built_with_address_sanitizer;
  launch.parent = ::getpid();
  launch.folder = options.working_directory.empty() ? nullptr : options.working_directory.c_str();

  std::vector<std::string> arguments{program.string()};
  arguments.insert(arguments.end(), options.arguments.begin(), options.arguments.end());
  for (std::string& argument : arguments) {
    launch.arguments.push_back(argument.data());
  }
  launch.arguments.push_back(nullptr);

  const std::string token = new_token();
  tree.emplace(token);
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
  added.emplace_back(run_variable, outer == nullptr ? token : std::string(outer) + "/" + token);
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
    environment.push_back(variable);
    environment.back() += "=";
    environment.back() += value;
  }
  for (std::string& entry : environment) {
    launch.environment.push_back(entry.data());
  }
  launch.environment.push_back(nullptr);

  const auto limit = [&](__rlimit_resource resource, rlim_t soft, rlim_t hard) {
    rlimit present{};
    or_throw(::getrlimit(resource, &present), "getrlimit");
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
    const auto ours = [] {
      static const rlim_t tasks = tasks_of_user(::getuid());
      return tasks;
    };
    const rlim_t others = options.user ? 0 : ours();
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

  lab::launch(launch, [&](pid_t child) {
    pid = child;
    // Not reaped before we say so, hence there for certain.
    tree->set_root(process_info(pid).value_or(ProcessInfo{.pid = pid}));
    pidfd = Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))); // -1 before Linux 5.3
  });
  if (terminal && options.input == Input::terminal) {
    input = own(::fcntl(terminal->master.get(), F_DUPFD_CLOEXEC, 3), "fcntl");
  }
}

} // namespace lab
