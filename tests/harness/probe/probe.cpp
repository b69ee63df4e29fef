#include "harness/probe/probe.hpp"

#include "harness/confine.hpp"
#include "harness/probe/elf.hpp"
#include "harness/probe/places.hpp"
#include "harness/probe/rules.hpp"
#include "harness/probe/shared.hpp"
#include "harness/programs.hpp"

#include <algorithm>
#include <array>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <span>
#include <stdexcept>
#include <tuple>
#include <utility>

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lab {

namespace {

using probe::Facts;
using probe::Record;
using probe::What;

constexpr std::string_view library_name = "liblab-probe.so";

// Next to the running executable, or where it was built.
std::filesystem::path library_path() {
  std::error_code error;
  const auto own = std::filesystem::read_symlink("/proc/self/exe", error);
  auto beside = own.parent_path() / library_name;
  if (!error && std::filesystem::exists(beside, error)) {
    return beside;
  }
  return LAB_PROBE_LIBRARY;
}

// What a program will find in its environment.
std::string& variable(ProcessOptions& options, const std::string& name) {
  for (auto& [present, value] : options.environment) {
    if (present == name) {
      return value;
    }
  }
  const char* const inherited = std::getenv(name.c_str()); // NOLINT(concurrency-mt-unsafe)
  return options.environment.emplace_back(name, inherited == nullptr ? "" : inherited).second;
}

void prepend(std::string& list, const std::string& element, char separator) {
  list = list.empty() ? element : element + separator + list;
}

// Those that are there. The program can write into this memory: nothing in it is trusted.
std::vector<Facts> read(std::uint32_t used, std::span<const Record> records) {
  std::vector<Facts> result;
  for (const Record& record : records.first(std::min<std::size_t>(used, records.size()))) {
    if (const auto ready = record.ready.load(std::memory_order_acquire); ready != 0) {
      result.push_back(record.facts);
      if (ready == probe::record_begun) {
        result.back().flags |= probe::flag_no_result;
      }
      result.back().text.back() = '\0';
      result.back().interrupted.back() = '\0';
    }
  }
  return result;
}

std::string number(std::int64_t value) {
  return std::to_string(value);
}

std::string address_of(const Facts& facts) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  sockaddr_in four{};
  std::memcpy(&four, facts.address.data(), sizeof four);
  if (four.sin_family == AF_INET) {
    inet_ntop(AF_INET, &four.sin_addr, text.data(), text.size());
    return text.data() + (":" + number(ntohs(four.sin_port)));
  }
  if (four.sin_family == AF_INET6) {
    sockaddr_in6 six{};
    std::memcpy(&six, facts.address.data(), sizeof six);
    inet_ntop(AF_INET6, &six.sin6_addr, text.data(), text.size());
    return "[" + std::string(text.data()) + "]:" + number(ntohs(six.sin6_port));
  }
  return four.sin_family == AF_UNIX ? "a unix socket" : "";
}

std::string ending_of(int status) {
  if (WIFEXITED(status)) {
    return "exit status " + number(WEXITSTATUS(status));
  }
  if (WIFSIGNALED(status)) {
    return "killed by " + signal_name(WTERMSIG(status));
  }
  return WIFSTOPPED(status) ? "stopped" : "continued";
}

std::string disposition_of(const Facts& facts) {
  if ((facts.flags & probe::flag_handler) == 0) {
    return facts.arguments[2] == 0 ? "SIG_DFL" : "SIG_IGN";
  }
  std::string text = "a handler";
  for (const auto& [flag, name] : std::to_array<std::pair<int, const char*>>(
           {{SA_RESTART, ", SA_RESTART"},
            {SA_SIGINFO, ", SA_SIGINFO"},
            {SA_NOCLDSTOP, ", SA_NOCLDSTOP"},
            {SA_NOCLDWAIT, ", SA_NOCLDWAIT"},
            {SA_NODEFER, ", SA_NODEFER"},
            {static_cast<int>(SA_RESETHAND), ", SA_RESETHAND"},
            {SA_ONSTACK, ", SA_ONSTACK"}})) {
    text += (facts.arguments[1] & flag) != 0 ? name : "";
  }
  return text;
}

std::string wait_options(std::int64_t options) {
  return (options & WNOHANG) != 0 ? ", WNOHANG" : "";
}

std::string arguments_of(const Facts& facts) {
  const auto& values = facts.arguments;
  std::string first = number(values[0]);
  switch (facts.what) {
  case What::call_listen:
    return first + ", " + number(values[1]);
  case What::call_dup:
    return std::string_view(facts.text.data()) == "dup" ? first : first + ", " + number(values[1]);
  case What::call_bind:
  case What::call_connect:
    return first + ", " + address_of(facts);
  case What::call_read:
  case What::call_write:
    return first + ", " + number(values[1]) + " bytes";
  case What::call_shutdown:
    return first + ", " +
           (values[1] == SHUT_RD   ? "SHUT_RD"
            : values[1] == SHUT_WR ? "SHUT_WR"
                                   : "SHUT_RDWR");
  case What::call_sigaction:
    return signal_name(static_cast<int>(values[0])) +
           (facts.result == -1 ? "" : ", " + disposition_of(facts));
  case What::call_kill:
    return first + ", " + (values[1] == 0 ? "0" : signal_name(static_cast<int>(values[1])));
  case What::call_wait:
    return (std::string_view(facts.text.data()) == "wait" ? "" : first) + wait_options(values[1]);
  case What::call_fork:
  case What::call_pipe:
  case What::call_poll:
  case What::call_sigwait:
  case What::call_sleep:
  case What::call_socket:
    return "";
  default:
    return first;
  }
}

std::string result_of(const Facts& facts) {
  if (facts.result == -1) {
    return " fails: " + probe::error_name(facts.error);
  }
  switch (facts.what) {
  case What::call_accept:
    return " = " + number(facts.result) + ", from " + address_of(facts);
  case What::call_wait:
    return " = " + number(facts.result) +
           ((facts.flags & probe::flag_status) == 0
                ? ""
                : ", " + ending_of(static_cast<int>(facts.arguments[2])));
  case What::call_pipe:
    return " = " + number(facts.arguments[0]) + " and " + number(facts.arguments[1]);
  case What::call_sigwait:
    return " = " + signal_name(static_cast<int>(facts.result));
  case What::call_read:
    return facts.result == 0 ? " = 0, end of file" : " = " + number(facts.result);
  case What::call_dup:
  case What::call_fork:
  case What::call_poll:
  case What::call_socket:
  case What::call_write:
    return (facts.flags & probe::flag_no_result) != 0 ? "" : " = " + number(facts.result);
  default:
    return ""; // 0, which says nothing
  }
}

std::string shown(const Facts& facts) {
  const std::string signal = signal_name(facts.signal);
  const std::string text = facts.text.data();
  const std::string interrupted = facts.interrupted.data();
  switch (facts.what) {
  case What::begin:
    return "starts: " + text;
  case What::born:
    return "begins, a child of " + number(facts.arguments[0]);
  case What::end:
    return "ends: exit status " + number(facts.arguments[0]);
  case What::enter:
    return signal + ": its handler begins" +
           (interrupted.empty() ? "" : ", interrupting " + interrupted);
  case What::leave:
    return signal + ": its handler " +
           ((facts.flags & probe::flag_jumped) != 0 ? "is left by longjmp" : "returns") +
           ((facts.flags & probe::flag_clobbered) != 0
                ? ", errno changed from " +
                      probe::error_name(static_cast<int>(facts.arguments[0])) + " to " +
                      probe::error_name(static_cast<int>(facts.result))
                : "");
  case What::unsafe:
    return text + ", not async-signal-safe, in the handler of " + signal;
  case What::doubtful:
    return text + ", not on the list of async-signal-safe functions, in the handler of " + signal;
  case What::unwrapped:
    return "has more than 128 handlers: this one is not watched";
  case What::holds:
    return "has socket " + number(facts.arguments[0]) + " from the start";
  default:
    return text + "(" + arguments_of(facts) + ")" + result_of(facts) +
           ((facts.flags & probe::flag_injected) != 0 ? "   <- injected" : "");
  }
}

Event::Kind kind_of(What what) {
  switch (what) {
  case What::begin:
    return Event::Kind::program;
  case What::born:
    return Event::Kind::child;
  case What::end:
    return Event::Kind::end;
  case What::enter:
    return Event::Kind::enter;
  case What::leave:
    return Event::Kind::leave;
  case What::unsafe:
  case What::doubtful:
  case What::unwrapped:
    return Event::Kind::unsafe;
  case What::holds:
    return Event::Kind::holds;
  default:
    return Event::Kind::call;
  }
}

Event event_of(const Facts& facts) {
  Event event;
  event.kind = kind_of(facts.what);
  event.time = Clock::time_point(std::chrono::nanoseconds(facts.time));
  event.pid = facts.pid;
  event.call = facts.text.data();
  event.result = facts.result;
  event.error = facts.error;
  event.signal = facts.signal;
  event.injected = (facts.flags & probe::flag_injected) != 0;
  event.result_known = event.kind == Event::Kind::call && facts.what != What::call_exit &&
                       (facts.flags & probe::flag_no_result) == 0;
  event.text = shown(facts);
  event.arguments = facts.arguments;
  event.caller = facts.caller;
  event.address = address_of(facts);
  event.data = facts.data.data();
  event.has_status = (facts.flags & probe::flag_status) != 0;
  event.is_wait = facts.what == What::call_wait;
  event.is_exit = facts.what == What::call_exit;
  event.is_fork = facts.what == What::call_fork;
  event.sender =
      (facts.flags & probe::flag_sender) != 0 ? static_cast<pid_t>(facts.arguments[0]) : 0;
  return event;
}

/// The call may wait, and now it begins.
Event beginning_of(const Facts& facts) {
  Event event;
  event.kind = Event::Kind::waits;
  event.time = Clock::time_point(std::chrono::nanoseconds(facts.began));
  event.pid = facts.pid;
  event.call = facts.text.data();
  event.signal = facts.signal;
  event.text = event.call + " begins";
  event.arguments = facts.arguments;
  return event;
}

/// What others see at once is an event even if it is not known how the call ended.
bool is_seen_at_once(const Facts& facts) {
  return (facts.flags & probe::flag_waits) == 0 || facts.what == What::call_write;
}

std::string times(std::size_t count) {
  return count == 1 ? "" : ", " + std::to_string(count) + " times";
}

std::vector<UnsafeCall> calls_of(What what, const std::vector<Facts>& findings) {
  std::vector<UnsafeCall> result;
  for (const Facts& facts : findings) {
    if (facts.what != what) {
      continue;
    }
    auto found = std::find_if(result.begin(), result.end(), [&facts](const UnsafeCall& known) {
      return known.pid == facts.pid && known.signal == facts.signal &&
             known.function == facts.text.data();
    });
    if (found == result.end()) {
      found = result.emplace(result.end());
      found->pid = facts.pid;
      found->signal = facts.signal;
      found->function = facts.text.data();
      found->caller = facts.caller;
    }
    ++found->times;
    found->only_while_waiting =
        found->only_while_waiting && (facts.flags & probe::flag_unblocked) != 0;
    if (found->interrupted.empty()) {
      found->interrupted = facts.interrupted.data();
    }
  }
  for (UnsafeCall& call : result) {
    call.text = call.function + " called in the handler of " + signal_name(call.signal) + " (pid " +
                std::to_string(call.pid) + ")" + times(call.times);
    if (!call.interrupted.empty()) {
      call.text += "; the signal had interrupted " + call.interrupted;
    }
  }
  return result;
}

} // namespace

namespace {

// Where the programs run as somebody else, or may not look into us, they cannot follow
// /proc/PID/fd: a file that they can open, which goes with the Probe.
Fd make_memory(std::string& path) {
  if (!programs_confined()) {
    Fd memory = own(memfd_create("lab-probe", MFD_CLOEXEC), "memfd_create");
    path = "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(memory.get());
    return memory;
  }
  path = (std::filesystem::temp_directory_path() / "lab-probe-XXXXXX").string();
  Fd memory = own(mkostemp(path.data(), O_CLOEXEC), "mkostemp");
  if (const auto user = confined_user(); user && fchown(memory.get(), *user, *user) != 0) {
    const int error = errno;
    unlink(path.c_str());
    errno = error;
    throw_errno("fchown");
  }
  return memory;
}

} // namespace

namespace {

std::function<void(const Probe&)>& film_ended() {
  static std::function<void(const Probe&)> ended;
  return ended;
}

} // namespace

void Probe::film_all(std::function<void(const Probe&)> ended) {
  film_ended() = std::move(ended);
}

bool Probe::attached(const ProcessOptions& options) {
  return std::any_of(options.environment.begin(), options.environment.end(),
                     [](const auto& entry) { return entry.first == probe::variable; });
}

Probe::Probe(const ProbeOptions& options) : memory_(make_memory(path_)) {
  or_throw(ftruncate(memory_.get(), sizeof(probe::Shared)), "ftruncate");
  void* const memory =
      mmap(nullptr, sizeof(probe::Shared), PROT_READ | PROT_WRITE, MAP_SHARED, memory_.get(), 0);
  if (memory == MAP_FAILED) {
    throw_errno("mmap");
  }
  // All zero, as the kernel gives it: not constructed, so that it stays without pages until used.
  shared_ = static_cast<probe::Shared*>(memory);
  shared_->checker = getpid();
  try {
    probe::parse_rules(options.faults, *shared_);
  } catch (...) {
    munmap(shared_, sizeof(probe::Shared));
    throw;
  }
  shared_->hold_children = options.hold_children;
  shared_->hold_parent = options.hold_parent;
  shared_->hold_exits = options.hold_exits;
  shared_->film = options.film || film_ended();
  shared_->version = probe::version;
  reported_.emplace([this] { return "its last calls:\n" + timeline(12); },
                    [this] { return places_of_faults(); });
}

Probe::~Probe() {
  if (film_ended()) {
    film_ended()(*this);
  }
  reported_.reset();
  munmap(shared_, sizeof(probe::Shared));
  if (programs_confined()) {
    unlink(path_.c_str());
  }
}

std::optional<std::string> Probe::cannot_probe(std::string_view name) {
  const auto path = program(name);
  if (auto reason = probe::cannot_preload(path)) {
    // A stranger's program is built as we are. Where we could be probed, it has a reason of its
    // own.
    if (programs_confined() && !probe::cannot_preload("/proc/self/exe")) {
      throw Failure(path.filename().string() + " " + *reason +
                        ", so the check cannot look into it, and its source is why",
                    {.means = "the kit builds it as all other programs, and looks into those",
                     .look = "tests/harness/probe/README.md"});
    }
    return path.filename().string() + " " + *reason;
  }
  const auto library = library_path();
  std::error_code error;
  if (!std::filesystem::exists(library, error)) {
    return "the probe's library is not there: " + library.string();
  }
  return std::nullopt;
}

void Probe::attach(ProcessOptions& options) {
  if (options.user && options.user != confined_user() &&
      *options.user != geteuid()) { // who may not follow our /proc/PID/fd
    throw std::invalid_argument("a program of another user cannot be probed");
  }
  std::string library = library_path().string();
  if (library.find_first_of(": ") != std::string::npos) { // which separate paths in LD_PRELOAD
    if (!library_) {
      library_ = lab::own(open(library.c_str(), O_RDONLY | O_CLOEXEC), "open");
    }
    library = "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(library_.get());
  }
  prepend(variable(options, "LD_PRELOAD"), library, ':');
  variable(options, probe::variable) = path_;
  options.looked_into = true;
  // AddressSanitizer wants to come first. It does its work in the second place too, but asks.
  prepend(variable(options, "ASAN_OPTIONS"), "verify_asan_link_order=0", ':');
}

namespace {

void open_gate(probe::Gate& gate) {
  gate.open.store(1);
  syscall(SYS_futex, &gate.open, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

std::span<probe::Gate> gates_in_use(probe::Shared& shared) {
  return {shared.gates.data(), std::min<std::size_t>(shared.gates_used.load(), probe::most_gates)};
}

} // namespace

std::vector<pid_t> Probe::held_children() const {
  std::vector<pid_t> held;
  for (const probe::Gate& gate : gates_in_use(*shared_)) {
    if (const pid_t pid = gate.pid.load(); pid != 0) { // 0: on its way to the gate
      held.push_back(pid);
    }
  }
  // What the memory says may be the program's own doing, and a check may signal what it is given.
  std::erase_if(held, [&](pid_t pid) {
    if (!seen_.contains(pid) && descends_from(pid, ::getpid())) {
      seen_.insert(pid);
    }
    return !seen_.contains(pid);
  });
  return held;
}

void Probe::let_go(pid_t child) {
  for (probe::Gate& gate : gates_in_use(*shared_)) {
    if (gate.pid.load() == child) {
      open_gate(gate);
    }
  }
}

void Probe::let_all_go() {
  shared_->all_open.store(1);
  for (probe::Gate& gate : gates_in_use(*shared_)) {
    open_gate(gate);
  }
}

bool Probe::parent_held() const {
  return shared_->parent_gate.pid.load() != 0;
}

void Probe::let_parent_go() {
  open_gate(shared_->parent_gate);
}

bool Probe::loaded() const {
  return shared_->programs.load(std::memory_order_acquire) != 0;
}

std::vector<Event> Probe::events() const {
  auto all = read(shared_->calls.used, shared_->calls.records);
  const auto findings = read(shared_->findings.used, shared_->findings.records);
  all.insert(all.end(), findings.begin(), findings.end());
  std::vector<Event> result;
  result.reserve(all.size());
  for (const Facts& facts : all) {
    if ((facts.flags & probe::flag_waits) != 0) {
      result.push_back(beginning_of(facts));
    }
    if ((facts.flags & probe::flag_no_result) == 0 || is_seen_at_once(facts)) {
      result.push_back(event_of(facts));
    }
  }
  std::ranges::stable_sort(result, {}, &Event::time);
  return result;
}

std::size_t Probe::count() const {
  return std::size_t{shared_->calls.used} + shared_->findings.used;
}

std::vector<UnsafeCall> Probe::unsafe_calls() const {
  return calls_of(What::unsafe, read(shared_->findings.used, shared_->findings.records));
}

std::vector<UnsafeCall> Probe::doubtful_calls() const {
  return calls_of(What::doubtful, read(shared_->findings.used, shared_->findings.records));
}

std::vector<ErrnoClobber> Probe::errno_clobbers() const {
  std::map<std::tuple<pid_t, int, int>, ErrnoClobber> found;
  for (const Facts& facts : read(shared_->findings.used, shared_->findings.records)) {
    if (facts.what == What::leave) {
      const int after = static_cast<int>(facts.result);
      auto& clobber = found[{facts.pid, facts.signal, after}];
      if (clobber.times++ == 0) {
        clobber.pid = facts.pid;
        clobber.signal = facts.signal;
        clobber.before = static_cast<int>(facts.arguments[0]);
        clobber.after = after;
      }
      clobber.only_while_waiting =
          clobber.only_while_waiting && (facts.flags & probe::flag_unblocked) != 0;
    }
  }
  std::vector<ErrnoClobber> result;
  for (auto& [key, clobber] : found) {
    clobber.text = "the handler of " + signal_name(clobber.signal) +
                   " returned with errno changed from " + probe::error_name(clobber.before) +
                   " to " + probe::error_name(clobber.after) + " (pid " +
                   std::to_string(clobber.pid) + ")" + times(clobber.times);
    result.push_back(std::move(clobber));
  }
  return result;
}

std::size_t Probe::faults_injected(std::string_view group) const {
  std::size_t count = 0;
  const std::size_t rules = std::min<std::size_t>(shared_->rule_count, shared_->rules.size());
  for (std::size_t i = 0; i < rules; ++i) {
    const probe::Rule& rule = shared_->rules[i];
    if (group.empty() || rule.group == probe::group_named(group)) {
      count += rule.injected.load(std::memory_order_relaxed);
    }
  }
  return count;
}

std::map<std::int64_t, std::string> Probe::places_of(const std::set<std::int64_t>& callers) const {
  if (programs_confined()) { // what is in the file of such a program is nothing to look into
    return {};
  }
  std::set<std::string> programs;
  for (const Facts& facts : read(shared_->calls.used, shared_->calls.records)) {
    if (facts.what == What::begin) {
      programs.insert(facts.text.data());
    }
  }
  return programs.size() == 1 ? probe::places_in(program(*programs.begin()), callers)
                              : std::map<std::int64_t, std::string>{};
}

std::string Probe::places_of_faults() const {
  std::map<std::int64_t, std::string> failed; // the first of each place
  for (const Event& event : events()) {
    if (event.injected && event.error != 0 && event.caller != 0) {
      failed.emplace(event.caller, event.call + " failed here, " + probe::error_name(event.error));
    }
  }
  std::set<std::int64_t> callers;
  for (const auto& [caller, words] : failed) {
    callers.insert(caller);
  }
  std::string text;
  for (const auto& [caller, place] : places_of(callers)) {
    text += place + ": " + failed[caller] + "\n";
  }
  return text;
}

std::string Probe::timeline(std::size_t most) const {
  struct Line {
    const Event* event;
    std::size_t times;
  };

  const auto all = events();
  std::vector<Line> lines;
  for (const Event& event : all) { // what a process does again and again is one line
    if (!lines.empty() && lines.back().event->pid == event.pid &&
        lines.back().event->text == event.text) {
      ++lines.back().times;
    } else {
      lines.push_back({&event, 1});
    }
  }
  const std::size_t begin = lines.size() - std::min(lines.size(), most);
  std::set<std::int64_t> callers;
  for (std::size_t i = begin; i < lines.size(); ++i) {
    callers.insert(lines[i].event->caller);
  }
  callers.erase(0);
  const auto places = places_of(callers);
  std::string result;
  if (lines.size() > most) {
    const std::size_t before = lines.size() - most;
    result += "  (" + std::to_string(before) + (before == 1 ? " line" : " lines") + " before)\n";
  }
  for (std::size_t i = begin; i < lines.size(); ++i) {
    const Event& event = *lines[i].event;
    const std::chrono::duration<double, std::milli> since = event.time - all.front().time;
    std::array<char, 64> start{};
    std::snprintf(start.data(), start.size(), "  %9.3f ms %7d  ", since.count(), event.pid);
    const bool inside = event.signal != 0 && event.kind == Event::Kind::call;
    result += start.data() + std::string(inside ? "  " : "") + event.text;
    result += lines[i].times == 1 ? "" : "   (" + std::to_string(lines[i].times) + " times)";
    if (const auto place = places.find(event.caller); place != places.end()) {
      result += "   " + std::filesystem::path(place->second).filename().string();
    }
    result += '\n';
  }
  if (lost() > 0) {
    result += "  (" + std::to_string(lost()) + " events were not kept)\n";
  }
  return result;
}

std::size_t Probe::lost() const {
  const auto beyond = [](std::size_t used, std::size_t room) {
    return used > room ? used - room : 0;
  };
  return beyond(shared_->calls.used, shared_->calls.records.size()) +
         beyond(shared_->findings.used, shared_->findings.records.size());
}

} // namespace lab
