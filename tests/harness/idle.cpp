#include "harness/idle.hpp"

#include "harness/failure.hpp"

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

} // namespace lab
