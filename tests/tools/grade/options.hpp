// The command line of lab-grade.
#pragma once

#include "tools/grade/kit.hpp"
#include "tools/grade/submission.hpp"

#include <algorithm>
#include <filesystem>
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

struct Options {
  std::filesystem::path out = "grades";
  unsigned jobs = std::max(std::thread::hardware_concurrency(), 1U);
  std::vector<Submission> submissions;
  bool help = false;
};

/// A path for a message, in quotes.
std::string quoted(const std::filesystem::path& path);

/// Throws UsageError.
Options parse(const std::vector<std::string>& arguments);

/// Throws UsageError if `one` is the folder of a class: then somebody has forgotten the `*` after
/// it, and would get one student without marks.
void must_not_be_a_class(const Submission& one, const Kit& kit);

} // namespace lab::grade
