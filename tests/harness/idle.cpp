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
          .switches = after.switches - before.switches};
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

Stillness::Stillness(pid_t program, std::chrono::milliseconds window)
    : program_(program), window_(window) {}

bool Stillness::reached() {
  // A look reads the state of every process of the machine. What happens between two of them is
  // seen all the same: the kernel counts how often a process has been woken.
  const auto between_looks = std::min(window_, std::chrono::milliseconds{50});
  if (Clock::now() < next_look_) {
    return false;
  }
  next_look_ = Clock::now() + between_looks;
  auto processes = descendants_of(program_);
  if (const auto root = process_info(program_)) {
    processes.push_back(*root);
  }
  std::string now;
  bool all_sleep = true;
  for (const ProcessInfo& process : processes) {
    all_sleep &= process.state != 'R' && process.state != 'D';
    const auto use = cpu_use(process.pid);
    now +=
        std::to_string(process.pid) + process.state + std::to_string(use ? use->switches : 0) + ' ';
  }
  if (!all_sleep || now != former_) {
    former_ = std::move(now);
    since_ = Clock::now();
    return false;
  }
  return Clock::now() - since_ >= window_;
}

} // namespace lab
