#include "harness/failure.hpp"
#include "harness/proc.hpp"
#include "harness/process.hpp"
#include "harness/programs.hpp"
#include "tools/film/recording.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lab::film {

namespace {

using namespace std::chrono_literals;

constexpr auto interval = 5ms;
constexpr auto quiet_for = 1s; // after it, a program that was asked to end will not

/// Sees what has changed in the states of processes.
class Eye {
public:
  void look(const std::vector<ProcessInfo>& processes, std::vector<Look>& looks) {
    const Clock::time_point now = Clock::now(); // what the probe has recorded of them is before
    std::map<Identity, char> former_states;
    former_states.swap(states_);
    for (const ProcessInfo& process : processes) {
      const Identity identity{process.pid, process.start_time};
      const auto known = former_states.extract(identity);
      const char former = known ? known.mapped() : ' ';
      const auto add = [&](Look::Kind kind, int signal = 0) {
        looks.push_back({now, process.pid, kind, signal});
      };
      if (process.zombie() && former != 'Z') {
        add(Look::Kind::zombie, WIFSIGNALED(process.exit_code) ? WTERMSIG(process.exit_code) : 0);
      } else if (process.stopped() && former != 'T') {
        add(Look::Kind::stopped);
      } else if (!process.stopped() && former == 'T') {
        add(Look::Kind::continued);
      }
      states_[identity] = process.zombie() ? 'Z' : process.stopped() ? 'T' : 'S';
    }
    for (const auto& [identity, state] : former_states) {
      looks.push_back({now, identity.first, Look::Kind::gone, 0});
    }
  }

private:
  std::map<Identity, char> states_;
};

class Recorder {
public:
  explicit Recorder(const RecordOptions& options) : options_(options), end_(options.limit) {
    recording_.interval = interval;
    for (const auto& command : options.commands) {
      std::string text = lab::program(command.front()).filename().string();
      for (std::size_t i = 1; i < command.size(); ++i) {
        text += " " + command[i];
      }
      recording_.commands.push_back(std::move(text));
    }
  }

  Recording run() {
    for (const auto& command : options_.commands) {
      start(command);
      if (programs_.size() < options_.commands.size()) {
        const Deadline deadline(5s);
        turn_until([&] {
          return ended(*programs_.back()) || waits(*programs_.back()) || deadline.passed();
        });
      }
    }
    play();
    for (std::size_t i = programs_.size(); i-- > 0;) {
      finish(*programs_[i], i == 0 && programs_.size() > 1);
    }
    std::map<pid_t, int> killed;
    for (auto& program : programs_) {
      killed[program->pid()] = program->wait().signal; // and until its output is in
    }
    look();
    for (Look& each : recording_.looks) {
      if (each.kind == Look::Kind::gone && killed.contains(each.pid)) {
        each.signal = killed.at(each.pid);
      }
    }
    show();
    recording_.end = Clock::now();
    recording_.events = probe_.events();
    recording_.lost = probe_.lost();
    if (options_.children) {
      leave_out_programs();
      return std::move(recording_);
    }
    for (auto& program : programs_) {
      recording_.prints += program->writes().size() + program->error_writes().size();
    }
    return std::move(recording_);
  }

private:
  /// And what their children do before they execute another program.
  void leave_out_programs() {
    std::set<pid_t> shown;
    const auto is_program = [&](pid_t pid) {
      return std::ranges::any_of(programs_,
                                 [&](const auto& program) { return program->pid() == pid; });
    };
    std::erase_if(recording_.events, [&](const Event& event) {
      if ((event.kind == Event::Kind::program && !is_program(event.pid)) ||
          (event.kind == Event::Kind::child &&
           shown.contains(static_cast<pid_t>(event.arguments[0])))) {
        shown.insert(event.pid);
      }
      return !shown.contains(event.pid);
    });
    std::erase_if(recording_.looks, [&](const Look& look) { return !shown.contains(look.pid); });
  }

  void start(const std::vector<std::string>& command) {
    if (const auto reason = Probe::cannot_probe(command.front())) {
      throw Failure("it cannot be filmed: " + *reason);
    }
    ProcessOptions options{.arguments = {command.begin() + 1, command.end()}};
    probe_.attach(options);
    programs_.push_back(std::make_unique<Process>(lab::program(command.front()), options));
    shown_.emplace_back();
  }

  static bool ended(Process& program) { return program.poll_exit().has_value(); }

  // Whether it has begun a call that can wait, and sleeps in it. (/proc alone would take a program
  // for ready that is still being read from a disk.)
  [[nodiscard]] bool waits(const Process& program) const {
    const auto events = probe_.events();
    const auto last = std::find_if(events.rbegin(), events.rend(),
                                   [&](const Event& event) { return event.pid == program.pid(); });
    return last != events.rend() && last->kind == Event::Kind::waits &&
           !blocked_call_of(program.pid()).empty();
  }

  // Passes on what is typed, until the last program has ended.
  void play() {
    Process& last = *programs_.back();
    bool open = options_.input != -1;
    while (open && !ended(last) && !ending()) {
      turn();
      pollfd input{.fd = options_.input, .events = POLLIN, .revents = 0};
      if (::poll(&input, 1, 0) == 1) {
        std::array<char, 4096> text{};
        const ssize_t size = ::read(options_.input, text.data(), text.size());
        open = size > 0;
        if (open && !last.type({text.data(), static_cast<std::size_t>(size)})) {
          open = false;
        }
      }
    }
  }

  void finish(Process& program, bool by_signal) {
    if (!by_signal && !ending()) {
      program.close_input();
      turn_until_quiet(program);
    }
    for (const int signal : {SIGTERM, SIGKILL}) {
      if (!ended(program)) {
        recording_.looks.push_back({Clock::now(), program.pid(), Look::Kind::sent, signal});
        program.signal(signal);
        turn_until_quiet(program);
      }
    }
  }

  bool ending() { return options_.asked_to_end() || end_.passed(); }

  template <typename Condition>
  void turn_until(Condition condition) {
    while (!condition() && !ending()) {
      turn();
    }
  }

  // Until the program has ended, or until nothing has happened for a second and it waits.
  void turn_until_quiet(Process& program) {
    std::size_t known = probe_.count();
    Clock::time_point last = Clock::now();
    while (!ended(program) && Clock::now() - last < quiet_for && !end_.passed()) {
      turn();
      if (const std::size_t now = probe_.count(); now != known) {
        known = now;
        last = Clock::now();
      }
    }
    look();
  }

  void turn() {
    look();
    show();
    std::this_thread::sleep_for(interval); // a look at /proc each time: nothing tells of a state
  }

  void show() {
    for (std::size_t i = 0; options_.show && i < programs_.size(); ++i) {
      for (auto [text, known] : {std::pair{programs_[i]->out(), &shown_[i].first},
                                 std::pair{programs_[i]->err(), &shown_[i].second}}) {
        options_.show(std::string_view(text).substr(*known));
        *known = text.size();
      }
    }
  }

  // What /proc shows of the processes that live.
  void look() {
    std::vector<ProcessInfo> all;
    for (auto& program : programs_) {
      std::ranges::move(program->processes(), std::back_inserter(all));
    }
    eye_.look(all, recording_.looks);
  }

  const RecordOptions& options_;
  Deadline end_;
  Probe probe_{{.film = true}}; // outlives the programs
  std::vector<std::unique_ptr<Process>> programs_;
  std::vector<std::pair<std::size_t, std::size_t>> shown_;
  Eye eye_;
  Recording recording_;
};

} // namespace

struct Camera::State {
  Probe probe{{.film = true}};
  Recording recording;
  std::atomic<Clock::time_point> failed{Clock::time_point::max()};
  Reported note_failure{[this] {
    failed = Clock::now();
    return std::string();
  }};
  std::atomic<bool> over = false;
  std::thread eye;

  void watch() {
    Eye sight;
    while (!over) {
      sight.look(descendants_of(::getpid()), recording.looks);
      std::this_thread::sleep_for(interval); // a look at /proc each time: nothing tells of a state
    }
  }
};

Camera::Camera() : state_(std::make_unique<State>()) {
  State& state = *state_;
  state.recording.interval = interval;
  prepare_programs([&state](ProcessOptions& options) {
    if (!Probe::attached(options) && !options.user) {
      state.probe.attach(options);
    }
  });
  Probe::film_all([&state](const Probe& probe) { // a check's own
    auto events = probe.events();
    auto& all = state.recording.events;
    all.insert(all.end(), std::make_move_iterator(events.begin()),
               std::make_move_iterator(events.end()));
    state.recording.lost += probe.lost();
  });
  state.eye = std::thread([&state] { state.watch(); });
}

Camera::~Camera() {
  prepare_programs({});
  Probe::film_all({});
  state_->over = true;
  if (state_->eye.joinable()) {
    state_->eye.join();
  }
}

Recording Camera::take() {
  State& state = *state_;
  state.over = true;
  state.eye.join();
  Recording& recording = state.recording;
  auto events = state.probe.events();
  recording.events.insert(recording.events.end(), std::make_move_iterator(events.begin()),
                          std::make_move_iterator(events.end()));
  recording.lost += state.probe.lost();
  recording.end = std::min(state.failed.load(), Clock::now());
  std::erase_if(recording.events, [&](const Event& event) { return event.time > recording.end; });
  std::erase_if(recording.looks, [&](const Look& look) { return look.time > recording.end; });
  return std::move(recording);
}

Recording record(const RecordOptions& options) {
  return Recorder(options).run();
}

} // namespace lab::film
