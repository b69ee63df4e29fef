#include "kit/lessons/player.hpp"

#include "harness/deadline.hpp"
#include "harness/idle.hpp"
#include "harness/proc.hpp"
#include "harness/process.hpp"
#include "harness/programs.hpp"
#include "harness/tcp.hpp"
#include "kit/lessons/matching.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <stdlib.h> // NOLINT(*-deprecated-headers): mkdtemp is POSIX's
#include <sys/wait.h>
#include <unistd.h>

namespace lab::lessons {

namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool sanitized = true;
#elif defined(__has_feature)
constexpr bool sanitized = __has_feature(address_sanitizer);
#else
constexpr bool sanitized = false;
#endif

constexpr std::string_view prompt = "(prompt of the lessons)"; // a line of its own
constexpr std::string_view gdb_prompt = "(gdb) ";

/// A line did not come, or another line came.
struct Mismatch {
  std::string seen;
};

/// An empty folder in which `steps` and, of `build`, `bin`, `exercises` and `textbook` are the
/// kit's; gone with its owner. In it is a home: there gdb learns that nobody edits lines here, and
/// that nobody answers.
class Folder {
public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "lessons-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) {
      throw std::system_error(errno, std::generic_category(), "mkdtemp " + name);
    }
    path_ = name;
    create_directory(path_ / "build");
    create_directory_symlink(program_folder(), path_ / "build" / "bin");
    for (const char* const folder : {"exercises", "textbook"}) {
      create_directory_symlink(program_folder().parent_path() / folder, path_ / "build" / folder);
    }
    create_directory_symlink(LAB_SOURCE_FOLDER "/steps", path_ / "steps");
    create_directory(home());
    std::ofstream(home() / ".gdbinit") << "set editing off\nset confirm off\n";
  }

  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  ~Folder() {
    std::error_code ignored;
    remove_all(path_, ignored);
  }

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  [[nodiscard]] std::filesystem::path home() const { return path_ / ".home"; }

private:
  std::filesystem::path path_;
};

/// A bash in a terminal. All that it shows is seen line by line, its prompt included; what is typed
/// is not echoed.
class Terminal {
public:
  explicit Terminal(const Folder& folder)
      : shell_("/bin/bash", {.arguments = {"--noprofile", "--norc", "--noediting", "-i"},
                             .input = Input::terminal,
                             .output = Output::terminal,
                             .errors = Output::terminal,
                             .environment = {{"PS1", std::string(prompt) + "\\n"},
                                             {"PS2", ""},
                                             {"HISTFILE", ""},
                                             {"HOME", folder.home().string()},
                                             {"DEBUGINFOD_URLS", ""}, // gdb would ask about them
                                             {"TERM", "dumb"}},
                             .working_directory = folder.path().string()}) {}

  /// The next line, or that of the prompt. Throws Mismatch where none comes.
  std::string line(std::chrono::milliseconds limit) {
    try {
      std::string line = shell_.line(limit);
      if (!line.empty() && line.back() == '\r') {
        line.pop_back();
      }
      return line;
    } catch (const Failure&) {
      throw Mismatch{"nothing more, after " + in_words(limit)};
    }
  }

  /// Waits for the first prompt, however busy the machine. The terminal is as large as the smallest
  /// that a student has: ps, ss, gdb and lab-xray lay out what they show for its width.
  void started() {
    shell_.line();
    type("stty columns 80 rows 24\n");
    shell_.line();
    at_prompt = true;
  }

  void type(const std::string& text) {
    if (!shell_.type(text)) {
      throw Mismatch{"the terminal is gone"};
    }
  }

  /// Waits until what runs here has done all that it does by itself: a key that ends or stops it
  /// comes from a person, long after the last line has appeared. A program that never rests is not
  /// waited for.
  void rest() const {
    constexpr std::chrono::milliseconds window{20};
    Quiescence quiescence(shell_.pid(), window);
    const Deadline deadline(std::chrono::seconds{5});
    while (!quiescence.reached() && !deadline.passed()) {
      std::this_thread::sleep_for(std::chrono::milliseconds{5}); // until the next look
    }
  }

  [[nodiscard]] pid_t pid() const { return shell_.pid(); }

  bool at_prompt = false; // the prompt has been seen, and nothing typed since
  bool any_lines = false; // `...`: what comes before the next line that matters, does not
  bool after_key = false; // a key was typed: the shell may begin a new line for that
  int last_line = 0;      // of the last block played here

private:
  Process shell_;
};

/// Whether a line that may be the prompt is; what stands before it, a line without its newline.
std::optional<std::string> before_prompt(const std::string& line) {
  if (!line.ends_with(prompt)) {
    return std::nullopt;
  }
  return line.substr(0, line.size() - prompt.size());
}

/// What ends a word of a command.
constexpr std::string_view between_words = " ;|&()$'\"";

/// Whether a command looks at processes and sockets, and does nothing else.
bool is_look(std::string_view command) {
  constexpr std::array<std::string_view, 5> tools{"ps", "ss", "pstree", "lsof", "pgrep"};
  const std::string_view first = command.substr(0, command.find_first_of(between_words));
  return std::ranges::find(tools, first) != tools.end();
}

/// Whether a debugger may attach to a process that it has not started (ptrace(2), Yama).
bool may_attach() {
  std::ifstream scope("/proc/sys/kernel/yama/ptrace_scope");
  int value = 0;
  return !(scope >> value) || value == 0 || geteuid() == 0;
}

/// Why a command cannot be played here; empty if it can.
std::string obstacle(std::string_view command) {
  constexpr std::array<std::string_view, 11> tools{"ps",  "ss",    "strace", "pstree", "lsof", "nc",
                                                   "gdb", "pgrep", "pkill",  "cc",     "g++"};
  const std::string whole(command);
  while (!command.empty()) {
    const std::size_t start = command.find_first_not_of(between_words);
    if (start == std::string_view::npos) {
      break;
    }
    command.remove_prefix(start);
    const std::string word(command.substr(0, command.find_first_of(between_words)));
    command.remove_prefix(word.size());
    if (word.starts_with("LD_PRELOAD=") && sanitized) {
      return "AddressSanitizer has to be the first library";
    }
    if (std::ranges::find(tools, word) == tools.end()) {
      continue;
    }
    // NOLINTBEGIN(cert-env33-c,concurrency-mt-unsafe,bugprone-command-processor): our own words
    if (std::system(("command -v " + word + " >/dev/null").c_str()) != 0) {
      return word + " is not installed";
    }
    if ((word == "strace" || word == "gdb") && sanitized) {
      return "LeakSanitizer does not work under " + word;
    }
    if (word == "gdb") {
      static const bool traces =
          std::system("gdb -q -batch -ex run -ex 'quit $_isvoid($_exitcode)' "
                      "--args true >/dev/null 2>&1") == 0;
      if (!traces) {
        return "gdb may not trace here";
      }
      if (whole.find("gdb -p") != std::string::npos && !may_attach()) {
        return "gdb may not attach here";
      }
    }
    if (word == "strace") {
      static const bool traces = std::system("strace -o /dev/null true 2>/dev/null") == 0;
      if (!traces) {
        return "strace may not trace here";
      }
    }
    // NOLINTEND(cert-env33-c,concurrency-mt-unsafe,bugprone-command-processor)
  }
  return {};
}

/// One session.
class Session {
public:
  explicit Session(std::chrono::milliseconds limit) : limit_(limit), port_(unused_port()) {
    numbers_.set_port("9190", std::to_string(port_.number()));
  }

  Played play(const Section& section) {
    for (const Block& block : section.blocks) {
      if (const std::string reason = obstacle_of(block); !reason.empty()) {
        skip(block.entries.front().line, reason);
        if (!only_looks(block)) {
          if (&block != &section.blocks.back()) {
            played_.skipped.back().text +=
                "; the rest of the section may need this, and is not played either";
          }
          break;
        }
        continue;
      }
      if (!play(block)) {
        return std::move(played_);
      }
    }
    for (auto& [number, terminal] : terminals_) {
      nothing_more(number, *terminal);
    }
    return std::move(played_);
  }

private:
  /// A port that nobody has used in the last minute: ss(8) shows what is left of each connection
  /// (TIME_WAIT).
  static Port unused_port() {
    std::vector<Port> used; // kept until another is found
    while (true) {
      Port port = reserve_port();
      const auto sockets = tcp_sockets();
      if (std::ranges::none_of(sockets, [&](const SocketInfo& socket) {
            return socket.local_port == port.number() || socket.remote_port == port.number();
          })) {
        return port;
      }
      used.push_back(std::move(port));
    }
  }

  static std::string obstacle_of(const Block& block) {
    for (const Entry& entry : block.entries) {
      if (entry.kind == Entry::Kind::command) {
        if (std::string reason = obstacle(entry.text); !reason.empty()) {
          return reason;
        }
      }
    }
    return {};
  }

  /// Whether a block may be left out: it is nothing but looks. (If it begins with what is shown, a
  /// program that runs in its terminal shows that.)
  static bool only_looks(const Block& block) {
    return block.entries.front().kind == Entry::Kind::command && !block.still_running &&
           std::ranges::all_of(block.entries, [](const Entry& entry) {
             return entry.kind == Entry::Kind::command
                        ? is_look(entry.text)
                        : entry.kind != Entry::Kind::typed && entry.kind != Entry::Kind::key;
           });
  }

  bool play(const Block& block) {
    std::unique_ptr<Terminal>& terminal = terminals_[block.terminal];
    if (!terminal) {
      terminal = std::make_unique<Terminal>(folder_);
      terminal->started();
    }
    terminal->last_line = block.line;
    if (block.until_seen) {
      return play_until_seen(*terminal, block);
    }
    for (std::size_t i = 0; i < block.entries.size(); ++i) {
      const Entry& entry = block.entries[i];
      bool done = true;
      switch (entry.kind) {
      case Entry::Kind::command:
        done = wait_for_prompt(*terminal, entry, block) && type(*terminal, entry);
        break;
      case Entry::Kind::typed:
      case Entry::Kind::key:
        done = type(*terminal, entry);
        break;
      case Entry::Kind::any_lines:
        terminal->any_lines = true;
        break;
      case Entry::Kind::shown:
        if (block.any_order) {
          const std::size_t first = i;
          while (i + 1 < block.entries.size() && block.entries[i + 1].kind == Entry::Kind::shown) {
            ++i;
          }
          done = expect_all(*terminal, block, first, i + 1);
        } else {
          done = expect(*terminal, entry, block);
        }
      }
      if (!done) {
        return false;
      }
    }
    if (!block.still_running) {
      const Entry end{.kind = Entry::Kind::command, .text = "", .line = block.line};
      return wait_for_prompt(*terminal, end, block);
    }
    terminal->any_lines = false;
    return true;
  }

  bool type(Terminal& terminal, const Entry& entry) {
    const bool shell = entry.kind == Entry::Kind::command;
    if (!shell && terminal.at_prompt) {
      return fail(entry.line, "a program that is running", "the shell's prompt");
    }
    if (entry.kind == Entry::Kind::key) {
      terminal.rest();
    }
    try {
      terminal.type(entry.kind == Entry::Kind::key ? entry.text
                                                   : numbers_.in_run(entry.text) + "\n");
    } catch (const NotShown& unknown) {
      return stop_before(entry.line, unknown.number);
    } catch (const Mismatch& mismatch) {
      return fail(entry.line, "a terminal to type into", mismatch.seen);
    }
    terminal.at_prompt = false;
    terminal.after_key = entry.kind == Entry::Kind::key;
    return true;
  }

  /// Waits for the prompt at which `entry` is typed, or at which a block ends.
  bool wait_for_prompt(Terminal& terminal, const Entry& entry, const Block& block) {
    while (!terminal.at_prompt) {
      try {
        const std::string line = next(terminal);
        const auto text = before_prompt(line);
        terminal.at_prompt = text.has_value();
        if (const std::string& shown = text ? *text : line;
            !terminal.any_lines && !(text && shown.empty())) {
          return fail(entry.line, prompt_of(entry, block), "'" + shown + "'");
        }
      } catch (const Mismatch& mismatch) {
        return fail(entry.line, prompt_of(entry, block), mismatch.seen);
      }
    }
    terminal.any_lines = false;
    return true;
  }

  /// A terminal that is at its prompt answers an empty command with its prompt, and has nothing
  /// else to show.
  void nothing_more(int number, Terminal& terminal) {
    if (!terminal.at_prompt) {
      return;
    }
    try {
      terminal.type(":\n");
      if (const std::string line = next(terminal); line != prompt) {
        fail(terminal.last_line, "nothing more in terminal " + std::to_string(number),
             "'" + line + "'");
      }
    } catch (const Mismatch& mismatch) {
      fail(terminal.last_line, "the prompt of terminal " + std::to_string(number), mismatch.seen);
    }
  }

  static std::string prompt_of(const Entry& entry, const Block& block) {
    return entry.text.empty()
               ? "the end of the block, and the prompt (or say 'still running' above the block)"
               : "the prompt of terminal " + std::to_string(block.terminal) + ", to type '" +
                     entry.text + "'";
  }

  bool expect(Terminal& terminal, const Entry& entry, const Block& block) {
    std::string skipped;
    while (true) {
      std::string seen;
      try {
        seen = shown(terminal);
      } catch (const Mismatch& mismatch) {
        return fail(entry.line, in(block, entry.text), mismatch.seen + skipped);
      }
      if (numbers_.matches(entry.text, seen)) {
        terminal.any_lines = false;
        return true;
      }
      if (!terminal.any_lines) {
        return fail(entry.line, in(block, entry.text), "'" + seen + "'");
      }
      skipped += "\n            passed over: " + seen;
    }
  }

  /// The entries from `first` to before `last`, in whatever order.
  bool expect_all(Terminal& terminal, const Block& block, std::size_t first, std::size_t last) {
    std::vector<const Entry*> open;
    for (std::size_t i = first; i < last; ++i) {
      open.push_back(&block.entries[i]);
    }
    while (!open.empty()) {
      std::string seen;
      try {
        seen = shown(terminal);
      } catch (const Mismatch& mismatch) {
        return fail(open.front()->line, in(block, open.front()->text), mismatch.seen);
      }
      const auto found = std::find_if(open.begin(), open.end(), [&](const Entry* entry) {
        return numbers_.matches(entry->text, seen);
      });
      if (found != open.end()) {
        open.erase(found);
      } else if (!terminal.any_lines) {
        return fail(open.front()->line, in(block, open.front()->text) + " or another line of these",
                    "'" + seen + "'");
      }
    }
    terminal.any_lines = false;
    return true;
  }

  bool play_until_seen(Terminal& terminal, const Block& block) {
    const Deadline deadline(limit_);
    const Entry& command = block.entries.front();
    while (true) {
      const bool last = deadline.passed();
      if (!wait_for_prompt(terminal, command, block) || !type(terminal, command)) {
        return false;
      }
      std::vector<std::string> seen;
      try {
        while (!terminal.at_prompt) {
          std::string line = shown(terminal);
          seen.push_back(std::move(line));
        }
      } catch (const Mismatch& mismatch) {
        if (!terminal.at_prompt) {
          return fail(command.line, prompt_of({}, block), mismatch.seen);
        }
      }
      Numbers attempt = numbers_;
      const Entry* missed = nullptr;
      if (all_match(block.entries, 1, seen, 0, attempt, missed)) {
        numbers_ = std::move(attempt);
        return true;
      }
      if (last) {
        std::string all;
        for (const std::string& line : seen) {
          all += "\n            " + line;
        }
        return fail(missed == nullptr ? command.line : missed->line,
                    in(block, missed == nullptr ? "nothing more" : missed->text),
                    "again and again:" + all);
      }
      reap_orphans();
      std::this_thread::sleep_for(std::chrono::milliseconds{20}); // until the command is run again
    }
  }

  /// The harness makes this process the parent of orphans: reaps those that have ended, as init
  /// would.
  void reap_orphans() {
    siginfo_t ended{};
    while (waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid != 0) {
      for (const auto& [number, terminal] : terminals_) {
        if (terminal->pid() == ended.si_pid) {
          return; // not an orphan
        }
      }
      waitpid(ended.si_pid, nullptr, 0);
      ended = {};
    }
  }

  static bool all_match(const std::vector<Entry>& entries, std::size_t entry,
                        const std::vector<std::string>& seen, std::size_t line, Numbers& numbers,
                        const Entry*& missed) {
    for (; entry < entries.size(); ++entry, ++line) {
      if (entries[entry].kind == Entry::Kind::any_lines) {
        for (; line <= seen.size(); ++line) {
          Numbers attempt = numbers;
          if (all_match(entries, entry + 1, seen, line, attempt, missed)) {
            numbers = std::move(attempt);
            return true;
          }
        }
        return false;
      }
      if (line >= seen.size() || !numbers.matches(entries[entry].text, seen[line])) {
        missed = &entries[entry];
        return false;
      }
    }
    return line == seen.size();
  }

  /// The next line that a program shows. Throws Mismatch where there is none: the prompt is back,
  /// or nothing comes.
  std::string shown(Terminal& terminal) {
    if (terminal.at_prompt) {
      throw Mismatch{"the shell's prompt"};
    }
    const std::string line = next(terminal);
    const auto text = before_prompt(line);
    terminal.at_prompt = text.has_value();
    if (text && text->empty()) {
      throw Mismatch{"the shell's prompt"};
    }
    return text ? *text : line;
  }

  /// The next line, the prompt included. Where a key has ended or stopped a program, bash begins a
  /// new line: on a screen, where the terminal has echoed `^C`, that line is not to be seen.
  std::string next(Terminal& terminal) const {
    std::string line = terminal.line(limit_);
    if (line.empty() && terminal.after_key) {
      line = terminal.line(limit_);
    }
    terminal.after_key = false;
    while (line.starts_with(gdb_prompt)) { // what was typed there is not echoed
      line.erase(0, gdb_prompt.size());
    }
    return line;
  }

  /// Types nothing that has a number which this run has not shown: it may be anybody's.
  bool stop_before(int line, const std::string& number) {
    if (played_.skipped.empty()) {
      return fail(line, "a line above that shows " + number, "none");
    }
    skip(line, "what " + number +
                   " is in this run was to be seen in a block that was not played; "
                   "the rest of the section is not played either");
    return false;
  }

  void skip(int line, std::string reason) {
    played_.skipped.push_back({.line = line, .text = std::move(reason)});
  }

  static std::string in(const Block& block, const std::string& text) {
    return "'" + text + "' in terminal " + std::to_string(block.terminal);
  }

  bool fail(int line, const std::string& expected, const std::string& seen) {
    std::string text = "expected: " + expected;
    text += "\n  seen:     " + seen;
    played_.problems.push_back({.line = line, .text = std::move(text)});
    return false;
  }

  std::chrono::milliseconds limit_;
  Port port_;
  Folder folder_;
  Numbers numbers_;
  Played played_;
  std::map<int, std::unique_ptr<Terminal>> terminals_; // the last: their programs end first
};

} // namespace

Played play(const Section& section, std::chrono::milliseconds limit) {
  if (section.blocks.empty()) {
    return {};
  }
  while (true) {
    const pid_t newest = system_load().newest_pid;
    Played played = Session(limit).play(section);
    // ps and ss list processes by their ids, and a page by their age. When the ids have begun anew
    // meanwhile (after 32,768, say), the younger process may have the smaller one: once more.
    if (played.problems.empty() || system_load().newest_pid >= newest) {
      return played;
    }
  }
}

} // namespace lab::lessons
