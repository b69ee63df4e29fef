// What every interposed function stands on. All of it may run in a signal handler, in a child of
// vfork and before any constructor has run; all of it keeps errno.
#pragma once

#include "harness/probe/shared.hpp"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>

#include <dlfcn.h>

namespace lab::probe {

/// The memory shared with the checker. Null where there is none: then nothing is recorded.
extern constinit std::atomic<Shared*>
    shared; // NOLINT(bugprone-dynamic-static-initializers): constinit

/// A handler that runs now, on the stack of the thread that runs it.
struct Frame {
  Frame* outer;
  const char*
      interrupted;        ///< the function that its signal broke into; null: the program's own code
  const sigset_t* closed; ///< as of the thread, when the signal came
  unsigned nested;
  int signal;
  bool unblocked;       ///< blocked but for a call like ppoll
  bool errno_disturbed; ///< by a handler that interrupted this one
};

/// What a thread is doing.
struct Thread {
  Frame* frame;       ///< the innermost handler; null outside of handlers
  const char* within; ///< the interposed function that has been called last and has not returned
  const sigset_t* closed; ///< in a call that waits with another mask, as ppoll: what is blocked but
                          ///< for that call; null outside of such a call
  unsigned nested; ///< how many reported functions the thread is in: only the outermost counts
  bool resolving;
};

[[gnu::tls_model("initial-exec")]] extern constinit thread_local Thread
    here; // NOLINT(bugprone-dynamic-static-initializers): constinit

/// Keeps errno over its scope.
class KeepErrno {
public:
  KeepErrno() noexcept : saved_(errno) {}

  KeepErrno(const KeepErrno&) = delete;
  KeepErrno& operator=(const KeepErrno&) = delete;
  KeepErrno(KeepErrno&&) = delete;
  KeepErrno& operator=(KeepErrno&&) = delete;

  ~KeepErrno() { errno = saved_; }

private:
  int saved_;
};

std::int64_t now() noexcept;

/// Adds a record to the list of findings or to that of calls; fills in pid and handler, and the
/// time where it is 0. Returns nullptr if there is no room.
Record* add(Facts facts, bool finding, std::uint32_t ready = record_whole) noexcept;

/// From now on a process may run in the memory of this one: its id is asked for each time.
void share_memory() noexcept;

/// In a new process: what is counted for each process starts anew.
void begin_child() noexcept;

/// Waits, where the checker wants the parent held, until it lets it go. Called before the parent
/// sleeps for an event: a signal that comes meanwhile comes before the call.
void hold_parent() noexcept;

/// In a child that is about to end: closes its descriptors and waits, where the checker wants that.
void hold_exit() noexcept;

/// Whether the checker wants a film: more is recorded.
inline bool filming() noexcept {
  const Shared* const memory = shared.load(std::memory_order_relaxed);
  return memory != nullptr && memory->film;
}

/// Whether the descriptor is of that kind. It may change errno.
bool is(Descriptor wanted, int fd) noexcept;

/// Our port of a connection or a listener; 0 if there is none.
int port_of(int fd) noexcept;

/// Copies a C string, cut where it does not fit.
template <std::size_t Size>
void copy_text(std::array<char, Size>& to, const char* from) noexcept {
  std::size_t n = 0;
  for (; from != nullptr && from[n] != '\0' && n + 1 < Size; ++n) {
    to[n] = from[n];
  }
  to[n] = '\0';
}

/// What a call shall suffer.
struct Fault {
  int error = 0;
  std::size_t most = 0; ///< bytes; 0: as many as the program asks for
  bool pretend = false; ///< says that it has moved `most` bytes, and moves none
  bool then_stop = false;
  bool silent = false; ///< the rule has struck so often that it is only counted
};

Fault find_fault(Group group, int fd, std::size_t asked, bool can_be_interrupted,
                 bool can_be_cut) noexcept;

/// The fault for this call of the group, if it is its turn. `fd`: -1 where there is none; `asked`:
/// bytes, of a call that moves some; `can_be_interrupted`: whether the kernel could end this very
/// call with EINTR; `can_be_cut`: whether it could move fewer bytes.
inline Fault fault(Group group, int fd = -1, std::size_t asked = 0, bool can_be_interrupted = true,
                   bool can_be_cut = true) noexcept {
  const Shared* const memory = shared.load(std::memory_order_relaxed);
  if (memory == nullptr || (memory->groups & (1U << static_cast<unsigned>(group))) == 0)
      [[likely]] {
    return {};
  }
  return find_fault(group, fd, asked, can_be_interrupted, can_be_cut);
}

/// What a signal now does: run a handler, and make the call that it interrupts fail with EINTR.
void note_disposition(int signal, bool is_handled, bool breaks) noexcept;

/// The function that the program would have called but for us.
template <typename Function>
class Next {
public:
  explicit constexpr Next(const char* name) noexcept : name_(name) {}

  template <typename... Arguments>
  auto operator()(Arguments... arguments) {
    return get()(arguments...);
  }

  Function* get() noexcept {
    Function* function = function_.load(std::memory_order_relaxed);
    if (function == nullptr) [[unlikely]] {
      resolve();
      function = function_.load(std::memory_order_relaxed);
    }
    return function;
  }

  void resolve() noexcept {
    const KeepErrno keep;
    void* const found = dlsym(RTLD_NEXT, name_);
    function_.store(reinterpret_cast<Function*>(found), std::memory_order_relaxed);
  }

  [[nodiscard]] bool known() const noexcept {
    return function_.load(std::memory_order_relaxed) != nullptr;
  }

private:
  const char* name_;
  std::atomic<Function*> function_ = nullptr;
};

/// What the program is in while the object lives.
class Within {
public:
  explicit Within(const char* name) noexcept : former_(here.within) { here.within = name; }

  Within(const Within&) = delete;
  Within& operator=(const Within&) = delete;
  Within(Within&&) = delete;
  Within& operator=(Within&&) = delete;

  ~Within() { here.within = former_; }

private:
  const char* former_;
};

/// A recorded call, from its beginning to its end.
class Call {
public:
  Call(What what, const char* name, std::int64_t first = 0, std::int64_t second = 0,
       std::int64_t third = 0) noexcept
      : within_(name), facts_{} {
    facts_.what = what;
    facts_.arguments = {first, second, third};
    copy_text(facts_.text, name);
    if (shared.load(std::memory_order_relaxed) != nullptr) {
      facts_.time = now();
    }
  }

  Facts& facts() noexcept { return facts_; }

  /// The call caused nothing but waited for something: it counts from when it has returned.
  void ended_now() noexcept { facts_.time = 0; }

  /// The same for a call that causes something, if it has waited for a millisecond or longer.
  void ended_if_long() noexcept {
    constexpr std::int64_t long_wait = 1'000'000; // nanoseconds
    if (now() - facts_.time > long_wait) {
      ended_now();
    }
  }

  /// For a film: records the call before it is made. Others see what it does at once, and may kill
  /// the process before it returns.
  void begins() noexcept {
    if (filming()) [[unlikely]] {
      facts_.time = now(); // a fault may have stopped the process meanwhile
      facts_.began = facts_.time;
      recorded_ = add(facts_, false, record_begun);
    }
  }

  /// For a film: the call begins, and may wait.
  void waits() noexcept {
    if (filming()) [[unlikely]] {
      facts_.flags |= flag_waits;
      begins();
    }
  }

  /// Records that the probe let it fail. Returns -1 with errno set.
  int fail(const Fault& told) noexcept {
    facts_.flags |= flag_injected;
    facts_.result = -1;
    facts_.error = told.error;
    if (!told.silent) {
      add(facts_, false);
    }
    errno = told.error;
    return -1;
  }

  /// Records a result; errno stays.
  template <typename Result>
  Result done(Result result) noexcept {
    facts_.result = static_cast<std::int64_t>(result);
    facts_.error = facts_.result == -1 ? errno : 0;
    if (recorded_ == nullptr) {
      add(facts_, false);
    } else {
      const KeepErrno keep;
      Facts& known = recorded_->facts;
      known.time = facts_.time == 0 ? now() : facts_.time;
      known.result = facts_.result;
      known.error = facts_.error;
      known.arguments = facts_.arguments;
      known.address = facts_.address;
      known.data = facts_.data;
      known.flags |= facts_.flags;
      recorded_->ready.store(record_whole, std::memory_order_release);
    }
    return result;
  }

private:
  Within within_;
  Facts facts_;
  Record* recorded_ = nullptr; ///< in the list already
};

/// Defines the function NAME in front of that of the same name which the program would get:
/// next_NAME. Its name in our sources is another, so that it clashes with no declaration of a
/// header, whatever attributes and inline variants that has.
// NOLINTBEGIN(cppcoreguidelines-macro-usage,bugprone-macro-parentheses)
#define LAB_NEXT(RESULT, NAME, PARAMETERS)                                                         \
  namespace {                                                                                      \
  constinit ::lab::probe::Next<RESULT PARAMETERS> next_##NAME{#NAME};                              \
  [[gnu::constructor]] void resolve_##NAME() {                                                     \
    next_##NAME.resolve();                                                                         \
  }                                                                                                \
  }

#define LAB_DEFINE(RESULT, NAME, PARAMETERS)                                                       \
  extern "C" [[gnu::visibility("default")]] RESULT lab_##NAME PARAMETERS __asm__(#NAME);           \
  extern "C" RESULT lab_##NAME PARAMETERS

#define LAB_INTERPOSE(RESULT, NAME, PARAMETERS)                                                    \
  LAB_NEXT(RESULT, NAME, PARAMETERS)                                                               \
  LAB_DEFINE(RESULT, NAME, PARAMETERS)
// NOLINTEND(cppcoreguidelines-macro-usage,bugprone-macro-parentheses)

} // namespace lab::probe
