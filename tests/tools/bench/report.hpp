// The figures of lab-bench as text: tables for a terminal and for Markdown alike, and JSON.
#pragma once

#include "tools/bench/results.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace lab::bench {

/// The tables, with what they mean and the machine. Markdown.
std::string tables(const Run& run);

/// Everything, round by round. Units are in the names: served_ms, bulk_mib_per_s.
std::string json(const Run& run);

/// What json wrote. Throws std::runtime_error where the text is something else.
Run run_from_json(std::string_view text);

/// Puts the tables between the lines `<!-- bench: begin ... -->` and `<!-- bench: end -->` of a
/// file, in the place of what is there; where it says `begin in short`, one table that fits on a
/// slide. Throws std::runtime_error where there are no such two lines.
void put_between_markers(const std::filesystem::path& file, const Run& run);

/// Throws as put_between_markers would.
void expect_markers(const std::filesystem::path& file);

/// Throws std::system_error.
std::string read_whole(const std::filesystem::path& path);

/// Writes the file anew. Throws std::system_error.
void write_file(const std::filesystem::path& file, const std::string& text);

} // namespace lab::bench
