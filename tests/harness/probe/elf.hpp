// What the file of a program says of itself. Internal.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace lab::probe {

/// Why nothing can be preloaded into this program, as words that follow its name: `is a script`.
/// Nothing if it can. Nothing either if the file cannot be read or is not there: who starts it gets
/// the better message.
std::optional<std::string> cannot_preload(const std::filesystem::path& program);

} // namespace lab::probe
