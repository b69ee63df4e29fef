// The command line of lab-grade.
#pragma once

#include "tools/grade/submission.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace lab::grade {

extern const std::string_view usage;

/// What is wrong with the command line.
class UsageError : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// What is given as a submission and cannot be graded.
struct Refused {
  std::string name; ///< the student's
  std::string why;
};

/// Which part of a class: every `of`-th submission.
struct Shard {
  std::size_t number = 1;
  std::size_t of = 1;
};

struct Options {
  std::filesystem::path out = "grades";
  unsigned jobs = std::max(std::thread::hardware_concurrency(), 1U);
  std::optional<std::filesystem::path> roster;
  std::optional<std::filesystem::path> marks;
  std::vector<std::string> only; ///< numbers of exercises; all if there are none
  Shard shard;
  std::optional<std::filesystem::path> similar; ///< only write there what is to be compared
  bool strict = false;
  bool films = false;
  bool join = false;
  std::vector<std::filesystem::path> results; ///< of former runs, to be joined
  std::vector<Submission> submissions;        ///< by name; no two have the same
  std::vector<Refused> refused;
  bool help = false;
};

/// A path for a message, in quotes.
std::string quoted(const std::filesystem::path& path);

/// Throws UsageError.
Options parse(const std::vector<std::string>& arguments);

} // namespace lab::grade
