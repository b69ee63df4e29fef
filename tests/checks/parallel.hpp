// Many checks at a time, each in a process of its own.
#pragma once

#include "checks/result.hpp"

#include <optional>
#include <string>
#include <vector>

namespace lab {

/// Runs each check in a lab-check of its own, `jobs` of them at a time, and reports them on
/// standard output in the order given. A check that needs one that failed is not run. Whether all
/// passed.
bool run_in_processes(std::vector<Result> checks, unsigned jobs, bool brief);

/// A check that has to fail on a program that is wrong on purpose.
struct Rejection {
  std::string sentence;
  std::string saying; ///< words of what the check has to have seen: it fails for the right reason
};

/// The same for programs that are wrong on purpose: whether each check failed, by itself and for
/// the reason that was foreseen. One that did not is named in the report. Nothing where this
/// machine can run none of them. Each of `rejections` is about one of `checks`.
std::optional<bool> all_fail_in_processes(std::vector<Result> checks,
                                          const std::vector<Rejection>& rejections, unsigned jobs);

} // namespace lab
