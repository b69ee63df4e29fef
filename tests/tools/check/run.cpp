#include "tools/check/run.hpp"

#include "checks/shortage.hpp"
#include "harness/confine.hpp"
#include "harness/deadline.hpp"
#include "harness/fd.hpp"
#include "harness/proc.hpp"
#include "harness/process.hpp"
#include "harness/programs.hpp"
#include "harness/trace.hpp"
#include "harness/tree.hpp"
#include "tools/check/report.hpp"
#include "tools/film/film.hpp"
#include "tools/text/text.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lab {

namespace {

// No check takes nearly as long: it is for one that hangs in spite of its deadlines.
constexpr std::chrono::seconds longest_check{120};

enum class State : unsigned char { waiting, running, done };

struct Output {
  Fd source;
  std::string text;
};

struct Run {
  const SuiteCheck* check = nullptr;
  Result result;
  std::vector<const Run*> needs;
  State state = State::waiting;
  pid_t pid = -1;
  Fd end; // its pidfd
  Output out;
  Output err;
  std::unique_ptr<Tree> tree;
  Deadline deadline{longest_check};
  bool film = false;         // its result is known: a film of it is made
  std::optional<uid_t> user; // of its programs, where these are confined
};

/// How the programs are confined, if they are.
struct Confined {
  bool wanted = false;
  bool traced = false;     // the checks say what they do
  std::vector<uid_t> free; // users that no check has now
  std::optional<int> group{};
};

std::pair<Fd, Fd> make_pipe() {
  std::array<int, 2> ends{-1, -1};
  or_throw(::pipe2(ends.data(), O_CLOEXEC), "pipe2");
  std::pair<Fd, Fd> made{own(ends[0], "pipe2"), own(ends[1], "pipe2")};
  or_throw(::fcntl(made.first.get(), F_SETFL, O_NONBLOCK), "fcntl");
  return made;
}

std::filesystem::path lab_check() {
  return std::filesystem::read_symlink("/proc/self/exe");
}

/// As a student types it: from the folder where we are, if it is in there.
std::string path_from_here(const std::filesystem::path& path) {
  std::error_code error;
  const auto relative = path.lexically_relative(std::filesystem::current_path(error));
  return relative.empty() || *relative.begin() == ".."         ? path.string()
         : std::distance(relative.begin(), relative.end()) > 1 ? relative.string()
                                                               : "./" + relative.string();
}

/// What to say of a program that is not there: nothing of what the check is about.
void tell_missing(const std::string& name, Result& result) {
  std::string others;
  std::error_code error;
  for (const auto& file : std::filesystem::directory_iterator(program_folder(), error)) {
    others += (others.empty() ? "" : ", ") + file.path().filename().string();
  }
  result.why = "there is no program " + name + " in " + path_from_here(program_folder()) +
               ". The build makes it of a file " + name + ".cpp: is it there, under this name?";
  if (!others.empty() && program_folder() != lab_check().parent_path()) {
    result.why += " (What is in the folder: " + others + ")";
  }
  result.means.clear();
  result.look.clear();
}

/// Where the TODOs are that `look` names: `TODO 1 and 2; ...`, `TODO 1 to 4`.
std::string places_of_todos(std::string_view look) {
  constexpr std::string_view word = "TODO ";
  std::set<char> wanted;
  for (std::size_t at = look.find(word); at != std::string_view::npos; at = look.find(word, at)) {
    at += word.size();
    for (bool up_to = false; at < look.size() && std::isdigit(look[at]) != 0;) {
      for (char first = up_to ? *wanted.rbegin() : look[at]; first <= look[at]; ++first) {
        wanted.insert(first);
      }
      const std::string_view rest = look.substr(at + 1);
      up_to = rest.starts_with(" to ");
      at += up_to ? 5U : rest.starts_with(" and ") ? 6U : 1U;
    }
  }
  std::string places;
  std::error_code error;
  const std::filesystem::path folder =
      program_folder().parent_path().filename() / program_folder().filename();
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() != ".cpp") {
      continue;
    }
    std::ifstream source(entry.path());
    std::string line;
    for (int number = 1; std::getline(source, line); ++number) {
      std::string there;
      for (const char todo : wanted) {
        const std::string name = std::string(word) + todo;
        if (line.find(name + ':') != std::string::npos) {
          there += (there.empty() ? "" : ", ") + name;
        }
      }
      if (!there.empty()) {
        places += entry.path().string() + ":" + std::to_string(number) + ": " + there + "\n";
      }
    }
  }
  return places;
}

/// What all processors have done since the machine was started, in ticks: proc(5), /proc/stat.
struct Ticks {
  unsigned long long busy = 0; // without what was started by nice(1), a compiler of lab-grade, say
  unsigned long long all = 0;
};

Ticks ticks_of_machine() {
  std::ifstream file("/proc/stat");
  std::string cpu;
  unsigned long long user = 0;
  unsigned long long nice = 0;
  unsigned long long system = 0;
  unsigned long long idle = 0;
  unsigned long long disk = 0;
  if (!(file >> cpu >> user >> nice >> system >> idle >> disk)) {
    return {};
  }
  return {.busy = user + system, .all = user + nice + system + idle + disk};
}

/// Tries the check, in this process.
void attempt(const SuiteCheck& check, Result& result) {
  constexpr rlim_t enough = 2000; // for all checks that run at the same time
  const auto start = Clock::now();
  const Ticks before = ticks_of_machine();
  result.outcome = Outcome::failed;
  bool shortage = false; // of processes, which others may have, or the program itself
  const auto skip = [&](const std::string& why) {
    result.outcome = Outcome::skipped;
    result.why = why;
  };
  try {
    wait_for_turn(enough);
    check.check->body(*check.subject);
    result.outcome = Outcome::passed;
  } catch (const Skipped& skipped) {
    skip(skipped.what());
  } catch (const NoProgram& missing) {
    tell_missing(missing.name(), result);
  } catch (const Failure& failure) {
    if (const std::string lack = lack_of_processes(); !lack.empty()) {
      shortage = true;
      skip(lack);
    } else {
      result.why = std::string(failure.what()) + '\n' + failure.doing();
      result.at = failure.at();
      if (const Advice& advice = failure.advice(); !advice.means.empty()) {
        result.means = advice.means;
        result.look = advice.look;
      }
    }
  } catch (const std::system_error& error) { // of the check itself
    shortage = is_shortage(error.code());
    // A stranger's program has ended by now: if there is room for processes again, it took them.
    const bool taken = programs_confined() &&
                       error.code() == std::errc::resource_unavailable_try_again &&
                       lack_of_processes().empty();
    if (shortage && !taken) {
      skip(shortage_in_words(error));
    } else {
      result.why = error.what();
    }
  } catch (const std::exception& error) {
    result.why = error.what();
  }
  result.note = notes();
  result.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  const Ticks now = ticks_of_machine();
  constexpr double a_while = 2;
  result.late = shortage || (result.outcome == Outcome::failed && result.seconds > a_while &&
                             5 * (now.busy - before.busy) > 4 * (now.all - before.all));
}

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    text.remove_prefix(
        static_cast<std::size_t>(or_throw(::write(fd, text.data(), text.size()), "write")));
  }
}

/// What a check that failed saw, for the head of a film. The report has the rest: the last calls,
/// and what the program was doing. A line can hold all that a program has written.
std::string seen(const Result& result) {
  constexpr int most_lines = 6;
  constexpr std::size_t begin = 200;
  constexpr std::size_t end = 100;
  std::istringstream in(result.why);
  std::string text;
  std::string line;
  for (int i = 0;
       i < most_lines && std::getline(in, line) &&
       !(i > 0 && (line.find("` (pid ") != std::string::npos || line == "its last calls:"));
       ++i) {
    if (line.size() > begin + end) {
      const std::size_t left_out = line.size() - begin - end;
      line.replace(begin, left_out,
                   " ... (" + std::to_string(left_out) + " bytes of this are left out) ... ");
    }
    text += (i > 0 ? "\n" : "") + line;
  }
  return text;
}

/// Tries a check that has failed once more, and returns the page of a film of it. What the film
/// says is what this run saw. Empty if nothing ran: there is no program, say.
std::string film_of(const SuiteCheck& check, const Result& first) {
  film::Recording recording;
  Result again = first;
  {
    film::Camera camera;
    attempt(check, again);
    recording = camera.take();
  }
  if (recording.events.empty()) {
    return {};
  }
  const bool failed = again.outcome == Outcome::failed;
  Result told_of = failed ? again : first;
  told_of.why = seen(told_of);
  told_of.note.clear();
  recording.head = told(told_of);
  if (failed) {
    recording.failed = told_of.why;
  } else {
    recording.head += "While the film was made, the check has not failed: what you see is a run in "
                      "which the program was lucky.\n";
  }
  recording.commands.push_back(first.suite + ": " + first.sentence);
  return film::page_of(recording);
}

constexpr int ended_by_program = 3; // an exit status that no check has otherwise

/// A program has sent a signal to the check, its parent: a mistake of kill(2), or of its pid. The
/// check ends here, so that snprintf may have broken into anything.
void blame_sender(int signal, siginfo_t* info, void* /*context*/) {
  std::array<char, 160> text{};
  const int size = std::snprintf(
      text.data(), text.size(),
      "process %d, which this check has started, sent SIG%s to the check itself, its parent",
      info->si_pid, ::sigabbrev_np(signal));
  static_cast<void>(::write(STDERR_FILENO, text.data(), static_cast<std::size_t>(size)));
  ::_exit(ended_by_program);
}

void note_who_sends_signals() {
  struct sigaction action {};

  action.sa_sigaction = blame_sender;
  action.sa_flags = SA_SIGINFO;
  for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGTERM, SIGALRM}) {
    or_throw(::sigaction(signal, &action, nullptr), "sigaction");
  }
}

/// The child that tries one check: what it has of its parent it does not need, and ends with it.
[[noreturn]] void be_worker(Run& run, const Confined& confined, const std::string& tokens, int out,
                            int err, pid_t parent) {
  int status = EXIT_FAILURE;
  try {
    ::setsid();
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) {
      ::_exit(EXIT_FAILURE);
    }
    const int null = or_throw(::open("/dev/null", O_RDONLY | O_CLOEXEC), "open /dev/null");
    or_throw(::dup2(null, STDIN_FILENO), "dup2");
    or_throw(::dup2(out, STDOUT_FILENO), "dup2");
    or_throw(::dup2(err, STDERR_FILENO), "dup2");
    int last = STDERR_FILENO;
    if (confined.group) {
      or_throw(::dup2(*confined.group, ++last), "dup2");
    }
    // The line to the guard is among them: the guard waits until no process has it.
    ::closefrom(last + 1);
    or_throw(::setenv(std::string(run_variable).c_str(), tokens.c_str(), 1), "setenv");
    forget_trees();
    note_who_sends_signals();
    if (confined.wanted) {
      confine_programs(run.user, confined.group ? std::optional(last) : std::nullopt);
    }
    if (confined.traced) {
      start_trace();
    }
    if (run.film) {
      run.result.film = film_of(*run.check, run.result);
    } else {
      attempt(*run.check, run.result);
    }
    write_all(STDOUT_FILENO, encode(run.result));
    status = EXIT_SUCCESS;
  } catch (const std::exception& error) {
    std::cerr << error.what() << std::endl;
  }
  ::_exit(status); // what is to be done at the end of the process is our parent's
}

void start(Run& run, Confined& confined) {
  auto [out, out_write] = make_pipe();
  auto [err, err_write] = make_pipe();
  const std::string token = new_token();
  const char* const outer = std::getenv(std::string(run_variable).c_str());
  const std::string tokens = outer == nullptr ? token : std::string(outer) + "/" + token;
  identities_since(own_start_time()); // so that the child knows the elder ones
  std::cout.flush();
  std::cerr.flush();
  auto tree = std::make_unique<Tree>(token);
  if (confined.wanted && !confined.free.empty()) {
    run.user = confined.free.back();
  }
  const pid_t parent = ::getpid();
  run.pid = or_throw(::fork(), "fork");
  if (run.pid == 0) {
    be_worker(run, confined, tokens, out_write.get(), err_write.get(), parent);
  }
  if (run.user) {
    confined.free.pop_back();
  }
  run.tree = std::move(tree);
  run.tree->set_root(process_info(run.pid).value_or(ProcessInfo{.pid = run.pid}));
  run.end = Fd(static_cast<int>(::syscall(SYS_pidfd_open, run.pid, 0))); // -1 before Linux 5.3
  run.out.source = std::move(out);
  run.err.source = std::move(err);
  run.deadline = Deadline(longest_check);
  run.state = State::running;
}

/// False where there is no room for a further process or pipe as long as the others run. Where
/// there is none either when this one is `alone`, it is skipped.
bool try_to_start(Run& run, Confined& confined, bool alone) {
  try {
    start(run, confined);
  } catch (const std::system_error& error) {
    run.user.reset();
    if (!is_shortage(error.code())) {
      throw;
    }
    if (!alone) {
      return false;
    }
    run.result.outcome = Outcome::skipped;
    run.result.late = true;
    run.result.why = shortage_in_words(error);
    run.state = State::done;
  }
  return true;
}

/// What there is now.
void take_in(Output& output) {
  std::array<char, 65536> buffer; // NOLINT(*-member-init): read fills what is used
  while (output.source) {
    const ssize_t got = ::read(output.source.get(), buffer.data(), buffer.size());
    if (got > 0) {
      output.text.append(buffer.data(), static_cast<std::size_t>(got));
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
      output.source.close();
    } else if (errno == EAGAIN) {
      return;
    }
  }
}

// Takes in what a check says of itself, and its end when it has ended, or has to.
void take(Run& run, Confined& confined) {
  siginfo_t info{};
  const bool ended =
      ::waitid(P_PID, static_cast<id_t>(run.pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
      info.si_pid != 0;
  take_in(run.out);
  take_in(run.err);
  if (!ended && !run.deadline.passed()) {
    return;
  }
  auto told = decode_results(run.out.text);
  if (!told.empty()) {
    run.result = std::move(told.front());
  } else {
    const Exit exit = info.si_code == CLD_EXITED
                          ? Exit{.exited = true, .code = info.si_status, .signal = 0}
                          : Exit{.exited = false, .code = 0, .signal = info.si_status};
    const bool by_program = ended && exit == Exit{.exited = true, .code = ended_by_program};
    run.result.outcome = by_program ? Outcome::failed : Outcome::broken;
    run.result.late = !by_program;
    run.result.why = by_program ? run.err.text
                                : "the check itself " +
                                      (ended ? "ended: " + exit.text()
                                             : "did not end in " + in_words(longest_check)) +
                                      "\n" + run.err.text;
  }
  if (run.result.outcome == Outcome::failed && !confined.wanted) {
    run.result.at += places_of_todos(run.result.look);
  }
  if (ended && !told.empty()) { // its programs have ended before it
    ::waitpid(run.pid, nullptr, 0);
    run.tree->root_reaped();
  } else {
    run.tree->end_all(true, patience);
  }
  run.tree.reset();
  run.end.close();
  run.out.source.close();
  run.err.source.close();
  if (run.user) {
    confined.free.push_back(*run.user);
  }
  run.state = State::done;
}

/// Those that a check has left, and has not ended before it did, are handed to us: reaps them, as
/// init would.
void reap_orphans(const std::vector<Run>& runs) {
  siginfo_t ended{};
  while (::waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid != 0 &&
         std::ranges::none_of(runs, [&](const Run& run) {
           return run.state == State::running && run.pid == ended.si_pid;
         })) {
    ::waitpid(ended.si_pid, nullptr, 0);
    ended = {};
  }
}

/// Until one of those that run has something to tell, ends, or is late.
void wait_for(const std::vector<Run>& runs) {
  std::vector<pollfd> events;
  std::chrono::milliseconds time = longest_check;
  for (const Run& run : runs) {
    if (run.state == State::running) {
      for (const int fd : {run.end.get(), run.out.source.get(), run.err.source.get()}) {
        events.push_back({.fd = fd, .events = POLLIN, .revents = 0});
      }
      time = std::min(time, run.end ? run.deadline.left() : std::chrono::milliseconds{2});
    }
  }
  if (!events.empty()) {
    ::poll(events.data(), events.size(), static_cast<int>(time.count()));
  }
}

/// On a terminal, and meanwhile: how many checks are done. It leaves nothing behind.
class Progress {
public:
  explicit Progress(std::size_t all)
      : all_(all), terminal_(all > 1 && ::isatty(STDOUT_FILENO) == 1) {}

  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  Progress(Progress&&) = delete;
  Progress& operator=(Progress&&) = delete;

  ~Progress() { write(""); }

  void show(std::size_t done) {
    write(std::to_string(done) + " of " + std::to_string(all_) + " checks ...");
  }

private:
  void write(const std::string& text) {
    if (terminal_ && text != shown_) {
      std::cout << '\r' << padded(text, shown_.size()) << (text.empty() ? "\r" : "") << std::flush;
      shown_ = text;
    }
  }

  std::size_t all_;
  bool terminal_;
  std::string shown_;
};

// Those of the runs that have to pass first. What a suite does not hold stands for what it needs
// itself.
void find_needed(const Needs& needs, const std::vector<Run>& runs, Run& run) {
  for (const Check* const need : needs.all) {
    if (need == nullptr) {
      continue;
    }
    const auto needed = std::ranges::find_if(runs, [&](const Run& other) {
      return other.check->check == need && other.check->subject == run.check->subject;
    });
    if (needed != runs.end()) {
      run.needs.push_back(&*needed);
    } else {
      find_needed(need->needs, runs, run);
    }
  }
}

// What has failed of what a run needs: the cause, and not what it has kept from being run.
const Run* failed_need(const Run& run) {
  for (const Run* const need : run.needs) {
    if (need->result.outcome == Outcome::not_run) {
      return failed_need(*need);
    }
    if (!need->result.passed() && !need->result.skipped()) {
      return need;
    }
  }
  return nullptr;
}

bool none_runs(const std::vector<Run>& runs) {
  return std::ranges::count(runs, State::running, &Run::state) == 0;
}

// Runs the checks, and hands each result to `tell` in the order given, and to `done` as soon as it
// is known. If there are results in `known`, it makes a film of each check.
template <typename Tell>
void run_all(const Checks& checks, unsigned jobs, Tell&& tell, Confined confined = {},
             bool with_needs = true, Progress* progress = nullptr,
             const std::vector<Result>& known = {},
             const std::function<void(const Run&)>& done = {}) {
  std::vector<Run> runs(checks.size());
  for (std::size_t i = 0; i < runs.size(); ++i) {
    runs[i].check = checks[i];
    runs[i].result = known.empty() ? result_of(*checks[i]) : known[i];
    runs[i].film = !known.empty();
  }
  for (Run& run : runs) {
    if (with_needs) {
      find_needed(run.check->check->needs, runs, run);
    }
  }

  std::size_t told = 0;
  while (true) {
    for (Run& run : runs) {
      if (run.state == State::running) {
        take(run, confined);
        if (run.state == State::done && done) {
          done(run);
        }
      }
    }
    reap_orphans(runs);
    const auto waited = std::ranges::count(runs, State::waiting, &Run::state);
    // How many run that take the places of such a one. Those that let time pass need no processor
    // meanwhile: so they have places of their own, and hold back no other. Where programs are
    // confined, each place has one user, and these come last.
    const auto running = [&](bool waits) {
      return std::ranges::count_if(runs, [&](const Run& run) {
        return run.state == State::running && (confined.wanted || run.check->check->waits == waits);
      });
    };
    for (const bool waits : {false, true}) {
      for (Run& run : runs) {
        if (run.state == State::waiting && run.check->check->waits == waits &&
            std::ranges::all_of(run.needs,
                                [](const Run* need) { return need->state == State::done; })) {
          if (const Run* const first = failed_need(run)) {
            run.result.why = std::string(needed_first) + first->result.sentence;
            run.state = State::done;
          } else if (running(waits) >= jobs || !try_to_start(run, confined, none_runs(runs))) {
            break; // until one of those that run has ended
          }
        }
      }
    }
    const auto circle = std::ranges::find(runs, State::waiting, &Run::state);
    if (none_runs(runs) && circle != runs.end() &&
        std::ranges::count(runs, State::waiting, &Run::state) == waited) {
      throw std::logic_error("checks that need each other, in a circle: " +
                             circle->result.sentence);
    }
    for (; told < runs.size() && runs[told].state == State::done; ++told) {
      tell(runs[told].result);
      std::cout << std::flush;
    }
    if (told == runs.size()) {
      return;
    }
    if (progress != nullptr) {
      progress->show(static_cast<std::size_t>(std::ranges::count(runs, State::done, &Run::state)));
    }
    wait_for(runs);
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

/// The lines of a trace, for a screen: if there are very many, the middle is left out.
std::string shortened(const std::string& trace, bool all) {
  constexpr std::size_t most = 60;
  std::vector<std::string_view> lines;
  for (std::string_view rest = trace; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size() - 1) + 1;
    lines.push_back(rest.substr(0, end));
    rest.remove_prefix(end);
  }
  std::string text;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (!all && lines.size() > most && i == most / 2) {
      text += "  ... " + std::to_string(lines.size() - most) + " more lines; --all shows them\n";
      i += lines.size() - most;
    }
    text += printable(lines[i]);
  }
  return text;
}

std::vector<std::string> command_for(const Result& result, const std::string& first) {
  std::vector<std::string> words;
  if (!first.empty()) {
    words.push_back(first + " &&");
  }
  words.push_back(for_shell(path_from_here(lab_check())));
  if (program_folder() != lab_check().parent_path()) {
    words.push_back("--programs " + for_shell(path_from_here(program_folder())));
  }
  std::vector<std::string> names;
  for (const SuiteCheck& check : suite_checks()) {
    names.push_back(check.name);
  }
  words.push_back("--test-case=" +
                  for_shell(pattern_for(result.suite + ": " + result.sentence, names)));
  return words;
}

void replace_words(std::string& text, std::string_view word, const std::string& with) {
  for (std::size_t at = text.find(word); at != std::string::npos;
       at = text.find(word, at + with.size())) {
    text.replace(at, word.size(), with);
  }
}

/// As a student types it.
std::string by_hand(const SuiteCheck& check) {
  std::string commands = check.check->by_hand;
  if (commands.empty()) {
    return commands;
  }
  if (!commands.starts_with("1: ")) {
    commands = "1: PROGRAM 9190\n" + commands;
  }
  replace_words(commands, "PROGRAM", for_shell(path_from_here(program(check.subject->program))));
  replace_words(commands, "BIN/", for_shell(path_from_here(lab_check().parent_path())) + "/");
  return commands;
}

} // namespace

Result result_of(const SuiteCheck& check) {
  return {.suite = check.suite,
          .sentence = check.name.substr(check.name.find(": ") + 2),
          .promise = check.check->promise,
          .marks = check.marks,
          .means = check.check->means,
          .look = check.check->look,
          .by_hand = by_hand(check),
          .visibility = check.visibility,
          .waits = check.check->waits};
}

namespace {

/// Makes a film of each of the first `most` checks that have failed, and hands on each that could
/// be made, in its result. The verdicts are known: these runs change none.
template <typename Tell>
void make_films(const Checks& checks, const std::vector<Result>& results, std::size_t most,
                unsigned jobs, Tell&& tell, const Confined& confined = {}) {
  Checks failed;
  std::vector<Result> known;
  for (std::size_t i = 0; i < results.size() && failed.size() < most; ++i) {
    if (results[i].outcome == Outcome::failed) {
      failed.push_back(checks[i]);
      known.push_back(results[i]);
    }
  }
  if (failed.empty()) {
    return;
  }
  run_all(
      failed, jobs,
      [&](const Result& result) {
        if (!result.film.empty()) {
          tell(result);
        }
      },
      confined, false, nullptr, known);
}

} // namespace

bool run_for_people(const Checks& checks, unsigned jobs, bool all, const std::string& first,
                    const std::string& save, const std::filesystem::path& films, bool traced,
                    bool as_shipped) {
  std::vector<Result> results;
  std::string steps;
  {
    Progress progress(checks.size());
    Fd known;
    const auto done = [&](const Run& run) {
      if (known) {
        Result result = run.result;
        result.as_shipped = as_shipped;
        write_all(known.get(), encode(result));
      }
      if (traced && !run.err.text.empty()) {
        steps += "What the check did: " + run.result.sentence + "\n" +
                 shortened(run.err.text, all) + "\n";
      }
      if (traced) {
        steps +=
            run.result.by_hand.empty()
                ? "This cannot be done by hand: the check holds a process at one moment, or looks "
                  "into it.\n\n"
                : "The same by hand:\n" + by_hand_of(run.result) + "\n";
      }
    };
    if (!save.empty()) {
      known = own(::open(save.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666), save);
    }
    run_all(
        checks, jobs,
        [&](const Result& result) {
          results.push_back(result);
          results.back().as_shipped = as_shipped;
        },
        {.wanted = false, .traced = traced, .free = {}}, true, &progress, {}, done);
    if (!save.empty()) {
      std::string text;
      for (const Result& result : results) {
        text += encode(result);
      }
      or_throw(::ftruncate(known.get(), 0), "ftruncate");
      or_throw(::lseek(known.get(), 0, SEEK_SET), "lseek");
      write_all(known.get(), text);
    }
  }
  if (!films.empty()) {
    std::filesystem::create_directories(films);
    make_films(checks, results, results.size(), jobs, [&](const Result& result) {
      const auto file = std::filesystem::absolute(films) / result.film_name();
      std::ofstream(file, std::ios::binary) << result.film;
      std::cout << "film: " << path_from_here(file) << '\n';
    });
  }
  std::cout << steps
            << report_of(results, {.style = style_for(STDOUT_FILENO),
                                   .columns = columns_of(STDOUT_FILENO),
                                   .all = all,
                                   .again = [&](const Result& result) {
                                     return command_for(result, first);
                                   }});
  return std::ranges::all_of(
      results, [](const Result& result) { return result.passed() || result.skipped(); });
}

void run_for_tool(const Checks& checks, unsigned jobs, const std::vector<uid_t>& users, int results,
                  std::size_t films, std::optional<int> group) {
  const auto tell = [&](const Result& result) { write_all(results, encode(result)); };
  if (jobs == 0) { // which there are
    for (const SuiteCheck* const check : checks) {
      if (check->counts) {
        tell(result_of(*check));
      }
    }
    return;
  }
  const Confined confined{.wanted = true, .free = users, .group = group};
  std::vector<Result> known;
  run_all(
      checks, jobs,
      [&](const Result& result) {
        tell(result);
        known.push_back(result);
      },
      confined);
  make_films(checks, known, films, jobs, tell, confined);
}

std::optional<bool> run_for_rejections(const Checks& checks,
                                       const std::vector<Rejection>& rejections, unsigned jobs) {
  std::vector<Result> results;
  std::string wrong;
  bool any_run = false;
  const auto judge = [&](const Result& result) {
    results.push_back(result);
    if (result.skipped()) {
      return;
    }
    any_run = true;
    if (result.outcome != Outcome::failed) {
      wrong += "not rejected by: " + result.sentence + '\n';
      return;
    }
    for (const Rejection& rejection : rejections) {
      if (rejection.sentence == result.sentence &&
          !contains_words(result.why + '\n' + result.means, rejection.saying)) {
        wrong +=
            "rejected by: " + result.sentence + ", but it does not say: " + rejection.saying + '\n';
      }
    }
  };
  run_all(checks, jobs, judge, {}, false);
  std::cout << report_of(results, {.style = style_for(STDOUT_FILENO), .all = true}) << wrong;
  if (!any_run) {
    return std::nullopt;
  }
  return wrong.empty();
}

} // namespace lab
