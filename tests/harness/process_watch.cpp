// What goes on while a Process runs, and its end: a thread takes in its outputs and sees to the
// limits that the kernel does not.
#include "harness/process_state.hpp"
#include "harness/programs.hpp"
#include "harness/trace.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lab {

namespace {

/// How often output that raises no event is looked at: a file, or the memory of a program.
constexpr std::chrono::milliseconds look_interval{10};

/// How often the number of processes, and the memory of all together, is looked at.
constexpr std::chrono::milliseconds count_interval{100};

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

} // namespace

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

void Process::State::take_in(bool all) {
  for (Stream* stream : {&out, &err}) {
    // Many at a time, so that a program that writes a lot need not wait for us so often.
    const std::size_t before = stream->text.size();
    for (int turn = 0; (turn < 64 || all) && stream->source && stream->take_in(); ++turn) {
    }
    if (tracing() && stream->text.size() > before) {
      trace("`" + name + "` prints " + quoted(std::string_view(stream->text).substr(before)) +
            (stream == &err ? " on standard error" : ""));
    }
  }
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
      take_in(ended);
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
  if (tracing()) {
    trace("`" + command() + "` has ended: " + exit->text());
  }
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

} // namespace lab
