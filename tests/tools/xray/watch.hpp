// lab-xray --watch: the same picture in place, again and again. Internal.
#pragma once

#include "tools/drawing/snapshot.hpp"

#include <functional>
#include <vector>

#include <sys/types.h>

namespace lab {

/// Draws the trees of the processes that `roots` gives at each look, and again when something of
/// them has changed, until Ctrl-C, SIGTERM, SIGHUP, or `q` at the terminal. Ends by itself when
/// none is left, unless `for_ever`: then it waits for new ones. On a terminal it draws on the
/// alternate screen, and leaves the last picture on the normal one; into a file it writes one
/// picture after the other. Throws std::system_error.
void watch(const std::function<std::vector<pid_t>()>& roots, bool for_ever);

} // namespace lab
