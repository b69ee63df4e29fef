// The checks of exercises/04-signal-vs-sigaction: N children reaped by a handler, and the end that
// comes after the last of them.

#include "checks/common.hpp"
#include "checks/probed.hpp"
#include "checks/settle.hpp"
#include "checks/shortage.hpp"
#include "harness/idle.hpp"
#include "harness/programs.hpp"

#include <algorithm>
#include <csignal>
#include <initializer_list>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace lab::exercise_04 {

namespace {

constexpr Suite suite{.name = "exercise-04", .subject = {.program = "reaper"}};

constexpr const char* program = "reaper";
constexpr std::string_view removed = "removed proc id: ";

// The ids in the lines `removed proc id: PID`.
std::vector<std::string> removed_in(const std::vector<std::string>& lines) {
  std::vector<std::string> pids;
  for (const std::string& line : lines) {
    if (line.starts_with(removed)) {
      pids.push_back(line.substr(removed.size()));
    }
  }
  return pids;
}

// A line for each of `count` children, `all N children removed` as the last line, exit status 0.
void expect_all_removed(Process& process, std::size_t count, const std::string& situation) {
  const Exit exit = ended(process, situation);
  const auto lines = process.lines();
  const auto pids = removed_in(lines);
  expect(pids.size() == count, situation, ": of the lines `removed proc id: PID` there are ",
         pids.size(), " instead of ", count);
  const std::set<std::string> different(pids.begin(), pids.end());
  expect(different.size() == count, situation, ": a child has been removed twice");
  const std::string last = text("all ", count, " children removed");
  expect(!lines.empty() && lines.back() == last, situation, ": the last line is not `", last, "`");
  expect(lines.size() == count + 1, situation, ": there are further lines");
  expect(exit.success(), situation, ": it ended with ", exit.text(), " instead of exit status 0");
  expect_nothing_left(process, situation);
  expect_clean(process);
}

Process start(std::size_t count, ProcessOptions options = {}) {
  options.arguments = {std::to_string(count)};
  options.input = Input::null;
  return Process(lab::program(program), std::move(options));
}

// The program, with all of its children held at their start: none has ended.
struct Held {
  explicit Held(std::size_t number, bool hold_parent = false)
      : probe({.hold_children = true, .hold_parent = hold_parent}), count(number), process([&] {
          probed::needs_probe(program);
          ProcessOptions options;
          probe.attach(options);
          return start(number, options);
        }()) {
    settle(process.pid(),
           text(count, count == 1 ? " child to start" : " children to run at the same moment"),
           [&] { return probe.held_children().size() == count || process.poll_exit(); });
    expect(!process.poll_exit(), "it has ended before its children, which are held");
  }

  [[nodiscard]] std::size_t zombies() const {
    const auto children = children_of(process.pid());
    return static_cast<std::size_t>(std::ranges::count_if(children, &ProcessInfo::zombie));
  }

  Probe probe;
  std::size_t count;
  Process process;
};

} // namespace

LAB_CHECK(
    removes_every_child,
    .sentence = "prints `removed proc id: PID` for each child, and then `all N children removed`",
    .promise = "E4", .marks = 3,
    .means = "main has to wait until the handler has removed the last child. If it returns at "
             "once, it leaves the children to init",
    .look = "TODO 1 and 2; steps/04-signal-vs-sigaction/reap_all.cpp, [1]") {
  const std::size_t most = processes_at_once(200, 10);
  for (const std::size_t count :
       std::initializer_list<std::size_t>{1, 4, std::min<std::size_t>(50, most), most}) {
    Process process = start(count);
    expect_all_removed(process, count, text("reaper ", count));
  }
}

LAB_CHECK(removes_none_when_n_is_0, .sentence = "prints `all 0 children removed` when N is 0",
          .promise = "E4", .marks = 1,
          .means = "without children no signal will come: look before you sleep",
          .look = "TODO 2, hint 1") {
  Process process = start(0);
  settle(process.pid(), "it to end", [&] { return process.poll_exit().has_value(); });
  expect_all_removed(process, 0, "reaper 0");
}

LAB_CHECK(sleeps_while_its_children_live,
          .sentence = "sleeps while its children live, without polling", .promise = "E4 G4",
          .marks = 2,
          .means = "a program that waits for a signal sleeps until the signal comes. A program "
                   "that looks every second is late by up to a second, and never rests",
          .look = "TODO 2, hints 1 and 2; steps/04-signal-vs-sigaction/signal_handlers.cpp, [4]; "
                  "sigsuspend(2)",
          .needs = &removes_every_child) {
  Held held(3);
  expect_all_idle({{held.process.pid(), "reaper 3, none of whose children has ended"}});
  // A poll once a second shows in a window of more than that.
  const auto use = idle_report(held.process.pid(), std::chrono::milliseconds(1'100));
  expect(use.switches == 0, "none of its children has ended, and it has woken up ", use.switches,
         " times in 1.1 s");
  held.probe.let_all_go();
  expect_all_removed(held.process, 3, "its children were released");
}

LAB_CHECK(removes_children_that_ended_while_it_was_stopped,
          .sentence = "removes all 50 children that ended while it was stopped", .promise = "E4 M3",
          .marks = 3, .means = "SIGCHLD is not queued: one delivery can stand for many exits",
          .look = "TODO 1; steps/04-signal-vs-sigaction/reap_all.cpp, [1]; waitpid(2), WNOHANG",
          .needs = &removes_every_child) {
  Held held(processes_at_once(50, 10));
  const std::string when =
      text(held.count, " children ended while it was stopped, and then it went on");
  held.process.stop();
  held.probe.let_all_go();
  try {
    wait_until(
        "all children to end", [&] { return held.zombies() == held.count; },
        std::chrono::seconds(3));
  } catch (const Failure&) { // NOLINT(bugprone-empty-catch)
    // They may wait for a word of their parent before they end: then they end together later.
  }
  held.process.resume();
  settle(
      held.process.pid(), "it to end", [&] { return held.process.poll_exit().has_value(); },
      [&] { return text(when, ", and of them ", held.zombies(), " are still zombies"); });
  expect_all_removed(held.process, held.count, when);
}

LAB_CHECK(
    loses_no_wake_up, .sentence = "loses no wake-up when the last child ends just before it sleeps",
    .promise = "E4", .marks = 3,
    .means =
        "a signal may come after `while (reaped < count)` and before pause(). Its handler has then "
        "run already, and nothing wakes pause. The test and the sleep have to be one step",
    .look = "TODO 2, hint 2; steps/04-signal-vs-sigaction/signal_handlers.cpp, [4]; "
            "sigsuspend(2), sigprocmask(2)",
    .needs = &sleeps_while_its_children_live) {
  for (const std::size_t count : {1U, 3U}) {
    Held held(count, true);
    // The program is held when it is about to sleep. Its last look at what the handler has
    // counted lies behind it; the call that sleeps has not begun. (One that sleeps in some other
    // way, in a read of a pipe, say, is not held, and sleeps.)
    Quiescence quiescence(held.process.pid());
    wait_until("the program to be about to sleep",
               [&] { return held.probe.parent_held() || quiescence.reached(); });
    held.probe.let_all_go();
    try {
      wait_until(
          "all children to end",
          [&] {
            const auto children = children_of(held.process.pid());
            return std::ranges::all_of(children, &ProcessInfo::zombie);
          },
          std::chrono::seconds(3));
    } catch (const Failure&) { // NOLINT(bugprone-empty-catch)
    }
    held.probe.let_parent_go();
    settle(
        held.process.pid(), "it to end", [&] { return held.process.poll_exit().has_value(); },
        [&] {
          return text("all of its children ended after its last look at how many there are, and "
                      "before the call that sleeps; now it sleeps and nothing wakes it",
                      probed::what_happened(held.probe, 12));
        });
    expect_all_removed(held.process, count, "the last child ended just before it slept");
  }
}

LAB_CHECK(removes_each_child_when_it_ends,
          .sentence = "removes each child when it ends, and ends after the last", .promise = "E4",
          .marks = 1,
          .means = "a signal says that a child has ended. Other children may live on: for them "
                   "waitpid with WNOHANG returns 0, and the handler returns",
          .look = "TODO 1; steps/03-wait/waitpid_poll.cpp, [1] and [4]; waitpid(2), WNOHANG",
          .needs = &sleeps_while_its_children_live) {
  Held held(3);
  for (const pid_t child : held.probe.held_children()) {
    expect(!held.process.poll_exit(), "it has ended before its last child");
    kill(child, SIGKILL); // the others live on, held at their start
    const std::string line = text(removed, child);
    settle(held.process.pid(), text("the line `", line, "` to be printed"),
           [&] { return held.process.has_line(line) || held.process.poll_exit(); });
    if (child != held.probe.held_children().back()) {
      // One more signal, without a child: a program whose handler has returned takes it.
      held.process.signal(SIGCHLD);
      settle(
          held.process.pid(), "its handler to return while there are children alive",
          [&] { return !has_pending(held.process.pid(), SIGCHLD); },
          [&] {
            return text("the line `", line, "` was printed, and a further SIGCHLD stays pending: ",
                        "the handler still runs");
          });
    }
  }
  std::vector<std::string> wanted;
  for (const pid_t child : held.probe.held_children()) {
    wanted.push_back(std::to_string(child));
  }
  expect_all_removed(held.process, 3, "three children were killed, one by one");
  expect(removed_in(held.process.lines()) == wanted,
         "its lines are in another order than the ends of its children");
}

LAB_CHECK(sets_its_handler_by_sigaction, .sentence = "its handler is set by sigaction",
          .promise = "E4", .marks = 1,
          .means =
              "signal() is not the same on every system: the handler may run for one signal only, "
              "and a call that it interrupted may fail. With sigaction you say which you want",
          .look = "steps/04-signal-vs-sigaction/reap_signal.cpp, [1]; signal(2), PORTABILITY",
          .needs = &removes_every_child) {
  Held held(2);
  expect(catches_signal(held.process.pid(), SIGCHLD),
         "with its children started it has no handler for SIGCHLD (SigCgt of /proc/PID/status)");
  for (const Event& event : held.probe.events()) {
    expect(event.call.find("signal") == std::string::npos ||
               event.text.find("SIGCHLD") == std::string::npos ||
               event.text.find("SIG_DFL") != std::string::npos,
           "the handler of SIGCHLD is set by ", event.text);
  }
  held.probe.let_all_go();
}

LAB_CHECK(handles_signals_safely,
          .sentence = "its handler makes async-signal-safe calls alone, and keeps errno",
          .promise = "E4 M6", .marks = 2,
          .means =
              "a handler may run in the middle of printf or malloc, or between a call and the test "
              "of its errno. So it must not call such functions, and it has to restore errno",
          .look = "TODO 1; steps/04-signal-vs-sigaction/signal_handlers.cpp, [1]; "
                  "signal-safety(7)",
          .needs = &removes_every_child) {
  probed::has_safe_handlers(program, {"20"}, true);
  probed::has_safe_handlers(program, {"1"}, true);
}

LAB_CHECK(prints_each_line_by_one_write,
          .sentence = "prints each line whole, by one write, and once into a file", .promise = "G3",
          .marks = 1,
          .means = "stdio keeps output in its buffer: it comes late, and fork copies it",
          .look = "steps/support/output.hpp; write(2), fork(2)", .needs = &removes_every_child) {
  Process to_file = start(20, {.output = Output::file});
  expect_all_removed(to_file, 20, "reaper 20, into a file");
  Process to_pipe = start(20);
  expect_all_removed(to_pipe, 20, "reaper 20, into a pipe");
  expect_whole_lines(to_pipe);
}

LAB_CHECK(says_that_fork_fails,
          .sentence = "ends with status 1 when a fork fails, and leaves no process",
          .promise = "G2 G5", .marks = 1,
          .means = "some of the N children were never started: a parent that waits for N waits for "
                   "ever. And it must not say that all N were removed",
          .look = "steps/support/error.hpp; fork(2), EAGAIN", .needs = &removes_every_child) {
  probed::needs_probe(program);
  Probe probe({.faults = "fork:3-=EAGAIN"});
  ProcessOptions options;
  probe.attach(options);
  Process process = start(5, options);
  const Exit exit = ended(process, "the third fork failed with EAGAIN");
  if (probe.faults_injected("fork") == 0) {
    throw Skipped("the program does not make its children by fork");
  }
  expect(exit.exited && exit.code == 1 && !process.error_lines().empty(),
         "the third of five forks failed: instead of `reaper: fork: REASON` on standard error "
         "and exit status 1 it ended with ",
         exit.text());
  expect(!process.has_line("all 5 children removed"),
         "the third of five forks failed, and it says that all 5 were removed");
  wait_for_orphans_to_end(process);
}

LAB_CHECK(refuses_wrong_arguments,
          .sentence = "ends with status 2 and its usage on wrong arguments", .promise = "G1",
          .marks = 1, .means = "atoi turns abc into 0, and 5x into 5",
          .look = "steps/support/arguments.cpp; strtol(3), endptr and ERANGE") {
  const std::vector<Wrong> wrong{
      {.arguments = {}, .why = "no argument"},
      {.arguments = {"1", "2"}, .why = "one argument too many"},
      {.arguments = {"abc"}, .why = "no number"},
      {.arguments = {"-1"}, .why = "below 0"},
      {.arguments = {"5x"}, .why = "a number and more"},
      {.arguments = {""}, .why = "empty"},
  };
  expect_refused(program, wrong);
  expect_usage(program, wrong);
}

} // namespace lab::exercise_04
