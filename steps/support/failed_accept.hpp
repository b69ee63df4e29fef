// What a server does when accept(2) fails. Step 06 explains it.
#pragma once

namespace lab {

/// After accept has failed with `error`: returns at once if that concerns only one client, which
/// has already left. If descriptors or memory are short, it says so on standard error, once for
/// each shortage, and waits 50 ms: the client stays in the backlog, and the server does not spin.
void after_failed_accept(int error) noexcept;

} // namespace lab
