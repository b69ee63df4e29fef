// The checks of exercises/02-zombie: N zombies at the same moment.

#include "checks/at_once.hpp"
#include "checks/common.hpp"
#include "checks/probed.hpp"
#include "checks/settle.hpp"
#include "checks/shortage.hpp"
#include "harness/programs.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

namespace lab::exercise_02 {

namespace {

constexpr Suite suite{.name = "exercise-02", .subject = {.program = "zombies"}};

constexpr const char* program = "zombies";

Process start(std::size_t count, ProcessOptions options = {}) {
  options.arguments = {std::to_string(count)};
  return Process(lab::program(program), std::move(options));
}

// Waits until the program has `count` children and all of them are zombies.
std::vector<pid_t> wait_for_zombies(Process& process, std::size_t count) {
  std::vector<pid_t> zombies;
  std::size_t alive = 0;
  const auto all_there = [&] {
    zombies.clear();
    alive = 0;
    for (const ProcessInfo& child : descendants_of(process.pid())) {
      if (child.zombie() && child.parent == process.pid()) {
        zombies.push_back(child.pid);
      }
      alive += child.zombie() ? 0U : 1U;
    }
    return zombies.size() == count && alive == 0;
  };
  if (!comes(process, all_there, patience)) {
    if (process.poll_exit()) {
      throw Failure("it has ended before Enter",
                    {.means =
                         "the zombies are there to be looked at: the parent waits for Enter or "
                         "end of file, and ends after that",
                     .look = "TODO 3; steps/02-zombie/zombie.cpp, [3]; read(2)"});
    }
    const Advice gone{.means =
                          "a child that has ended is a zombie until its parent asks how it "
                          "ended. Here it has asked before all were there, by wait or waitpid; "
                          "or it ignores SIGCHLD, and then the kernel keeps no zombie",
                      .look = "TODO 1; steps/02-zombie/zombie.cpp, [3] and [4]; wait(2), NOTES; "
                              "waitid(2), WNOWAIT"};
    throw Failure(
        text("waited for ", count,
             count == 1 ? " zombie to exist" : " zombies to exist at the same moment",
             ", and it did not happen: ", zombies.size(), " of its children are zombies, and ",
             alive, " live"),
        alive == 0 ? gone
                   : Advice{.means = "after fork, parent and child go on in the same code. A "
                                     "child that does not end at once by _exit(0) goes on in the "
                                     "parent's loop, and starts children too",
                            .look = "steps/02-zombie/zombie.cpp, [1] and [2]; fork(2), _exit(2)"});
  }
  std::ranges::sort(zombies);
  return zombies;
}

void expect_end(Process& process, const std::string& after) {
  const Exit exit = ended(process, after);
  expect(exit.success(), after, ": it ended with ", exit.text(), " instead of exit status 0");
  expect_nothing_left(process, after);
  expect_clean(process);
}

std::string joined(const std::vector<pid_t>& pids) {
  std::string list;
  for (const pid_t pid : pids) {
    list += text(list.empty() ? "" : " ", pid);
  }
  return list;
}

// Each child is held where it begins, and all but one are let go.
void prints_nothing_before_the_last_ends() {
  constexpr std::size_t count = 5;
  Probe probe({.hold_children = true});
  ProcessOptions options;
  probe.attach(options);
  Process process = start(count, options);
  settle(
      process.pid(), "five children to be started",
      [&] { return probe.held_children().size() == count; },
      [&] { return text("each child was held at its start, and the next one was not started"); });
  const auto held = probe.held_children();
  for (std::size_t i = 0; i + 1 < count; ++i) {
    probe.let_go(held[i]);
  }
  // That it prints nothing now is what is asked. If it sleeps for good, time brings nothing more.
  // If not, it is given a second, which is a time that sleepers like to take.
  constexpr std::chrono::milliseconds long_enough{1200};
  std::optional<Deadline> quiet;
  Quiescence quiescence(process.pid(), long_enough);
  wait_until(
      "four of five children to be zombies, and the parent to wait for the fifth",
      [&] {
        const bool still = quiescence.reached(); // asked first: the output comes before it
        const auto children = children_of(process.pid());
        const auto parent = process_info(process.pid());
        if (!quiet && std::ranges::count_if(children, &ProcessInfo::zombie) == count - 1 &&
            parent && parent->state == 'S') {
          quiet.emplace(long_enough);
        }
        return (quiet && (still || quiet->passed())) || !process.out().empty();
      },
      soon);
  expect(process.out().empty(),
         "one of five children had not ended yet, because it was held, "
         "and there was output already:\n",
         shown(process.out()));
  probe.let_all_go();
  wait_for_zombies(process, count);
}

// A child that ends first closes its descriptors, and is a zombie later. It is held between the
// two.
void prints_nothing_while_they_leave() {
  constexpr std::size_t count = 5;
  Probe probe({.hold_exits = true});
  ProcessOptions options;
  probe.attach(options);
  Process process = start(count, options);
  const auto zombies = [&] {
    const auto children = children_of(process.pid());
    return static_cast<std::size_t>(std::ranges::count_if(children, &ProcessInfo::zombie));
  };
  settle(process.pid(), "five children to end",
         [&] { return probe.held_children().size() + zombies() == count; });
  if (comes(process, [&] { return !process.out().empty(); }) && zombies() < count) {
    throw Failure(
        text("five children had closed their descriptors and were held before they could be "
             "zombies, and there was output already:\n",
             shown(process.out())),
        {.means = "the end of a pipe says that its last writer has closed it. That is before the "
                  "writer is a zombie. Only waitid or a pidfd tells that a process is one",
         .look = "TODO 2; wait_until_ended; waitid(2), WNOWAIT"});
  }
  probe.let_all_go();
  wait_for_zombies(process, count);
}

} // namespace

LAB_CHECK(
    makes_zombies_at_the_same_moment, .sentence = "makes N zombies at the same moment",
    .promise = "E2", .marks = 5,
    .means = "a child that has ended is a zombie until its parent asks how it ended. A parent that "
             "asks each child before it starts the next never has more than one zombie",
    .look = "TODO 1; steps/02-zombie/zombie.cpp, [3] and [4]; wait(2), NOTES",
    .by_hand = "1: PROGRAM 3\n"
               "2: ps --ppid PID -o pid,stat,comm") {
  for (const std::size_t count :
       std::initializer_list<std::size_t>{3, 1, processes_at_once(200, 10)}) {
    Process process = start(count);
    wait_for_zombies(process, count);
  }
}

LAB_CHECK(shows_lines_at_once, .sentence = "shows each line at once, also in a pipe",
          .promise = "E2 G3", .marks = 1, .means = buffer_means, .look = buffer_look,
          .by_hand = "1: PROGRAM 3 | cat", .needs = &makes_zombies_at_the_same_moment) {
  expect_at_once("the id of a zombie", [](Output output) {
    Process process = start(3, {.output = output});
    const auto seen = [&] { return process.lines().size() >= 3; };
    const bool at_once = comes(process, seen);
    process.close_input();
    return Seen{.at_once = at_once, .at_the_end = comes_at_the_end(process, seen)};
  });
}

LAB_CHECK(prints_their_ids,
          .sentence = "prints the ids of its zombies, one a line and nothing else",
          .promise = "E2 G3", .marks = 2,
          .means = "fork returns the child's id to the parent: the parent has to remember it until "
                   "it asks how that child ended",
          .look = "TODO 1 and 2; fork(2), RETURN VALUE; ps(1)",
          .by_hand = "1: PROGRAM 3\n"
                     "2: ps --ppid PID -o pid=",
          .needs = &shows_lines_at_once) {
  Process process = start(5);
  const auto zombies = wait_for_zombies(process, 5);
  settle(process.pid(), "five lines to be printed", [&] { return process.lines().size() >= 5; });
  process.close_input();
  ended(process, "end of file");
  std::vector<std::string> wanted;
  std::ranges::transform(zombies, std::back_inserter(wanted),
                         [](pid_t pid) { return std::to_string(pid); });
  auto lines = process.lines();
  std::ranges::sort(lines);
  std::ranges::sort(wanted);
  expect(lines == wanted && process.out().ends_with('\n'), "the zombies were ", joined(zombies),
         ", and it printed\n", shown(process.out()));
  expect_whole_lines(process);
}

LAB_CHECK(prints_no_id_too_early, .sentence = "prints no id before the last of them is a zombie",
          .promise = "E2", .marks = 2,
          .means = "a line tells the user to look now, because all zombies are there. A child that "
                   "has been started may still need time to end",
          .look = "TODO 2; wait_until_ended; waitid(2), WNOWAIT", .needs = &shows_lines_at_once,
          .waits = true) {
  probed::needs_probe(program);
  prints_nothing_before_the_last_ends();
  prints_nothing_while_they_leave();
}

LAB_CHECK(prints_no_id_when_fork_fails,
          .sentence = "prints no id when one of them cannot be started", .promise = "G2 G5",
          .marks = 1,
          .means = "fork may fail in the middle: then there are fewer than N children, and the "
                   "parent still has to reap them",
          .look = "steps/support/error.hpp; fork(2), EAGAIN",
          .by_hand = "1: strace -o trace.txt -e inject=clone:error=EAGAIN:when=3 PROGRAM 5\n"
                     "1: echo $?",
          .needs = &makes_zombies_at_the_same_moment) {
  probed::needs_probe(program);
  Probe probe({.faults = "fork:3-=EAGAIN"});
  ProcessOptions options{.input = Input::null};
  probe.attach(options);
  Process process = start(5, options);
  const Exit exit = ended(process, "the third fork failed with EAGAIN");
  probed::expect_faults(probe, "fork");
  expect(exit.exited && exit.code == 1 && !process.error_lines().empty(),
         "the third of five forks failed: instead of `zombies: fork: REASON` on standard error "
         "and exit status 1 it ended with ",
         exit.text());
  expect(process.out().empty(),
         "the third of five forks failed, so there were never five "
         "zombies, and it printed\n",
         shown(process.out()));
}

LAB_CHECK(
    waits_for_enter_idle,
    .sentence = "waits for Enter without using the processor, and all stay zombies",
    .promise = "E2 G4", .marks = 1,
    .means = "a process that waits for a line sleeps in read. A zombie does not go away with time",
    .look = "steps/02-zombie/zombie.cpp, [3]; read(2)",
    .by_hand = "1: PROGRAM 3\n"
               "2: ps -o pid,stat,time,comm -p PID --ppid PID",
    .needs = &makes_zombies_at_the_same_moment, .waits = true) {
  Process process = start(3);
  const auto zombies = wait_for_zombies(process, 3);
  kill(zombies.front(), SIGKILL);
  expect_all_idle({{process.pid(), "the zombies' parent, which waits for Enter"}});
  expect(wait_for_zombies(process, 3) == zombies, "the zombies are not the same as before");
}

LAB_CHECK(ends_on_enter_and_end_of_file,
          .sentence = "ends with status 0 on Enter and on end of file, and none is left",
          .promise = "E2 G5", .marks = 2,
          .means = "a parent that simply ends leaves its zombies to init. A careful parent reaps "
                   "each of them before it ends",
          .look = "TODO 3; steps/02-zombie/zombie.cpp, [4]; waitpid(2)",
          .by_hand = "1: PROGRAM 3\n"
                     "1: Enter\n"
                     "1: echo $?\n"
                     "1: PROGRAM 3 < /dev/null\n"
                     "1: echo $?",
          .needs = &makes_zombies_at_the_same_moment) {
  for (const std::size_t count :
       std::initializer_list<std::size_t>{1, processes_at_once(100, 10)}) {
    for (const bool by_enter : {true, false}) {
      Process process = start(count);
      wait_for_zombies(process, count);
      if (by_enter) {
        process.type("\n");
      } else {
        process.close_input();
      }
      expect_end(process, by_enter ? "Enter" : "end of file");
    }
  }
}

LAB_CHECK(makes_no_zombie_when_n_is_0, .sentence = "with N = 0 prints nothing, waits, and exits 0",
          .promise = "E2", .marks = -1,
          .means = "0 is a number, too: the contract holds for it as for any other",
          .look = "exercises/02-zombie/README.md, the contract",
          .by_hand = "1: PROGRAM 0\n"
                     "1: Enter\n"
                     "1: echo $?",
          .waits = true) {
  Process process = start(0);
  comes(
      process, [] { return false; }, promptly); // until it waits, or has ended
  if (process.poll_exit()) {
    throw Failure("it has ended before Enter"); // with other numbers too, mostly: then told once
  }
  process.type("\n");
  expect_end(process, "Enter");
  expect(process.out().empty(), "with N = 0 it printed\n", shown(process.out()));
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
      {.arguments = {"99999999999999999999"}, .why = "no integer holds it"},
  };
  expect_refused(program, wrong);
  expect_usage(program, wrong);
}

} // namespace lab::exercise_02
