#include "checks/common.hpp"

#include "checks/settle.hpp"
#include "harness/fd.hpp"
#include "harness/limits.hpp"
#include "harness/lock.hpp"
#include "harness/programs.hpp"
#include "harness/server.hpp"
#include "tools/drawing/picture.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <iterator>
#include <set>
#include <system_error>
#include <thread>

#include <stdlib.h> // NOLINT(modernize-deprecated-headers): mkdtemp

namespace lab {

namespace {

// `echo_server 80x ''`: as typed at a shell.
std::string typed(const std::string& name, const std::vector<std::string>& arguments) {
  std::string line = name;
  for (const std::string& argument : arguments) {
    const bool plain = !argument.empty() && argument.find(' ') == std::string::npos;
    line += plain ? " " + argument : " '" + argument + "'";
  }
  return line;
}

// Each command line of `wrong`, all at the same time; nothing to read on standard input.
std::vector<Process> start_all(const std::string& program_name, const std::vector<Wrong>& wrong) {
  std::vector<Process> processes;
  processes.reserve(wrong.size());
  for (const Wrong& one : wrong) {
    processes.emplace_back(program(program_name),
                           ProcessOptions{.arguments = one.arguments, .input = Input::null});
  }
  return processes;
}

// Waits for the program to end or listen; says what it did instead of ending.
std::string instead_of_ending(Process& process) {
  std::string instead;
  try {
    wait_until(
        "its end",
        [&] {
          if (process.poll_exit()) {
            return true;
          }
          for (const SocketInfo& socket : listeners_of(process)) {
            instead = "it runs, with a socket in state " + describe(socket);
          }
          return !instead.empty();
        },
        soon);
  } catch (const Failure&) {
    instead = "it still runs after " + in_words(soon);
  }
  return instead;
}

} // namespace

std::ostream& operator<<(std::ostream& out, const PictureOf& picture) {
  return out << xray_of(picture.root);
}

std::string pattern(std::size_t size, std::uint64_t seed) {
  std::string bytes(size, '\0');
  std::uint64_t state = seed * 0x9e3779b97f4a7c15U + 1;
  char* const end = bytes.data() + size;
  for (char* at = bytes.data(); at < end; at += sizeof state) { // xorshift64
    state ^= state << 13U;
    state ^= state >> 7U;
    state ^= state << 17U;
    const auto left = static_cast<std::size_t>(end - at);
    std::memcpy(at, &state, left < sizeof state ? left : sizeof state);
  }
  return bytes;
}

void expect_same(std::string_view sent, std::string_view back) {
  if (sent == back) {
    return;
  }
  const auto differs = std::mismatch(sent.begin(), sent.end(), back.begin(), back.end());
  throw Failure(text("sent ", sent.size(), " bytes, and ", back.size(),
                     " came back; the first that is missing or wrong is the one at offset ",
                     differs.first - sent.begin()));
}

void expect_clean(const Process& process) {
  const std::string errors = process.err();
  for (const char* const sign : {"Sanitizer", "runtime error:"}) {
    const auto at = errors.find(sign);
    expect(at == std::string::npos, "a sanitizer found an error:\n",
           shown(errors.substr(0, 4000), 4000));
  }
}

Exit ended(Process& process, std::string_view what, std::chrono::milliseconds limit) {
  const Situation situation{std::string(what)};
  return process.wait(limit);
}

Exit ended_or_listening(Process& process, std::string_view what) {
  const std::string instead = instead_of_ending(process);
  expect(instead.empty(), what, ", and instead of ending ", instead);
  return process.wait();
}

std::vector<SocketInfo> listeners_of(Process& process) {
  std::vector<SocketInfo> found = listening_sockets();
  std::set<unsigned long> held;
  std::vector<pid_t> family{process.pid()};
  for (const ProcessInfo& child : descendants_of(process.pid())) {
    family.push_back(child.pid);
  }
  for (const pid_t pid : family) {
    for (const DescriptorInfo& descriptor : descriptors_of(pid)) {
      held.insert(descriptor.inode);
    }
  }
  std::erase_if(found, [&](const SocketInfo& socket) { return !held.contains(socket.inode); });
  return found;
}

void expect_nothing_left(Process& process, std::string_view after) {
  const auto left = process.left_behind();
  expect(left.empty(), after, ": it has ended and left behind:\n", process_table(left));
}

void wait_for_orphans_to_end(Process& process) {
  wait_until(
      "all that the program has left behind to end",
      [&] { return std::ranges::all_of(process.left_behind(), &ProcessInfo::zombie); },
      [&] { return process_table(process.left_behind()); }, soon);
}

void expect_whole_lines(const Process& process) {
  if (!process.sees_writes()) {
    throw Skipped("the kernel has no pipes in packet mode (pipe2(2), O_DIRECT)");
  }
  for (const std::string& write : process.writes()) {
    const auto newlines = std::ranges::count(write, '\n');
    if (newlines != 1 || !write.ends_with('\n')) {
      throw Failure(
          text("one write(2) gave ",
               newlines > 1 ? text(newlines, " lines") : std::string("a piece of a line"), ":\n",
               shown(write)),
          {.means = "a line of output is one write(2) with its newline. When a line is written in "
                    "pieces, the lines of other processes come between them",
           .look = "steps/support/output.hpp, print_line; write(2), pipe(7)"});
    }
  }
}

void expect_all_idle(const std::vector<std::pair<pid_t, std::string>>& processes,
                     std::chrono::milliseconds window) {
  constexpr int windows = 10; // restless in as many of them on end: it is not just late
  const auto use_of = [](const std::pair<pid_t, std::string>& process) {
    const auto use = cpu_use(process.first);
    expect(use.has_value(), "process ", process.first, ", ", process.second,
           ", ended while it was watched");
    return *use;
  };
  std::vector<int> restless(processes.size(), 0);
  std::vector<bool> was_idle(processes.size(), false);
  const Deadline deadline(patience);
  while (std::ranges::count(was_idle, false) > 0) {
    std::vector<CpuUse> before;
    before.reserve(processes.size());
    std::ranges::transform(processes, std::back_inserter(before), use_of);
    std::this_thread::sleep_for(window); // that nothing happens in this time is what is asked
    for (std::size_t i = 0; i < processes.size(); ++i) {
      const CpuUse after = use_of(processes[i]);
      const auto ran = after.run_time - before[i].run_time;
      const auto turns = after.switches - before[i].switches;
      was_idle[i] = was_idle[i] || (ran.count() == 0 && turns == 0);
      restless[i] = turns > 1 || ran > window / 20 ? restless[i] + 1 : 0;
      expect(restless[i] < windows && (was_idle[i] || !deadline.passed()), "process ",
             processes[i].first, " (", processes[i].second,
             ") does not sleep. Again and again it runs: in the last ", window.count(), " ms for ",
             std::chrono::duration_cast<std::chrono::microseconds>(ran).count(),
             " microseconds, in ", turns, turns == 1 ? " turn" : " turns");
    }
  }
}

namespace {

/// A program that takes a port of its own where it is given none must not meet itself in a check
/// beside this one.
Fd turn_for_wrong_arguments() {
  std::optional<Fd> turn;
  wait_until("other checks to be done with wrong arguments",
             [&] { return (turn = try_lock("lab-check-wrong-arguments")).has_value(); });
  return std::move(*turn);
}

} // namespace

void expect_refused(const std::string& program, const std::vector<Wrong>& wrong) {
  const Fd turn = turn_for_wrong_arguments();
  std::vector<Process> processes = start_all(program, wrong);
  std::string seen;
  std::optional<Process> first; // of those that did not end as they should
  for (std::size_t i = 0; i < wrong.size(); ++i) {
    Process& process = processes[i];
    std::string instead = instead_of_ending(process);
    if (instead.empty()) {
      const Exit exit = process.wait();
      if (!exit.exited || exit.code != 2) {
        instead = exit.text();
      } else if (const auto left = process.left_behind(); !left.empty()) {
        instead = "it left behind " + process_table(left);
      }
    }
    if (!instead.empty()) {
      seen += text("`", typed(process.name(), wrong[i].arguments), "` (", wrong[i].why,
                   "): ", instead, "\n");
      if (!first) {
        first.emplace(std::move(process));
      }
    }
  }
  processes.clear(); // the report is about that one
  expect(seen.empty(), "instead of exit status 2, with nothing started:\n", seen);
}

bool says_usage(const Process& process, std::string_view arguments) {
  const auto begins = [&](const std::string& line, const std::string& name) {
    const std::string start = text("usage: ", name, arguments.empty() ? "" : " ", arguments);
    return line == start || (arguments.empty() && line.starts_with(start + " "));
  };
  const auto lines = process.error_lines();
  return std::ranges::any_of(lines, [&](const std::string& line) {
    return begins(line, process.name()) || begins(line, process.path());
  });
}

void expect_usage(const std::string& program, const std::vector<Wrong>& wrong) {
  const Fd turn = turn_for_wrong_arguments();
  std::vector<Process> processes = start_all(program, wrong);
  // One that has not seen that its arguments are wrong is for expect_refused. If all are like that,
  // the first is asked.
  std::vector<std::size_t> seen;
  for (std::size_t i = 0; i < processes.size(); ++i) {
    if (instead_of_ending(processes[i]).empty() &&
        processes[i].wait() == Exit{.exited = true, .code = 2, .signal = 0}) {
      seen.push_back(i);
    }
  }
  if (seen.empty()) {
    seen.push_back(0);
  }
  for (const std::size_t i : seen) {
    if (!says_usage(processes[i])) {
      const Process process = std::move(processes[i]);
      processes.clear(); // the report is about this one
      throw Failure(text("`", typed(process.name(), wrong[i].arguments), "` (", wrong[i].why,
                         "): standard error has no line that begins with `usage: ", process.name(),
                         "`"));
    }
  }
}

void expect_fork_report(const std::string& program_name, const std::vector<std::string>& arguments,
                        unsigned processes) {
  if (const auto reason = cannot_limit_processes()) {
    throw Skipped(*reason);
  }
  Process process(program(program_name), {.arguments = arguments,
                                          .input = Input::null,
                                          .processes = processes,
                                          .user = unprivileged_user()});
  const Exit exit = ended(process, "fork fails with EAGAIN (RLIMIT_NPROC)");
  const std::string line = text(": fork: ", std::strerror(EAGAIN));
  const auto lines = process.error_lines();
  const bool said = std::ranges::find(lines, process.name() + line) != lines.end() ||
                    std::ranges::find(lines, process.path() + line) != lines.end();
  expect(exit.exited && exit.code == 1 && said,
         "fork fails with EAGAIN (RLIMIT_NPROC), and instead of `", process.name(), line,
         "` on standard error and exit status 1 it ended with ", exit.text());
  wait_for_orphans_to_end(process);
}

std::vector<long> numbers_in(std::string_view line) {
  std::vector<long> numbers;
  const char* at = line.data();
  const char* const end = at + line.size();
  while ((at = std::find_if(at, end, [](char c) { return c >= '0' && c <= '9'; })) != end) {
    long number = 0;
    const auto [after, error] = std::from_chars(at, end, number);
    if (error == std::errc()) {
      numbers.push_back(number);
    }
    at = after;
  }
  return numbers;
}

bool has_number(std::string_view line, std::string_view number) {
  const auto digit = [&](std::size_t at) {
    return at < line.size() && line[at] >= '0' && line[at] <= '9';
  };
  for (auto at = line.find(number); at != std::string_view::npos; at = line.find(number, at + 1)) {
    if ((at == 0 || !digit(at - 1)) && !digit(at + number.size())) {
      return true;
    }
  }
  return false;
}

void expect_no_growth(pid_t pid, const std::function<void()>& clients) {
  constexpr int rounds = 4;
  clients();
  for (int round = 1;; ++round) {
    const std::size_t before = descriptors_of(pid).size();
    clients();
    try {
      settle(
          pid,
          text("the process to hold ", before, " descriptors, as it did before the last clients"),
          [&] { return descriptors_of(pid).size() <= before; },
          [&] { return "it holds\n" + xray_of(pid); });
      return;
    } catch (const Failure&) {
      if (round == rounds) {
        throw;
      }
    }
  }
}

void needs_ipv6() {
  if (const auto reason = no_ipv6()) {
    throw Skipped(*reason);
  }
}

Folder::Folder() {
  std::string name = (std::filesystem::temp_directory_path() / "lab-check-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) {
    throw_errno("mkdtemp");
  }
  path_ = name;
  std::filesystem::permissions(path_, std::filesystem::perms::all);
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string Folder::list() const {
  std::string names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path_)) {
    names += (names.empty() ? "" : " ") + entry.path().lexically_relative(path_).string();
  }
  return names;
}

} // namespace lab
