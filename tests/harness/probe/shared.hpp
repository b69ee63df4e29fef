// The memory that the checker and the preloaded library share. The checker makes it, and each
// process of the program under test maps it. Internal.
//
// There is no pointer in it. Nobody waits for anything in it, except for a Gate, which the checker
// opens. So a process may be killed at any moment, in a signal handler too, and the others go on.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include <sys/types.h>

namespace lab::probe {

/// The environment variable by which the library finds the memory: the path of a file.
inline constexpr const char* variable = "LAB_PROBE";

/// What a record is about: a call, or something else that happened. (Rules know calls by their
/// Group.)
enum class What : std::uint16_t {
  begin,       ///< a program begins: its name in `text`
  born,        ///< a child of fork begins
  end,         ///< exit runs its functions, or main has returned; argument: status
  enter,       ///< a handler begins: `signal`
  leave,       ///< a handler returns; argument: errno as it found it, result: as it left it
  unsafe,      ///< a call that no handler may make: its name in `text`
  doubtful,    ///< the same for a call that POSIX does not list, but that does no harm in glibc
  unwrapped,   ///< a handler that could not be wrapped, because there are too many
  holds,       ///< for a film: a socket that a program has from the start; arguments: descriptor,
               ///< port, whether it listens
  call_accept, // from here on: calls. arguments as the program's; result and error
  call_bind,
  call_close,
  call_connect,
  call_dup,
  call_exit,
  call_fork,
  call_kill,
  call_listen,
  call_pipe,
  call_poll,
  call_read,
  call_shutdown,
  call_sigaction,
  call_sigwait,
  call_sleep, ///< pause, sigsuspend, sleep and the like: for a film only
  call_socket,
  call_wait,
  call_write,
};

/// The calls that a rule can make fail.
enum class Group : std::uint8_t {
  accept,
  bind,
  close,
  connect,
  dup,
  fork,
  listen,
  pipe,
  poll,
  read,
  shutdown,
  sigaction,
  socket,
  wait,
  write,
  count
};

enum class Role : std::uint8_t { any, parent, children };

enum class Descriptor : std::uint8_t { any, socket, pipe };

/// One rule: which calls of a group fail, and how.
struct Rule {
  Group group = Group::accept;
  Role role = Role::any;
  Descriptor descriptor = Descriptor::any;
  bool per_process = false;  ///< counted for each process by itself, not for all together
  bool only_if_real = false; ///< only if a signal could have had the same effect in this process
  std::uint32_t first = 1;
  std::uint32_t last = 0;  ///< 0: no last one
  std::uint32_t every = 1; ///< of those, each `every`-th
  bool stop = false;       ///< the process stops before the call, and makes it when it goes on
  bool then_stop = false;  ///< of fork: the parent stops right after the call
  std::int32_t error = 0;  ///< errno; 0 where the rule is about `most` or `stop`
  std::uint64_t most = 0;  ///< bytes that a call takes or gives; with `pretend`: that all do
  bool pretend = false;    ///< the call is not made, and says that it has moved what was asked for
  std::atomic<std::uint64_t> pretended = 0; ///< bytes
  std::atomic<std::uint32_t> seen = 0;
  std::atomic<std::uint32_t> injected = 0;
};

/// What is known of one thing that happened.
struct Facts {
  What what;
  std::uint16_t flags;
  std::int32_t pid;
  std::int64_t time;  ///< CLOCK_MONOTONIC, nanoseconds
  std::int64_t began; ///< for a film: when the call began; 0 if the record was made after it
  std::int64_t result;
  std::array<std::int64_t, 3> arguments;
  std::int32_t error;
  std::int32_t signal;              ///< the handler that it happened in, or 0
  std::int64_t caller;              ///< in the program: the address as in its file; 0: not known
  std::array<char, 28> address;     ///< a socket address: its start
  std::array<char, 24> text;        ///< the function's own name
  std::array<char, 24> interrupted; ///< in a handler: what its signal interrupted
  std::array<char, 40> data;        ///< for a film: the first bytes that a call has written
};

inline constexpr std::uint16_t flag_injected = 1; ///< the result is the probe's doing
inline constexpr std::uint16_t flag_unblocked =
    2; ///< the signal is blocked but for ppoll and the like
inline constexpr std::uint16_t flag_handler = 4; ///< of sigaction: a function
inline constexpr std::uint16_t flag_status = 8;  ///< of wait: arguments[2] is a status
inline constexpr std::uint16_t flag_root = 16;   ///< of begin: started by the checker
inline constexpr std::uint16_t flag_cut = 32; ///< fewer bytes were asked for than the program did
inline constexpr std::uint16_t flag_jumped = 64;     ///< of leave: by longjmp
inline constexpr std::uint16_t flag_no_result = 128; ///< the call had not returned
inline constexpr std::uint16_t flag_clobbered = 256; ///< of leave: errno is not what it was
inline constexpr std::uint16_t flag_sender = 512;    ///< of enter: arguments[0] sent the signal
inline constexpr std::uint16_t flag_waits = 1024;    ///< for a film: of a call that can wait

inline constexpr std::uint32_t record_begun = 1; ///< of a call that has not returned
inline constexpr std::uint32_t record_whole = 2;

/// `ready` is set last. If it is 0, the process was killed while it wrote the record.
struct Record {
  std::atomic<std::uint32_t> ready;
  Facts facts;
};

/// A list to which many processes add at the same time. When it is full, it only counts.
template <std::size_t Size>
struct List {
  std::atomic<std::uint32_t> used;
  std::array<Record, Size> records;
};

/// Where one process waits until the checker lets it go on. `open` is a futex(2).
struct Gate {
  std::atomic<std::int32_t> pid; ///< of the process that waits or has waited; 0: none yet
  std::atomic<std::uint32_t> open;
};

inline constexpr std::uint32_t version = 7;
inline constexpr std::size_t most_rules = 32;
inline constexpr std::size_t most_gates = 1024;

struct Shared {
  std::uint32_t version;
  pid_t checker;
  std::atomic<std::uint32_t> programs; ///< how many have loaded the library; children do not count
  std::uint32_t rule_count;
  std::uint32_t groups; ///< a bit for each group that has a rule
  std::array<Rule, most_rules> rules;
  bool hold_children; ///< each child of fork waits at a gate before it does anything
  bool hold_parent;   ///< the parent waits at one before it sleeps for an event for the first time
  bool hold_exits;    ///< each child waits at one when it ends and has closed its descriptors
  bool film;          ///< records more: when a call begins to wait, bytes, who sent a signal
  std::atomic<std::uint32_t> all_open; ///< no child waits any more
  std::atomic<std::uint32_t> gates_used;
  std::array<Gate, most_gates> gates;
  Gate parent_gate;
  List<4096> findings; ///< what checks ask for; a list of its own, so that calls cannot fill it
  List<32768> calls;
};

static_assert(std::atomic<std::uint32_t>::is_always_lock_free);

} // namespace lab::probe
