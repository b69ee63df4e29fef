// The checks of steps/03-wait: how a child has ended, and waiting without waiting.

#include "checks/common.hpp"
#include "harness/programs.hpp"

#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>
#include <vector>

namespace lab::step_03 {

namespace {

constexpr Suite suite{.name = "step-03", .subject = {.program = "wait_child"}};

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// Runs it to its end: status 0, nothing left.
Process run(const char* name) {
  Process process(lab::program(name));
  const Exit exit = ended(process, "started");
  expect(exit.success(), "it ended with ", exit.text(), " instead of exit status 0");
  expect_nothing_left(process, "started");
  return process;
}

bool any_line(Process& process, const std::vector<std::string_view>& words, auto&& holds) {
  return std::ranges::any_of(process.lines(), [&](const std::string& line) {
    const std::string small = lower(line);
    return std::ranges::all_of(
               words,
               [&](std::string_view word) { return small.find(word) != std::string::npos; }) &&
           holds(line);
  });
}

// The whole number for exit status 7 is 7 * 256: more than any status. (The child may say its own
// before it exits: so one right line is not enough.)
void expect_statuses(Process& process) {
  for (const std::string& line : process.lines()) {
    const auto numbers = numbers_in(line);
    expect(lower(line).find("status") == std::string::npos || numbers.empty() ||
               numbers.back() < 256,
           "no exit status is larger than 255, and this line shows one: ", line, "\n");
  }
}

} // namespace

LAB_CHECK(wait_child_tells_exit_from_signal,
          .sentence = "wait_child tells an exit status from a signal", .promise = "W3", .marks = 2,
          .means = "wait's number holds how a child ended. Ask WIFEXITED and WIFSIGNALED which way "
                   "it was, then take it apart by WEXITSTATUS or WTERMSIG",
          .look = "steps/03-wait/wait_child.cpp, [2]; wait(2)") {
  Process process = run("wait_child");
  expect(any_line(process, {"exit", "status"},
                  [](const std::string& line) { return !numbers_in(line).empty(); }),
         "no line tells of a child that has exited with a status");
  expect_statuses(process);
  expect(
      any_line(process, {"sig"},
               [](const std::string& line) { return line.find("SIGTERM") != std::string::npos; }),
      "no line tells of a child that SIGTERM has killed");
  expect_whole_lines(process);
}

LAB_CHECK(waitpid_poll_shows_wnohang,
          .sentence = "waitpid_poll shows WNOHANG return 0 while the child lives", .promise = "W4",
          .marks = 2,
          .means = "0 says: there are children, and none has ended; -1 says: there is none",
          .look = "steps/03-wait/waitpid_poll.cpp, [1] to [4]; waitpid(2), RETURN VALUE") {
  Process process = run("waitpid_poll");
  expect(any_line(process, {"wnohang"},
                  [](const std::string& line) {
                    const auto numbers = numbers_in(line);
                    return std::ranges::find(numbers, 0) != numbers.end();
                  }),
         "no line tells of a waitpid with WNOHANG that returned 0");
  const auto lines = process.lines();
  const auto reaped = std::ranges::count_if(lines, [](const std::string& line) {
    return lower(line).find("status") != std::string::npos &&
           line.find("waitpid") != std::string::npos;
  });
  expect(reaped >= 2, "it waits for one child by its id and for any child, and ", reaped,
         " lines tell of a waitpid that returned a status");
  expect_statuses(process);
  expect_whole_lines(process);
}

LAB_CHECK(both_print_each_line_once,
          .sentence = "wait_child and waitpid_poll print each line once into a file",
          .promise = "G3", .marks = 1,
          .means = "fork copies what stdio keeps in its buffer when output is a file",
          .look = "steps/support/output.hpp; setvbuf(3), fork(2), _exit(2)") {
  for (const char* const name : {"wait_child", "waitpid_poll"}) {
    Process process(lab::program(name), {.output = Output::file});
    ended(process, "started");
    auto lines = process.lines();
    expect(lines.size() > 1, "it prints less than two lines into a file");
    std::ranges::sort(lines);
    const auto twice = std::ranges::adjacent_find(lines);
    expect(twice == lines.end(),
           "this line is there more than once: ", twice == lines.end() ? "" : *twice, "\n");
  }
}

LAB_CHECK(both_refuse_arguments,
          .sentence = "wait_child and waitpid_poll end with status 2 on wrong arguments",
          .promise = "G1", .marks = 1,
          .means = "a program that takes no arguments says so when it gets one",
          .look = "steps/support/arguments.cpp") {
  const std::vector<Wrong> wrong{{.arguments = {"5"}, .why = "it takes no argument"},
                                 {.arguments = {""}, .why = "it takes no argument"}};
  for (const char* const name : {"wait_child", "waitpid_poll"}) {
    expect_refused(name, wrong);
    expect_usage(name, wrong);
  }
}

LAB_CHECK(both_say_that_fork_fails,
          .sentence = "wait_child and waitpid_poll say so when fork fails", .promise = "G2",
          .marks = 1, .means = "fork returns -1 when the process limit is reached",
          .look = "steps/support/error.hpp; fork(2), EAGAIN") {
  for (const char* const name : {"wait_child", "waitpid_poll"}) {
    expect_fork_report(name, {});
  }
}

} // namespace lab::step_03
