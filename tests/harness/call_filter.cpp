#include "harness/call_filter.hpp"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

namespace lab {

namespace {

#if defined(__x86_64__)
constexpr std::uint32_t architecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t architecture = AUDIT_ARCH_AARCH64;
#else
constexpr std::uint32_t architecture = 0;
#endif

constexpr std::uint32_t refuse_with(int error) {
  return SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error);
}

/// Where the lower half of an argument is. Both machines above are little-endian.
constexpr std::size_t place_of(unsigned argument) {
  return offsetof(seccomp_data, args) + argument * sizeof(std::uint64_t);
}

constexpr std::size_t half = sizeof(std::uint32_t);

} // namespace

CallFilter::CallFilter() noexcept {
  add(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch));
  add(BPF_JMP | BPF_JEQ | BPF_K, architecture, 1, 0);
  add(BPF_RET | BPF_K, refuse_with(EPERM)); // 32-bit calls have other numbers
  load_call();
#if defined(__x86_64__)
  constexpr std::uint32_t x32 = 0x40000000;
  add(BPF_JMP | BPF_JGE | BPF_K, x32, 0, 1);
  add(BPF_RET | BPF_K, refuse_with(EPERM));
#endif
}

void CallFilter::add(unsigned code, std::uint32_t operand, std::size_t yes,
                     std::size_t no) noexcept {
  if (size_ < program_.size()) {
    program_.at(size_) = {.code = static_cast<std::uint16_t>(code),
                          .jt = static_cast<std::uint8_t>(yes),
                          .jf = static_cast<std::uint8_t>(no),
                          .k = operand};
  }
  ++size_; // one too many: install says so
}

void CallFilter::load_call() noexcept {
  add(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr));
}

void CallFilter::refuse(long call, int error) noexcept {
  add(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call), 0, 1);
  add(BPF_RET | BPF_K, refuse_with(error));
}

void CallFilter::refuse_unless_word(long call, std::size_t word,
                                    std::initializer_list<std::uint32_t> allowed) noexcept {
  add(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call), 0, allowed.size() + 3);
  add(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(word));
  for (std::size_t left = allowed.size(); const std::uint32_t value : allowed) {
    add(BPF_JMP | BPF_JEQ | BPF_K, value, left--, 0);
  }
  add(BPF_RET | BPF_K, refuse_with(EPERM));
  load_call();
}

void CallFilter::refuse_unless(long call, unsigned argument,
                               std::initializer_list<std::uint32_t> allowed) noexcept {
  refuse_unless_word(call, place_of(argument), allowed);
}

void CallFilter::refuse_unless(long call, unsigned argument, const void* allowed) noexcept {
  const auto address = reinterpret_cast<std::uintptr_t>(allowed);
  refuse_unless_word(call, place_of(argument), {static_cast<std::uint32_t>(address)});
  refuse_unless_word(call, place_of(argument) + half, {static_cast<std::uint32_t>(address >> 32U)});
}

void CallFilter::refuse_bits(long call, unsigned argument, std::uint32_t bits) noexcept {
  add(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call), 0, 4);
  add(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(place_of(argument)));
  add(BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1);
  add(BPF_RET | BPF_K, refuse_with(EPERM));
  load_call();
}

bool CallFilter::install() noexcept {
  add(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  if (architecture == 0 || size_ > program_.size()) {
    errno = architecture == 0 ? ENOSYS : E2BIG;
    return false;
  }
  const sock_fprog filter{.len = static_cast<unsigned short>(size_), .filter = program_.data()};
  return ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

bool CallFilter::knows_calls() noexcept {
  return architecture != 0;
}

} // namespace lab
