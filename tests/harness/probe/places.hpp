// Which line of a source an address in a program is. Internal.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>

namespace lab::probe {

/// For each of the addresses, `exercises/04-signal-vs-sigaction/reaper.cpp:24`: a file below the
/// present folder. Those of which nothing is known are left out: the program was built without -g,
/// the line is of no file below this folder, or addr2line(1) is not installed.
std::map<std::int64_t, std::string> places_in(const std::filesystem::path& program,
                                              const std::set<std::int64_t>& addresses);

} // namespace lab::probe
