// The class on one page, for the instructor.
#pragma once

#include "tools/grade/gradebook.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace lab::grade {

/// A page that loads nothing, for light and dark screens and for paper. The body is HTML.
std::string page_of(const std::string& title, std::string_view own_style, const std::string& body);

/// HTML that loads nothing. It links to the reports, students/NAME/report.html.
std::string class_page(const std::vector<Row>& rows);

} // namespace lab::grade
