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

/// What the command line has wrong.
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

/// `*` behind the folder of a class is soon forgotten; everybody would get no marks, under one
/// name. Throws UsageError.
void must_not_be_a_class(const Submission& one, const Kit& kit);

} // namespace lab::grade
