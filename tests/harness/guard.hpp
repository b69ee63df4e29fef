// Nothing that a tool has started outlives it, even if the tool itself is killed.
#pragma once

namespace lab {

/// Does three things:
///
/// - Orphans of this process's descendants become its children (PR_SET_CHILD_SUBREAPER of
/// prctl(2)).
/// - All that it starts from now on carries a token (the environment variable LAB_GUARD).
/// - It starts a small guard process. When this process has ended, by SIGKILL too, the guard ends
/// every
///   process that carries the token, and then itself.
///
/// Call it once, first thing in main, before there is any thread. Throws std::system_error.
void guard_descendants();

} // namespace lab
