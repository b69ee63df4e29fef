// What is tested of each page that is played. CMake writes the test cases, one for each lesson.
#pragma once

#include <string>

namespace lab::lessons {

/// Plays a page, a path in the kit, and checks its quotes, its links and its terminals. An error is
/// reported with its line.
void check_lesson(const std::string& page);

} // namespace lab::lessons
