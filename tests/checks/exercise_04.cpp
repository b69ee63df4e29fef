// The checks of exercises/04-signal-vs-sigaction: N children reaped by a handler, and the end that
// comes after the last of them.

#include "checks/at_once.hpp"
#include "checks/common.hpp"
#include "checks/probed.hpp"
#include "checks/settle.hpp"
#include "checks/shortage.hpp"
#include "harness/idle.hpp"
#include "harness/programs.hpp"

#include <algorithm>
#include <csignal>
#include <initializer_list>
#include <memory>
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

constexpr const char* signal_means =
    "signal() is not the same on every system: the handler may run for one signal only, "
    "and a call that it interrupted may fail. With sigaction you say which you want";
constexpr const char* signal_look =
    "steps/04-signal-vs-sigaction/reap_signal.cpp, [1]; signal(2), PORTABILITY";

std::size_t zombies_of(const Process& process) {
  const auto children = children_of(process.pid());
  return static_cast<std::size_t>(std::ranges::count_if(children, &ProcessInfo::zombie));
}

// Which mistake a program shows that has not done what it should: that is told, instead of what the
// check is about. Nothing where it shows none.
Advice mistake(Process& process, const Probe& probe) {
  const bool runs = !process.poll_exit();
  if (runs && !catches_signal(process.pid(), SIGCHLD)) {
    return {.means = signal_means, .look = signal_look};
  }
  if (runs && zombies_of(process) > 0) {
    return {.means = "SIGCHLD is not queued: one delivery can stand for many exits. A handler that "
                     "calls waitpid once leaves the other children zombies. It has to call waitpid "
                     "again until there is no child that has ended",
            .look = "TODO 1; steps/04-signal-vs-sigaction/reap_all.cpp, [1]; waitpid(2), WNOHANG"};
  }
  if (!probe.unsafe_calls().empty()) {
    return {.means = "such a function keeps its lines in a buffer: they come after those that "
                     "write(2) prints. And a handler may run in the middle of the same function",
            .look = "TODO 1; steps/support/output.hpp, print_line; signal-safety(7)"};
  }
  const auto events = probe.events();
  if (std::ranges::any_of(events, [&](const Event& event) {
        return event.call.starts_with("wait") && event.pid == process.pid() && event.signal == 0 &&
               event.result > 0;
      })) {
    return {.means = "main has waited for children too. Such a child has gone when the handler "
                     "runs, and has no line. Let the handler reap all of them, and let main wait "
                     "for the signal",
            .look = "TODO 2, hint 2; sigsuspend(2)"};
  }
  if (runs && children_of(process.pid()).empty()) {
    return {.means = "the handler has removed all children, and main does not know. Either the "
                     "handler counts signals and not children, or the last signal came after "
                     "main's last test and before the call that sleeps",
            .look = "TODO 2, hints 1 and 2; sigsuspend(2), sigprocmask(2)"};
  }
  return {};
}

// A line for each of `count` children, `all N children removed` as the last line, exit status 0.
void expect_all_removed(Process& process, const Probe& probe, std::size_t count,
                        const std::string& situation) {
  const bool over = comes(process, [&] { return process.poll_exit().has_value(); });
  if (over) {
    const bool all_told = removed_in(process.lines()).size() == count;
    advised(all_told
                ? Advice{.means = "the line stands for a waitpid that has returned that child. "
                                  "Here the lines are there, and the children are not removed",
                         .look = "TODO 1; steps/04-signal-vs-sigaction/reap_all.cpp, [1]; "
                                 "waitpid(2)"}
                : Advice{},
            [&] { expect_nothing_left(process, situation); });
  }
  const std::string last = text("all ", count, " children removed");
  const std::string wrong = [&]() -> std::string {
    if (!over) {
      return text("it does not end, and of its children ", zombies_of(process),
                  " are still zombies");
    }
    const Exit exit = process.wait(soon);
    const auto lines = process.lines();
    const auto pids = removed_in(lines);
    const std::string end = lines.empty() ? "" : lines.back();
    if (pids.size() != count) {
      return text("of the lines `removed proc id: PID` there are ", pids.size(), " instead of ",
                  count);
    }
    if (std::set<std::string>(pids.begin(), pids.end()).size() != count) {
      return "a child has been removed twice";
    }
    if (end != last && std::ranges::find(lines, last) != lines.end()) {
      return text("`", last, "` is not the last line: a line `removed proc id: PID` comes later");
    }
    if (end != last) {
      return text("the last line is not `", last, "`");
    }
    if (lines.size() != count + 1) {
      return "there are further lines";
    }
    return exit.success() ? "" : text("it ended with ", exit.text(), " instead of exit status 0");
  }();
  if (!wrong.empty()) {
    const auto unsafe = probe.unsafe_calls();
    throw Failure(text(situation, ": ", unsafe.empty() ? "" : unsafe.front().text + "; ", wrong),
                  mistake(process, probe));
  }
  expect_clean(process);
}

Process start(std::size_t count, ProcessOptions options = {}) {
  options.arguments = {std::to_string(count)};
  options.input = Input::null;
  return Process(lab::program(program), std::move(options));
}

// The one child of `reaper 1`, which is a process, has the id in its line.
void expect_no_invented_id(Process& process, Probe& probe) {
  if (Probe::cannot_probe(program)) {
    return;
  }
  settle(
      process.pid(), "a child to start",
      [&] { return !probe.held_children().empty() || process.poll_exit(); },
      [] { return "the check sees children that are made by fork()"; });
  const auto children = probe.held_children();
  probe.let_all_go();
  if (!comes(process, [&] { return process.poll_exit().has_value(); })) {
    return; // that it does not end is said below
  }
  for (const std::string& id : removed_in(process.lines())) {
    expect(children.size() == 1 && id == std::to_string(children.front()), "`reaper 1` printed `",
           removed, id, "`, and ",
           children.empty() ? "it has made no child by fork"
                            : text("its child is process ", children.front()));
  }
}

// Runs it, and expects that all of its children are removed.
Process run_to_its_end(std::size_t count, Output output = Output::pipe) {
  Probe probe({.hold_children = count == 1});
  ProcessOptions options{.output = output};
  if (!Probe::cannot_probe(program)) {
    probe.attach(options);
  }
  Process process = start(count, options);
  if (count == 1) {
    expect_no_invented_id(process, probe);
  }
  expect_all_removed(process, probe, count,
                     text("reaper ", count, output == Output::file ? ", into a file" : ""));
  return process;
}

// What the probe has seen of `reaper N` and of its handler.
std::unique_ptr<Probe> run_with_handlers(const std::string& count) {
  auto probe = probed::run_to_the_end(program, {count});
  probed::expect_handlers(*probe);
  return probe;
}

// The program, with all of its children held at their start: none has ended.
struct Held {
  explicit Held(std::size_t number, bool hold_parent = false, Output output = Output::pipe)
      : probe({.hold_children = true, .hold_parent = hold_parent}), count(number), process([&] {
          probed::needs_probe(program);
          ProcessOptions options{.output = output};
          probe.attach(options);
          return start(number, options);
        }()) {
    settle(process.pid(),
           text(count, count == 1 ? " child to start" : " children to run at the same moment"),
           [&] { return probe.held_children().size() == count || process.poll_exit(); });
    expect(!process.poll_exit(), "it has ended before its children, which are held");
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
    .look = "TODO 1 and 2; steps/04-signal-vs-sigaction/reap_all.cpp, [1]",
    .by_hand = "1: PROGRAM 4") {
  run_to_its_end(1);
}

LAB_CHECK(sets_its_handler_by_sigaction, .sentence = "its handler is set by sigaction",
          .promise = "E4", .marks = 1, .means = signal_means, .look = signal_look,
          .by_hand = "1: strace -e trace=rt_sigaction PROGRAM 4", .needs = &removes_every_child) {
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

LAB_CHECK(removes_children_that_ended_while_it_was_stopped,
          .sentence = "removes all 50 children that ended while it was stopped", .promise = "E4 M3",
          .marks = 3, .means = "SIGCHLD is not queued: one delivery can stand for many exits",
          .look = "TODO 1; steps/04-signal-vs-sigaction/reap_all.cpp, [1]; waitpid(2), WNOHANG",
          .by_hand = "1: PROGRAM 50", .needs = &removes_every_child) {
  Held held(processes_at_once(50, 10));
  const std::string when =
      text(held.count, " children ended while it was stopped, and then it went on");
  held.process.stop();
  held.probe.let_all_go();
  try {
    wait_until(
        "all children to end", [&] { return zombies_of(held.process) == held.count; },
        std::chrono::seconds(3));
  } catch (const Failure&) { // NOLINT(bugprone-empty-catch)
    // They may wait for a word of their parent before they end: then they end together later.
  }
  held.process.resume();
  expect_all_removed(held.process, held.probe, held.count, when);
}

LAB_CHECK(removes_none_when_n_is_0, .sentence = "prints `all 0 children removed` when N is 0",
          .promise = "E4", .marks = 1,
          .means = "without children no signal will come: look before you sleep",
          .look = "TODO 2, hint 1", .by_hand = "1: PROGRAM 0") {
  run_to_its_end(0);
}

LAB_CHECK(sleeps_while_its_children_live,
          .sentence = "sleeps while its children live, without polling", .promise = "E4 G4",
          .marks = 2,
          .means = "a program that waits for a signal sleeps until the signal comes. A program "
                   "that looks every second is late by up to a second, and never rests",
          .look = "TODO 2, hints 1 and 2; steps/04-signal-vs-sigaction/signal_handlers.cpp, [4]; "
                  "sigsuspend(2)",
          .needs = &removes_children_that_ended_while_it_was_stopped, .waits = true) {
  Held held(3);
  expect_all_idle({{held.process.pid(), "reaper 3, none of whose children has ended"}});
  // A poll once a second shows in a window of more than that. One that sleeps for good does not
  // poll.
  if (!sleeps_for_good(held.process.pid())) {
    const auto use = idle_report(held.process.pid(), std::chrono::milliseconds(1'100));
    expect(use.switches == 0, "none of its children has ended, and it has woken up ", use.switches,
           use.switches == 1 ? " time" : " times", " in 1.1 s");
  }
  held.process.stop(); // one signal for all: that several may come is another check's
  held.probe.let_all_go();
  wait_until("all children to end", [&] { return zombies_of(held.process) == held.count; });
  held.process.resume();
  expect_all_removed(held.process, held.probe, 3, "its children were released");
}

extern const Check removes_each_child_when_it_ends;

LAB_CHECK(removes_two_hundred, .sentence = "removes 200 children, whenever each of them ends",
          .promise = "E4 M3", .marks = 1,
          .means = "some end together, and some while the handler runs: what a signal misses, the "
                   "next look has to find",
          .look = "TODO 1 and 2; steps/04-signal-vs-sigaction/reap_all.cpp, [1]",
          .by_hand = "1: PROGRAM 200 | sort | uniq | wc -l",
          .needs = &removes_each_child_when_it_ends) {
  const std::size_t most = processes_at_once(200, 10);
  for (const std::size_t count :
       std::initializer_list<std::size_t>{4, std::min<std::size_t>(50, most), most}) {
    run_to_its_end(count);
  }
  run_to_its_end(20, Output::file);
}

LAB_CHECK(handles_signals_safely, .sentence = "its handler makes async-signal-safe calls alone",
          .promise = "E4 M6", .marks = 1,
          .means =
              "a handler may run in the middle of printf or malloc. If it calls them too, they "
              "find their own work half done. write is safe, and so is print_line",
          .look = "TODO 1; steps/04-signal-vs-sigaction/signal_handlers.cpp, [1]; "
                  "signal-safety(7)",
          .needs = &removes_children_that_ended_while_it_was_stopped) {
  probed::expect_safe_handlers(*run_with_handlers("20"), true);
  probed::expect_safe_handlers(*run_with_handlers("1"), true);
}

LAB_CHECK(keeps_errno, .sentence = "its handler leaves errno as it found it", .promise = "E4 M6",
          .marks = 1,
          .means = "a handler may run between a call that fails and the line that looks at errno. "
                   "Keep errno in a variable when the handler begins, and put it back at its end",
          .look = "TODO 1; steps/04-signal-vs-sigaction/reap_all.cpp, [1]; errno(3)",
          .needs = &removes_children_that_ended_while_it_was_stopped) {
  probed::expect_errno_kept(*run_with_handlers("20"), true);
  probed::expect_errno_kept(*run_with_handlers("1"), true);
}

LAB_CHECK(prints_each_line_at_once,
          .sentence = "prints each line at once and whole, by one write, and once into a file",
          .promise = "E4 G3", .marks = 1, .means = buffer_means, .look = buffer_look,
          .by_hand = "1: strace -f -e trace=write PROGRAM 4\n"
                     "1: PROGRAM 4 > lines\n"
                     "1: cat lines",
          .needs = &handles_signals_safely) {
  if (!Probe::cannot_probe(program)) {
    expect_at_once("the line of the first of three children to end", [](Output output) {
      Held held(3, false, output);
      kill(held.probe.held_children().front(), SIGKILL);
      const auto seen = [&] { return !removed_in(held.process.lines()).empty(); };
      // A child that is a zombie has not been removed yet: its line is not due.
      const bool at_once = comes(held.process, seen) || zombies_of(held.process) > 0;
      held.probe.let_all_go();
      return Seen{.at_once = at_once, .at_the_end = comes_at_the_end(held.process, seen)};
    });
  }
  run_to_its_end(1, Output::file);
  expect_whole_lines(run_to_its_end(1));
}

LAB_CHECK(
    loses_no_wake_up, .sentence = "loses no wake-up when the last child ends just before it sleeps",
    .promise = "E4", .marks = 3,
    .means =
        "a signal may come after `while (reaped < count)` and before pause(). Its handler has then "
        "run already, and nothing wakes pause. The test and the sleep have to be one step",
    .look = "TODO 2, hint 2; steps/04-signal-vs-sigaction/signal_handlers.cpp, [4]; "
            "sigsuspend(2), sigprocmask(2)",
    .by_hand = "1: for i in $(seq 1000); do timeout 5 PROGRAM 1 > /dev/null || echo lost; done",
    .needs = &sleeps_while_its_children_live) {
  for (const std::size_t count : {1U, 3U}) {
    Held held(count, true);
    // The program is held when it is about to sleep. Its last look at what the handler has
    // counted lies behind it; the call that sleeps has not begun. (One that sleeps in some other
    // way, in a read of a pipe, say, is not held, and sleeps. There no wake-up is lost.)
    Quiescence quiescence(held.process.pid());
    wait_until("the program to be about to sleep",
               [&] { return held.probe.parent_held() || quiescence.reached(); });
    const std::string call = held.probe.parent_held() ? "" : blocked_call_of(held.process.pid());
    for (const char* const one : {"pause", "sigsuspend", "sigtimedwait", "nanosleep",
                                  "clock_nanosleep", "poll", "ppoll", "select", "pselect"}) {
      expect(call != one, "it sleeps in ", call,
             ", and has not called that function by its name: the check could not hold it before "
             "the call");
    }
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
          return "all of its children ended after its last look at how many there are, and before "
                 "the call that sleeps; now it sleeps and nothing wakes it";
        });
    expect_all_removed(held.process, held.probe, count,
                       "the last child ended just before it slept");
  }
}

LAB_CHECK(removes_each_child_when_it_ends,
          .sentence = "removes each child when it ends, and ends after the last", .promise = "E4",
          .marks = 1,
          .means = "a signal says that a child has ended. Other children may live on: for them "
                   "waitpid with WNOHANG returns 0, and the handler returns",
          .look = "TODO 1; steps/03-wait/waitpid_poll.cpp, [1] and [4]; waitpid(2), WNOHANG",
          .needs = &prints_each_line_at_once) {
  Held held(3);
  for (const pid_t child : held.probe.held_children()) {
    expect(!held.process.poll_exit(), "it has ended before its last child");
    kill(child, SIGKILL); // the others live on, held at their start
    const std::string line = text(removed, child);
    if (!comes(held.process, [&] { return held.process.has_line(line); })) {
      throw Failure(text("its child ", child, " was killed, and no line `", line, "` came"),
                    mistake(held.process, held.probe));
    }
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
  expect_all_removed(held.process, held.probe, 3, "three children were killed, one by one");
  expect(removed_in(held.process.lines()) == wanted,
         "its lines are in another order than the ends of its children");
}

LAB_CHECK(says_that_fork_fails,
          .sentence = "ends with status 1 when a fork fails, and leaves no process",
          .promise = "G2 G5", .marks = 1,
          .means = "some of the N children were never started: a parent that waits for N waits for "
                   "ever. And it must not say that all N were removed",
          .look = "steps/support/error.hpp; fork(2), EAGAIN",
          .by_hand = "1: strace -o trace.txt -e inject=clone:error=EAGAIN:when=3 PROGRAM 5\n"
                     "1: echo $?",
          .needs = &removes_children_that_ended_while_it_was_stopped) {
  probed::needs_probe(program);
  Probe probe({.faults = "fork:3-=EAGAIN"});
  ProcessOptions options;
  probe.attach(options);
  Process process = start(5, options);
  const Exit exit = ended(process, "the third fork failed with EAGAIN");
  probed::expect_faults(probe, "fork");
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
          .marks = -1, .means = "atoi turns abc into 0, and 5x into 5",
          .look = "steps/support/arguments.cpp; strtol(3), endptr and ERANGE",
          .by_hand = "1: PROGRAM\n"
                     "1: echo $?\n"
                     "1: PROGRAM abc\n"
                     "1: echo $?") {
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
