// An owner for a descriptor of the harness itself.
#pragma once

#include <string_view>
#include <utility>

namespace lab {

/// Owns one descriptor and closes it at the end of its scope. -1: owns nothing. Every descriptor of
/// the harness is close-on-exec, so no program under test inherits one.
class Fd {
public:
  Fd() = default;

  explicit Fd(int fd) noexcept : fd_(fd) {}

  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) {
      close();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }

  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;

  ~Fd() { close(); }

  [[nodiscard]] int get() const noexcept { return fd_; }

  explicit operator bool() const noexcept { return fd_ != -1; }

  void close() noexcept;

private:
  int fd_ = -1;
};

/// Throws std::system_error with the present errno, as `CALL: REASON`.
[[noreturn]] void throw_errno(std::string_view call);

/// The result of a system call of the harness itself, unless it is -1: then throw_errno(call).
template <typename Result>
Result or_throw(Result result, std::string_view call) {
  if (result == -1) {
    throw_errno(call);
  }
  return result;
}

/// An owner for a new descriptor. It is never 0, 1 or 2: a child puts its own descriptors there, by
/// dup2. (If the harness was started with one of them closed, the kernel would give that number to
/// the new one.) Throws std::system_error for -1.
Fd own(int fd, std::string_view call);

} // namespace lab
