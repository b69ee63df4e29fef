// Many checks at a time, each in a process of its own.
#pragma once

#include "checks/check.hpp"
#include "tools/check/result.hpp"

#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace lab {

/// Checks of suites, in the order in which they are to be told.
using Checks = std::vector<const SuiteCheck*>;

/// Runs each check in a child of this process, `jobs` of them at a time, and reports them on
/// standard output, all of them or as report.hpp tells. On a terminal it says meanwhile how many
/// are done. A check that needs one that has not passed is not run. The report ends with the
/// command that repeats one check, after the command `first`. Whether none failed. The children are
/// forked and call no exec: this process is to have one thread.
bool run_for_people(const Checks& checks, unsigned jobs, bool all, const std::string& first);

/// The same for a tool that reads the results, each by encode, from the descriptor `results`. The
/// programs are confined (harness/confine.hpp), those of each check to one of `users`, no two at a
/// time to the same, where there are any: then at least `jobs` of them. With 0 jobs it only tells
/// which checks there are.
void run_for_tool(const Checks& checks, unsigned jobs, const std::vector<uid_t>& users,
                  int results);

/// A check that has to fail on a program that is wrong on purpose.
struct Rejection {
  std::string sentence;
  std::string saying; ///< words of what it saw and what that means: it fails for the right reason
};

/// The same for programs that are wrong on purpose: whether each check failed, by itself and for
/// the reason that was foreseen. One that did not is named in the report. Nothing where this
/// machine can run none of them. Each of `rejections` is about one of `checks`; what a check needs
/// is not asked for, since it may be one of those that have to fail.
std::optional<bool> run_for_rejections(const Checks& checks,
                                       const std::vector<Rejection>& rejections, unsigned jobs);

/// The check as a result that says nothing yet of what became of it.
Result result_of(const SuiteCheck& check);

} // namespace lab
