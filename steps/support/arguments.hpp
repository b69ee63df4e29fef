// Command lines: what every program takes, and what it says about anything else.
#pragma once

#include "support/endings.hpp"
#include "support/endpoint.hpp"

#include <cstddef>
#include <vector>

namespace lab {

/// The endpoint that `NAME PORT [ADDRESS]` names; 127.0.0.1 if there is no ADDRESS. Anything else:
/// the usage and the reason on standard error, exit status 2.
Endpoint server_arguments(int argc, char** argv) noexcept;

/// What `NAME PORT [ADDRESS] [MAX]` names.
struct LimitedServer {
  Endpoint at;
  std::size_t most; ///< clients at a time; without MAX the largest number
};

/// Otherwise as server_arguments. MAX is 1 or more, and can only follow an ADDRESS.
LimitedServer limited_server_arguments(int argc, char** argv) noexcept;

/// The endpoint that `NAME ADDRESS PORT` names; otherwise as server_arguments.
Endpoint client_arguments(int argc, char** argv) noexcept;

/// The number of children that `NAME N` names, 0 to 10,000; otherwise as server_arguments.
int count_argument(int argc, char** argv) noexcept;

/// The endings that `NAME SPEC...` names, one or more; otherwise as server_arguments.
std::vector<Ending> ending_arguments(int argc, char** argv);

/// For `NAME` alone; otherwise as server_arguments.
void no_arguments(int argc, char** argv) noexcept;

} // namespace lab
