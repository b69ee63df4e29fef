// The report of an error that all programs share: `NAME: CALL: REASON` on standard error.
#pragma once

#include <cerrno>
#include <string_view>

namespace lab {

/// Writes `NAME: CALL: REASON` to standard error as one line, in one write. NAME is the
/// program's, REASON is strerror's text for `error` (an errno value). Keeps errno.
void report(std::string_view call, int error) noexcept;

/// Writes `NAME: MESSAGE` to standard error as one line, in one write.
void report(std::string_view message) noexcept;

/// Reports the present errno against `call` and ends this process, parent or child, with
/// status 1. By _exit: a child must not run what its parent registered with atexit.
[[noreturn]] void die(std::string_view call) noexcept;

/// The result of a system call, unless it is -1: then die(call).
template <typename Result>
Result or_die(Result result, std::string_view call) noexcept {
  if (result == -1) {
    die(call);
  }
  return result;
}

/// The name that the program was started by, without its folder.
inline std::string_view program_name() noexcept {
  return program_invocation_short_name;
}

} // namespace lab
