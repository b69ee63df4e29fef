#include "tools/bench/results.hpp"

#include <limits>
#include <utility>

namespace lab::bench {

std::string Machine::text() const {
  return processor + ", " + std::to_string(cores) + (cores == 1 ? " core; " : " cores; ") + kernel +
         "; " + compiler + ", " + build;
}

const Result* Run::limit_result() const {
  const auto found = std::find_if(results.begin(), results.end(),
                                  [&](const Result& result) { return result.name == limit; });
  return found == results.end() || found->connections.empty() ? nullptr : &*found;
}

std::vector<double> ratios(const Run& run, const Result& result, Column column) {
  std::vector<double> all;
  if (const Result* limit = run.limit_result()) {
    const std::vector<double>& limits = limit->*column;
    const std::vector<double>& values = result.*column;
    for (std::size_t i = 0; i < std::min(values.size(), limits.size()); ++i) {
      if (limits[i] > 0) {
        all.push_back(values[i] / limits[i]);
      }
    }
  }
  return all;
}

std::optional<Figure> figure(const Run& run, const Result& result, Column column) {
  const auto own = summary(result.*column);
  if (!own) {
    return std::nullopt;
  }
  const Result* limit = run.limit_result();
  const auto ratio = limit == &result ? std::nullopt : summary(ratios(run, result, column));
  if (!ratio) {
    return Figure{.value = own->median, .ratio = std::nullopt};
  }
  return Figure{.value = ratio->median * quantile(limit->*column, 0.5), .ratio = ratio};
}

double spread(const std::vector<double>& values) {
  const auto all = summary(values);
  return all && all->median > 0 ? (all->high - all->low) / 2 / all->median : 0;
}

std::optional<double> spread(const Run& run) {
  const Result* limit = run.limit_result();
  if (limit == nullptr || limit->connections.size() < 2) {
    return std::nullopt;
  }
  double largest = 0;
  for (const Column column : columns) {
    largest = std::max(largest, spread(limit->*column));
  }
  return largest;
}

namespace {

std::vector<double> part_of(const std::vector<double>& values, std::size_t first,
                            std::size_t count) {
  const auto place = [&](std::size_t index) {
    return values.begin() + static_cast<std::ptrdiff_t>(std::min(index, values.size()));
  };
  return {place(first), place(first + count)};
}

Run part_of(Run run, std::size_t first, std::size_t count) {
  for (Result& result : run.results) {
    for (const Column column : {&Result::connections, &Result::round_trips, &Result::bulk,
                                &Result::p50_us, &Result::p99_us}) {
      result.*column = part_of(result.*column, first, count);
    }
  }
  run.rounds = count;
  return run;
}

} // namespace

Run last_rounds(const Run& run, std::size_t count) {
  return part_of(run, run.rounds - count, count);
}

void keep_quietest(Run& run, std::size_t count) {
  Run quietest = run;
  double smallest = std::numeric_limits<double>::infinity();
  for (std::size_t first = 0; first + count <= run.rounds; ++first) {
    Run some = part_of(run, first, count);
    if (const auto own = spread(some); own && *own < smallest) {
      quietest = std::move(some);
      smallest = *own;
    }
  }
  run = std::move(quietest);
}

} // namespace lab::bench
