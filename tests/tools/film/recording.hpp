// What lab-film has seen of a run: what the probe has recorded, what /proc has shown, and what
// lab-film itself has done. It is kept apart from what is made of it, so that tests can make one.
#pragma once

#include "harness/deadline.hpp"
#include "harness/probe/probe.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

namespace lab::film {

/// What /proc has shown of a process, or what lab-film has done to it.
struct Look {
  enum class Kind : unsigned char {
    stopped,   ///< it is in state T now
    continued, ///< it is not any more
    zombie,    ///< it is in state Z now
    gone,      ///< it is not there any more
    sent       ///< lab-film has sent it a signal
  };

  Clock::time_point time;
  pid_t pid = 0;
  Kind kind = Kind::stopped;
  int signal = 0; ///< of sent; of zombie and gone: the signal that killed it, or 0
};

struct Recording {
  std::string head;                  ///< what the page begins with
  std::vector<std::string> commands; ///< as they were typed
  std::string failed;                ///< what the check saw that failed at the end
  std::vector<Event> events;         ///< Probe::events
  std::vector<Look> looks;           ///< by time
  std::size_t lost = 0;              ///< Probe::lost
  std::size_t prints = 0; ///< how many writes to standard output and standard error have arrived
  std::chrono::milliseconds interval{0}; ///< between two looks at /proc
  Clock::time_point end;
};

struct RecordOptions {
  std::vector<std::vector<std::string>> commands;
  /// What the programs write goes there too, as it arrives.
  std::function<void(std::string_view)> show;
  /// What is typed goes to the last program. -1: its input ends at once.
  int input = -1;
  /// Not the programs themselves, but those that they start.
  bool children = false;
  /// When it becomes true, the film ends: the programs get SIGTERM.
  std::function<bool()> asked_to_end = [] { return false; };
  std::chrono::milliseconds limit = std::chrono::minutes{10};
};

/// Runs the programs, each when the one before it waits. Then, from the last to the first: its
/// input ends; if it then does nothing for a second, it gets SIGTERM. (The first of several gets
/// SIGTERM at once: it is the server.) Throws Failure if a program cannot be run or filmed.
Recording record(const RecordOptions& options);

/// Films every program that this process starts while the object lives: for a check. It changes
/// nothing that a check sees.
class Camera {
public:
  Camera();
  Camera(const Camera&) = delete;
  Camera& operator=(const Camera&) = delete;
  Camera(Camera&&) = delete;
  Camera& operator=(Camera&&) = delete;
  ~Camera();

  /// Ends the film: at the last Failure, if there was one.
  Recording take();

private:
  struct State;
  std::unique_ptr<State> state_;
};

} // namespace lab::film
