// So that nothing outlives the tool, not even when the tool itself is killed.
#pragma once

namespace lab {

/// Makes this process the one that orphans of its descendants are handed to (PR_SET_CHILD_SUBREAPER
/// of prctl(2)), marks what it starts from now on (an environment variable, LAB_GUARD), and starts
/// a small guard process: when this process ends in whatever way, SIGKILL included, the guard ends
/// every process that carries the token, and then itself.
/// Call it once, first thing in main, before there is any thread. Throws std::system_error.
void guard_descendants();

} // namespace lab
