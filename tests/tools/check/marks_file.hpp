// The file in which an instructor says what exercises and checks are worth: tests/marks.txt, whose
// head has its form.
#pragma once

#include "checks/check.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace lab {

/// Changes the checks of the exercises as the file says. Throws std::runtime_error, which names the
/// file and the line.
void apply_marks(const std::filesystem::path& file, std::vector<SuiteCheck>& checks);

/// All checks of the exercises, in the form of the file.
std::string marks_as_lines(const std::vector<SuiteCheck>& checks);

} // namespace lab
