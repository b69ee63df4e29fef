#include "checks/settle.hpp"

#include "harness/proc.hpp"

#include <vector>

namespace lab {

bool Stillness::reached() {
  constexpr std::chrono::seconds long_enough{1}; // an idleness window: that nothing happens in it
  // A look reads the state of every process of the machine. What happens between two of them is
  // seen all the same: the kernel counts how often a process has been woken.
  constexpr std::chrono::milliseconds between_looks{50};
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
  return Clock::now() - since_ >= long_enough;
}

} // namespace lab
