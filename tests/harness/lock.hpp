// Locks between processes. They leave nothing on disk, and end with the process that has them.
// Internal.
#pragma once

#include "harness/fd.hpp"

#include <optional>
#include <string>

namespace lab {

/// Takes the lock of this name, as long as the Fd lives. Nothing if another process has it. (The
/// lock is the abstract name of a unix(7) socket: no two sockets can have the same.) Throws
/// std::system_error.
std::optional<Fd> try_lock(const std::string& name);

} // namespace lab
