// Looking into a program under test, and making its calls fail. A library is preloaded into the
// program (LD_PRELOAD of ld.so(8)), which need not know of it. README.md says what it can do.
//
//   lab::probed::needs_probe("echo_mpserver"); // checks/probed.hpp
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

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
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
  /// README.md. They count the calls of all processes of all programs that the Probe is attached
  /// to.
  std::string faults{}; // NOLINT(readability-redundant-member-init): for designated initializers
  /// Each child of fork (not of vfork) waits before it does anything, until let_go.
  bool hold_children = false;
  /// The program that was started waits before it sleeps for an event for the first time (pause,
  /// sigsuspend, sigwait, poll, sleep and similar calls), until let_parent_go. Its handlers run
  /// meanwhile. So such a signal comes after the program's last look at its variables, and before
  /// its sleep.
  bool hold_parent = false;
  /// A child that ends (by exit or _exit) first closes its descriptors, except 0, 1 and 2. Then it
  /// waits until let_go, and only then becomes a zombie. The kernel closes them in the same order,
  /// but without the wait. So a peer sees the end of its connection long before the parent can
  /// know.
  bool hold_exits = false;
  /// Records more, for lab-film: when a call begins to wait; reads and writes that succeed; pause,
  /// sleep and poll; which process sent a signal; the ports of connections; and the sockets that a
  /// program has from the start.
  bool film = false;
};

/// One thing that happened in a process of the program.
struct Event {
  enum class Kind : unsigned char {
    program, ///< the process begins to run a program
    child,   ///< the process begins, as a child of fork
    call,    ///< the program calls a function
    enter,   ///< a handler begins
    leave,   ///< a handler returns, or is left by longjmp
    unsafe,  ///< a call that is not async-signal-safe, in a handler
    waits,   ///< a call that can wait begins (ProbeOptions::film)
    holds,   ///< a program begins with this socket (ProbeOptions::film)
    end      ///< main has returned, or exit has run its functions
  };

  Kind kind = Kind::call;
  Clock::time_point time{}; ///< when a call that waits returned; when any other call began
  pid_t pid = 0;
  std::string call{};        ///< the function: `accept4`; NOLINT(*-redundant-member-init)
  std::int64_t result = 0;   ///< of a call
  int error = 0;             ///< errno of a call that failed
  int signal = 0;            ///< the handler that runs; 0: none
  bool injected = false;     ///< the probe has made the result
  bool result_known = false; ///< not for vfork and _exit, and not if the process ended in the call
  std::string text{};        ///< `accept4(3) = 4, from 127.0.0.1:43210`; NOLINT(*-member-init)
  /// As the program gave them. Of a wait: the third is the status. Of pipe: both ends. With
  /// ProbeOptions::film: of accept and connect, the second is our port; of listen, the third.
  std::array<std::int64_t, 3> arguments{};
  std::string address{};   ///< of bind, connect, accept: `127.0.0.1:43210`; NOLINT(*-member-init)
  std::string data{};      ///< what a call has written, its start (film); NOLINT(*-member-init)
  bool has_status = false; ///< of a wait
  bool is_wait = false;    ///< wait, waitpid and their relatives
  bool is_exit = false;    ///< _exit
  bool is_fork = false;
  std::int64_t caller = 0; ///< of a call: where the program makes it, as an address in its file
  pid_t sender = 0;        ///< of enter, with ProbeOptions::film: which process sent the signal
};

/// A function that is not async-signal-safe was called in a handler, directly or by another
/// function.
struct UnsafeCall {
  pid_t pid = 0;
  int signal = 0;
  std::string function;    ///< `printf`, `operator new`, `std::cout <<`
  std::string interrupted; ///< what the signal interrupted, if that is known: `malloc`, `accept`
  /// Each time, the signal was blocked except in ppoll, pselect, sigsuspend or epoll_pwait. Then
  /// the handler does not interrupt any other code, and the function does no harm in it.
  bool only_while_waiting = true;
  std::size_t times = 0;
  std::string text;        ///< `printf called in the handler of SIGCHLD (pid 4123)`
  std::int64_t caller = 0; ///< as Event's
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

/// Sees what the programs do that it is attached to, with all their processes. You may ask it while
/// they run. Only one thread at a time may use it.
class Probe {
public:
  /// Throws std::invalid_argument if a rule is wrong, std::system_error if there is no memory.
  explicit Probe(const ProbeOptions& options = {});
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;
  Probe(Probe&&) = delete;
  Probe& operator=(Probe&&) = delete;
  ~Probe();

  /// From now on each Probe records as with ProbeOptions::film, and `ended` is called with it
  /// before it is gone. An empty function: not any more.
  static void film_all(std::function<void(const Probe&)> ended);

  /// Whether the program that these options are for has a Probe already.
  static bool attached(const ProcessOptions& options);

  /// Why this program cannot be probed: `echo_mpserver is statically linked: ...`. Nothing if it
  /// can, and if there is no such program. `name` as for lab::program. If programs are confined,
  /// and only this one cannot be probed, its source has made it so: throws Failure.
  static std::optional<std::string> cannot_probe(std::string_view name);

  /// Attaches the probe to a program that is not started yet: adds to its environment. The Probe
  /// must live as long as the program. You may attach several programs. Throws
  /// std::invalid_argument for a program of another user (ProcessOptions::user).
  void attach(ProcessOptions& options);

  /// The children that wait or have waited, with ProbeOptions::hold_children or with ::hold_exits.
  /// (Do not use both.) At most 1,024 are held. Descendants of this process alone: the memory that
  /// says it is the program's as well, and a check may signal what it is given.
  [[nodiscard]] std::vector<pid_t> held_children() const;
  void let_go(pid_t child);
  void let_all_go();

  /// Whether the parent waits or has waited: ProbeOptions::hold_parent.
  [[nodiscard]] bool parent_held() const;
  void let_parent_go();

  /// Whether a program has loaded the library. If not, the probe sees nothing of it.
  [[nodiscard]] bool loaded() const;

  /// Everything so far, by time.
  [[nodiscard]] std::vector<Event> events() const;

  /// How many events there are: quick.
  [[nodiscard]] std::size_t count() const;

  /// The unsafe calls, one for each function in each handler of each process, and how often it
  /// came.
  [[nodiscard]] std::vector<UnsafeCall> unsafe_calls() const;

  /// The same for functions that POSIX does not list, but that do no harm in glibc in common use:
  /// snprintf, inet_ntop, strerror_r. A reason to warn, not to fail.
  [[nodiscard]] std::vector<UnsafeCall> doubtful_calls() const;

  [[nodiscard]] std::vector<ErrnoClobber> errno_clobbers() const;

  /// How many calls the rules have made fail or cut short. With `group` (`accept`): of that group
  /// only. Ask this before you judge what the program did about a fault: there may have been none.
  [[nodiscard]] std::size_t faults_injected(std::string_view group = {}) const;

  /// The last events for a message: at most `most` lines, of all processes, in the order of time.
  [[nodiscard]] std::string timeline(std::size_t most = 40) const;

  /// Where the program makes such calls, by UnsafeCall::caller or Event::caller:
  /// `exercises/04-signal-vs-sigaction/reaper.cpp:24`, a file below the present folder. A call is
  /// missing if its line is not known: the program is built without -g, it is a library's call, the
  /// probe is attached to several programs, or these are confined.
  [[nodiscard]] std::map<std::int64_t, std::string>
  places_of(const std::set<std::int64_t>& callers) const;

  /// How many events came after the record was full: after 32,768.
  [[nodiscard]] std::size_t lost() const;

private:
  /// Those of the calls that it has made fail: `FILE:LINE: TEXT`, a line each.
  [[nodiscard]] std::string places_of_faults() const;

  std::string path_; // before memory_: that sets it
  Fd memory_;
  Fd library_; // open, where its path cannot be given in LD_PRELOAD
  probe::Shared* shared_ = nullptr;
  mutable std::set<pid_t> seen_;     // children that were ours while they were held
  std::optional<Reported> reported_; // the last calls, in each Failure
};

} // namespace lab
