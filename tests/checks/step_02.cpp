// The checks of steps/02-zombie: a child that has ended and is not waited for, and a child whose
// parent ends first.

#include "checks/common.hpp"
#include "checks/settle.hpp"
#include "harness/programs.hpp"

#include <algorithm>
#include <cctype>
#include <csignal>
#include <string>
#include <string_view>
#include <vector>

#include <unistd.h>

namespace lab::step_02 {

namespace {

constexpr Suite suite{.name = "step-02", .subject = {.program = "zombie"}};

// Waits until the program has one child, and that is a zombie.
ProcessInfo wait_for_zombie(Process& process) {
  ProcessInfo zombie;
  settle(process.pid(), "a child to be in state Z", [&] {
    const auto children = children_of(process.pid());
    if (children.size() == 1 && children.front().zombie()) {
      zombie = children.front();
      return true;
    }
    return false;
  });
  return zombie;
}

std::optional<ProcessInfo> still(const ProcessInfo& process) {
  auto now = process_info(process.pid);
  return now && now->same_as(process) ? now : std::nullopt;
}

} // namespace

LAB_CHECK(zombie_stays,
          .sentence = "zombie's child has ended and stays in state Z while its parent lives",
          .promise = "W1 G4", .marks = 2,
          .means = "a child's entry stays until its parent asks how it ended: that is a zombie",
          .look = "steps/02-zombie/zombie.cpp, [2] and [3]; wait(2), NOTES; ps(1), state Z") {
  Process process(lab::program("zombie"));
  const ProcessInfo zombie = wait_for_zombie(process);
  // Neither time nor SIGKILL takes it away, and the parent meanwhile does not spin.
  kill(zombie.pid, SIGKILL);
  expect_all_idle({{process.pid(), "the zombie's parent, which waits for Enter"}});
  const auto now = still(zombie);
  expect(now && now->zombie(), "the zombie ", zombie.pid, " is gone while its parent lives");
  expect(!process.poll_exit(), "the parent has ended by itself");
}

LAB_CHECK(
    zombie_ends_on_enter_and_end_of_file,
    .sentence = "zombie ends on Enter and on end of file and its child is gone", .promise = "W1 G5",
    .marks = 2,
    .means = "waitpid takes the entry away. A parent that ends without it leaves that to init",
    .look = "steps/02-zombie/zombie.cpp, [4]; waitpid(2)") {
  for (const bool by_enter : {true, false}) {
    Process process(lab::program("zombie"));
    const ProcessInfo zombie = wait_for_zombie(process);
    if (by_enter) {
      process.type("\n");
    } else {
      process.close_input();
    }
    const char* const after = by_enter ? "Enter" : "end of file";
    const Exit exit = ended(process, after);
    expect(exit.success(), after, ": it ended with ", exit.text(), " instead of exit status 0");
    expect_nothing_left(process, after);
    expect(!still(zombie), "its child ", zombie.pid, " is still there");
  }
}

LAB_CHECK(zombie_names_its_child, .sentence = "zombie prints each line at once and names its child",
          .promise = "W1 G3", .marks = 1,
          .means = "the child's id is what to look for in ps. And fork copies what stdio keeps",
          .look = "steps/support/output.hpp; setvbuf(3), fork(2)") {
  Process process(lab::program("zombie"));
  const ProcessInfo zombie = wait_for_zombie(process);
  settle(process.pid(), text("a line to be printed that names the child ", zombie.pid),
         [&] { return process.has_line(std::to_string(zombie.pid)); });
  const auto before = process.lines();
  process.close_input();
  ended(process, "end of file");
  const auto lines = process.lines();
  for (const std::string& line : before) {
    expect(line.empty() || std::ranges::count(lines, line) == std::ranges::count(before, line),
           "after its end this line is there again: ", line);
  }
  expect_whole_lines(process);
}

LAB_CHECK(orphan_is_adopted, .sentence = "orphan's parent ends first and its child is adopted",
          .promise = "W2", .marks = 2,
          .means = "a child whose parent has ended gets a new parent at once: init, or the nearest "
                   "process that asked for orphans. Here that is lab-check",
          .look = "steps/02-zombie/orphan.cpp, [1] and [2]; prctl(2), PR_SET_CHILD_SUBREAPER") {
  Process process(lab::program("orphan"));
  const std::string parent = std::to_string(process.pid());
  const std::string adopter = std::to_string(getpid());
  const Exit exit = ended(process, "started");
  expect(exit.success(), "the parent ended with ", exit.text(), " instead of exit status 0");
  // The child may live on for a moment: its last line comes when it has a new parent.
  wait_until(
      text("a line with the parent's id ", parent, " and then one with the new parent's, ",
           adopter),
      [&] {
        const auto lines = process.lines();
        const auto names = [](const std::string& id) {
          return [&id](const std::string& line) { return has_number(line, id); };
        };
        const auto before = std::ranges::find_if(lines, names(parent));
        return std::find_if(before, lines.end(), names(adopter)) != lines.end();
      },
      soon);
  wait_for_orphans_to_end(process);
  expect_whole_lines(process);
}

LAB_CHECK(both_refuse_arguments,
          .sentence = "zombie and orphan end with status 2 on wrong arguments", .promise = "G1",
          .marks = 1, .means = "a program that takes no arguments says so when it gets one",
          .look = "steps/support/arguments.cpp") {
  const std::vector<Wrong> wrong{{.arguments = {"5"}, .why = "it takes no argument"},
                                 {.arguments = {""}, .why = "it takes no argument"}};
  for (const char* const name : {"zombie", "orphan"}) {
    expect_refused(name, wrong);
    expect_usage(name, wrong);
  }
}

LAB_CHECK(both_say_that_fork_fails, .sentence = "zombie and orphan say so when fork fails",
          .promise = "G2", .marks = 1,
          .means = "fork returns -1 when the process limit is reached: -1 is no child, and "
                   "kill(-1, ...) means all processes",
          .look = "steps/support/error.hpp; fork(2), EAGAIN") {
  for (const char* const name : {"zombie", "orphan"}) {
    expect_fork_report(name, {});
  }
}

} // namespace lab::step_02
