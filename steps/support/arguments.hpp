// Command lines: what every program takes, and what it says about anything else.
#pragma once

#include "support/endpoint.hpp"
#include "support/error.hpp"
#include "support/output.hpp"

#include <optional>
#include <string_view>

#include <unistd.h>

namespace lab {

/// The endpoint that `NAME PORT [ADDRESS]` names; 127.0.0.1 if there is no ADDRESS. Anything else:
/// the usage and the reason on standard error, exit status 2.
Endpoint server_arguments(int argc, char** argv) noexcept;

/// The endpoint that `NAME ADDRESS PORT` names; otherwise as server_arguments.
Endpoint client_arguments(int argc, char** argv) noexcept;

/// The number of children that `NAME N` names, 0 to 10,000; otherwise as server_arguments.
int count_argument(int argc, char** argv) noexcept;

/// For `NAME` alone; otherwise as server_arguments.
void no_arguments(int argc, char** argv) noexcept;

/// Ends the program with status 2, after two lines on standard error: the usage, `NAME ARGUMENTS`,
/// and what was wrong with which argument.
template <typename... Parts>
[[noreturn]] void usage(std::string_view arguments, const Parts&... reason) noexcept {
  Line("usage: ", program_name(), arguments.empty() ? "" : " ", arguments).write_to(STDERR_FILENO);
  Line(program_name(), ": ", reason...).write_to(STDERR_FILENO);
  _exit(2);
}

/// `text` as a decimal number: only digits, at most `most`.
std::optional<int> number_argument(std::string_view text, int most) noexcept;

/// ADDRESS and PORT; `form` is for the usage.
Endpoint endpoint_argument(const char* address, const char* port, std::string_view form) noexcept;

} // namespace lab
