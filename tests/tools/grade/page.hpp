// The class on one page, to look at.
#pragma once

#include "tools/grade/marks.hpp"

#include <string>
#include <vector>

namespace lab::grade {

/// HTML that needs nothing else; the reports are linked as students/NAME/report.md.
std::string class_page(const std::vector<Marks>& all);

} // namespace lab::grade
