#include "harness/idle.hpp"

#include "harness/failure.hpp"

#include <algorithm>
#include <string>
#include <thread>

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
    return false;
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
