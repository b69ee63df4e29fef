// Knowing when a handler runs. Each handler of the program gets a trampoline of its own, and the
// kernel is given that: so there is no table from signals to handlers, which a signal could find
// half changed. Where the program asks for its handler, it sees its own.

#include "harness/probe/preload/core.hpp"

#include <array>
#include <bit>
#include <csetjmp>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <type_traits>
#include <utility>

namespace lab::probe {

namespace {

using Handler = void (*)(int);
using FullHandler = void (*)(int, siginfo_t*, void*);
using JumpState = std::remove_extent_t<std::jmp_buf>;

// Each kind of handler is kept as the other: <csignal> itself has them in one union.
template <typename To, typename From>
To as(From handler) noexcept {
  return reinterpret_cast<To>(reinterpret_cast<void*>(handler));
}

// For a film: a bit for each signal whose handler gets a siginfo_t, and for each for which only the
// probe has asked for it. The program sees its own flags.
std::atomic<std::uint64_t> informed = 0;
std::atomic<std::uint64_t> added = 0;

std::uint64_t bit_of(int signal) noexcept {
  return std::uint64_t{1} << (static_cast<unsigned>(signal - 1) % 64);
}

void set_bit(std::atomic<std::uint64_t>& set, int signal, bool value) noexcept {
  value ? set.fetch_or(bit_of(signal)) : set.fetch_and(~bit_of(signal));
}

// Whether si_pid is the process that sent the signal: kill(2) and the end of a child tell, and a
// timer does not.
bool has_sender(int signal, int code) noexcept {
  return (informed.load(std::memory_order_relaxed) & bit_of(signal)) != 0 &&
         (code == SI_USER || code == SI_QUEUE || code == SI_TKILL ||
          (signal == SIGCHLD && code >= CLD_EXITED && code <= CLD_CONTINUED));
}

constexpr std::size_t slots = 128;
constinit std::array<std::atomic<Handler>, slots> handlers{};

void run(Handler handler, int signal, siginfo_t* info, void* context) {
  const int errno_before = errno;
  Frame frame{.outer = here.frame,
              .interrupted = here.within,
              .closed = here.closed,
              .nested = here.nested,
              .signal = signal,
              .unblocked = here.closed != nullptr && sigismember(here.closed, signal) == 1,
              .errno_disturbed = false};
  here.nested = 0;
  here.within = nullptr;
  here.closed = nullptr;
  here.frame = &frame;
  Facts enter{};
  enter.what = What::enter;
  if (info != nullptr && has_sender(signal, info->si_code)) {
    enter.arguments = {info->si_pid, info->si_code, 0};
    enter.flags |= flag_sender;
  }
  add(enter, false);

  // What a handler that takes only the number does not take is in registers that it does not read.
  as<FullHandler>(handler)(signal, info, context);

  const int errno_after = errno;
  Facts leave{};
  leave.what = What::leave;
  leave.arguments[0] = errno_before;
  leave.result = errno_after;
  const bool clobbered = errno_after != errno_before && !frame.errno_disturbed;
  if (clobbered) {
    leave.flags |= flag_clobbered;
    if (frame.outer != nullptr) {
      frame.outer->errno_disturbed = true;
    }
  }
  add(leave, clobbered);
  here.frame = frame.outer;
  here.within = frame.interrupted;
  here.closed = frame.closed;
  here.nested = frame.nested;
  errno = errno_after; // as the program's handler left it: that is for the check to judge
}

template <std::size_t Slot>
void trampoline(int signal, siginfo_t* info, void* context) {
  run(handlers[Slot].load(std::memory_order_acquire), signal, info, context);
}

template <std::size_t... Slots>
constexpr std::array<FullHandler, slots> all_trampolines(std::index_sequence<Slots...> /*unused*/) {
  return {trampoline<Slots>...};
}

constexpr auto trampolines = all_trampolines(std::make_index_sequence<slots>());

// Not SIG_DFL, SIG_IGN, SIG_HOLD or SIG_ERR.
bool is_function(Handler handler) noexcept {
  const auto value = reinterpret_cast<std::intptr_t>(handler);
  return value > 2 || value < -1;
}

Handler kernels(std::size_t slot) noexcept {
  return as<Handler>(trampolines[slot]);
}

// The trampoline for a handler, which keeps it for ever.
Handler wrap(Handler handler) noexcept {
  if (!is_function(handler) || shared.load(std::memory_order_relaxed) == nullptr) {
    return handler;
  }
  for (std::size_t i = 0; i < slots; ++i) {
    Handler present = handlers[i].load(std::memory_order_acquire);
    if (handler == kernels(i)) {
      return handler;
    }
    if (present == nullptr &&
        handlers[i].compare_exchange_strong(present, handler, std::memory_order_acq_rel)) {
      return kernels(i);
    }
    if (present == handler) { // as it was, or as another thread has just made it
      return kernels(i);
    }
  }
  Facts facts{};
  facts.what = What::unwrapped;
  add(facts, true);
  return handler;
}

Handler unwrap(Handler handler) noexcept {
  for (std::size_t i = 0; is_function(handler) && i < slots; ++i) {
    if (handler == kernels(i)) {
      return handlers[i].load(std::memory_order_acquire);
    }
  }
  return handler;
}

LAB_NEXT(int, sigaction, (int signal, const struct sigaction* action, struct sigaction* former))

// The flags that the program has given.
int own_flags(int signal, int flags) noexcept {
  return (added.load() & bit_of(signal)) != 0 ? flags & ~SA_SIGINFO : flags;
}

void follow(int signal, Facts& facts) noexcept {
  const KeepErrno keep;

  struct sigaction present {};

  if (next_sigaction(signal, nullptr, &present) != 0) {
    return;
  }
  const bool handled = is_function(present.sa_handler);
  note_disposition(signal, handled, handled && (present.sa_flags & SA_RESTART) == 0);
  set_bit(informed, signal, (present.sa_flags & SA_SIGINFO) != 0);
  facts.arguments[1] = own_flags(signal, present.sa_flags);
  facts.arguments[2] = handled ? 0 : reinterpret_cast<std::intptr_t>(present.sa_handler);
  facts.flags |= handled ? flag_handler : 0;
}

// signal(2) in all its meanings: which flags it sets is the real function's business.
template <typename Real>
Handler set(const char* name, Real& real, int signal, Handler handler) noexcept {
  Call call(What::call_sigaction, name, signal);
  if (const Fault told = fault(Group::sigaction); told.error != 0) {
    call.fail(told);
    return SIG_ERR; // NOLINT(*-pro-type-cstyle-cast): the header's
  }
  const Handler former = real(signal, wrap(handler));
  const bool failed = reinterpret_cast<std::intptr_t>(former) == -1;
  if (!failed) {
    set_bit(added, signal, false);
    follow(signal, call.facts());
  }
  call.done(failed ? -1 : 0);
  return unwrap(former);
}

#if defined(__x86_64__)
constexpr std::size_t stack_pointer = 6; // which word of glibc's jmp_buf it is
constexpr int turned = 17;
#elif defined(__aarch64__)
constexpr std::size_t stack_pointer = 13;
constexpr int turned = 0;
#else // probe::cannot_preload says so
constexpr std::size_t stack_pointer = 0;
constexpr int turned = 0;
#endif

// The stack pointer that setjmp has saved, scrambled by a secret of this process, as glibc keeps
// it.
std::uintptr_t scrambled(const JumpState& state) noexcept {
  std::uintptr_t value = 0;
  std::memcpy(&value, reinterpret_cast<const std::uintptr_t*>(&state) + stack_pointer,
              sizeof value);
  return std::rotr(value, turned);
}

// Where longjmp goes to: its stack pointer. A state of our own tells the secret.
std::uintptr_t target(const JumpState& state) noexcept {
  std::uintptr_t ours = 0;
#if defined(__x86_64__)
  __asm__ volatile("mov %%rsp, %0" : "=r"(ours));
#elif defined(__aarch64__)
  __asm__ volatile("mov %0, sp" : "=r"(ours));
#endif
  std::jmp_buf own;
  static_cast<void>(setjmp(own)); // which nobody jumps to
  return scrambled(state) ^ scrambled(own[0]) ^ ours;
}

// Leaves the handlers that this jump leaves: those called from the target's function or by what it
// called. A handler on a stack of its own is left by every jump that does not stay on that stack.
void jump(const JumpState& state) noexcept {
  const KeepErrno keep;
  const std::uintptr_t to = target(state);
  stack_t own{};
  sigaltstack(nullptr, &own);
  const auto low = reinterpret_cast<std::uintptr_t>(own.ss_sp);
  const auto on_own = [&own, low](std::uintptr_t place) {
    return (own.ss_flags & SS_ONSTACK) != 0 && place >= low && place - low < own.ss_size;
  };
  while (here.frame != nullptr) {
    const auto place = reinterpret_cast<std::uintptr_t>(here.frame);
    if (on_own(to) == on_own(place) && to < place) {
      return;
    }
    Facts facts{};
    facts.what = What::leave;
    facts.flags = flag_jumped;
    add(facts, false);
    here.nested = here.frame->nested;
    here.frame = here.frame->outer;
    here.within = nullptr;
    here.closed = nullptr;
  }
}

} // namespace

LAB_DEFINE(int, sigaction, (int signal, const struct sigaction* action, struct sigaction* former)) {
  if (action == nullptr) {
    const int result = next_sigaction(signal, nullptr, former);
    if (result == 0 && former != nullptr) {
      former->sa_handler = unwrap(former->sa_handler);
      former->sa_flags = own_flags(signal, former->sa_flags);
    }
    return result;
  }
  Call call(What::call_sigaction, "sigaction", signal);
  if (const Fault told = fault(Group::sigaction); told.error != 0) {
    return call.fail(told);
  }
  struct sigaction ours = *action;
  ours.sa_handler = wrap(action->sa_handler);
  const bool adds =
      filming() && ours.sa_handler != action->sa_handler && (action->sa_flags & SA_SIGINFO) == 0;
  ours.sa_flags |= adds ? SA_SIGINFO : 0;
  const int result = next_sigaction(signal, &ours, former);
  if (result == 0) {
    if (former != nullptr) {
      former->sa_handler = unwrap(former->sa_handler);
      former->sa_flags = own_flags(signal, former->sa_flags);
    }
    set_bit(added, signal, adds);
    follow(signal, call.facts());
  }
  return call.done(result);
}

LAB_INTERPOSE(Handler, signal, (int number, Handler handler)) {
  return set("signal", next_signal, number, handler);
}

LAB_INTERPOSE(Handler, bsd_signal, (int number, Handler handler)) {
  return set("bsd_signal", next_bsd_signal, number, handler);
}

LAB_INTERPOSE(Handler, ssignal, (int number, Handler handler)) {
  return set("ssignal", next_ssignal, number, handler);
}

LAB_INTERPOSE(Handler, sysv_signal, (int number, Handler handler)) {
  return set("sysv_signal", next_sysv_signal, number, handler);
}

// What <signal.h> makes of signal where only POSIX or System V is asked for.
LAB_INTERPOSE(Handler, __sysv_signal, (int number, Handler handler)) {
  return set("signal (System V)", next___sysv_signal, number, handler);
}

LAB_INTERPOSE(Handler, sigset, (int number, Handler handler)) {
  return set("sigset", next_sigset, number, handler);
}

// NOLINTBEGIN(readability-non-const-parameter)
LAB_INTERPOSE(void, longjmp, (std::jmp_buf state, int value)) {
  if (here.frame != nullptr) {
    jump(state[0]);
  }
  next_longjmp(state, value);
}

LAB_INTERPOSE(void, _longjmp, (std::jmp_buf state, int value)) {
  if (here.frame != nullptr) {
    jump(state[0]);
  }
  next__longjmp(state, value);
}

LAB_INTERPOSE(void, siglongjmp, (std::jmp_buf state, int value)) {
  if (here.frame != nullptr) {
    jump(state[0]);
  }
  next_siglongjmp(state, value);
}

LAB_INTERPOSE(void, __longjmp_chk, (std::jmp_buf state, int value)) {
  if (here.frame != nullptr) {
    jump(state[0]);
  }
  next___longjmp_chk(state, value);
}

// NOLINTEND(readability-non-const-parameter)

} // namespace lab::probe
