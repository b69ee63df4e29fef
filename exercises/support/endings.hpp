// How a process ends: by itself, with a status, or by a signal. For exercise 03.
#pragma once

#include <string_view>
#include <vector>

namespace lab {

struct Ending {
  int status = 0; ///< for _exit, if there is no signal
  int signal = 0; ///< 0: none
};

/// The number of the signal called `name` (KILL, or SIGKILL) if it ends a process that does nothing
/// about it; 0 for any other text. STOP, CHLD and similar signals end no process.
int signal_that_ends(std::string_view name) noexcept;

/// Ends this process in that way, even if it has inherited that signal as blocked or ignored. A
/// signal that would leave a core file leaves none.
[[noreturn]] void end_as(const Ending& ending) noexcept;

/// The endings that `NAME SPEC...` names, one or more; otherwise as server_arguments.
std::vector<Ending> ending_arguments(int argc, char** argv);

} // namespace lab
