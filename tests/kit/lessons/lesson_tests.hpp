// What is tested of each lesson. CMake writes the test cases, one for each step.
#pragma once

#include <string>

namespace lab::lessons {

/// Plays the lesson of a step, and checks its quotes and links. An error is reported with its line
/// in the README.
void check_lesson(const std::string& step);

} // namespace lab::lessons
