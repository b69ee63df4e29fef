// The figures of lab-bench as pictures: SVG that loads nothing, and that can be read in grey.
#pragma once

#include "tools/bench/results.hpp"

#include <string>

namespace lab::bench {

/// Connections, round trips and bulk: a bar for each server, and a line for the limit.
std::string speed_chart(const Run& all);

/// 1 to 1,000 clients at once: when all are served, and what each costs. Empty if that was not
/// measured.
std::string growth_chart(const Run& run);

} // namespace lab::bench
