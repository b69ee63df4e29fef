// The end of a tool that writes its report by stdio or std::cout.
#pragma once

#include <string_view>

namespace lab {

/// The exit status of `tool`. That is `status`, if all of standard output could be written. If not
/// (the disk is full, for example), this says so on standard error, and the status is 1 instead of
/// 0.
int status_after_output(std::string_view tool, int status);

} // namespace lab
