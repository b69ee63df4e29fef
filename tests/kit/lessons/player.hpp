// Plays the transcripts of a lesson in real terminals.
#pragma once

#include "kit/lessons/lesson.hpp"

#include <chrono>
#include <vector>

namespace lab::lessons {

/// What happened in a session.
struct Played {
  std::vector<Problem> problems; ///< what differed from the lesson; playing ends at the first
  std::vector<Problem> skipped;  ///< blocks that were not played, and why
};

/// Plays one section. It waits for each line for at most `limit`.
Played play(const Section& section, std::chrono::milliseconds limit);

} // namespace lab::lessons
