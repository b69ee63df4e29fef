// Unpacks an archive that nobody knows: by CMake, as a job like any other, with limits on the size
// of its files, on how many there are, and on where they go.
#pragma once

#include "tools/grade/kit.hpp"
#include "tools/grade/protections.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace lab::grade {

/// Unpacks `archive`, the bytes of a zip or tar, into the empty folder `folder` below the
/// workspace. Returns why it could not, or nothing.
std::string unpack(std::string_view archive, const std::filesystem::path& folder, const Kit& kit,
                   const Protections& protections, const std::filesystem::path& workspace);

} // namespace lab::grade
