// Many checks at a time, each in a process of its own.
#pragma once

#include "checks/check.hpp"
#include "tools/check/result.hpp"

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace lab {

/// Checks of suites, in the order of the report.
using Checks = std::vector<const SuiteCheck*>;

/// Runs each check in a child of this process, `jobs` of them at a time, and beside them as many of
/// those that let time pass (Check::waits). Prints the report (report.hpp). With `all` it has every
/// check. On a terminal it says meanwhile how many are done. A check is not run if one that it
/// needs has not passed. The report ends with the command that runs one check again; the command
/// `first` comes before it. With `as_shipped` it says that the exercise is as shipped, and gives no
/// marks. Each result also goes into the file `save`, by encode, when it is known: as they end, and
/// after the last one in the order of the report. If `films` is given, each check that has failed
/// is run once more, and a film of it goes into that folder. With `traced`, all that each check
/// does, and what the program prints meanwhile, stands before the report. Returns whether none
/// failed.
///
/// The children call no exec, so this process must have only one thread.
bool run_for_people(const Checks& checks, unsigned jobs, bool all, const std::string& first,
                    const std::string& save = {}, const std::filesystem::path& films = {},
                    bool traced = false, bool as_shipped = false);

/// The same for a tool, but never more than `jobs` at a time. It writes each result, by encode, to
/// the descriptor `results`. The programs are confined (harness/confine.hpp). If there are `users`,
/// there are at least `jobs` of them, and each check that runs has one to itself for its programs.
/// All programs are in `group`, the entry of a control group, if one is given. With 0 jobs no check
/// runs: the results only say which checks there are. When all results are written, the first
/// `films` checks that have failed are run once more, and the result of each is written again, with
/// its film.
void run_for_tool(const Checks& checks, unsigned jobs, const std::vector<uid_t>& users, int results,
                  std::size_t films, std::optional<int> group = {});

/// A check that has to fail on a program that is wrong on purpose.
struct Rejection {
  std::string sentence;
  std::string saying; ///< words of what it has to say: then it fails for the right reason
};

/// The same for a program that is wrong on purpose. Returns whether each check failed, and for the
/// right reason; the report names those that did not. Nothing if this machine can run none of them.
/// Each of `rejections` is about one of `checks`. A check runs even if one that it needs has
/// failed: that one may have to fail too.
std::optional<bool> run_for_rejections(const Checks& checks,
                                       const std::vector<Rejection>& rejections, unsigned jobs);

/// The result of a check that has not run yet.
Result result_of(const SuiteCheck& check);

} // namespace lab
