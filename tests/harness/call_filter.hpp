// A filter for system calls: seccomp(2). It takes no memory from malloc, so that a child may make
// one between fork and exec.
#pragma once

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <initializer_list>

#include <linux/filter.h>

namespace lab {

class CallFilter {
public:
  CallFilter() noexcept;

  /// The call fails with `error`.
  void refuse(long call, int error = EPERM) noexcept;

  /// The call fails if its argument (0 is the first) is none of these. For arguments of 32 bits.
  void refuse_unless(long call, unsigned argument,
                     std::initializer_list<std::uint32_t> allowed) noexcept;

  /// The same for a pointer.
  void refuse_unless(long call, unsigned argument, const void* allowed) noexcept;

  /// The call fails if its argument has one of these bits.
  void refuse_bits(long call, unsigned argument, std::uint32_t bits) noexcept;

  /// From now on it holds for this thread, and for all that it starts. It needs PR_SET_NO_NEW_PRIVS
  /// of prctl(2). If it cannot be installed: false, and errno says why.
  bool install() noexcept;

  /// Whether it knows how calls are numbered on this machine. If not, install fails.
  static bool knows_calls() noexcept;

private:
  void add(unsigned code, std::uint32_t operand, std::size_t yes = 0, std::size_t no = 0) noexcept;
  void load_call() noexcept;
  void refuse_unless_word(long call, std::size_t word,
                          std::initializer_list<std::uint32_t> allowed) noexcept;

  std::array<sock_filter, 256> program_{};
  std::size_t size_ = 0;
};

} // namespace lab
