// The loop of lab-watch: saves, keys, and what is on the screen. Internal.
#pragma once

#include "tools/watch/kit.hpp"
#include "tools/watch/pages.hpp"

#include <string>
#include <vector>

namespace lab {

/// How all exercises stand.
std::vector<Standing> standings(const Kit& kit);

/// Begins with exercise `number`, or with the first that is not solved. It ends at `q`, Ctrl-C,
/// SIGTERM, or when the terminal is gone. Throws std::system_error.
void watch_exercises(const Kit& kit, const std::string& number);

} // namespace lab
