// Whether an exercise is as it was shipped: nobody has done anything yet, and it gives no marks.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace lab {

/// What a text of C++ says: without white space and comments, but for those in strings.
std::string without_comments(std::string_view source);

/// A source of an exercise as it was shipped. A handout has a copy of each; of a clone of the kit,
/// git knows. Nothing: nobody knows. `source` is a path from `kit` on.
std::optional<std::string> shipped_source(const std::filesystem::path& kit,
                                          const std::filesystem::path& source);

} // namespace lab
