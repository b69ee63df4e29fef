// What the kernel shows of processes and sockets: proc(5). A process may end between any two looks.
// So nothing here throws for a process that is gone: the result is empty.
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
  /// Clock ticks from boot to its start. Pid and start time together always mean the same process.
  /// The kernel may give the pid alone to another process when this one has been reaped.
  unsigned long long start_time = 0;
  /// For a zombie: the status that wait(2) will give. 0 if we may not read it.
  int exit_code = 0;

  /// It has ended, and its parent has not waited for it.
  [[nodiscard]] bool zombie() const { return (state == 'Z' && threads <= 1) || state == 'X'; }

  /// Its main thread has ended, and another one runs: the kernel shows state Z, and it lives.
  [[nodiscard]] bool lives_without_main() const { return state == 'Z' && !zombie(); }

  [[nodiscard]] bool stopped() const { return state == 'T' || state == 't'; }

  /// Whether both are the same process. Its state may have changed.
  [[nodiscard]] bool same_as(const ProcessInfo& other) const {
    return pid == other.pid && start_time == other.start_time;
  }
};

/// Empty if there is no such process, or not any more.
std::optional<ProcessInfo> process_info(pid_t pid);

/// Two numbers for the whole system, from /proc/loadavg. They are quick to read, and tell whether a
/// closer look is worth it.
struct Load {
  std::size_t tasks = 0; ///< threads included
  pid_t newest_pid = 0;  ///< the last that the kernel has given; a thread gets one as well
};

Load system_load();

/// The ids of all processes of this pid namespace, in no order.
std::vector<pid_t> all_pids();

/// The pid and the start time of a process (clock ticks since boot). No two processes have the
/// same: if a pid is given again, the start time differs.
using Identity = std::pair<pid_t, unsigned long long>;

/// All processes of this pid namespace that were started at `start_time` or later, in no order.
/// From the second call on it is much cheaper than all_pids and process_info: see processes_since.
std::vector<Identity> identities_since(unsigned long long start_time);

/// Every process of this pid namespace, the eldest first.
std::vector<ProcessInfo> all_processes();

/// The same, without the processes that were started before `start_time` (clock ticks since boot),
/// and without those for which `skip` is true.
///
/// This is cheap, also on a machine with many processes: for a process that was started before,
/// each thread reads /proc/PID/stat only once, and not in every call. So with its own start time, a
/// process's children are quick to find, because none of them is older.
std::vector<ProcessInfo>
processes_since(unsigned long long start_time,
                const std::function<bool(const Identity&)>& skip = nullptr);

/// The processes whose parent is `pid`, zombies among them.
std::vector<ProcessInfo> children_of(pid_t pid);

/// Children, their children, and so on, without `pid` itself. An orphan is not among them, because
/// it has another parent now: Process::left_behind finds it.
std::vector<ProcessInfo> descendants_of(pid_t pid);

/// The same, from a list that all_processes has returned.
std::vector<ProcessInfo> descendants_of(pid_t pid, const std::vector<ProcessInfo>& all);

/// Whether process `pid` is among the descendants of `ancestor`. For one process it is much cheaper
/// than descendants_of.
bool descends_from(pid_t pid, pid_t ancestor);

/// The entries `NAME=VALUE` of the environment that the program was started with. Empty for a
/// zombie, and if we may not read it.
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
  /// For a pipe: which end it is. A FIFO that is open for both has both. False for all others.
  bool reads = false;
  bool writes = false;
};

/// By number. Empty for a process that is gone or a zombie.
std::vector<DescriptorInfo> descriptors_of(pid_t pid);

/// The same. Nothing if we may not look: the process is another user's.
std::optional<std::vector<DescriptorInfo>> visible_descriptors_of(pid_t pid);

/// What kind of socket a descriptor is: `TCP`, `UNIX`, `UDP`. Empty if the kernel does not tell. It
/// is what lsof(8) shows: the attribute system.sockprotoname of /proc/PID/fd/N.
std::string socket_protocol(pid_t pid, int fd);

/// Whether we may see what ptrace(2)'s access checks guard: how a zombie ended, for example. We may
/// if the process is our own user's, or if we may look at everybody's.
bool may_inspect(pid_t pid);

/// Whether the process is in another network namespace than we are (in another container).
bool in_other_network(pid_t pid);

/// The program's file: what /proc/PID/exe points to. Empty if we may not know.
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

/// All TCP sockets of the network namespace of process `in_namespace_of`. 0: of our own namespace.
std::vector<SocketInfo> tcp_sockets(pid_t in_namespace_of = 0);

/// The TCP sockets that a process holds. A socket with two descriptors is there once.
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

/// What a process has used so far, all its threads together.
struct CpuUse {
  /// Time on a processor. From /proc/PID/schedstat; where the kernel has none, clock ticks.
  std::chrono::nanoseconds run_time{0};
  /// Time in which it could have run, but others had the processor. 0 if the kernel does not tell.
  std::chrono::nanoseconds wait_time{0};
  /// How often it gave the processor up or lost it. A process that only waits gives it up once.
  unsigned long long switches = 0;
};

/// Empty when the process is gone.
std::optional<CpuUse> cpu_use(pid_t pid);

/// How much physical memory a process has, in bytes. What the kernel keeps for it does not count
/// (page tables, kernel stacks, buffers of sockets).
struct MemoryUse {
  std::size_t resident = 0;
  /// Each page divided by the number of processes that share it. So these can be added up over a
  /// tree.
  std::size_t proportional = 0;
  /// What no other process shares. It is freed when the process ends.
  std::size_t unshared = 0;
  /// What belongs to no file: heap, stacks, and data that was written. It does not depend on how
  /// many processes run the same program.
  std::size_t anonymous = 0;
};

/// From /proc/PID/smaps_rollup. Empty for a process that is gone or a zombie, and if we may not
/// read it.
std::optional<MemoryUse> memory_use(pid_t pid);

/// Whether the process has a child; a zombie counts. On a machine with many processes this is
/// quicker than children_of (it reads /proc/PID/task/TID/children).
bool has_children(pid_t pid);

/// The ids of its children, the oldest first; as quick. While a child ends, another one may be
/// missing in this list. So use it to find a child, and not to prove that there is none.
std::vector<pid_t> some_children_of(pid_t pid);

/// `sleeping`, `zombie`, ...: ProcessInfo::state in a word.
std::string_view name_of_state(char state);

/// A line about a process for a message: pid, state, name, parent, descriptors and sockets.
std::string describe(pid_t pid);

/// The tree of processes from `root` down, a line each, indented, with states.
std::string process_table(pid_t root);

/// A list of processes for a message, a line each. `none` if it is empty.
std::string process_table(const std::vector<ProcessInfo>& processes);

} // namespace lab
