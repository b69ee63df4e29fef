// Plays the transcripts of a lesson in real terminals.
#pragma once

#include "kit/lessons/lesson.hpp"

#include <chrono>
#include <vector>

namespace lab::lessons {

/// What became of a session.
struct Played {
  std::vector<Problem> problems; ///< what was not as the lesson shows it; playing ends at the first
  std::vector<Problem> skipped;  ///< blocks that were not played, and why
};

/// Plays one section. `limit` is how long each line is waited for.
Played play(const Section& section, std::chrono::milliseconds limit);

} // namespace lab::lessons
