// A program under test, as an object. It is started with limits and watched, and it always ends.
#pragma once

#include "harness/deadline.hpp"
#include "harness/proc.hpp"

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/types.h>

namespace lab {

/// What a program gets as standard input.
enum class Input : unsigned char { pipe, null, terminal, closed };

/// What a program gets as standard output or standard error.
enum class Output : unsigned char { pipe, file, null, terminal, closed };

struct ProcessOptions {
  std::vector<std::string> arguments{}; // NOLINT(readability-redundant-member-init): see below
  /// If several of 0, 1 and 2 are a terminal, it is one and the same. If both outputs are, out()
  /// has what is written to either. If the input is, it is the controlling terminal: then
  /// type("\x03") is Ctrl-C. The terminal does not echo, and does not turn \n into \r\n.
  Input input = Input::pipe;
  Output output = Output::pipe;
  Output errors = Output::pipe;

  /// Limits on each process of the program: getrlimit(2). Without a value: the limit of the
  /// harness.
  std::optional<unsigned> cpu_seconds{};
  /// Bytes of address space. A program built with AddressSanitizer reserves terabytes. For it, the
  /// limit is on resident bytes instead, and the harness kills it when it has more. Without a
  /// value: if programs are confined, 1 GiB; else the limit of the harness.
  std::optional<std::size_t> memory_bytes{};
  std::optional<std::size_t> file_bytes{};
  std::optional<unsigned> open_files{};
  /// Counts all processes of `user` (without `user`, of our own). It does not limit root.
  std::optional<unsigned> processes{};

  /// Added to the environment of the harness. In it LC_ALL and LANGUAGE are set, so that messages
  /// are in English: checks compare them.
  std::vector<std::pair<std::string, std::string>> environment{}; // NOLINT(*-member-init)
  /// Runs as this user, and as the group of the same number. Only root can do that. Without a
  /// value: as the user of confine_programs, or as our own.
  std::optional<uid_t> user{};
  /// If a program writes more than this (both outputs together), it is killed with all its
  /// processes.
  std::size_t most_output = std::size_t{256} << 20;
  /// If a program has more processes than this at a time (a fork bomb), it is killed with all of
  /// them. If programs are confined: no more than 800.
  std::size_t most_processes = 2000;
  /// If the processes of a program together have more bytes of memory than this, it is killed with
  /// all of them. Memory that several share counts once. Without a value: if programs are confined,
  /// 1 GiB (8 GiB if built with AddressSanitizer); else no limit.
  std::optional<std::size_t> most_memory{};
  std::string working_directory{}; // NOLINT(*-member-init)
  /// A Probe looks into it (Probe::attach). If programs are confined, it cannot become another
  /// program then.
  bool looked_into = false;
  // (With an initializer for every member, designated initializers may leave any of them out.)
};

/// How a process ended.
struct Exit {
  bool exited = false; ///< by exit or return; otherwise killed by a signal
  int code = 0;        ///< exit status, if exited
  int signal = 0;      ///< the signal, if killed

  [[nodiscard]] bool success() const { return exited && code == 0; }

  /// `exit status 1` or `killed by SIGSEGV`.
  [[nodiscard]] std::string text() const;

  bool operator==(const Exit&) const = default;
};

/// `SIGSEGV`, `SIGRTMIN+1`; signal(7).
std::string signal_name(int signal);

/// One write(2) of the program, as it arrived.
struct Write {
  Clock::time_point when;
  std::string text;
};

/// A program under test. It runs in a session of its own, with default signal dispositions and an
/// empty signal mask. Of our descriptors it has only 0, 1 and 2. A thread of ours reads all that it
/// writes, so its writes never wait for us. The destructor ends the program and everything that it
/// has started. No program can prevent that.
///
/// The kernel kills the program when the thread that started it ends (PR_SET_PDEATHSIG of
/// prctl(2)), so start it from a thread that outlives it.
class Process {
public:
  /// Throws Failure if the program is not there or cannot be run, std::system_error if a call of
  /// the harness fails.
  explicit Process(const std::filesystem::path& program, ProcessOptions options = {});
  Process(Process&& other) noexcept;
  Process& operator=(Process&& other) noexcept;
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();

  [[nodiscard]] pid_t pid() const;

  /// The name of the program's file.
  [[nodiscard]] const std::string& name() const;

  /// The path of the program's file: its argv[0].
  [[nodiscard]] std::string path() const;

  /// `echo_server 20001`: name and arguments, for messages.
  [[nodiscard]] std::string command() const;

  // Output. Lines are given without their newline.

  /// The next whole line of standard output that line and wait_for_line have not returned yet. If
  /// none comes, throws Failure with the output so far, and with how the program ended if it has.
  std::string line(std::chrono::milliseconds limit = patience);

  /// As line, but passes over lines until one contains `text`.
  std::string wait_for_line(std::string_view text, std::chrono::milliseconds limit = patience);

  /// As wait_for_line, on standard error.
  std::string wait_for_error_line(std::string_view text,
                                  std::chrono::milliseconds limit = patience);

  /// Whether some whole line of standard output so far contains `text`. Takes nothing.
  [[nodiscard]] bool has_line(std::string_view text) const;

  /// All whole lines of standard output so far, also those that line has returned.
  [[nodiscard]] std::vector<std::string> lines() const;

  /// All whole lines of standard error so far.
  [[nodiscard]] std::vector<std::string> error_lines() const;

  /// All of standard output so far.
  [[nodiscard]] std::string out() const;

  /// All of standard error so far.
  [[nodiscard]] std::string err() const;

  /// Each write(2) to standard output so far. The kernel keeps them apart, as packets of up to a
  /// page (pipe(2), O_DIRECT). A longer write comes in several packets, and they are joined again.
  /// So a write of exactly a page is joined with the next one. After the first 100,000 writes, all
  /// others are one. If not sees_writes(), each element is what one read of ours returned.
  [[nodiscard]] std::vector<std::string> writes() const;

  /// The same with the time at which each arrived.
  [[nodiscard]] std::vector<Write> timed_writes() const;

  /// The same of standard error.
  [[nodiscard]] std::vector<std::string> error_writes() const;

  /// Whether writes() are the program's own: output is a pipe, and the kernel has packet mode.
  [[nodiscard]] bool sees_writes() const;

  /// Whether it was killed for writing more than ProcessOptions::most_output.
  [[nodiscard]] bool flooded() const;

  // Input and signals.

  /// Writes all of `text` to standard input. False if the program has closed it or ended. If the
  /// program does not read for `limit`, throws Failure with the number of bytes that it took.
  bool type(std::string_view text, std::chrono::milliseconds limit = patience);

  /// End of file on standard input; at a terminal, Ctrl-D.
  void close_input();

  /// Sends a signal to the program itself. False when it has ended.
  bool signal(int number);

  /// SIGSTOP, and waits until the kernel shows the program as stopped. Throws Failure if it never
  /// does.
  void stop();

  /// SIGCONT.
  void resume();

  // The end.

  /// How the program ended, if it has.
  std::optional<Exit> poll_exit();

  /// Waits until the program has ended and all its output is in. If it still runs after `limit`,
  /// throws Failure with the tree of its processes. If a process that it left behind still has the
  /// output open, more output may come later: output_held_open().
  Exit wait(std::chrono::milliseconds limit = patience);

  /// Whether some process still has the program's output open after the program has ended.
  [[nodiscard]] bool output_held_open() const;

  /// What the program left behind when it ended: living processes (orphans, state S or R), and
  /// zombies that it never reaped. An orphan that has ended in the meantime does not count: init
  /// would have reaped it. Empty while the program runs.
  [[nodiscard]] std::vector<ProcessInfo> left_behind();

  /// All processes of this program: itself, its descendants, orphans and zombies.
  [[nodiscard]] std::vector<ProcessInfo> processes();

  /// Ends the program and everything it has started, now, by SIGKILL.
  void kill_all();

  /// What is known of the program now, for a message: its command, its state or how it ended, its
  /// processes, and the end of its output.
  [[nodiscard]] std::string report();

private:
  struct State;
  std::unique_ptr<State> state_;
};

/// `prepare` may change the options of each Process that is made from now on, before it starts. An
/// empty function: none does.
void prepare_programs(std::function<void(ProcessOptions&)> prepare);

/// `1 byte`, `4711 bytes`.
std::string quantity(std::size_t bytes);

/// Text of a program, for a message: at most `most` bytes, `  | ` before each line, and \xNN for a
/// byte that is not printable.
std::string shown(std::string_view text, std::size_t most = 2000);

} // namespace lab
