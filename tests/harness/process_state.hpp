// The inside of a Process. Only the sources of Process use it.
#pragma once

#include "harness/capture.hpp"
#include "harness/failure.hpp"
#include "harness/process.hpp"
#include "harness/tree.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

namespace lab {

/// The memory of all processes is added up at least as often. If the system's free memory shrinks,
/// it is added up sooner.
constexpr std::chrono::milliseconds sum_interval{500};

struct Process::State {
  State(const std::filesystem::path& file, ProcessOptions given);
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  State(State&&) = delete;
  State& operator=(State&&) = delete;
  ~State();

  void start();
  void drain();
  /// What there is now of both outputs; much of it, or all. Needs the mutex.
  void take_in(bool all);
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

  // What the thread writes. A thread that needs both mutexes takes tree_mutex first.
  mutable std::mutex mutex;
  std::condition_variable changed;
  Stream out;
  Stream err;
  bool flooded = false;
  std::string ended_by_us; // why we have ended the program, if we have
  bool process_ended = false;

  std::mutex tree_mutex;
  std::optional<Tree> tree;
  std::optional<Exit> exit;
  std::set<std::pair<pid_t, unsigned long long>> orphans; // seen alive after the end

  std::atomic<bool> closing = false;
  std::thread thread;
  std::optional<Reported> reported; // destroyed first: a Failure of another thread may be using us
};

} // namespace lab
