// The figures of lab-bench as pictures: SVG without anything from outside, legible in grey.
#pragma once

#include "tools/bench/results.hpp"

#include <string>

namespace lab::bench {

/// Connections, round trips and bulk: a bar for each server, and the limit as a line through all.
std::string speed_chart(const Run& all);

/// 1 to 1,000 clients at once: when all are served, and what each costs. Empty where nothing of it
/// was measured.
std::string growth_chart(const Run& run);

} // namespace lab::bench
