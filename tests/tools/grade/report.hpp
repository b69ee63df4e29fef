// What a student gets.
#pragma once

#include "tools/grade/marks.hpp"

#include <string>

namespace lab::grade {

std::string report_markdown(const Marks& marks);

/// The same as a page that loads nothing. A check that has words has the place `eNN-K`.
std::string report_html(const Marks& marks);

/// https://gradescope-autograders.readthedocs.io/en/latest/specs/
std::string gradescope_json(const Marks& marks);

/// A test suite for each exercise, in the form that Jenkins, GitLab and others read.
std::string junit_xml(const Marks& marks);

} // namespace lab::grade
