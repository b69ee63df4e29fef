// The language of the rules. Internal.
#pragma once

#include "harness/probe/shared.hpp"

#include <string>
#include <string_view>

namespace lab::probe {

/// Fills in the rules of the memory. Throws std::invalid_argument, which quotes the rule.
void parse_rules(std::string_view text, Shared& shared);

/// Throws std::invalid_argument.
Group group_named(std::string_view name);

/// `EAGAIN`; the number where it has no name.
std::string error_name(int error);

} // namespace lab::probe
