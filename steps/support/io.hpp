// read(2) and write(2) may do less than you asked for, or fail with EINTR. These functions handle
// that.
#pragma once

#include <cstddef>

#include <sys/types.h>

namespace lab {

/// Reads what there is, at most `size` bytes, and returns what read(2) returns. It never fails with
/// EINTR, nor with EAGAIN if another process has set O_NONBLOCK on the shared open file
/// description. Async-signal-safe.
ssize_t read_some(int fd, void* data, std::size_t size) noexcept;

/// Writes all `size` bytes at `data`, in as many calls of write(2) as it takes: goes on after a
/// short write and after EINTR, and waits with poll(2) if `fd` does not block. False on any other
/// error, with errno set. Async-signal-safe.
bool write_all(int fd, const void* data, std::size_t size) noexcept;

} // namespace lab
