// What the file of a program says of itself. Internal.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace lab::probe {

/// Why nothing can be preloaded into this program, to go on after its name: `is a script`. Nothing
/// when it can, and when it cannot be read or is not there: starting it says that better.
std::optional<std::string> cannot_preload(const std::filesystem::path& program);

} // namespace lab::probe
