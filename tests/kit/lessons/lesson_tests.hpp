// What is tested of each lesson. The test cases themselves are written by CMake, one for each step.
#pragma once

#include <string>

namespace lab::lessons {

/// Plays the lesson of a step, and looks up what it quotes and points to. What is wrong is reported
/// at its line in the README.
void check_lesson(const std::string& step);

} // namespace lab::lessons
