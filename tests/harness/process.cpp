#include "harness/process.hpp"

#include "harness/launch.hpp"
#include "harness/process_state.hpp"
#include "harness/programs.hpp"
#include "harness/trace.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace lab {

std::string quantity(std::size_t bytes) {
  return std::to_string(bytes) + (bytes == 1 ? " byte" : " bytes");
}

std::string shown(std::string_view text, std::size_t most) {
  std::string result;
  if (text.size() > most) {
    result = "  | ... (" + quantity(text.size() - most) + " before this)\n";
    text.remove_prefix(text.size() - most);
  }
  bool at_start = true;
  for (const char byte : text) {
    if (at_start) {
      result += "  | ";
      at_start = false;
    }
    const auto value = static_cast<unsigned char>(byte);
    if (byte == '\n') {
      result += '\n';
      at_start = true;
    } else if (byte == '\t' || (value >= 0x20 && value != 0x7f)) {
      result += byte; // bytes above 0x7f as they are: UTF-8
    } else {
      constexpr std::string_view digits = "0123456789abcdef";
      result += {'\\', 'x', digits[value >> 4U], digits[value & 0xfU]};
    }
  }
  return at_start ? result : result + "\n";
}

std::string signal_name(int signal) {
  if (signal >= SIGRTMIN && signal <= SIGRTMAX) {
    const int above = signal - SIGRTMIN;
    return above == 0 ? "SIGRTMIN" : "SIGRTMIN+" + std::to_string(above);
  }
  const char* name = ::sigabbrev_np(signal);
  return name == nullptr ? "signal " + std::to_string(signal) : std::string("SIG") + name;
}

std::string Exit::text() const {
  return exited ? "exit status " + std::to_string(code) : "killed by " + signal_name(signal);
}

std::string Process::State::report() {
  // One that crashes closes its sockets a moment before its end is seen: until then it runs.
  constexpr std::chrono::milliseconds moment{300};
  const Deadline deadline(moment);
  auto end = look_for_exit();
  for (auto info = process_info(pid);
       !end && info && info->state != 'S' && !info->stopped() && !deadline.passed();
       info = process_info(pid)) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2)); // nothing tells of a state in /proc
    end = look_for_exit();
  }
  std::string text = "`" + command() + "` (pid " + std::to_string(pid) + ") ";
  if (end) {
    text += "has ended: " + end->text();
  } else {
    const auto info = process_info(pid);
    text += "still runs";
    if (info) {
      text += ", state ";
      text += info->state;
      text += " (" + std::string(name_of_state(info->state)) + ")";
    }
  }
  {
    const std::lock_guard lock(mutex);
    if (!ended_by_us.empty()) {
      text += "; the harness ended it, because " + ended_by_us;
    }
  }
  text += "\n";
  if (end) {
    if (const auto left = left_behind(); !left.empty()) {
      text += "left behind:\n" + process_table(left);
    }
  } else {
    text += "its processes:\n" + process_table(pid);
  }
  const std::lock_guard lock(mutex);
  text += "standard output so far, " + quantity(out.text.size()) + (out.text.empty() ? "" : ":") +
          "\n" + shown(out.text);
  text += "standard error so far, " + quantity(err.text.size()) + (err.text.empty() ? "" : ":") +
          "\n" + shown(err.text);
  return text;
}

std::string Process::State::next_line(Stream& stream, std::string_view stream_name,
                                      std::string_view text, std::chrono::milliseconds limit) {
  const Deadline deadline(limit);
  std::unique_lock lock(mutex);
  while (true) {
    std::optional<std::string> found;
    while ((found = stream.next_line())) {
      if (found->find(text) != std::string::npos) {
        return *found;
      }
    }
    const bool over = !stream.source || (stream.is_file && process_ended);
    if (over || deadline.passed()) {
      std::string message = over ? "no" : "waited " + in_words(limit) + " for a";
      message += over ? " further line" : " line";
      if (!text.empty()) {
        message += " with `" + std::string(text) + "`";
      }
      message += " on standard " + std::string(stream_name);
      lock.unlock();
      if (over) {
        // The output ends a moment before the process does: let the report tell how it ended.
        const Deadline moment(std::min(limit, std::chrono::milliseconds(1000)));
        while (!look_for_exit() && !moment.passed()) {
          std::this_thread::sleep_for(std::chrono::milliseconds(2));
        }
      }
      throw Failure(message);
    }
    changed.wait_until(lock, deadline.moment());
  }
}

namespace {

std::function<void(ProcessOptions&)>& preparation() {
  static std::function<void(ProcessOptions&)> prepare;
  return prepare;
}

ProcessOptions prepared(ProcessOptions options) {
  if (preparation()) {
    preparation()(options);
  }
  return options;
}

} // namespace

void prepare_programs(std::function<void(ProcessOptions&)> prepare) {
  preparation() = std::move(prepare);
}

Process::Process(const std::filesystem::path& program, ProcessOptions options)
    : state_(std::make_unique<State>(std::filesystem::absolute(lab::program(program.string())),
                                     prepared(std::move(options)))) {}

Process::Process(Process&& other) noexcept = default;
Process& Process::operator=(Process&& other) noexcept = default;
Process::~Process() = default;

pid_t Process::pid() const {
  return state_->pid;
}

const std::string& Process::name() const {
  return state_->name;
}

std::string Process::path() const {
  return state_->program.string();
}

std::string Process::command() const {
  return state_->command();
}

std::string Process::line(std::chrono::milliseconds limit) {
  return wait_for_line("", limit);
}

std::string Process::wait_for_line(std::string_view text, std::chrono::milliseconds limit) {
  return state_->next_line(state_->out, "output", text, limit);
}

std::string Process::wait_for_error_line(std::string_view text, std::chrono::milliseconds limit) {
  return state_->next_line(state_->err, "error", text, limit);
}

bool Process::has_line(std::string_view text) const {
  const auto all = lines();
  return std::any_of(all.begin(), all.end(),
                     [&](const std::string& line) { return line.find(text) != std::string::npos; });
}

std::vector<std::string> Process::lines() const {
  const std::lock_guard lock(state_->mutex);
  state_->take_in(false);
  return state_->out.lines();
}

std::vector<std::string> Process::error_lines() const {
  const std::lock_guard lock(state_->mutex);
  state_->take_in(false);
  return state_->err.lines();
}

std::string Process::out() const {
  const std::lock_guard lock(state_->mutex);
  state_->take_in(false);
  return state_->out.text;
}

std::string Process::err() const {
  const std::lock_guard lock(state_->mutex);
  state_->take_in(false);
  return state_->err.text;
}

namespace {

std::vector<std::string> texts_of(std::vector<Write> writes) {
  std::vector<std::string> texts;
  texts.reserve(writes.size());
  for (Write& write : writes) {
    texts.push_back(std::move(write.text));
  }
  return texts;
}

} // namespace

std::vector<std::string> Process::writes() const {
  return texts_of(timed_writes());
}

std::vector<Write> Process::timed_writes() const {
  const std::lock_guard lock(state_->mutex);
  state_->take_in(false);
  return state_->out.writes();
}

std::vector<std::string> Process::error_writes() const {
  const std::lock_guard lock(state_->mutex);
  state_->take_in(false);
  return texts_of(state_->err.writes());
}

bool Process::sees_writes() const {
  const std::lock_guard lock(state_->mutex);
  return state_->out.packet_size != 0;
}

bool Process::flooded() const {
  const std::lock_guard lock(state_->mutex);
  return state_->flooded;
}

bool Process::type(std::string_view text, std::chrono::milliseconds limit) {
  if (tracing()) {
    trace("the check types " + quoted(text));
  }
  const Deadline deadline(limit);
  std::size_t done = 0;
  while (done < text.size()) {
    if (!state_->input) {
      return false;
    }
    const ssize_t written = write_quietly(state_->input.get(), text.substr(done));
    if (written > 0) {
      done += static_cast<std::size_t>(written);
    } else if (errno == EPIPE || errno == EIO) {
      return false;
    } else if (errno != EAGAIN && errno != EINTR) {
      throw_errno("write");
    } else {
      if (deadline.passed()) {
        throw Failure("waited " + in_words(limit) + " for the program to read its input: of " +
                      quantity(text.size()) + " it took " + std::to_string(done));
      }
      pollfd wait{.fd = state_->input.get(), .events = POLLOUT, .revents = 0};
      ::poll(&wait, 1, static_cast<int>(deadline.left().count()));
    }
  }
  return true;
}

void Process::close_input() {
  if (state_->options.input == Input::terminal) {
    type("\x04");
  } else {
    trace("the check ends the program's input");
    state_->input.close();
  }
}

bool Process::signal(int number) {
  if (poll_exit()) {
    return false;
  }
  if (tracing()) {
    trace("the check sends " + signal_name(number) + " to process " + std::to_string(state_->pid));
  }
  // Not reaped: the pid is still the program's.
  return or_throw(::kill(state_->pid, number), "kill") == 0;
}

void Process::stop() {
  signal(SIGSTOP);
  wait_until(name() + " to stop on SIGSTOP", [&] {
    const auto info = process_info(pid());
    return info && info->stopped();
  });
}

void Process::resume() {
  signal(SIGCONT);
}

std::optional<Exit> Process::poll_exit() {
  return state_->look_for_exit();
}

Exit Process::wait(std::chrono::milliseconds limit) {
  const Deadline deadline(limit);
  while (!poll_exit()) {
    if (deadline.passed()) {
      throw Failure("waited " + in_words(limit) + " for the program to end");
    }
    if (state_->pidfd) {
      pollfd wait{.fd = state_->pidfd.get(), .events = POLLIN, .revents = 0};
      ::poll(&wait, 1, static_cast<int>(deadline.left().count()));
    } else {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }
  // All that it wrote is in the pipes by now. They end when nobody holds them any more; what runs
  // on may hold them for ever, so then it is enough that they are empty.
  std::unique_lock lock(state_->mutex);
  for (Stream* stream : {&state_->out, &state_->err}) {
    while (stream->is_file && stream->take_in()) {
    }
  }
  while (state_->output_open() && !deadline.passed()) {
    if (state_->somebody_writes()) {
      lock.unlock();
      const auto left = left_behind();
      const bool orphaned = std::any_of(
          left.begin(), left.end(), [](const ProcessInfo& process) { return !process.zombie(); });
      lock.lock();
      bool empty = true;
      for (const Stream* stream : {&state_->out, &state_->err}) {
        int bytes = 0;
        empty &= !stream->source || stream->is_file ||
                 (::ioctl(stream->source.get(), FIONREAD, &bytes) == 0 && bytes == 0);
      }
      if (orphaned && empty && state_->somebody_writes()) {
        break;
      }
    }
    if (state_->output_open()) {
      state_->changed.wait_for(lock, std::chrono::milliseconds(20));
    }
  }
  lock.unlock();
  return *poll_exit();
}

bool Process::output_held_open() const {
  const bool ended = state_->look_for_exit().has_value();
  const std::lock_guard lock(state_->mutex);
  return ended && state_->somebody_writes();
}

std::vector<ProcessInfo> Process::left_behind() {
  return state_->left_behind();
}

std::vector<ProcessInfo> Process::processes() {
  const std::lock_guard lock(state_->tree_mutex);
  return state_->tree->members(true);
}

void Process::kill_all() {
  state_->kill_tree("");
}

std::string Process::report() {
  return state_->report();
}

} // namespace lab
