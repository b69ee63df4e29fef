// Locks between processes that leave nothing on disk and go with their holder. Internal.
#pragma once

#include "harness/fd.hpp"

#include <optional>
#include <string>

namespace lab {

/// Takes the lock of this name for as long as the Fd lives; nothing when some process has it. It is
/// an abstract name of a unix(7) socket, of which the kernel lets only one socket have each.
/// Throws std::system_error.
std::optional<Fd> try_lock(const std::string& name);

} // namespace lab
