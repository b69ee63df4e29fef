#include "tools/watch/run.hpp"

#include "harness/failure.hpp"
#include "harness/proc.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <set>
#include <string_view>
#include <system_error>

#include <sys/syscall.h>
#include <unistd.h>

namespace lab {

namespace fs = std::filesystem;

namespace {

/// What a build has made of this exercise: its objects and its programs.
void remove_built(const Kit& kit, const Exercise& exercise) {
  std::error_code error;
  std::vector<fs::path> built;
  for (const auto& entry :
       fs::directory_iterator(kit.build() / "exercises" / exercise.folder, error)) {
    built.push_back(entry.path());
  }
  for (const auto& entry : fs::directory_iterator(kit.build() / "exercises/CMakeFiles", error)) {
    if (!entry.path().filename().string().starts_with("exercise-" + exercise.number + "-")) {
      continue;
    }
    for (const auto& file : fs::recursive_directory_iterator(entry.path(), error)) {
      if (file.path().extension() == ".o") {
        built.push_back(file.path());
      }
    }
  }
  for (const fs::path& file : built) {
    fs::remove(file, error);
  }
}

} // namespace

Fd end_of(pid_t pid) {
  return Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

std::optional<ProcessInfo> other_build(const fs::path& build) {
  static constexpr std::array<std::string_view, 4> names{"make", "gmake", "ninja", "ninja-build"};
  const auto processes = all_processes();
  std::set<pid_t> ours; // we may be started by one
  for (pid_t pid = ::getpid(); pid > 1;) {
    ours.insert(pid);
    const auto process = std::ranges::find(processes, pid, &ProcessInfo::pid);
    pid = process == processes.end() ? 0 : process->parent;
  }
  std::error_code error;
  const fs::path folder = fs::canonical(build, error);
  for (const ProcessInfo& process : processes) {
    if (process.zombie() || ours.contains(process.pid) ||
        std::ranges::find(names, process.name) == names.end()) {
      continue;
    }
    const fs::path where = fs::read_symlink("/proc/" + std::to_string(process.pid) + "/cwd", error);
    if (!error && where == folder) {
      return process;
    }
  }
  return std::nullopt;
}

Run::Run(const Kit& kit, const Exercise& exercise, bool anew) : kit_(kit), exercise_(exercise) {
  if (anew) {
    remove_built(kit, exercise);
  }
  start({"--build", kit.build().string(), "--target", "exercise-" + exercise.number});
}

Run::~Run() {
  if (!process_ || process_->poll_exit()) {
    return;
  }
  // make(1) removes what is half written when it is told to end, and not when it is killed.
  try {
    ::kill(-process_->pid(), SIGTERM);
    process_->wait(std::chrono::seconds{1});
  } catch (const std::exception&) {
    process_->kill_all();
  }
}

void Run::start(std::vector<std::string> arguments) {
  process_.emplace(kit_.cmake(), ProcessOptions{.arguments = std::move(arguments),
                                                .input = Input::null,
                                                .working_directory = kit_.root().string()});
  end_ = end_of(process_->pid());
}

void Run::go_on() {
  if (stage_ == Stage::ended || (end_ && !process_->poll_exit())) {
    return;
  }
  constexpr std::chrono::minutes longest{10}; // it has ended; but before Linux 5.3 nobody tells
  const Exit exit = process_->wait(longest);
  end_.close();
  if (stage_ == Stage::building) {
    compiler_ = process_->err();
    built_ = exit.success();
    if (!built_) {
      compiler_ += process_->out();
      stage_ = Stage::ended;
      return;
    }
    stage_ = Stage::checking;
    const std::string sources = "exercises/" + exercise_.folder;
    start({"-D", "KIT=" + kit_.root().string(), "-D", "SOURCES=" + sources, "-D",
           "LAB_CHECK=" + Kit::lab_check().string(), "-D",
           "VERDICT=" + kit_.verdict_file(exercise_).string(), "-D",
           "PROGRAMS=" + (kit_.build() / sources).string(), "-D",
           "SUITE=exercise-" + exercise_.number, "-D", "BUILD=" + kit_.build().string(), "-D",
           "TARGET=exercise-" + exercise_.number, "-P",
           (kit_.root() / "tests/tools/check/RunChecks.cmake").string()});
    return;
  }
  stage_ = Stage::ended;
  std::error_code error;
  if (!exit.success() || !fs::exists(kit_.verdict_file(exercise_), error)) {
    trouble_ = process_->err() + process_->out();
  } else if (kit_.saved_results(exercise_).empty()) {
    trouble_ = process_->err().empty() ? "lab-check wrote no results" : process_->err();
  }
}

Filming::Filming(const Kit& kit, const Exercise& exercise, const std::string& check)
    : process_(Kit::lab_check(),
               {.arguments = {"--programs", (kit.build() / "exercises" / exercise.folder).string(),
                              "--test-suite=exercise-" + exercise.number, "--test-case=" + check,
                              "--film", (kit.build() / "films").string()},
                .input = Input::null,
                .working_directory = kit.root().string()}),
      end_(end_of(process_.pid())) {}

std::optional<std::string> Filming::told() {
  if (end_ && !process_.poll_exit()) {
    return std::nullopt;
  }
  constexpr std::chrono::minutes longest{10};
  process_.wait(longest);
  const std::string out = process_.out();
  constexpr std::string_view begin = "film: ";
  const std::size_t at = out.find(begin);
  if (at == std::string::npos) {
    return "No film: the check has passed this time, or this program cannot be filmed.";
  }
  const std::size_t from = at + begin.size();
  return "Open this in a browser: " + out.substr(from, out.find('\n', from) - from);
}

} // namespace lab
