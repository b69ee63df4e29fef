// The end of a tool that writes its report by stdio or std::cout.
#pragma once

#include <string_view>

namespace lab {

/// What the main of `tool` returns in place of `status`: that, unless not all of standard output
/// could be written, to a full disk, say. Then it says so on standard error, and 1 is what is
/// returned in place of 0.
int status_after_output(std::string_view tool, int status);

} // namespace lab
