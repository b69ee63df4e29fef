#include "checks/parallel.hpp"

#include "checks/record.hpp"
#include "harness/fd.hpp"
#include "harness/process.hpp"
#include "harness/programs.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include <unistd.h>

namespace lab {

namespace {

// No check takes nearly as long: it is for one that hangs in spite of its deadlines.
constexpr std::chrono::seconds longest_check{120};

enum class State : unsigned char { waiting, running, done };

struct Run {
  Result result;
  const Run* needs = nullptr;
  State state = State::waiting;
  std::optional<Process> process;
  Deadline deadline{longest_check};
  std::optional<uid_t> user; // of its programs, where these are confined
};

/// How the programs are confined, if they are.
struct Confined {
  bool wanted = false;
  std::vector<uid_t> free; // users that no check has now
};

// doctest takes a comma for the next filter.
std::string filter_for(const std::string& name) {
  std::string filter;
  for (const char c : name) {
    filter += c == ',' ? std::string("\\,") : std::string(1, c);
  }
  return filter;
}

void start(Run& run, Confined& confined) {
  static const auto self = std::filesystem::read_symlink("/proc/self/exe");
  ProcessOptions options;
  options.arguments = {"--programs=" + program_folder().string(),
                       "--test-suite=" + filter_for(run.result.suite),
                       "--test-case=" + filter_for(run.result.name), "--reporters=wire"};
  options.input = Input::null;
  if (confined.wanted) {
    std::string confine = "--confine";
    if (!confined.free.empty()) {
      run.user = confined.free.back();
      confined.free.pop_back();
      confine += "=" + std::to_string(*run.user);
    }
    options.arguments.push_back(confine);
  }
  run.process.emplace(self, options);
  run.deadline = Deadline(longest_check);
  run.state = State::running;
}

// Takes in what a check that has ended, or has to, says of itself.
void take(Run& run, Confined& confined) {
  const auto exit = run.process->poll_exit();
  if (!exit && !run.deadline.passed()) {
    return;
  }
  if (exit) {
    run.process->wait();
  }
  if (const auto told = decode_result(run.process->out())) {
    run.result.passed = told->passed;
    run.result.seen = told->seen;
    run.result.skipped = told->skipped;
    run.result.seconds = told->seconds;
  } else {
    run.result.broken = true;
    run.result.seen =
        "the check itself " +
        (exit ? "ended: " + exit->text() : "did not end in " + in_words(longest_check)) + "\n" +
        run.process->err();
  }
  run.process.reset(); // ends whatever it has left
  if (run.user) {
    confined.free.push_back(*run.user);
  }
  run.state = State::done;
}

// Runs the checks, and hands each result to `tell` in the order given.
template <typename Tell>
void run_all(std::vector<Result> checks, unsigned jobs, Tell&& tell, Confined confined = {}) {
  std::vector<Run> runs(checks.size());
  for (std::size_t i = 0; i < runs.size(); ++i) {
    runs[i].result = std::move(checks[i]);
  }
  for (Run& run : runs) {
    const auto needed = std::ranges::find_if(
        runs, [&](const Run& other) { return other.result.name == run.result.hint.needs; });
    run.needs = needed == runs.end() || &*needed == &run ? nullptr : &*needed;
  }

  std::size_t told = 0;
  while (told < runs.size()) {
    auto running = std::ranges::count(runs, State::running, &Run::state);
    for (Run& run : runs) {
      if (run.state == State::running) {
        take(run, confined);
      } else if (run.state == State::waiting &&
                 (run.needs == nullptr || run.needs->state == State::done)) {
        if (run.needs != nullptr && !run.needs->result.passed) {
          run.result.not_run = "this one has to pass first: " + sentence_of(run.needs->result.name);
          run.state = State::done;
        } else if (running < jobs) {
          start(run, confined);
          ++running;
        }
      }
    }
    for (; told < runs.size() && runs[told].state == State::done; ++told) {
      tell(runs[told].result);
      std::cout << std::flush;
    }
    // Until one of several processes ends, or is late: there is no one event to wait for.
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

// Whether `text` holds `words`; each `...` among them stands for any text.
bool contains_words(std::string_view text, std::string_view words) {
  constexpr std::string_view any = "...";
  while (true) {
    const std::size_t end = std::min(words.find(any), words.size());
    const std::size_t at = text.find(words.substr(0, end));
    if (at == std::string_view::npos) {
      return false;
    }
    if (end == words.size()) {
      return true;
    }
    text.remove_prefix(at + end);
    words.remove_prefix(end + any.size());
  }
}

} // namespace

bool run_in_processes(std::vector<Result> checks, unsigned jobs, bool brief) {
  Report report(std::cout, brief);
  bool all_passed = true;
  run_all(std::move(checks), jobs, [&](const Result& result) {
    report.add(result);
    all_passed = all_passed && result.passed;
  });
  report.finish();
  return all_passed;
}

void run_for_tool(std::vector<Result> checks, unsigned jobs, const std::vector<uid_t>& users,
                  int results) {
  const auto tell = [&](const Result& result) {
    const std::string text = encode(Record{.suite = result.suite,
                                           .name = result.name,
                                           .promise = result.hint.promise,
                                           .points = result.hint.points,
                                           .means = result.hint.means,
                                           .look = result.hint.look,
                                           .passed = result.passed,
                                           .seen = result.seen,
                                           .skipped = result.skipped,
                                           .not_run = result.not_run});
    for (std::string_view rest = text; !rest.empty();) {
      rest.remove_prefix(
          static_cast<std::size_t>(check(::write(results, rest.data(), rest.size()), "write")));
    }
  };
  if (jobs == 0) { // which there are
    std::ranges::for_each(checks, tell);
    return;
  }
  run_all(std::move(checks), jobs, tell, {.wanted = true, .free = users});
}

std::optional<bool> all_fail_in_processes(std::vector<Result> checks,
                                          const std::vector<Rejection>& rejections, unsigned jobs) {
  Report report(std::cout);
  std::string wrong;
  bool any_run = false;
  run_all(std::move(checks), jobs, [&](const Result& result) {
    report.add(result);
    const std::string sentence = sentence_of(result.name);
    if (!result.skipped.empty()) {
      return;
    }
    any_run = true;
    if (result.passed || result.broken || !result.not_run.empty()) {
      wrong += "not rejected by: " + sentence + '\n';
      return;
    }
    for (const Rejection& rejection : rejections) {
      if (rejection.sentence == sentence && !contains_words(result.seen, rejection.saying)) {
        wrong += "rejected by: " + sentence + ", which does not say: " + rejection.saying + '\n';
      }
    }
  });
  std::cout << wrong;
  if (!any_run) {
    return std::nullopt;
  }
  return wrong.empty();
}

} // namespace lab
