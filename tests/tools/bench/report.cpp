#include "tools/bench/report.hpp"

#include "tools/text/json.hpp"
#include "tools/text/text.hpp"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

namespace lab::bench {

namespace {

// Tables.

constexpr std::string_view none = "–";

using Row = std::vector<std::string>;

/// A table in Markdown that reads as a table without a renderer, too. The first column is text, the
/// others are numbers.
std::string table(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(rows.front().size(), 3);
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], width_of(row[i]));
    }
  }
  std::string text;
  const auto add = [&](const Row& row) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string space(widths[i] - width_of(row[i]), ' ');
      text += "| ";
      text += i == 0 ? row[i] + space : space + row[i];
      text += ' ';
    }
    text += "|\n";
  };
  add(rows.front());
  for (std::size_t i = 0; i < widths.size(); ++i) {
    text += '|';
    text += std::string(widths[i] + 1, '-');
    text += i == 0 ? '-' : ':';
  }
  text += "|\n";
  for (std::size_t i = 1; i < rows.size(); ++i) {
    add(rows[i]);
  }
  return text;
}

} // namespace

std::string as_ratio(double ratio) {
  return ratio < 0.005 ? "<0.01" : number(ratio);
}

bool is_ours(const Result& result) {
  return result.name == "echo_mpserver";
}

namespace {

/// `± 3 %`.
std::string in_percent(double part) {
  return "± " + fixed(part * 100, 0) + " %";
}

/// `4,950 (0.97 ± 0.02)`: what the server makes when the limit makes its median, the median of the
/// ratios, and half of the distance between the lowest and the highest. Of the limit itself, `5,100
/// (± 3 %)`: the median and its spread. One round has no spread.
std::string compared(const Run& run, const Result& result, Column column) {
  const auto shown = figure(run, result, column);
  if (!shown) {
    return std::string(none);
  }
  std::string text = number(shown->value);
  if (const auto& ratio = shown->ratio) {
    text += " (" + as_ratio(ratio->median);
    text += run.rounds > 1 ? " ± " + fixed((ratio->high - ratio->low) / 2, 2) + ")" : ")";
  } else if (run.rounds > 1 && run.limit_result() == &result) {
    text += " (" + in_percent(spread(result.*column)) + ")";
  }
  return text;
}

std::string median_of(const std::vector<double>& values) {
  const auto sum = summary(values);
  return sum ? number(sum->median) : std::string(none);
}

std::string speed_table(const Run& run) {
  std::vector<Row> rows{{"server", "connections a second", "round trips a second",
                         "each, p50 / p99 in µs", "bulk, MiB a second"}};
  for (const Result& result : run.results) {
    rows.push_back({result.title, compared(run, result, &Result::connections),
                    compared(run, result, &Result::round_trips),
                    result.p50_us.empty()
                        ? std::string(none)
                        : median_of(result.p50_us) + " / " + median_of(result.p99_us),
                    compared(run, result, &Result::bulk)});
  }
  return table(rows);
}

/// `3,727 (1.11)`: without the spreads.
std::string in_short(const Run& run, const Result& result, Column column) {
  const auto shown = figure(run, result, column);
  return !shown         ? std::string(none)
         : shown->ratio ? number(shown->value) + " (" + as_ratio(shown->ratio->median) + ")"
                        : number(shown->value);
}

/// For a slide: of those that could be measured, what the room has to see.
std::string short_table(const Run& run) {
  std::vector<Row> rows{
      {"server", "connections/s (ratio)", "round trips/s (ratio)", "MiB/s (ratio)"}};
  for (const Result& result : run.results) {
    if (!result.connections.empty()) {
      rows.push_back({result.title, in_short(run, result, &Result::connections),
                      in_short(run, result, &Result::round_trips),
                      in_short(run, result, &Result::bulk)});
    }
  }
  return table(rows);
}

/// Of the server that the lab is about, the ratio to the limit in a column.
std::optional<std::string> ratio_of_ours(const Run& run, Column column) {
  for (const Result& result : run.results) {
    if (const auto shown = figure(run, result, column); is_ours(result) && shown && shown->ratio) {
      return as_ratio(shown->ratio->median);
    }
  }
  return std::nullopt;
}

/// What the care costs, as the title of a slide.
std::string title(const Run& run) {
  const auto ratio = ratio_of_ours(run, &Result::connections);
  return "## " +
         (ratio ? "All the care leaves " + *ratio + " of the limit's connections"
                : "The servers side by side") +
         "\n";
}

/// The same as a sentence.
std::string what_care_costs(const Run& run) {
  const auto connections = ratio_of_ours(run, &Result::connections);
  const auto round_trips = ratio_of_ours(run, &Result::round_trips);
  const auto bulk = ratio_of_ours(run, &Result::bulk);
  return connections && round_trips && bulk
             ? "\nWhat the care costs: `echo_mpserver` makes " + *connections +
                   " of the limit's connections, " + *round_trips + " of its round trips and " +
                   *bulk + " of its bulk.\n"
             : "";
}

std::vector<std::size_t> sizes_of(const Run& run) {
  std::vector<std::size_t> sizes;
  for (const Result& result : run.results) {
    for (const Growth& growth : result.growth) {
      if (std::find(sizes.begin(), sizes.end(), growth.clients) == sizes.end()) {
        sizes.push_back(growth.clients);
      }
    }
  }
  std::sort(sizes.begin(), sizes.end());
  return sizes;
}

/// A row for each server that was measured so, a column for each number of clients.
template <typename Cell>
std::string growth_table(const Run& run, const std::string& what, Cell cell) {
  Row header{what};
  for (const std::size_t size : sizes_of(run)) {
    header.push_back(whole_number(size) + (size == 1 ? " client" : " clients"));
  }
  std::vector<Row> rows{header};
  for (const Result& result : run.results) {
    Row row{result.title};
    for (const std::size_t size : sizes_of(run)) {
      const auto found = std::find_if(result.growth.begin(), result.growth.end(),
                                      [&](const Growth& growth) { return growth.clients == size; });
      row.push_back(found == result.growth.end() ? std::string(none) : cell(*found));
    }
    rows.push_back(std::move(row));
  }
  return table(rows);
}

std::string served_cell(const Growth& growth) {
  return growth.not_served > 0 ? "never: " + std::to_string(growth.not_served) + " unserved"
                               : median_of(growth.served_ms);
}

std::string reaped_cell(const Growth& growth) {
  return growth.not_reaped > 0 ? "never: " + std::to_string(growth.not_reaped) +
                                     (growth.not_reaped == 1 ? " zombie" : " zombies")
                               : median_of(growth.reaped_ms);
}

std::string memory_cell(const Growth& growth) {
  return growth.pss_kib.empty()
             ? std::string(none)
             : median_of(growth.pss_kib) + " (" + median_of(growth.own_kib) + ")";
}

// JSON.

std::string in_quotes(std::string_view text) {
  return lab::json(printable(text));
}

std::string list(const std::vector<double>& values) {
  std::string text = "[";
  for (const double value : values) {
    text += (text.size() == 1 ? "" : ", ") + fixed(value, 3);
  }
  return text + "]";
}

/// `"NAME": {"median": ..., "low": ..., "high": ..., "rounds": [...]}`; null without values.
std::string measured(std::string_view name, const std::vector<double>& values) {
  const auto sum = summary(values);
  return in_quotes(name) + ": " +
         (sum ? "{\"median\": " + fixed(sum->median, 3) + ", \"low\": " + fixed(sum->low, 3) +
                    ", \"high\": " + fixed(sum->high, 3) + ", \"rounds\": " + list(values) + "}"
              : "null");
}

std::string joined(const std::vector<std::string>& parts, std::string_view separator) {
  std::string text;
  for (const std::string& part : parts) {
    text += (text.empty() ? "" : std::string(separator)) + part;
  }
  return text;
}

/// The same of what is compared with the limit: before the ratios, what the pages show.
std::string compared(std::string_view name, std::string_view of_limit, const Run& run,
                     const Result& result, Column column) {
  const auto shown = figure(run, result, column);
  std::string text = measured(name, result.*column);
  if (shown) {
    text.insert(text.find('{') + 1, "\"shown\": " + fixed(shown->value, 3) + ", ");
  }
  return text + ",\n      " + measured(of_limit, ratios(run, result, column));
}

std::string json(const Run& run, const Result& result) {
  std::vector<std::string> growth;
  for (const Growth& one : result.growth) {
    growth.push_back("        {\"clients\": " + std::to_string(one.clients) + ",\n         " +
                     measured("served_ms", one.served_ms) + ",\n         " +
                     measured("reaped_ms", one.reaped_ms) + ",\n         " +
                     measured("pss_per_client_kib", one.pss_kib) + ",\n         " +
                     measured("own_per_client_kib", one.own_kib) +
                     ",\n         \"not_served\": " + std::to_string(one.not_served) +
                     ", \"not_reaped\": " + std::to_string(one.not_reaped) + "}");
  }
  return "    {\n      " +
         joined({in_quotes("name") + ": " + in_quotes(result.name),
                 in_quotes("title") + ": " + in_quotes(result.title),
                 in_quotes("failure") + ": " +
                     (result.failure.empty() ? "null" : in_quotes(result.failure)),
                 compared("connections_per_s", "connections_of_limit", run, result,
                          &Result::connections),
                 compared("round_trips_per_s", "round_trips_of_limit", run, result,
                          &Result::round_trips),
                 measured("round_trip_p50_us", result.p50_us),
                 measured("round_trip_p99_us", result.p99_us),
                 compared("bulk_mib_per_s", "bulk_of_limit", run, result, &Result::bulk),
                 "\"growth\": [\n" + joined(growth, ",\n") + "\n      ]"},
                ",\n      ") +
         "\n    }";
}

// And back.

std::vector<double> rounds_of(const Json& json, const std::string& name) {
  std::vector<double> values;
  if (const Json& measured = json.at(name); !measured.is_null()) {
    for (const Json& value : measured.at("rounds").list()) {
      values.push_back(value.number());
    }
  }
  return values;
}

std::size_t count_of(const Json& json, const std::string& name) {
  return static_cast<std::size_t>(json.at(name).number());
}

Result result_from(const Json& json) {
  Result result{.name = json.at("name").text(),
                .title = json.at("title").text(),
                .connections = rounds_of(json, "connections_per_s"),
                .round_trips = rounds_of(json, "round_trips_per_s"),
                .bulk = rounds_of(json, "bulk_mib_per_s"),
                .p50_us = rounds_of(json, "round_trip_p50_us"),
                .p99_us = rounds_of(json, "round_trip_p99_us"),
                .growth = {},
                .failure = json.at("failure").is_null() ? "" : json.at("failure").text()};
  for (const Json& growth : json.at("growth").list()) {
    result.growth.push_back({.clients = count_of(growth, "clients"),
                             .served_ms = rounds_of(growth, "served_ms"),
                             .reaped_ms = rounds_of(growth, "reaped_ms"),
                             .pss_kib = rounds_of(growth, "pss_per_client_kib"),
                             .own_kib = rounds_of(growth, "own_per_client_kib"),
                             .not_served = count_of(growth, "not_served"),
                             .not_reaped = count_of(growth, "not_reaped")});
  }
  return result;
}

} // namespace

std::string how_measured(const Run& run) {
  const std::string rounds = std::to_string(run.rounds) + (run.rounds == 1 ? " round" : " rounds");
  return "Medians of " + rounds +
         (run.rounds_measured > run.rounds
              ? ", the quietest of " + std::to_string(run.rounds_measured)
              : "") +
         ". " + how_quiet(run);
}

std::string how_quiet(const Run& run) {
  const auto largest = spread(run);
  if (!largest) {
    return "Nothing tells whether the machine was quiet.";
  }
  return "The machine was " + std::string(*largest <= quiet ? "quiet" : "not quiet") +
         ": the limit's figures differ by " + in_percent(*largest) + ".";
}

std::string tables(const Run& run) {
  std::string text = run.machine.text() + ". " + how_measured(run) +
                     "\n\nIn brackets is the ratio to the limit: the median of the rounds' ratios, "
                     "± half of the distance from the lowest to the highest. Each figure before a "
                     "ratio is the ratio times the limit's median.\n\n" +
                     speed_table(run) + what_care_costs(run);
  if (!sizes_of(run).empty()) {
    text += "\nClients that come at once, and stay:\n\n" +
            growth_table(run, "all served, after ms", served_cell) + "\n" +
            growth_table(run, "all gone and reaped, after ms", reaped_cell) + "\n" +
            growth_table(run, "memory for each, KiB (unshared)", memory_cell);
  }
  if (!run.notes.empty()) {
    text += "\n" + joined(run.notes, "\n") + "\n";
  }
  return text;
}

std::string json(const Run& run) {
  const auto largest = spread(run);
  std::vector<std::string> notes;
  for (const std::string& note : run.notes) {
    notes.push_back(in_quotes(note));
  }
  std::vector<std::string> results;
  for (const Result& result : run.results) {
    results.push_back(json(run, result));
  }
  return "{\n  \"machine\": {\"processor\": " + in_quotes(run.machine.processor) +
         ", \"cores\": " + std::to_string(run.machine.cores) +
         ", \"kernel\": " + in_quotes(run.machine.kernel) +
         ", \"compiler\": " + in_quotes(run.machine.compiler) +
         ", \"build\": " + in_quotes(run.machine.build) +
         "},\n  \"rounds\": " + std::to_string(run.rounds) +
         ",\n  \"rounds_measured\": " + std::to_string(run.rounds_measured) +
         ",\n  \"spread_of_limit\": " + (largest ? fixed(*largest, 3) : "null") +
         ",\n  \"limit\": " + in_quotes(run.limit) + ",\n  \"notes\": [" + joined(notes, ", ") +
         "],\n  \"servers\": [\n" + joined(results, ",\n") + "\n  ]\n}\n";
}

Run run_from_json(std::string_view text) {
  const Json json = Json::parse(text);
  const Json& machine = json.at("machine");
  Run run{.machine = {.processor = machine.at("processor").text(),
                      .cores = count_of(machine, "cores"),
                      .kernel = machine.at("kernel").text(),
                      .compiler = machine.at("compiler").text(),
                      .build = machine.at("build").text()},
          .rounds = count_of(json, "rounds"),
          .rounds_measured = count_of(json, "rounds_measured"),
          .limit = json.at("limit").text(),
          .results = {},
          .notes = {}};
  for (const Json& note : json.at("notes").list()) {
    run.notes.push_back(note.text());
  }
  for (const Json& server : json.at("servers").list()) {
    run.results.push_back(result_from(server));
  }
  return run;
}

namespace {

struct Place {
  std::string_view kind; ///< what stands after `begin`
  std::size_t begin = 0; ///< the first byte between the markers
  std::size_t end = 0;   ///< that of the second marker
};

/// The next place at or after `from`.
std::optional<Place> next_place(std::string_view whole, std::size_t from) {
  constexpr std::string_view opening = "<!-- bench: begin";
  const auto begin = whole.find(opening, from);
  const auto first = begin == std::string_view::npos ? begin : whole.find('\n', begin);
  const auto end =
      first == std::string_view::npos ? first : whole.find("<!-- bench: end -->", first);
  if (end == std::string_view::npos) {
    return std::nullopt;
  }
  return Place{.kind = whole.substr(begin + opening.size(), first - begin - opening.size()),
               .begin = first + 1,
               .end = end};
}

} // namespace

std::string between_markers(std::string page, const Run& run) {
  auto place = next_place(page, 0);
  if (!place) {
    throw std::runtime_error("there is no line `<!-- bench: begin -->` with a line "
                             "`<!-- bench: end -->` after it");
  }
  for (; place; place = next_place(page, place->begin)) {
    const std::string text = place->kind.starts_with(" title")      ? title(run)
                             : place->kind.starts_with(" in short") ? "\n" + short_table(run) + "\n"
                                                                    : "\n" + tables(run) + "\n";
    page.replace(place->begin, place->end - place->begin, text);
  }
  return page;
}

std::string read_whole(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    throw std::system_error(errno, std::generic_category(), "open " + path.string());
  }
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const std::filesystem::path& file, const std::string& text) {
  std::ofstream out(file, std::ios::binary);
  if (!(out << text << std::flush)) {
    throw std::system_error(errno, std::generic_category(), "write " + file.string());
  }
}

} // namespace lab::bench
