// An owner for a descriptor. Step 05 explains why every program of the kit has one: if a descriptor
// is never closed, the peer never sees end of file.
#pragma once

#include <utility>

#include <unistd.h>

namespace lab {

/// Owns one descriptor and closes it at the end of its scope. -1 owns nothing.
/// Two processes that share it after fork each own their own entry: see close(2), fork(2).
class Descriptor {
public:
  Descriptor() = default;

  explicit Descriptor(int fd) noexcept : fd_(fd) {}

  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) {
      close();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }

  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  ~Descriptor() { close(); }

  [[nodiscard]] int get() const noexcept { return fd_; }

  explicit operator bool() const noexcept { return fd_ != -1; }

  /// Gives the descriptor away: the caller now has to close it.
  [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }

  /// Closes now. Never repeated after EINTR: Linux has freed the number by then (close(2)).
  void close() noexcept {
    if (fd_ != -1) {
      ::close(std::exchange(fd_, -1));
    }
  }

private:
  int fd_ = -1;
};

} // namespace lab
