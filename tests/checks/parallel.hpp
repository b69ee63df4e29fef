// Many checks at a time, each in a process of its own.
#pragma once

#include "checks/result.hpp"

#include <vector>

#include <sys/types.h>

namespace lab {

/// Runs each check in a lab-check of its own, `jobs` of them at a time, and reports them on
/// standard output in the order given. A check that needs one that failed is not run. Whether all
/// passed.
bool run_in_processes(std::vector<Result> checks, unsigned jobs, bool brief);

/// The same for a tool that reads the results, encoded as Records, from the descriptor
/// `results`. The programs are confined (harness/confine.hpp), those of each check to one of
/// `users`, no two at a time to the same, where there are any: then at least `jobs` of them. With 0
/// jobs it only tells which checks there are.
void run_for_tool(std::vector<Result> checks, unsigned jobs, const std::vector<uid_t>& users,
                  int results);

/// The same for programs that are wrong on purpose: whether every check failed, by itself and for a
/// reason that it could tell. One that passed, was skipped or not run is named in the report.
bool all_fail_in_processes(std::vector<Result> checks, unsigned jobs);

} // namespace lab
