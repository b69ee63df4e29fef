// The echo of step 01, for the servers of the steps after it.
#pragma once

namespace lab {

/// Returns to the peer of `connection` every byte it sends, in order, until its end of file (0), or
/// until read(2) or write(2) fails for good (errno: ECONNRESET or EPIPE if the peer has gone). For
/// a process that serves one client at a time: the buffer is static.
int echo_until_eof(int connection) noexcept;

} // namespace lab
