// The command line of exercise 06.
#pragma once

#include "support/endpoint.hpp"

#include <cstddef>

namespace lab {

/// What `NAME PORT [ADDRESS] [MAX]` names.
struct LimitedServer {
  Endpoint at;
  std::size_t most; ///< clients at a time; without MAX the largest number
};

/// Otherwise as server_arguments. MAX is 1 or more, and can only follow an ADDRESS.
LimitedServer limited_server_arguments(int argc, char** argv) noexcept;

} // namespace lab
