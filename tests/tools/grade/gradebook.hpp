// What the instructor gets: a row for each student.
#pragma once

#include "tools/grade/marks.hpp"

#include <string>
#include <vector>

namespace lab::grade {

/// CSV (RFC 4180): the student, the marks of each exercise, their sum, and how many there could be.
std::string gradebook_csv(const std::vector<Marks>& all, const std::vector<Exercise>& exercises);

} // namespace lab::grade
