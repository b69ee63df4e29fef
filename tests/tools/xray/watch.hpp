// lab-xray --watch: draws the picture again and again at the same place. Internal.
#pragma once

#include "tools/drawing/snapshot.hpp"

#include <functional>
#include <vector>

#include <sys/types.h>

namespace lab {

/// Draws the trees of the processes that `roots` returns, and draws them again when something in
/// them has changed. It ends at Ctrl-C, SIGTERM, SIGHUP, or `q` at the terminal. It also ends when
/// no process is left, unless `for_ever`: then it waits for new ones.
///
/// On a terminal it draws on the alternate screen, and leaves the last picture on the normal one.
/// Into a file it writes one picture after the other. Throws std::system_error.
void watch(const std::function<std::vector<pid_t>()>& roots, bool for_ever);

} // namespace lab
