// The class on one page, for the instructor.
#pragma once

#include "tools/grade/gradebook.hpp"

#include <string>
#include <vector>

namespace lab::grade {

/// HTML that loads nothing. It links to the reports, students/NAME/report.md.
std::string class_page(const std::vector<Row>& rows);

} // namespace lab::grade
