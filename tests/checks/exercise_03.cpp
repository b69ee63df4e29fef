// The checks of exercises/03-wait: children that run at once, reported in the order in which they
// end.

#include "checks/at_once.hpp"
#include "checks/common.hpp"
#include "checks/probed.hpp"
#include "checks/settle.hpp"
#include "checks/shortage.hpp"
#include "harness/programs.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace lab::exercise_03 {

namespace {

constexpr Suite suite{.name = "exercise-03", .subject = {.program = "collect"}};

constexpr const char* program = "collect";

constexpr const char* signal_means =
    "WTERMSIG gives a number. The name of a signal is what `kill -l` says";
constexpr const char* signal_look = "sigabbrev_np(3); signal(7), Standard signals; core(5)";

// `PID exited CODE` or `PID killed by SIGNAME`, taken apart.
struct Line {
  pid_t pid;
  std::string how; ///< `exited 7`, `killed by SIGKILL`
};

Line parse(const std::string& line) {
  Line result{};
  const char* const end = line.data() + line.size();
  const auto [after, error] = std::from_chars(line.data(), end, result.pid);
  expect(error == std::errc() && after != end && *after == ' ' && result.pid > 1,
         "this line is neither `PID exited CODE` nor `PID killed by SIGNAME`: `", line, "`");
  result.how = std::string(after + 1, end);
  return result;
}

// How a child of this SPEC ends.
std::string how(const std::string& spec) {
  const bool code = !spec.empty() && spec.front() >= '0' && spec.front() <= '9';
  return code ? "exited " + spec : "killed by SIG" + spec;
}

std::string typed(const std::vector<std::string>& specs) {
  std::string line = "collect";
  for (const std::string& spec : specs) {
    line += " " + spec;
    if (line.size() > 60) {
      return line + " ...";
    }
  }
  return line;
}

std::vector<Line> lines_of(Process& process) {
  std::vector<Line> lines;
  std::ranges::transform(process.lines(), std::back_inserter(lines), parse);
  return lines;
}

// Runs it to its end: one line for each SPEC, in whatever order, of a child each.
void expect_all_reported(const std::vector<std::string>& specs, ProcessOptions options = {}) {
  options.arguments = specs;
  options.input = Input::null;
  // Each child is held at its start, until it has been seen: an id that is printed has to be one
  // of them. (Of many, one after the other, this would take too long.)
  constexpr std::size_t few = 16;
  const bool sees_children = specs.size() <= few && !Probe::cannot_probe(program);
  Probe probe({.hold_children = true});
  if (sees_children) {
    probe.attach(options);
  }
  Process process(lab::program(program), std::move(options));
  std::set<pid_t> children;
  for (const Deadline deadline(soon);
       sees_children && !process.poll_exit() && !deadline.passed();) {
    for (const pid_t child : probe.held_children()) {
      if (children.insert(child).second) {
        probe.let_go(child);
      }
    }
    std::this_thread::sleep_for(
        std::chrono::milliseconds{1}); // nothing tells of a child that waits
  }
  const Exit exit = ended(process, typed(specs));
  const auto lines = lines_of(process);
  std::vector<std::string> wanted;
  std::ranges::transform(specs, std::back_inserter(wanted), how);
  std::vector<std::string> got;
  std::set<pid_t> pids;
  for (const Line& line : lines) {
    got.push_back(line.how);
    expect(line.pid != process.pid() && pids.insert(line.pid).second, "`", typed(specs),
           "`: two lines have the id ", line.pid, ", or it is the parent's own");
    expect(!sees_children || children.contains(line.pid), "`", typed(specs),
           "`: a line has the id ", line.pid, ", and no child of this id was made by fork");
  }
  if (got.size() < wanted.size()) {
    throw Failure(text("`", typed(specs), "`: ", got.size(), got.size() == 1 ? " line" : " lines",
                       " for ", wanted.size(), wanted.size() == 1 ? " child" : " children"),
                  {.means = "each child that has ended gives one line. A call of wait or waitpid "
                            "asks for one child: the program goes on until it has asked for all",
                   .look = "TODO 2; steps/03-wait/waitpid_poll.cpp, [3]; wait(2), ECHILD"});
  }
  std::ranges::sort(wanted);
  std::ranges::sort(got);
  std::vector<std::string> missing;
  std::ranges::set_difference(wanted, got, std::back_inserter(missing));
  if (!missing.empty()) {
    const auto is_killed = [](const std::string& line) { return line.starts_with("killed by "); };
    const bool other_name =
        is_killed(missing.front()) &&
        std::ranges::count_if(got, is_killed) == std::ranges::count_if(wanted, is_killed);
    throw Failure(text("`", typed(specs), "`: no line says `PID ", missing.front(), "`"),
                  other_name ? Advice{.means = signal_means, .look = signal_look} : Advice{});
  }
  expect(got.size() == wanted.size(), "`", typed(specs), "`: ", got.size(), " lines for ",
         wanted.size(), " children");
  expect(exit.success(), "`", typed(specs), "` ended with ", exit.text(),
         " instead of exit status 0");
  expect_nothing_left(process, typed(specs));
  expect_clean(process);
}

} // namespace

LAB_CHECK(reports_how_each_child_ended,
          .sentence = "reports how each child ended, `PID exited CODE` or `PID killed by SIGNAME`",
          .promise = "E3", .marks = 3,
          .means =
              "wait encodes how a child ended in one number, the status: ask first how the child "
              "ended, then take the exit code or the signal out of it",
          .look = "TODO 3; steps/03-wait/wait_child.cpp, [2]; wait(2), WIFEXITED; sigabbrev_np(3)",
          .by_hand = "1: PROGRAM 7 KILL 0 TERM") {
  expect_all_reported({"7"});
  expect_all_reported({"KILL"});
  expect_all_reported({"7", "KILL", "0", "TERM", "42", "7", "SEGV"});
}

LAB_CHECK(tells_all_exit_codes_apart, .sentence = "tells all exit codes from 0 to 255 apart",
          .promise = "E3", .marks = 1,
          .means = "an exit code has eight bits, and WEXITSTATUS gives all of them",
          .look = "wait(2), WEXITSTATUS", .by_hand = "1: PROGRAM $(seq 0 255)",
          .needs = &reports_how_each_child_ended) {
  const std::size_t most = processes_at_once(256, 10);
  std::vector<std::string> specs;
  for (int code = 0; code < 256; ++code) {
    specs.push_back(std::to_string(code));
    if (specs.size() == most || code == 255) {
      expect_all_reported(specs);
      specs.clear();
    }
  }
}

LAB_CHECK(names_each_signal, .sentence = "names each signal, and leaves no core file behind",
          .promise = "E3 G5", .marks = 1, .means = signal_means, .look = signal_look,
          .by_hand = "1: PROGRAM HUP INT KILL SEGV TERM\n"
                     "1: ls core*",
          .needs = &reports_how_each_child_ended) {
  const Folder folder;
  expect_all_reported({"HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1",
                       "SEGV", "USR2", "PIPE", "ALRM", "TERM", "XCPU"},
                      {.working_directory = folder.path()});
  expect(folder.list().empty(), "it left these files in its folder: ", folder.list());
}

LAB_CHECK(
    runs_all_children_at_once,
    .sentence = "all children run at once, none waits for another one's end", .promise = "E3",
    .marks = 4,
    .means = "a parent that waits inside the loop that starts the children has one child at a time",
    .look = "TODO 1; steps/03-wait/waitpid_poll.cpp; fork(2)",
    .needs = &reports_how_each_child_ended) {
  probed::needs_probe(program);
  const std::vector<std::string> specs{"7", "KILL", "0", "TERM", "3"};
  Probe probe({.hold_children = true});
  ProcessOptions options{.arguments = specs, .input = Input::null};
  probe.attach(options);
  Process process(lab::program(program), options);
  settle(
      process.pid(), text("the ", specs.size(), " children of `", typed(specs), "` to run"),
      [&] { return probe.held_children().size() == specs.size(); },
      [&] {
        return text("no child has ended, because each is held at its start, and only ",
                    probe.held_children().size(), " of ", specs.size(), " are there");
      });
  probe.let_all_go();
  ended(process, "the children were released");
  expect(lines_of(process).size() == specs.size(), "five children, and ", process.lines().size(),
         " lines");
}

LAB_CHECK(sleeps_until_a_child_ends, .sentence = "sleeps until a child ends, without polling",
          .promise = "E3 G4", .marks = 1,
          .means = "waitpid without WNOHANG sleeps until a child has ended. A loop that asks again "
                   "and again keeps the processor busy",
          .look = "steps/03-wait/waitpid_poll.cpp, [4]; waitpid(2), WNOHANG",
          .needs = &runs_all_children_at_once, .waits = true) {
  probed::needs_probe(program);
  Probe probe({.hold_children = true});
  ProcessOptions options{.arguments = {"7", "KILL", "0"}, .input = Input::null};
  probe.attach(options);
  Process process(lab::program(program), options);
  settle(process.pid(), "the children to run", [&] { return probe.held_children().size() == 3; });
  expect_all_idle({{process.pid(), "collect 7 KILL 0, none of whose children has ended"}});
  probe.let_all_go();
  ended(process, "the children were released");
}

LAB_CHECK(shows_lines_at_once, .sentence = "shows each line at once, also in a pipe",
          .promise = "E3 G3", .marks = 1, .means = buffer_means, .look = buffer_look,
          .by_hand = "1: PROGRAM 7 KILL | cat", .needs = &runs_all_children_at_once) {
  probed::needs_probe(program);
  expect_at_once("the line of a child that had been waited for", [](Output output) {
    Probe probe({.hold_children = true});
    ProcessOptions options{.arguments = {"7", "0"}, .input = Input::null, .output = output};
    probe.attach(options);
    Process process(lab::program(program), options);
    const auto seen = [&] { return !process.lines().empty(); };
    settle(process.pid(), "the children to run", [&] { return probe.held_children().size() == 2; });
    probe.let_go(probe.held_children().front());
    // A child that is a zombie has not been waited for yet: its line is not due.
    const bool at_once = comes(process, seen) ||
                         std::ranges::any_of(children_of(process.pid()), &ProcessInfo::zombie);
    probe.let_all_go();
    return Seen{.at_once = at_once, .at_the_end = comes_at_the_end(process, seen)};
  });
}

LAB_CHECK(prints_in_the_order_of_the_ends,
          .sentence = "prints one line a child, at once, in the order in which they end",
          .promise = "E3 G3", .marks = 3,
          .means = "waitpid with a child's id waits for that child, even if others have ended long "
                   "before. With -1 it takes any child that has ended",
          .look = "TODO 2; steps/03-wait/waitpid_poll.cpp, [3]; waitpid(2)",
          .needs = &shows_lines_at_once) {
  probed::needs_probe(program);
  const std::vector<std::string> specs{"1", "2", "TERM", "4", "5", "KILL", "7"};
  Probe probe({.hold_children = true});
  ProcessOptions options{.arguments = specs, .input = Input::null};
  probe.attach(options);
  Process process(lab::program(program), options);
  settle(process.pid(), "the children to run",
         [&] { return probe.held_children().size() == specs.size(); });
  auto order = probe.held_children(); // any order but that of their birth
  std::ranges::sort(order, std::greater<>());
  std::swap(order.front(), order.at(3));
  std::string told;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const pid_t child = order[i];
    probe.let_go(child);
    told += text(told.empty() ? "" : ", ", child);
    settle(
        process.pid(), text("a line to be printed for child ", child, ", which has just ended"),
        [&] { return process.lines().size() > i; },
        [&] { return text("the children were released one by one, in this order: ", told); });
    const auto lines = lines_of(process);
    expect(lines.size() == i + 1 && lines.back().pid == child,
           "the children ended in this "
           "order: ",
           told, "; and it printed\n", shown(process.out()));
  }
  // Each line has to tell of that child: what it said when it ended is in the probe's record.
  const auto events = probe.events();
  for (const Line& line : lines_of(process)) {
    for (const Event& event : events) {
      if (event.pid == line.pid && event.call == "_exit") {
        const std::string code = event.text.substr(event.text.find('(') + 1);
        expect(line.how == "exited " + code.substr(0, code.find(')')), "child ", line.pid,
               " called ", event.text, ", and its line is `", line.pid, " ", line.how, "`");
      }
    }
  }
  const Exit exit = ended(process, "the last child has ended");
  expect(exit.success(), "it ended with ", exit.text());
  expect_nothing_left(process, "the last child has ended");
  expect_whole_lines(process);
}

LAB_CHECK(refuses_a_bad_spec,
          .sentence = "ends with status 2 and its usage on a bad SPEC, and starts nothing",
          .promise = "E3 G1", .marks = -1,
          .means = "look at all SPECs before you start the first child",
          .look = "exercises/support/endings.cpp, ending_arguments",
          .by_hand = "1: PROGRAM 256\n"
                     "1: echo $?\n"
                     "1: PROGRAM NOSUCH\n"
                     "1: echo $?") {
  const std::vector<Wrong> wrong{
      {.arguments = {}, .why = "no SPEC"},
      {.arguments = {"256"}, .why = "above 255"},
      {.arguments = {"-1"}, .why = "below 0"},
      {.arguments = {"FOO"}, .why = "no signal has that name"},
      {.arguments = {"CHLD"}, .why = "it ends no process"},
      {.arguments = {""}, .why = "empty"},
      {.arguments = {"7", "0", "7x"}, .why = "a number and more"},
      {.arguments = {"7", "0", "FOO"}, .why = "the last one is bad"},
  };
  expect_refused(program, wrong);
  expect_usage(program, wrong);
  for (const Wrong& one : wrong) {
    Process process(lab::program(program), {.arguments = one.arguments, .input = Input::null});
    ended(process, one.why);
    expect(process.out().empty(), "`", typed(one.arguments), "` (", one.why,
           "): it has reported a child:\n", shown(process.out()));
  }
}

LAB_CHECK(says_that_fork_fails,
          .sentence = "says so and ends with status 1 when a fork fails, and leaves no process",
          .promise = "G2 G5", .marks = 1,
          .means = "fork returns -1 when the process limit is reached: the parent still has to "
                   "reap the children that it has started",
          .look = "steps/support/error.hpp; fork(2), EAGAIN",
          .by_hand = "1: strace -o trace.txt -e inject=clone:error=EAGAIN:when=2 PROGRAM 7 0 7\n"
                     "1: echo $?",
          .needs = &reports_how_each_child_ended) {
  probed::needs_probe(program);
  Probe probe({.faults = "fork:3-=EAGAIN"});
  ProcessOptions options{.arguments = {"7", "KILL", "0", "1"}, .input = Input::null};
  probe.attach(options);
  Process process(lab::program(program), options);
  const Exit exit = ended(process, "the third fork failed with EAGAIN");
  probed::expect_faults(probe, "fork");
  expect(exit.exited && exit.code == 1 && !process.error_lines().empty(),
         "the third of four forks failed: instead of `collect: fork: REASON` on standard error "
         "and exit status 1 it ended with ",
         exit.text());
  wait_for_orphans_to_end(process);
}

} // namespace lab::exercise_03
