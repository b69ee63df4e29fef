#include "harness/idle.hpp"

#include "harness/failure.hpp"
#include "harness/proc_files.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <linux/futex.h>
#include <sys/syscall.h>

namespace lab {

namespace {

/// A program that is only on its way to its wait gets there within a few windows.
constexpr int windows = 5;

CpuUse use_of(pid_t pid) {
  const auto use = cpu_use(pid);
  if (!use) {
    throw Failure("process " + std::to_string(pid) + " ended while it was watched for idling");
  }
  return *use;
}

} // namespace

CpuUse idle_report(pid_t pid, std::chrono::milliseconds window) {
  const CpuUse before = use_of(pid);
  std::this_thread::sleep_for(window); // that nothing happens in this time is what is asked
  const CpuUse after = use_of(pid);
  return {.run_time = after.run_time - before.run_time,
          .wait_time = after.wait_time - before.wait_time,
          .switches = after.switches - before.switches};
}

double share_of_processor(pid_t pid, std::chrono::milliseconds window) {
  constexpr std::chrono::milliseconds least{40}; // of time that it could have had
  const Deadline deadline(patience);
  const auto start = Clock::now();
  const CpuUse before = use_of(pid);
  while (true) {
    std::this_thread::sleep_for(window); // what it does in a time without events is what is asked
    const CpuUse now = use_of(pid);
    const auto used = now.run_time - before.run_time;
    const std::chrono::nanoseconds had = Clock::now() - start - (now.wait_time - before.wait_time);
    if (had >= least || deadline.passed()) {
      return static_cast<double>(used.count()) / static_cast<double>(std::max(had, used).count());
    }
  }
}

CpuUse expect_idle(pid_t pid, std::chrono::milliseconds window) {
  CpuUse use;
  for (int turn = 0; turn < windows; ++turn) {
    use = idle_report(pid, window);
    const auto info = process_info(pid);
    if (use.switches == 0 && use.run_time.count() == 0 && info && info->state != 'R') {
      return use;
    }
  }
  const auto used = std::chrono::duration_cast<std::chrono::microseconds>(use.run_time);
  throw Failure("a program that waits uses no processor, but in each of " +
                std::to_string(windows) + " windows of " + std::to_string(window.count()) +
                " ms this one ran; in the last for " + std::to_string(used.count()) +
                " microseconds, switching " + std::to_string(use.switches) +
                " times: " + describe(pid));
}

namespace {

/// A line of /proc/PID/syscall: the number of the call, and its six arguments in hex. `running`, or
/// -1, if the thread is in no call.
bool without_limit(pid_t pid, std::string_view line) {
  const auto words = proc::words_of(line);
  if (words.size() < 7 || line.front() == '-') {
    return false;
  }
  const auto argument = [&](std::size_t number) {
    return proc::number_in<std::uint64_t>(words.at(number).substr(2), 16);
  };
  const auto never = [&](std::size_t number) { // poll's timeout: an int below 0
    return static_cast<std::int32_t>(argument(number)) < 0;
  };
  const auto is_pipe = [&] {
    const auto all = descriptors_of(pid);
    return std::ranges::any_of(all, [&](const DescriptorInfo& one) {
      return one.fd == static_cast<int>(argument(1)) && one.kind == DescriptorInfo::Kind::pipe;
    });
  };
  switch (proc::number_in<long>(words.front())) {
  case SYS_wait4:
  case SYS_waitid:
  case SYS_rt_sigsuspend:
    return true;
  case SYS_read:
  case SYS_write:
    return is_pipe();
  case SYS_ppoll:
  case SYS_rt_sigtimedwait:
    return argument(3) == 0;
  case SYS_pselect6:
    return argument(5) == 0;
  case SYS_epoll_pwait:
    return never(4);
  case SYS_futex: {
    constexpr std::uint64_t flags = FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME;
    const auto command = argument(2) & ~flags;
    return argument(4) == 0 && (command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET);
  }
#ifdef SYS_poll // x86-64 has these besides; arm64 does not
  case SYS_pause:
    return true;
  case SYS_poll:
    return never(3);
  case SYS_select:
    return argument(5) == 0;
  case SYS_epoll_wait:
    return never(4);
#endif
  default:
    return false;
  }
}

/// Whether what comes by this descriptor comes from a process, at once.
bool comes_from_processes(const DescriptorInfo& descriptor) {
  static constexpr std::array<std::string_view, 4> others{
      "anon_inode:[pidfd]", "anon_inode:[signalfd]", "anon_inode:[eventfd]",
      "anon_inode:[eventpoll]"};
  using Kind = DescriptorInfo::Kind;
  return descriptor.kind == Kind::pipe || descriptor.kind == Kind::file ||
         std::ranges::find(others, descriptor.target) != others.end();
}

} // namespace

bool sleeps_for_good(pid_t pid) {
  const auto descriptors = visible_descriptors_of(pid);
  if (!descriptors || !std::ranges::all_of(*descriptors, comes_from_processes)) {
    return false;
  }
  for (const int signal : {SIGALRM, SIGVTALRM, SIGPROF}) {
    if (catches_signal(pid, signal) || blocks_signal(pid, signal)) {
      return false;
    }
  }
  const auto timers = proc::read_file_of(pid, "timers"); // of timer_create(2)
  if (timers && !timers->empty()) {
    return false;
  }
  bool any = false;
  bool all = true;
  proc::for_each_thread(pid, [&](const std::filesystem::path& thread) {
    const auto call = proc::read_file_of(pid, "task/" + thread.filename().string() + "/syscall");
    any = true;
    all = all && call && without_limit(pid, *call);
  });
  return any && all;
}

Quiescence::Quiescence(pid_t program, std::chrono::milliseconds window)
    : program_(program), window_(window), next_look_(since_ + between_looks()) {}

std::chrono::milliseconds Quiescence::between_looks() const {
  return std::min(window_ / 4, std::chrono::milliseconds{50});
}

bool Quiescence::reached() {
  // What happens between two looks is seen all the same: the kernel counts how often a process has
  // been woken.
  if (Clock::now() < next_look_) {
    return false;
  }
  next_look_ = Clock::now() + between_looks();
  // A list of all processes of the machine is dear. While those known have not run, none of them
  // has forked: so it is made only when one has, and once more before the word is given.
  if (asleep_ && use_of_all() == former_ && Clock::now() - since_ < window_) {
    return all_for_good();
  }
  known_ = descendants_of(program_);
  if (const auto root = process_info(program_)) {
    known_.push_back(*root);
  }
  std::string now = use_of_all();
  if (!asleep_ || now != former_) {
    former_ = std::move(now);
    since_ = Clock::now();
    return false;
  }
  return Clock::now() - since_ >= window_;
}

bool Quiescence::all_for_good() {
  const auto asleep = [](const ProcessInfo& process) {
    const auto now = process_info(process.pid);
    return now && (now->zombie() || now->stopped() || sleeps_for_good(process.pid));
  };
  if (known_.empty() || !std::ranges::all_of(known_, asleep)) {
    return false;
  }
  // An orphan is no descendant any more, and it can still do something for the others.
  const ProcessInfo& root = known_.back();
  const auto session = processes_since(root.start_time);
  return std::ranges::all_of(session,
                             [&](const ProcessInfo& process) {
                               return process.session != root.session || process.zombie() ||
                                      std::ranges::find(known_, process.pid, &ProcessInfo::pid) !=
                                          known_.end();
                             }) &&
         use_of_all() == former_; // none has run while we looked
}

std::string Quiescence::use_of_all() {
  std::string uses;
  asleep_ = true;
  for (const ProcessInfo& process : known_) {
    const auto now = process_info(process.pid);
    const char state = now && now->same_as(process) ? now->state : 'X';
    asleep_ &= state != 'R' && state != 'D';
    const auto use = cpu_use(process.pid);
    uses += std::to_string(process.pid) + state + std::to_string(use ? use->switches : 0) + ' ';
  }
  return uses;
}

} // namespace lab
