// What lab-bench has measured, and summaries of it.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace lab::bench {

/// The median, and the smallest and the largest value.
struct Summary {
  double median = 0;
  double low = 0;
  double high = 0;
};

/// The value below which `part` (0 to 1) of the values lie. Of n values it is the one at part * (n
/// - 1); between two of them it is interpolated. `values` must not be empty.
inline double quantile(std::vector<double> values, double part) {
  std::sort(values.begin(), values.end());
  const double place = part * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const auto above = std::min(below + 1, values.size() - 1);
  return std::lerp(values[below], values[above], place - static_cast<double>(below));
}

/// Nothing if there are no values.
inline std::optional<Summary> summary(const std::vector<double>& values) {
  if (values.empty()) {
    return std::nullopt;
  }
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return Summary{.median = quantile(values, 0.5), .low = *low, .high = *high};
}

/// What was measured with a number of clients at once. There is a value for each time that they
/// came.
struct Growth {
  std::size_t clients = 0;
  std::vector<double> served_ms; ///< until each had its line back
  std::vector<double> reaped_ms; ///< from when they left until the server had no child
  std::vector<double> pss_kib;   ///< memory for each client; a shared page counts in part
  std::vector<double> own_kib;   ///< memory that a child shares with no other process
  /// The worst round: clients that had no answer in time, children never reaped.
  std::size_t not_served = 0;
  std::size_t not_reaped = 0;
};

struct Result {
  std::string name;
  /// For a reader: `echo_mpserver (06)`.
  std::string title;
  // What is compared with the limit, a value for each round.
  std::vector<double> connections; ///< a second
  std::vector<double> round_trips; ///< a second
  std::vector<double> bulk;        ///< MiB a second, each byte counted once
  // What is not.
  std::vector<double> p50_us;
  std::vector<double> p99_us;
  std::vector<Growth> growth;
  /// Why the measuring stopped early, if it did.
  std::string failure;
};

struct Machine {
  std::string processor;
  std::size_t cores = 0;
  std::string kernel;
  std::string compiler;
  std::string build; ///< CMAKE_BUILD_TYPE

  /// `AMD EPYC 7763, 2 cores; Linux 6.1.0; GCC 12.2.0, Release`
  [[nodiscard]] std::string text() const;
};

Machine this_machine();

struct Run {
  Machine machine;
  /// Those that count, one after another, and those that were measured.
  std::size_t rounds = 0;
  std::size_t rounds_measured = 0;
  /// The limit's name; its results may be missing.
  std::string limit;
  std::vector<Result> results;
  /// What was left out and why, a sentence each.
  std::vector<std::string> notes;

  /// Nothing if the limit was not measured.
  [[nodiscard]] const Result* limit_result() const;
};

/// The columns of the figures that are compared with the limit.
using Column = std::vector<double> Result::*;
inline constexpr std::array<Column, 3> columns{&Result::connections, &Result::round_trips,
                                               &Result::bulk};

/// The values of each round, divided by those of the limit in the same round. So a slow minute of
/// the machine does not count. Empty if the limit was not measured.
std::vector<double> ratios(const Run& run, const Result& result, Column column);

/// What is shown of a server.
struct Figure {
  /// The median ratio times the limit's median: so the figure agrees with the ratio beside it. Of
  /// the limit itself, and without a limit, the median.
  double value = 0;
  /// Nothing of the limit itself, and without a limit.
  std::optional<Summary> ratio;
};

/// Nothing if it was not measured.
std::optional<Figure> figure(const Run& run, const Result& result, Column column);

/// Half of the distance from the lowest to the highest value, as a part of the median.
double spread(const std::vector<double>& values);

/// Above this spread of the limit's figures the machine was not quiet: above 10 %, as it is shown.
inline constexpr double quiet = 0.105;

/// The largest spread of the limit's figures. Nothing if no two rounds of it were measured.
std::optional<double> spread(const Run& run);

/// The run with the last `count` of its rounds, which has at least so many.
Run last_rounds(const Run& run, std::size_t count);

/// Of all rounds, keeps `count` that follow one another: those with the smallest spread of the
/// limit's figures. What another server reached in them does not matter.
void keep_quietest(Run& run, std::size_t count);

} // namespace lab::bench
