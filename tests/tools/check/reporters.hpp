// What lab-check is to doctest: reporters that tell one check, or collect which there are.
#pragma once

#include "tools/check/result.hpp"

#include <vector>

namespace lab {

/// The names under which the reporters are known to doctest.
inline constexpr const char* reporter_for_people = "lab";     ///< tells each check in a Report
inline constexpr const char* reporter_for_lab_check = "wire"; ///< encodes the one check that ran
inline constexpr const char* reporter_that_collects = "collect";

/// The checks that a run with reporter_that_collects and --list-test-cases has found, in the order
/// of their files. Their `passed` means nothing yet.
std::vector<Result>& collected();

} // namespace lab
