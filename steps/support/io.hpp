// read(2) and write(2) with what they may do besides what one asked for: less, or EINTR.
#pragma once

#include <cstddef>

#include <sys/types.h>

namespace lab {

/// Reads what there is, at most `size` bytes: what read(2) returns, but never EINTR, nor EAGAIN
/// where somebody who shares this open file description has set O_NONBLOCK on it.
/// Async-signal-safe.
ssize_t read_some(int fd, void* data, std::size_t size) noexcept;

/// Writes all `size` bytes at `data`, however many calls to write(2) that takes: goes on after a
/// short write and after EINTR, and waits with poll(2) where `fd` does not block. False on any
/// other error, with errno set. Async-signal-safe.
bool write_all(int fd, const void* data, std::size_t size) noexcept;

} // namespace lab
