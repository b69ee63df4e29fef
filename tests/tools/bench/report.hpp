// The figures of lab-bench as text: tables that are good for a terminal and for Markdown, and JSON.
#pragma once

#include "tools/bench/results.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace lab::bench {

/// The tables in Markdown, with the machine and with what they mean.
std::string tables(const Run& run);

/// Everything, round by round. Units are in the names: served_ms, bulk_mib_per_s.
std::string json(const Run& run);

/// Reads what json has written, with its rounded numbers. Throws std::runtime_error if it is
/// another text.
Run run_from_json(std::string_view text);

/// `0.97`; `<0.01` for less than can be shown.
std::string as_ratio(double ratio);

/// Whether this is the server that the lab is about.
bool is_ours(const Result& result);

/// A sentence: whether the machine was quiet.
std::string how_quiet(const Run& run);

/// `Medians of 5 rounds, the quietest of 8.` and how quiet they were.
std::string how_measured(const Run& run);

/// The page with this run between its lines `<!-- bench: begin ... -->` and `<!-- bench: end -->`,
/// at each place that has them. What was there is gone. `begin` stands for all tables, `begin in
/// short` for one table that fits on a slide, `begin title` for the title of a slide: what the care
/// costs. Throws std::runtime_error if there is no such place.
std::string between_markers(std::string page, const Run& run);

/// Throws std::system_error.
std::string read_whole(const std::filesystem::path& path);

/// Writes the file anew. Throws std::system_error.
void write_file(const std::filesystem::path& file, const std::string& text);

} // namespace lab::bench
