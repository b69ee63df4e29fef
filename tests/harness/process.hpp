// A program under test, as an object: started with limits, watched, and ended for certain.
#pragma once

#include "harness/deadline.hpp"
#include "harness/proc.hpp"

#include <chrono>
#include <cstddef>
#include <filesystem>
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
  /// A terminal is one for all of 0, 1 and 2 that ask for it; if both outputs do, out() has them
  /// both. It is the controlling terminal when input asks for it, so that type("\x03") is Ctrl-C.
  /// It neither echoes nor turns \n into \r\n.
  Input input = Input::pipe;
  Output output = Output::pipe;
  Output errors = Output::pipe;

  /// Limits on each process of the program; see getrlimit(2). Nothing: as the harness itself.
  std::optional<unsigned> cpu_seconds{};
  /// Of address space. A program built with AddressSanitizer, which reserves terabytes, is held to
  /// the same number of resident bytes instead, and killed when it has more. Nothing, where
  /// programs are confined: 1 GiB.
  std::optional<std::size_t> memory_bytes{};
  std::optional<std::size_t> file_bytes{};
  std::optional<unsigned> open_files{};
  /// Counts all processes of `user`, or of ours without one; has no effect on root.
  std::optional<unsigned> processes{};

  /// Added to the harness's own environment, in which messages are English (LC_ALL, LANGUAGE): they
  /// are compared.
  std::vector<std::pair<std::string, std::string>> environment{}; // NOLINT(*-member-init)
  /// Runs as this user and the group of the same number; only for a harness that is root. Nothing:
  /// as the user that confine_programs was given, or as our own.
  std::optional<uid_t> user{};
  /// A program that writes more, both outputs together, is killed with all its processes.
  std::size_t most_output = std::size_t{256} << 20;
  /// A program that has more processes at a time is killed with all of them: a fork bomb.
  std::size_t most_processes = 2000;
  /// A program whose processes have more bytes of memory together is killed with all of them; what
  /// several share counts once. Nothing: where programs are confined 1 GiB, or 8 of one built with
  /// AddressSanitizer; else no such limit.
  std::optional<std::size_t> most_memory{};
  std::string working_directory{}; // NOLINT(*-member-init)
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

/// A program under test. It runs in a session of its own, with default signal dispositions, an
/// empty signal mask, and no descriptor of ours but 0, 1 and 2. A thread of ours takes in all that
/// it writes, so it never blocks on us. The destructor ends it and everything it has started,
/// whatever these do about it.
///
/// The kernel kills the program when the thread that started it ends (PR_SET_PDEATHSIG of
/// prctl(2)), so start it from a thread that outlives it.
class Process {
public:
  /// Throws Failure when the program is not there or cannot be run; std::system_error when the
  /// harness's own calls fail.
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

  /// The next whole line of standard output that neither line nor wait_for_line has given yet.
  /// Throws Failure when none comes: output so far, and how the program ended if it has.
  std::string line(std::chrono::milliseconds limit = patience);

  /// As line, but passes over lines until one contains `text`.
  std::string wait_for_line(std::string_view text, std::chrono::milliseconds limit = patience);

  /// As wait_for_line, on standard error.
  std::string wait_for_error_line(std::string_view text,
                                  std::chrono::milliseconds limit = patience);

  /// Whether some whole line of standard output so far contains `text`. Takes nothing.
  [[nodiscard]] bool has_line(std::string_view text) const;

  /// All whole lines of standard output so far, those already given included.
  [[nodiscard]] std::vector<std::string> lines() const;

  /// All whole lines of standard error so far.
  [[nodiscard]] std::vector<std::string> error_lines() const;

  /// All of standard output so far.
  [[nodiscard]] std::string out() const;

  /// All of standard error so far.
  [[nodiscard]] std::string err() const;

  /// Each write(2) to standard output so far; pipe(2), O_DIRECT: the kernel keeps them apart, as
  /// packets of up to a page. Longer writes are put together again (so a write of exactly a page
  /// is joined with the next). Only if sees_writes(); else each element is what one read of ours
  /// gave. The first 100,000 are kept apart, all after them are one.
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

  /// Writes all of `text` to standard input. False when the program has closed it or ended; throws
  /// Failure when it does not read for `limit`, with the number of bytes that it took.
  bool type(std::string_view text, std::chrono::milliseconds limit = patience);

  /// End of file on standard input; at a terminal, Ctrl-D.
  void close_input();

  /// Sends a signal to the program itself. False when it has ended.
  bool signal(int number);

  /// SIGSTOP, and waits until the kernel shows it stopped. Throws Failure when that does not
  /// happen.
  void stop();

  /// SIGCONT.
  void resume();

  // The end.

  /// How the program ended, if it has.
  std::optional<Exit> poll_exit();

  /// Waits until the program has ended and all its output is in. Throws Failure, with the tree of
  /// its processes, when it still runs after `limit`. Where a process that it left behind holds the
  /// output open, more may still come: output_held_open().
  Exit wait(std::chrono::milliseconds limit = patience);

  /// Whether some process still has the program's output open after the program has ended.
  [[nodiscard]] bool output_held_open() const;

  /// What the program left behind when it ended: living processes (orphans, state S or R), and
  /// zombies that it never reaped. An orphan that has ended since is not among them: init would
  /// have reaped it. Empty while the program runs.
  [[nodiscard]] std::vector<ProcessInfo> left_behind();

  /// Everything that runs or is a zombie on behalf of this program, itself and orphans included.
  [[nodiscard]] std::vector<ProcessInfo> processes();

  /// Ends the program and everything it has started, now, by SIGKILL.
  void kill_all();

  /// What was seen of the program so far, for a message: command, state or exit, its processes,
  /// the last of its output.
  [[nodiscard]] std::string report();

private:
  struct State;
  std::unique_ptr<State> state_;
};

/// `1 byte`, `4711 bytes`.
std::string quantity(std::size_t bytes);

/// Text of a program for a message: at most `most` bytes, each line after `  | `, bytes that are
/// not printable as \xNN.
std::string shown(std::string_view text, std::size_t most = 2000);

} // namespace lab
