// Many checks at a time, each in a process of its own.
#pragma once

#include "checks/result.hpp"

#include <vector>

namespace lab {

/// Runs each check in a lab-check of its own, `jobs` of them at a time, and reports them on
/// standard output in the order given. A check that needs one that failed is not run. Whether all
/// passed.
bool run_in_processes(std::vector<Result> checks, unsigned jobs, bool brief);

/// The same for programs that are wrong on purpose: whether every check failed, by itself and for a
/// reason that it could tell. One that passed, was skipped or not run is named in the report.
bool all_fail_in_processes(std::vector<Result> checks, unsigned jobs);

} // namespace lab
