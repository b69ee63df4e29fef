// What the tests in this folder look at.
#pragma once

#include "tools/check/result.hpp"

#include <filesystem>
#include <vector>

namespace lab::house {

/// The folder of the kit.
const std::filesystem::path& root();

/// All checks of all suites, as lab-check lists them. None has run.
const std::vector<Result>& checks();

} // namespace lab::house
