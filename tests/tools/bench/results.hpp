// What lab-bench has measured, and summaries of it.
#pragma once

#include <algorithm>
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

/// The values of each round, divided by those of the limit in the same round. So a slow minute of
/// the machine does not count.
inline std::vector<double> ratios(const std::vector<double>& values,
                                  const std::vector<double>& limits) {
  std::vector<double> result;
  for (std::size_t i = 0; i < std::min(values.size(), limits.size()); ++i) {
    if (limits[i] > 0) {
      result.push_back(values[i] / limits[i]);
    }
  }
  return result;
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
  std::vector<double> connections; ///< a second
  std::vector<double> round_trips; ///< a second
  std::vector<double> p50_us;
  std::vector<double> p99_us;
  std::vector<double> bulk; ///< MiB a second, each byte counted once
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
  std::size_t rounds = 0;
  /// The limit's name; its results may be missing.
  std::string limit;
  std::vector<Result> results;
  /// What was left out and why, a sentence each.
  std::vector<std::string> notes;

  /// Nothing if the limit was not measured.
  [[nodiscard]] const Result* limit_result() const;
};

} // namespace lab::bench
