// What the tests in this folder look at.
#pragma once

#include "tools/check/result.hpp"

#include <filesystem>
#include <vector>

namespace lab::house {

/// The folder of the kit.
const std::filesystem::path& root();

/// Every check of every suite, as lab-check tells them. None has run.
const std::vector<Result>& checks();

} // namespace lab::house
