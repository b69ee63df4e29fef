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

/// Reads what json has written. Throws std::runtime_error if it is another text.
Run run_from_json(std::string_view text);

/// Puts the tables between the lines `<!-- bench: begin ... -->` and `<!-- bench: end -->` of a
/// file. What was there is gone. With `begin in short` it is one table that fits on a slide. Throws
/// std::runtime_error if the file does not have the two lines.
void put_between_markers(const std::filesystem::path& file, const Run& run);

/// Throws if put_between_markers would throw for this file.
void expect_markers(const std::filesystem::path& file);

/// Throws std::system_error.
std::string read_whole(const std::filesystem::path& path);

/// Writes the file anew. Throws std::system_error.
void write_file(const std::filesystem::path& file, const std::string& text);

} // namespace lab::bench
