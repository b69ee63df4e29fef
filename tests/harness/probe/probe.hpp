// Looking into a program under test, and making its calls fail: a library that is preloaded
// (LD_PRELOAD of ld.so(8)) into a program that knows nothing of it. README.md says what it can do.
//
//   if (const auto reason = lab::Probe::cannot_probe("echo_mpserver")) {
//     throw lab::Skipped(*reason);
//   }
//   lab::Probe probe({.faults = "fork:1=EAGAIN"});
//   lab::ServerOptions options;
//   probe.attach(options.process);
//   lab::Server server("echo_mpserver", options);
//   ...
//   lab::expect(probe.unsafe_calls().empty(), probe.unsafe_calls().front().text, "\n",
//               probe.timeline());
#pragma once

#include "harness/deadline.hpp"
#include "harness/failure.hpp"
#include "harness/fd.hpp"
#include "harness/process.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace lab {

namespace probe {
struct Shared;
} // namespace probe

struct ProbeOptions {
  /// Rules, with `;` between them: `fork:1=EAGAIN;accept:1-20=EMFILE;write:*:short=7`. See
  /// README.md. Counted over all processes of all programs that the Probe is attached to.
  std::string faults{}; // NOLINT(readability-redundant-member-init): for designated initializers
  /// Each child of fork waits, before it does anything, until it is let go. Not of vfork.
  bool hold_children = false;
  /// The program that was started waits before it first sleeps for an event (pause, sigsuspend,
  /// sigwait, poll and their kin, sleep) until it is let go. Signals are handled meanwhile: each
  /// comes between the program's last look at its variables and its sleep.
  bool hold_parent = false;
  /// A child that leaves (by exit or _exit) closes all its descriptors but 0, 1 and 2, as the
  /// kernel does, and waits until it is let go before it is a zombie: a peer sees the end of its
  /// connection well before the parent can.
  bool hold_exits = false;
};

/// One thing that happened in a process of the program.
struct Event {
  enum class Kind : unsigned char {
    program, ///< the process begins to run a program
    child,   ///< the process begins, as a child of fork
    call,    ///< a call of the program
    enter,   ///< a handler begins
    leave,   ///< a handler returns, or is left by longjmp
    unsafe,  ///< a call that is not async-signal-safe, in a handler
    end      ///< main has returned, or exit has run its functions
  };

  Kind kind = Kind::call;
  Clock::time_point time; ///< of a call that waits for something: when it returned; else: its start
  pid_t pid = 0;
  std::string call;          ///< the function: `accept4`
  std::int64_t result = 0;   ///< of a call
  int error = 0;             ///< errno of a call that failed
  int signal = 0;            ///< the handler that runs; 0: none
  bool injected = false;     ///< the result is the probe's doing
  bool result_known = false; ///< false of vfork, _exit and where the process has ended over it
  std::string text;          ///< `accept4(3) = 4, from 127.0.0.1:43210`
};

/// A function that is not async-signal-safe, called in a handler, directly or from what it calls.
struct UnsafeCall {
  pid_t pid = 0;
  int signal = 0;
  std::string function;    ///< `printf`, `operator new`, `std::cout <<`
  std::string interrupted; ///< what the signal broke into, where that is known: `malloc`, `accept`
  /// Every time, the signal was blocked but in ppoll, pselect, sigsuspend or epoll_pwait: then it
  /// breaks into nothing that the function could be in.
  bool only_while_waiting = true;
  std::size_t times = 0;
  std::string text; ///< `printf called in the handler of SIGCHLD (pid 4123)`
};

/// A handler that returned with another errno than it found.
struct ErrnoClobber {
  pid_t pid = 0;
  int signal = 0;
  int before = 0;
  int after = 0;
  bool only_while_waiting = true; ///< as UnsafeCall's: then no code is there that looks at errno
  std::size_t times = 0;
  std::string text;
};

/// What is seen of the programs that it is attached to, with all their processes. It may be asked
/// while they run. Not for several threads at once.
class Probe {
public:
  /// Throws std::invalid_argument where a rule is wrong, std::system_error when the memory cannot
  /// be had.
  explicit Probe(const ProbeOptions& options = {});
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;
  Probe(Probe&&) = delete;
  Probe& operator=(Probe&&) = delete;
  ~Probe();

  /// Why this program cannot be probed: `echo_mpserver is statically linked: ...`. Nothing when it
  /// can, and when there is no such program. `name` as for lab::program.
  static std::optional<std::string> cannot_probe(std::string_view name);

  /// Adds to the environment of a program that is to be started while the Probe lives. Several may
  /// be. Throws std::invalid_argument for a program of another user (ProcessOptions::user).
  void attach(ProcessOptions& options);

  /// The children that wait or have waited: ProbeOptions::hold_children, and ::hold_exits, but not
  /// both. At most 1,024 are held.
  [[nodiscard]] std::vector<pid_t> held_children() const;
  void let_go(pid_t child);
  void let_all_go();

  /// Whether the parent waits or has waited: ProbeOptions::hold_parent.
  [[nodiscard]] bool parent_held() const;
  void let_parent_go();

  /// Whether a program has loaded the library. One that was attached to and has not, shows nothing.
  [[nodiscard]] bool loaded() const;

  /// Everything so far, by time.
  [[nodiscard]] std::vector<Event> events() const;

  /// The first call of each function in each handler of each process, and how often it came.
  [[nodiscard]] std::vector<UnsafeCall> unsafe_calls() const;

  /// The same of functions that POSIX does not list, but which do no harm in glibc as they are
  /// commonly used: snprintf, inet_ntop, strerror_r. A reason to warn, none to fail.
  [[nodiscard]] std::vector<UnsafeCall> doubtful_calls() const;

  [[nodiscard]] std::vector<ErrnoClobber> errno_clobbers() const;

  /// How many calls the rules have made fail or cut short; of one group only (`accept`) if named. A
  /// check that says what a program does about a fault asks first whether there was one.
  [[nodiscard]] std::size_t faults_injected(std::string_view group = {}) const;

  /// What happened in the end, for a message: at most `most` lines, of all processes, in order.
  [[nodiscard]] std::string timeline(std::size_t most = 40) const;

  /// How many events came after the record was full: after 32,768.
  [[nodiscard]] std::size_t lost() const;

private:
  std::string path_; // before memory_, which tells it
  Fd memory_;
  Fd library_; // open, where its path cannot be given in LD_PRELOAD
  probe::Shared* shared_ = nullptr;
  std::optional<Reported> reported_; // the last calls, in each Failure
};

} // namespace lab
