#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "tools/bench/chart.hpp"
#include "tools/bench/report.hpp"
#include "tools/bench/results.hpp"

#include <cmath>
#include <filesystem>
#include <regex>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

using namespace lab::bench;

namespace {

const std::filesystem::path root = LAB_SOURCE_FOLDER; // NOLINT(cert-err58-cpp)

/// The lessons and the decks.
std::vector<std::filesystem::path> pages() {
  std::vector<std::filesystem::path> files;
  for (const auto& step : std::filesystem::directory_iterator(root / "steps")) {
    if (exists(step.path() / "README.md")) {
      files.push_back(step.path() / "README.md");
    }
  }
  for (const auto& deck : std::filesystem::directory_iterator(root / "slides")) {
    if (deck.path().extension() == ".md") {
      files.push_back(deck.path());
    }
  }
  return files;
}

Run published() {
  return run_from_json(read_whole(root / "slides" / "figures" / "bench.json"));
}

using Values = std::vector<double>;

/// A run of the limit and of one server, with these connections and bulk in each round.
Run run_of(const Values& limits, const Values& values) {
  Run run;
  run.limit = "bare_server";
  run.rounds = limits.size();
  run.rounds_measured = limits.size();
  for (const auto& [name, figures] :
       {std::pair("bare_server", limits), std::pair("echo_mpserver", values)}) {
    Result result;
    result.name = name;
    result.title = name;
    result.connections = figures;
    result.round_trips = Values(figures.size(), 1000);
    result.bulk = Values(figures.size(), 1000);
    result.p50_us = Values(figures.size(), 1);
    result.p99_us = Values(figures.size(), 1);
    run.results.push_back(std::move(result));
  }
  return run;
}

double number_in(std::string text) {
  std::erase(text, ',');
  return std::stod(text);
}

struct Cell {
  double figure = 0;
  double ratio = -1; ///< of a row without one, -1
};

/// The cells of a table's rows that have a figure, and perhaps a ratio or a spread in brackets.
std::vector<std::vector<Cell>> cells_of(const std::string& table) {
  static const std::regex cell(R"(\| +([0-9][0-9,.]*)(?: \(([<0-9.]+|±)[^)|]*\))? (?=\|))");
  std::vector<std::vector<Cell>> rows;
  for (std::size_t at = 0; at < table.size();) {
    const std::size_t end = table.find('\n', at);
    const std::string line = table.substr(at, end - at);
    std::vector<Cell> cells;
    for (std::sregex_iterator i(line.begin(), line.end(), cell); i != std::sregex_iterator(); ++i) {
      const std::string ratio = (*i)[2];
      cells.push_back({.figure = number_in((*i)[1]),
                       .ratio = ratio.empty() || ratio == "±" ? -1
                                : ratio[0] == '<'             ? 0
                                                              : number_in(ratio)});
    }
    if (!cells.empty()) {
      rows.push_back(std::move(cells));
    }
    at = end == std::string::npos ? table.size() : end + 1;
  }
  return rows;
}

std::string shown_with(const std::string& kind, const Run& run) {
  return between_markers("<!-- bench: begin" + kind + " -->\n<!-- bench: end -->\n", run);
}

/// Each figure, divided by that of the limit in the first row, is the ratio beside it.
std::size_t check_ratios(const std::vector<std::vector<Cell>>& rows) {
  std::size_t ratios = 0;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size() && row.size() == rows.front().size(); ++i) {
      if (row[i].ratio >= 0) {
        const double limit = rows.front()[i].figure;
        // What rounding may do: to the ratio, and to the figure.
        CHECK(std::abs(row[i].figure / limit - row[i].ratio) <= 0.006 + 0.5 / limit);
        ++ratios;
      }
    }
  }
  return ratios;
}

void check_contains(const std::string& text, const std::string& piece) {
  CAPTURE(text);
  CAPTURE(piece);
  CHECK(text.find(piece) != std::string::npos);
}

} // namespace

TEST_CASE("bench: lessons, decks and charts show what bench.json has") {
  const std::filesystem::path figures = root / "slides" / "figures";
  const Run run = published();
  std::size_t places = 0;
  const auto check_same = [](const std::filesystem::path& file, const std::string& made) {
    CHECK_MESSAGE(read_whole(file) == made, file.string(),
                  " has other figures than bench.json: cmake --build build --target redraw-bench");
  };
  for (const auto& file : pages()) {
    const std::string page = read_whole(file);
    if (page.find("<!-- bench: begin") != std::string::npos) {
      ++places;
      check_same(file, between_markers(page, run));
    }
  }
  CHECK_MESSAGE(places >= 2, "a lesson and a deck have the lines <!-- bench: begin ... -->");
  check_same(figures / "bench.json", json(run));
  check_same(figures / "bench.svg", speed_chart(run));
  check_same(figures / "bench-growth.svg", growth_chart(run));
}

TEST_CASE("bench: outside of its marks no page has a figure of it") {
  static const std::regex marked("<!-- bench: begin[^]*?<!-- bench: end -->");
  static const std::regex figure(
      R"([0-9][0-9,.]* (?:MiB|round trips|connections)(?:/s| a second))");
  for (const auto& file : pages()) {
    const std::string page = std::regex_replace(read_whole(file), marked, "");
    std::smatch found;
    const bool is_there = std::regex_search(page, found, figure);
    CHECK_MESSAGE(!is_there, file.string(), ": `", found.str(),
                  "` can differ from the tables, which are measured again and again");
  }
}

TEST_CASE("bench: a figure divided by the limit's is the ratio beside it") {
  // The medians alone would be 2,917 of 2,731, and the median of the ratios 0.97.
  const Run bulk = run_of({2731.113, 2396.339, 3166.979, 2796.135, 2677.542},
                          {2916.552, 3225.208, 2970.338, 2615.316, 2596.154});
  check_contains(shown_with(" in short", bulk), "2,648 (0.97)");
  CHECK(check_ratios(cells_of(shown_with(" in short", bulk))) == 3);
  CHECK(check_ratios(cells_of(shown_with(" in short", published()))) > 10);
  std::string tables_alone = tables(published());
  tables_alone.resize(tables_alone.find("Clients that come at once"));
  // Not that of p50 and p99: `56 / 106` is no cell with one figure.
  CHECK(check_ratios(cells_of(tables_alone)) > 10);
  check_contains(shown_with(" in short", run_of({1000, 1000}, {1, 1})), "(<0.01)");
}

TEST_CASE("bench: text, table and title have the same ratio") {
  const Run run = run_of({100, 100, 110}, {95, 95, 110});
  check_contains(tables(run), "95.0 (0.95 ± 0.03)");
  check_contains(tables(run), "`echo_mpserver` makes 0.95 of the limit's connections, 1.00 of its "
                              "round trips and 1.00 of its bulk.");
  check_contains(shown_with(" in short", run), "95.0 (0.95)");
  check_contains(shown_with(" title", run),
                 "\n## All the care leaves 0.95 of the limit's connections\n<!--");
  check_contains(speed_chart(run), "95.0  × 0.95");
  check_contains(json(run), "\"shown\": 95.000");
}

TEST_CASE("bench: it is said whether the machine was quiet") {
  const auto check_says = [](const Run& run, const std::string& what) {
    check_contains(tables(run), what);
    const std::string chart = std::regex_replace(speed_chart(run), std::regex("&#39;"), "'");
    check_contains(chart, what);
  };
  check_says(run_of({91, 100, 109}, {1, 1, 1}),
             "The machine was quiet: the limit's figures differ by ± 9 %.");
  check_says(run_of({86, 100, 114}, {1, 1, 1}),
             "The machine was not quiet: the limit's figures differ by ± 14 %.");
  check_says(run_of({100}, {100}), "Nothing tells whether the machine was quiet.");
  check_contains(shown_with(" in short", run_of({100}, {100})), "100 (1.00)");
}

TEST_CASE("bench: the quietest rounds in a row are kept, by the limit's figures alone") {
  Run run = run_of({100, 150, 100, 101, 102, 180}, {1, 2, 3, 40, 500, 6});
  CHECK(spread(last_rounds(run, 3)).value() > quiet);
  keep_quietest(run, 3);
  CHECK(run.rounds == 3);
  CHECK(run.results[0].connections == Values{100, 101, 102});
  CHECK(run.results[1].connections == Values{3, 40, 500});
  CHECK(spread(run).value() < quiet);
  check_contains(tables(run), "Medians of 3 rounds, the quietest of 6.");
  Run few = run_of({100, 150}, {1, 2});
  keep_quietest(few, 3);
  CHECK(few.rounds == 2);
}
