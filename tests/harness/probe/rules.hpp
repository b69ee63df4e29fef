// The language of the rules. Internal.
#pragma once

#include "harness/probe/shared.hpp"

#include <string>
#include <string_view>

namespace lab::probe {

/// Puts the rules of `text` into the shared memory. Throws std::invalid_argument, which quotes the
/// rule.
void parse_rules(std::string_view text, Shared& shared);

/// The group that a rule names. Throws std::invalid_argument.
Group group_named(std::string_view name);

/// `EAGAIN`. The number if it has no name.
std::string error_name(int error);

} // namespace lab::probe
