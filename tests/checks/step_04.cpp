// The checks of steps/04-signal-vs-sigaction: three ways to handle SIGCHLD, and what a signal does
// to a call that blocks.

#include "checks/common.hpp"
#include "checks/probed.hpp"
#include "checks/settle.hpp"
#include "checks/shortage.hpp"
#include "harness/programs.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <initializer_list>
#include <string>
#include <vector>

namespace lab::step_04 {

namespace {

constexpr Suite suite{.name = "step-04", .subject = {.program = "reap_all"}};

struct Count {
  int reaped = -1;
  int of = -1;
  int zombies = -1;
};

// How many processes and threads this machine has started since it was: proc(5), stat.
unsigned long long started() {
  std::ifstream stat("/proc/stat");
  std::string word;
  unsigned long long count = 0;
  while (stat >> word) {
    if (word == "processes") {
      stat >> count;
      break;
    }
  }
  return count;
}

// Runs it to its end and reads its last line, `reaped R of N, Z zombies left`.
Count run(const char* name, int children) {
  const auto before = started();
  Process process(lab::program(name),
                  {.arguments = {std::to_string(children)}, .input = Input::null});
  const Exit exit = ended(process, "started");
  expect(exit.success(), process.command(), " ended with ", exit.text(),
         " instead of exit status 0");
  expect_nothing_left(process, process.command());
  const auto forked = started() - before;
  expect(forked > static_cast<unsigned>(children), process.command(), " has started no ", children,
         " children: meanwhile the whole machine started ", forked, " processes");
  const auto lines = process.lines();
  const std::string last = lines.empty() ? "" : lines.back();
  Count count;
  std::array<char, 2> rest{};
  const int fields = std::sscanf(last.c_str(), "reaped %d of %d, %d zombies lef%1[t]", // NOLINT
                                 &count.reaped, &count.of, &count.zombies, rest.data());
  expect(fields == 4, process.command(), ": the last line is not `reaped R of ", children,
         ", Z zombies left`");
  expect(count.of == children && count.reaped >= 0 && count.zombies >= 0 &&
             count.reaped + count.zombies == children,
         process.command(), " does not account for its ", children, " children: ", last);
  expect_whole_lines(process);
  return count;
}

int at_once(int children) { // as many, or fewer
  return static_cast<int>(processes_at_once(static_cast<std::size_t>(children), 10));
}

std::vector<Wrong> wrong_counts() {
  return {
      {.arguments = {}, .why = "no argument"},
      {.arguments = {"1", "2"}, .why = "one argument too many"},
      {.arguments = {"abc"}, .why = "no number"},
      {.arguments = {"-1"}, .why = "below 0"},
      {.arguments = {"+1"}, .why = "a sign is no digit"},
      {.arguments = {"5x"}, .why = "a number and more"},
      {.arguments = {""}, .why = "empty"},
      {.arguments = {"99999999999999999999"}, .why = "no integer holds it"},
  };
}

} // namespace

LAB_CHECK(reap_all_leaves_no_zombie,
          .sentence = "reap_all leaves no zombie however many children end together",
          .promise = "M3 W6", .marks = 3,
          .means = "SIGCHLD is not queued: one delivery can stand for many exits",
          .look = "steps/04-signal-vs-sigaction/reap_all.cpp, [1]; waitpid(2), WNOHANG") {
  const int most = at_once(200);
  for (const int children : {0, 1, 2, std::min(50, most), most}) {
    const Count count = run("reap_all", children);
    expect(count.reaped == children, "reap_all ", children, " reaped ", count.reaped, " and left ",
           count.zombies, " zombies");
  }
}

LAB_CHECK(reap_once_leaves_zombies,
          .sentence = "reap_once leaves zombies when children end together", .promise = "W6",
          .marks = 2,
          .means = "the lesson needs these zombies: the handler reaps one child for one delivery",
          .look = "steps/04-signal-vs-sigaction/reap_once.cpp, [1] and [2]; signal(7)") {
  for (const int children : {0, 1}) {
    const Count count = run("reap_once", children);
    expect(count.reaped == children, "reap_once ", children, " reaped ", count.reaped,
           ": with no more than one child nothing can be lost");
  }
  const int most = at_once(200);
  for (const int children : {2, std::min(50, most), most}) {
    const Count count = run("reap_once", children);
    expect(count.reaped > 0 && count.zombies > 0, "reap_once ", children, " reaped ", count.reaped,
           " and left ", count.zombies,
           " zombies: when all of them end before the handler runs, it reaps one");
  }
}

LAB_CHECK(
    reap_signal_reaps_one_child, .sentence = "reap_signal reaps one child and no other",
    .promise = "W6", .marks = 2,
    .means = "the lesson needs it: with the System V meaning of signal(), a handler runs once",
    .look = "steps/04-signal-vs-sigaction/reap_signal.cpp, [1]; signal(2), PORTABILITY") {
  for (const int children : {0, 1, 2, at_once(50)}) {
    const Count count = run("reap_signal", children);
    expect(count.reaped == std::min(children, 1), "reap_signal ", children, " reaped ",
           count.reaped, " and left ", count.zombies, " zombies");
  }
}

LAB_CHECK(signal_handlers_shows_two_reads,
          .sentence = "signal_handlers shows a read that a signal breaks and one that it does not",
          .promise = "W5", .marks = 2,
          .means = "without SA_RESTART a signal breaks a call that blocks, with EINTR",
          .look = "steps/04-signal-vs-sigaction/signal_handlers.cpp, [2] to [5]; signal(7); "
                  "sigaction(2), SA_RESTART") {
  Process process(lab::program("signal_handlers"));
  wait_until(
      "a handler for SIGALRM",
      [&] { return process.poll_exit() || catches_signal(process.pid(), SIGALRM); }, soon);
  const Exit exit = ended(process, "started");
  expect(exit.success(), "it ended with ", exit.text(), " instead of exit status 0");
  expect_nothing_left(process, "started");
  for (const char* const part : std::initializer_list<const char*>{
           "SIGALRM", "SIGCHLD", "SIGINT", std::strerror(EINTR), "SA_RESTART"}) {
    expect(process.has_line(part), "no line tells of ", part);
  }
  expect_whole_lines(process);
}

LAB_CHECK(all_refuse_wrong_arguments,
          .sentence = "all programs end with status 2 on wrong arguments", .promise = "G1",
          .marks = 1, .means = "atoi turns abc into 0, and 5x into 5: nothing tells the user",
          .look = "steps/support/arguments.cpp; strtol(3), endptr and ERANGE") {
  for (const char* const name : {"reap_signal", "reap_once", "reap_all"}) {
    expect_refused(name, wrong_counts());
    expect_usage(name, wrong_counts());
  }
  const std::vector<Wrong> wrong{{.arguments = {"5"}, .why = "it takes no argument"}};
  expect_refused("signal_handlers", wrong);
  expect_usage("signal_handlers", wrong);
}

LAB_CHECK(all_say_that_fork_fails, .sentence = "all programs say so when fork fails",
          .promise = "G2 G5", .marks = 1,
          .means = "fork returns -1 when the process limit is reached. kill(-1, ...) means all "
                   "processes, and waitpid(-1, ...) all children",
          .look = "steps/support/error.hpp; fork(2), EAGAIN") {
  for (const char* const name : {"reap_signal", "reap_once", "reap_all"}) {
    expect_fork_report(name, {"20"}, 5);
  }
  expect_fork_report("signal_handlers", {});
}

LAB_CHECK(handlers_are_safe,
          .sentence = "reap_once and reap_all have handlers that make safe calls and keep errno",
          .promise = "M6", .marks = 2,
          .means = "a handler may run in the middle of printf or malloc, or between a call and the "
                   "test of its errno",
          .look = "steps/04-signal-vs-sigaction/signal_handlers.cpp, [1]; signal-safety(7)") {
  for (const char* const name : {"reap_once", "reap_all"}) {
    const auto probe = probed::run_to_the_end(name, {"20"});
    probed::expect_safe_handlers(*probe, true);
    probed::expect_errno_kept(*probe, true);
  }
}

} // namespace lab::step_04
