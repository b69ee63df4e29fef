// What the kernel shows of processes and sockets: proc(5). A process may vanish between any two
// looks, so nothing here throws for one that is gone: the result is empty.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/types.h>

namespace lab {

/// One process as /proc/PID/stat shows it.
struct ProcessInfo {
  pid_t pid = 0;
  pid_t parent = 0;
  pid_t group = 0;
  pid_t session = 0;
  /// R running, S sleeping, D in a disk wait, T stopped, t traced, Z zombie, I idle.
  char state = '?';
  /// The program's name, cut to 15 bytes by the kernel.
  std::string name{}; // NOLINT(readability-redundant-member-init): for designated initializers
  /// Time on a processor, in steps of a clock tick (10 ms); cpu_use is finer.
  std::chrono::nanoseconds cpu_time{0};
  int threads = 0;
  /// Clock ticks from boot to its start. With the pid it names the process for good: a pid alone
  /// may be given to another process once this one has been reaped.
  unsigned long long start_time = 0;
  /// As wait(2) gives it; of use for a zombie. 0 where the kernel does not let us read it.
  int exit_code = 0;

  [[nodiscard]] bool zombie() const { return state == 'Z' || state == 'X'; }

  [[nodiscard]] bool stopped() const { return state == 'T' || state == 't'; }

  /// Whether both are the same process, whatever its state was at each look.
  [[nodiscard]] bool same_as(const ProcessInfo& other) const {
    return pid == other.pid && start_time == other.start_time;
  }
};

/// Empty when there is no such process (any more).
std::optional<ProcessInfo> process_info(pid_t pid);

/// One number each for the whole system, from /proc/loadavg: they tell when it is worth looking
/// closer.
struct Load {
  std::size_t tasks = 0; ///< threads included
  pid_t newest_pid = 0;  ///< the last that has been given; a thread takes one as well
};

Load system_load();

/// The ids of all processes of this pid namespace, in no order.
std::vector<pid_t> all_pids();

/// A process as the kernel never has two of: one pid given twice differs in its start time (clock
/// ticks since boot).
using Identity = std::pair<pid_t, unsigned long long>;

/// All processes of this pid namespace that were started at `start_time` or later, in no order.
/// Much cheaper than all_pids and process_info from the second time on: see processes_since.
std::vector<Identity> identities_since(unsigned long long start_time);

/// Every process of this pid namespace, the eldest first.
std::vector<ProcessInfo> all_processes();

/// The same, without those that were started before `start_time`, in clock ticks since boot. The
/// /proc/PID/stat of one that is left out is read once by each thread, and not at every look: so
/// the children of a process, none of which is older than it is, cost little to find, however many
/// other processes the machine has.
/// Those for which `skip` is true are left out too.
std::vector<ProcessInfo>
processes_since(unsigned long long start_time,
                const std::function<bool(const Identity&)>& skip = nullptr);

/// The processes whose parent is `pid`, zombies among them.
std::vector<ProcessInfo> children_of(pid_t pid);

/// Children, their children, and so on; without `pid` itself. What has been orphaned has left the
/// tree: Process::left_behind finds that.
std::vector<ProcessInfo> descendants_of(pid_t pid);

/// The same, out of a list that all_processes has given.
std::vector<ProcessInfo> descendants_of(pid_t pid, const std::vector<ProcessInfo>& all);

/// The entries `NAME=VALUE` of the environment that the program was started with. Empty for a
/// zombie, and where the kernel does not let us read it.
std::vector<std::string> environment_of(pid_t pid);

/// One open descriptor of a process.
struct DescriptorInfo {
  enum class Kind : unsigned char { socket, pipe, file, terminal, other };

  int fd = -1;
  Kind kind = Kind::other;
  /// What /proc/PID/fd/N points to: `socket:[4711]`, `pipe:[4712]`, `/dev/pts/1`, a path.
  std::string target;
  /// Of a socket or a pipe; 0 for the others.
  unsigned long inode = 0;
  /// Of a pipe, which end it is; of a FIFO that is open for both, both. False for the others.
  bool reads = false;
  bool writes = false;
};

/// By number. Empty for a process that is gone or a zombie.
std::vector<DescriptorInfo> descriptors_of(pid_t pid);

/// The same; nothing where the kernel does not let us look: a process of another user.
std::optional<std::vector<DescriptorInfo>> visible_descriptors_of(pid_t pid);

/// What kind of socket a descriptor is: `TCP`, `UNIX`, `UDP`; empty where the kernel does not tell.
/// It is what lsof(8) shows: the attribute system.sockprotoname of /proc/PID/fd/N.
std::string socket_protocol(pid_t pid, int fd);

/// Whether the kernel shows us how a zombie ended, and what else ptrace(2)'s access checks guard: a
/// process of our own user, or we may look at everybody's.
bool may_inspect(pid_t pid);

/// Whether the process is in another network namespace than we are: another container.
bool in_other_network(pid_t pid);

/// The program's file: what /proc/PID/exe points to. Empty where we may not know.
std::string executable_of(pid_t pid);

/// The states of the kernel's tcp_states.h, as /proc/net/tcp numbers them.
enum class TcpState : unsigned char {
  established = 1,
  syn_sent,
  syn_received,
  fin_wait1,
  fin_wait2,
  time_wait,
  closed,
  close_wait,
  last_ack,
  listen,
  closing,
  new_syn_received,
};

/// `ESTABLISHED`, `CLOSE_WAIT`, ...: the name that ss(8) and RFC 9293 use.
std::string_view name_of(TcpState state);

/// One TCP socket as sock_diag(7), or /proc/net/tcp and tcp6, show it.
struct SocketInfo {
  /// 0 for a socket that no process holds: TIME_WAIT, or not yet accepted.
  unsigned long inode = 0;
  std::string local_address;
  unsigned local_port = 0;
  std::string remote_address;
  unsigned remote_port = 0;
  TcpState state = TcpState::closed;
  /// Bytes not yet acknowledged by the peer, a FIN counting as one; for a listening socket its
  /// backlog, where sock_diag(7) tells, else 0.
  unsigned long send_queue = 0;
  /// Bytes not yet read, the peer's FIN counting as one; for a listening socket: connections not
  /// yet accepted.
  unsigned long receive_queue = 0;
  bool ipv6 = false;
};

/// `LISTEN 127.0.0.1:20001`, `ESTABLISHED 127.0.0.1:20001 <-> 127.0.0.1:40712`.
std::string describe(const SocketInfo& socket);

/// All TCP sockets of the network namespace that process `in_namespace_of` is in; 0: of our own.
std::vector<SocketInfo> tcp_sockets(pid_t in_namespace_of = 0);

/// The TCP sockets that a process holds; one that it holds by two descriptors once.
std::vector<SocketInfo> sockets_of(pid_t pid);

/// The first of sockets_of in state LISTEN.
std::optional<SocketInfo> listening_socket_of(pid_t pid);

/// Whether the process has a handler for `signal` (SigCgt of /proc/PID/status).
bool catches_signal(pid_t pid, int signal);

/// Whether its main thread blocks `signal` (SigBlk).
bool blocks_signal(pid_t pid, int signal);

/// Whether it ignores `signal` (SigIgn).
bool ignores_signal(pid_t pid, int signal);

/// Whether `signal` has been sent to it and is still pending (ShdPnd).
bool has_pending(pid_t pid, int signal);

/// The system call in which the process's main thread sleeps: `accept4`, or its number where it is
/// none of those that programs usually wait in. Empty while it runs, and where the kernel does not
/// tell (proc(5), /proc/PID/syscall).
std::string blocked_call_of(pid_t pid);

/// What a process, all its threads together, has used so far.
struct CpuUse {
  /// Time on a processor. From /proc/PID/schedstat; where the kernel has none, clock ticks.
  std::chrono::nanoseconds run_time{0};
  /// Time in which it could have run, and others had the processor. 0 where the kernel does not
  /// tell.
  std::chrono::nanoseconds wait_time{0};
  /// How often it gave the processor up or lost it. One that only waits gives it up once.
  unsigned long long switches = 0;
};

/// Empty when the process is gone.
std::optional<CpuUse> cpu_use(pid_t pid);

/// What a process has of physical memory, in bytes; without what the kernel keeps for it (page
/// tables, stacks of its own, buffers of sockets).
struct MemoryUse {
  std::size_t resident = 0;
  /// Each page divided by the number of processes that share it: this adds up over a tree.
  std::size_t proportional = 0;
  /// What no other process has: what is freed when it ends.
  std::size_t unshared = 0;
  /// What belongs to no file: heap, stacks, and what was written of its data. It does not depend
  /// on who else runs the same program.
  std::size_t anonymous = 0;
};

/// From /proc/PID/smaps_rollup. Empty for a process that is gone or a zombie, and where the kernel
/// does not let us read it.
std::optional<MemoryUse> memory_use(pid_t pid);

/// Whether the process has a child, be it a zombie: quicker than children_of where there are many
/// processes (/proc/PID/task/TID/children).
bool has_children(pid_t pid);

/// The ids of its children, the oldest first, as quickly; but while some of them end, others may be
/// missing. To find one, not to prove that there is none.
std::vector<pid_t> some_children_of(pid_t pid);

/// `sleeping`, `zombie`, ...: ProcessInfo::state in a word.
std::string_view name_of_state(char state);

/// One line for a message: pid, state, name, parent, descriptors and sockets.
std::string describe(pid_t pid);

/// The tree of processes below and including `root`, a line each, indented, with states.
std::string process_table(pid_t root);

/// A list of processes for a message, a line each; `none` when it is empty.
std::string process_table(const std::vector<ProcessInfo>& processes);

} // namespace lab
