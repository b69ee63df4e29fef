// The checks of exercises/04-signal-vs-sigaction: N children reaped by a handler, and the end that
// comes after the last of them.

#include "checks/common.hpp"
#include "checks/probed.hpp"
#include "checks/settle.hpp"
#include "harness/idle.hpp"
#include "harness/programs.hpp"

#include <algorithm>
#include <csignal>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace {

using lab::Exit;
using lab::expect;
using lab::Process;
using lab::ProcessInfo;
using lab::text;

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
  const Exit exit = lab::ended(process, situation);
  const auto lines = process.lines();
  const auto pids = removed_in(lines);
  expect(pids.size() == count, situation, ": of the lines `removed proc id: PID` there are ",
         pids.size(), " instead of ", count, "; ", lab::report_of(process));
  const std::set<std::string> different(pids.begin(), pids.end());
  expect(different.size() == count, situation, ": a child has been removed twice; ",
         lab::report_of(process));
  const std::string last = text("all ", count, " children removed");
  expect(!lines.empty() && lines.back() == last, situation, ": the last line is not `", last, "`; ",
         lab::report_of(process));
  expect(lines.size() == count + 1, situation, ": there are further lines; ",
         lab::report_of(process));
  expect(exit.success(), situation, ": it ended with ", exit.text(), " instead of exit status 0; ",
         lab::report_of(process));
  lab::expect_nothing_left(process, situation);
  lab::expect_clean(process);
}

Process start(std::size_t count, lab::ProcessOptions options = {}) {
  options.arguments = {std::to_string(count)};
  options.input = lab::Input::null;
  return Process(lab::program(program), std::move(options));
}

// The program, with all of its children held at their start: none has ended.
struct Held {
  explicit Held(std::size_t number, bool hold_parent = false)
      : probe({.hold_children = true, .hold_parent = hold_parent}), count(number), process([&] {
          lab::probed::needs_probe(program);
          lab::ProcessOptions options;
          probe.attach(options);
          return start(number, options);
        }()) {
    lab::settle(
        process.pid(), text(count, count == 1 ? " child" : " children at the same moment"),
        [&] { return probe.held_children().size() == count || process.poll_exit(); },
        [&] { return process.report(); });
    expect(!process.poll_exit(), "it has ended before its children have, which are held; ",
           lab::report_of(process));
  }

  [[nodiscard]] std::size_t zombies() const {
    const auto children = lab::children_of(process.pid());
    return static_cast<std::size_t>(std::ranges::count_if(children, &ProcessInfo::zombie));
  }

  lab::Probe probe;
  std::size_t count;
  Process process;
};

} // namespace

// NOLINTBEGIN(cppcoreguidelines-macro-usage): parts of the test cases that macros register
#define NEEDS_REMOVED                                                                              \
  "exercise-04: prints `removed proc id: PID` for each child, and then `all N children removed`"
#define NEEDS_SLEEP "exercise-04: sleeps while its children live, without polling"

// NOLINTEND(cppcoreguidelines-macro-usage)

TEST_SUITE("exercise-04") {

  LAB_CHECK(NEEDS_REMOVED, .promise = "exercise 04", .points = 3,
            .means = "main has to wait until the handler has removed the last child: who returns "
                     "at once leaves them to init",
            .look = "TODO 1 and 2; steps/04-signal-vs-sigaction/reap_all.cpp, [1]") {
    for (const std::size_t count : {1U, 4U, 50U, 200U}) {
      Process process = start(count);
      expect_all_removed(process, count, text("reaper ", count));
    }
  }

  LAB_CHECK("exercise-04: prints `all 0 children removed` when N is 0", .promise = "exercise 04",
            .points = 1, .means = "nobody will send a signal: look before you sleep",
            .look = "TODO 2, hint 1") {
    Process process = start(0);
    lab::settle(
        process.pid(), "its end", [&] { return process.poll_exit().has_value(); },
        [&] { return process.report(); });
    expect_all_removed(process, 0, "reaper 0");
  }

  LAB_CHECK(NEEDS_SLEEP, .promise = "exercise 04 G4", .points = 2,
            .means = "a program that waits for a signal sleeps until it comes: who looks every "
                     "second is late by up to a second, and never at rest",
            .look = "TODO 2, hints 1 and 2; steps/04-signal-vs-sigaction/signal_handlers.cpp, [4]; "
                    "sigsuspend(2)",
            .needs = NEEDS_REMOVED) {
    Held held(3);
    lab::expect_all_idle({{held.process.pid(), "reaper 3, none of whose children has ended"}});
    // A poll once a second shows in a window of more than that.
    const auto use = lab::idle_report(held.process.pid(), std::chrono::milliseconds(1'100));
    expect(use.switches == 0, "none of its children has ended, and it has woken up ", use.switches,
           " times in 1.1 s; ", lab::report_of(held.process));
    held.probe.let_all_go();
    expect_all_removed(held.process, 3, "its children have been let go");
  }

  LAB_CHECK("exercise-04: removes all 50 children that ended while it was stopped",
            .promise = "exercise 04 M3", .points = 3,
            .means = "SIGCHLD is not queued: one delivery can stand for many exits",
            .look = "TODO 1; steps/04-signal-vs-sigaction/reap_all.cpp, [1]; waitpid(2), WNOHANG",
            .needs = NEEDS_REMOVED) {
    Held held(50);
    held.process.stop();
    held.probe.let_all_go();
    try {
      lab::wait_until(
          "all children to end", [&] { return held.zombies() == held.count; },
          std::chrono::seconds(3));
    } catch (const lab::Failure&) { // NOLINT(bugprone-empty-catch)
      // They may wait for a word of their parent before they end: then they end together later.
    }
    held.process.resume();
    lab::settle(
        held.process.pid(), "its end", [&] { return held.process.poll_exit().has_value(); },
        [&] {
          return text("50 children ended while it was stopped; then it went on, and of them ",
                      held.zombies(), " are still zombies; ", lab::report_of(held.process));
        });
    expect_all_removed(held.process, held.count, "50 children ended while it was stopped");
  }

  LAB_CHECK("exercise-04: loses no wake-up when the last child ends just before it sleeps",
            .promise = "exercise 04", .points = 3,
            .means = "a signal that comes between `while (reaped < count)` and pause() has been "
                     "handled when pause begins: nothing is left that could wake it. Test and "
                     "sleep must not come apart",
            .look = "TODO 2, hint 2; steps/04-signal-vs-sigaction/signal_handlers.cpp, [4]; "
                    "sigsuspend(2), sigprocmask(2)",
            .needs = NEEDS_SLEEP) {
    for (const std::size_t count : {1U, 3U}) {
      Held held(count, true);
      // The program is held when it is about to sleep. Its last look at what the handler has
      // counted lies behind it; the call that sleeps has not begun. (One that sleeps in some other
      // way, in a read of a pipe, say, is not held, and sleeps.)
      lab::Stillness stillness(held.process.pid());
      lab::wait_until(
          "the program to be about to sleep",
          [&] { return held.probe.parent_held() || stillness.reached(); },
          [&] { return held.process.report(); });
      held.probe.let_all_go();
      try {
        lab::wait_until(
            "all children to end",
            [&] {
              const auto children = lab::children_of(held.process.pid());
              return std::ranges::all_of(children, &ProcessInfo::zombie);
            },
            std::chrono::seconds(3));
      } catch (const lab::Failure&) { // NOLINT(bugprone-empty-catch)
      }
      held.probe.let_parent_go();
      lab::settle(
          held.process.pid(), "its end", [&] { return held.process.poll_exit().has_value(); },
          [&] {
            return text("all of its children ended after its last look at how many there are, and "
                        "before the call that sleeps; now it sleeps and nothing wakes it; ",
                        lab::report_of(held.process), lab::probed::what_happened(held.probe, 12));
          });
      expect_all_removed(held.process, count, "the last child ended just before it slept");
    }
  }

  LAB_CHECK("exercise-04: removes each child when it ends, and ends after the last",
            .promise = "exercise 04", .points = 1,
            .means = "a signal says: somebody has ended. Those who live on are waited for later: "
                     "waitpid gives 0, and the handler returns",
            .look = "TODO 1; steps/03-wait/waitpid_poll.cpp, [1] and [4]; waitpid(2), WNOHANG",
            .needs = NEEDS_SLEEP) {
    Held held(3);
    for (const pid_t child : held.probe.held_children()) {
      expect(!held.process.poll_exit(), "it has ended before its last child; ",
             lab::report_of(held.process));
      kill(child, SIGKILL); // the others live on, held at their start
      const std::string line = text(removed, child);
      lab::settle(
          held.process.pid(), text("the line `", line, "`"),
          [&] { return held.process.has_line(line) || held.process.poll_exit(); },
          [&] { return held.process.report(); });
      if (child != held.probe.held_children().back()) {
        // A signal more, for nobody: one whose handler has returned takes it.
        held.process.signal(SIGCHLD);
        lab::settle(
            held.process.pid(), "its handler to return while there are children alive",
            [&] { return !lab::has_pending(held.process.pid(), SIGCHLD); },
            [&] {
              return text("the line `", line, "` is there, and a further SIGCHLD is not let in: ",
                          "the handler still runs; ", lab::report_of(held.process));
            });
      }
    }
    std::vector<std::string> wanted;
    for (const pid_t child : held.probe.held_children()) {
      wanted.push_back(std::to_string(child));
    }
    expect_all_removed(held.process, 3, "three children were killed, one by one");
    expect(removed_in(held.process.lines()) == wanted,
           "its children ended in another order than "
           "its lines say; ",
           lab::report_of(held.process));
  }

  LAB_CHECK("exercise-04: its handler is set by sigaction", .promise = "exercise 04", .points = 1,
            .means = "what signal() does with a handler that has run once, and with a call that "
                     "it broke, differs from system to system; sigaction says it",
            .look = "steps/04-signal-vs-sigaction/reap_signal.cpp, [1]; signal(2), PORTABILITY",
            .needs = NEEDS_REMOVED) {
    Held held(2);
    expect(lab::catches_signal(held.process.pid(), SIGCHLD),
           "with its children started it has no handler for SIGCHLD (SigCgt of /proc/PID/status)");
    for (const lab::Event& event : held.probe.events()) {
      expect(event.call.find("signal") == std::string::npos ||
                 event.text.find("SIGCHLD") == std::string::npos ||
                 event.text.find("SIG_DFL") != std::string::npos,
             "the handler of SIGCHLD is set by ", event.text);
    }
    held.probe.let_all_go();
  }

  LAB_CHECK("exercise-04: its handler makes async-signal-safe calls alone, and keeps errno",
            .promise = "exercise 04 M6", .points = 2,
            .means = "a handler may come while printf or malloc is at work, or between a call and "
                     "the look at its errno: what it finds half done it must not touch, and what "
                     "it changes it puts back",
            .look = "TODO 1; steps/04-signal-vs-sigaction/signal_handlers.cpp, [1]; "
                    "signal-safety(7)",
            .needs = NEEDS_REMOVED) {
    lab::probed::has_safe_handlers(program, {"20"}, true);
    lab::probed::has_safe_handlers(program, {"1"}, true);
  }

  LAB_CHECK("exercise-04: prints each line whole, by one write, and once into a file",
            .promise = "G3", .points = 1,
            .means = "what stdio keeps in its buffer comes late, and is copied by fork",
            .look = "steps/support/output.hpp; write(2), fork(2)", .needs = NEEDS_REMOVED) {
    Process to_file = start(20, {.output = lab::Output::file});
    expect_all_removed(to_file, 20, "reaper 20, into a file");
    Process to_pipe = start(20);
    expect_all_removed(to_pipe, 20, "reaper 20, into a pipe");
    lab::expect_whole_lines(to_pipe);
  }

  LAB_CHECK("exercise-04: ends with status 1 when a fork fails, and leaves nobody",
            .promise = "G2 G5", .points = 1,
            .means = "who waits for N children of whom some were never started waits for ever; "
                     "and it must not say that all N were removed",
            .look = "steps/support/error.hpp; fork(2), EAGAIN", .needs = NEEDS_REMOVED) {
    lab::probed::needs_probe(program);
    lab::Probe probe({.faults = "fork:3-=EAGAIN"});
    lab::ProcessOptions options;
    probe.attach(options);
    Process process = start(5, options);
    const Exit exit = lab::ended(process, "the third fork failed with EAGAIN");
    if (probe.faults_injected("fork") == 0) {
      throw lab::Skipped("the program makes its children by something else than fork");
    }
    expect(exit.exited && exit.code == 1 && !process.error_lines().empty(),
           "the third of five forks failed: instead of `reaper: fork: REASON` on standard error "
           "and exit status 1 it ended with ",
           exit.text(), "; ", lab::report_of(process));
    expect(!process.has_line("all 5 children removed"),
           "the third of five forks failed, and it says that all 5 were removed; ",
           lab::report_of(process));
    lab::wait_for_orphans_to_end(process);
  }

  LAB_CHECK("exercise-04: ends with status 2 and its usage on wrong arguments", .promise = "G1",
            .points = 1, .means = "atoi turns what is no number into 0, and 5x into 5",
            .look = "steps/support/arguments.cpp; strtol(3), endptr and ERANGE") {
    const std::vector<lab::Wrong> wrong{
        {.arguments = {}, .why = "no argument"},
        {.arguments = {"1", "2"}, .why = "one argument too many"},
        {.arguments = {"abc"}, .why = "no number"},
        {.arguments = {"-1"}, .why = "below 0"},
        {.arguments = {"5x"}, .why = "a number and more"},
        {.arguments = {""}, .why = "empty"},
    };
    lab::expect_refused(program, wrong);
    lab::expect_usage(program, wrong);
  }
}
