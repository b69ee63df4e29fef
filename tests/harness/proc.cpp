#include "harness/proc.hpp"

#include "harness/proc_files.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>

#include <sys/syscall.h>
#include <unistd.h>

namespace lab {

namespace {

bool in_mask(pid_t pid, std::string_view mask, int signal) {
  const auto status = proc::read_file(proc::path_of(pid, "status"));
  const auto bits = status ? proc::number_in<std::uint64_t>(proc::value_in(*status, mask), 16) : 0;
  return signal > 0 && signal <= 64 && ((bits >> (signal - 1)) & 1) != 0;
}

} // namespace

std::optional<ProcessInfo> process_info(pid_t pid) {
  std::array<char, 2048> buffer; // NOLINT(*-member-init): read fills what is used
  const std::string_view text = proc::read_short(proc::path_of(pid, "stat"), buffer);
  // The name stands in parentheses and may hold blanks and parentheses itself.
  const auto open = text.find('(');
  const auto close = text.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) {
    return std::nullopt;
  }
  constexpr std::size_t first = 3; // numbered as in proc(5): the state is the third
  constexpr std::size_t last = 52;
  std::array<std::string_view, last + 1> fields;
  std::string_view rest = text.substr(close + 1);
  for (std::size_t number = first; number <= last; ++number) {
    rest.remove_prefix(std::min<std::size_t>(1, rest.size())); // the one space between two
    const auto end = std::min(rest.find(' '), rest.size());
    fields.at(number) = rest.substr(0, end);
    rest.remove_prefix(end);
  }
  const auto field = [&](std::size_t number) { return fields.at(number); };
  if (field(22).empty()) {
    return std::nullopt;
  }
  static const long ticks_in_a_second = ::sysconf(_SC_CLK_TCK);
  const auto ticks = proc::number_in<long long>(field(14)) + proc::number_in<long long>(field(15));
  return ProcessInfo{.pid = pid,
                     .parent = proc::number_in<pid_t>(field(4)),
                     .group = proc::number_in<pid_t>(field(5)),
                     .session = proc::number_in<pid_t>(field(6)),
                     .state = field(3).front(),
                     .name = std::string(text.substr(open + 1, close - open - 1)),
                     .cpu_time =
                         std::chrono::nanoseconds(ticks * (1'000'000'000 / ticks_in_a_second)),
                     .threads = proc::number_in<int>(field(20)),
                     .start_time = proc::number_in<unsigned long long>(field(22)),
                     .exit_code = proc::number_in<int>(field(52))};
}

namespace {

/// A file about the memory of a process. If its main thread has ended, another thread has it.
std::optional<std::string> read_memory_file(pid_t pid, const std::string& entry) {
  auto text = proc::read_file_of(pid, entry);
  if (text && !text->empty()) {
    return text;
  }
  if (const auto process = process_info(pid); process && process->lives_without_main()) {
    proc::for_each_thread(pid, [&](const std::filesystem::path& thread) {
      if (!text || text->empty()) {
        text = proc::read_file_of(pid, "task/" + thread.filename().string() + "/" + entry);
      }
    });
  }
  return text;
}

} // namespace

std::vector<std::string> environment_of(pid_t pid) {
  const auto text = read_memory_file(pid, "environ");
  std::vector<std::string> entries;
  std::string_view rest = text ? std::string_view(*text) : std::string_view();
  while (!rest.empty()) {
    const auto end = std::min(rest.find('\0'), rest.size());
    if (end > 0) {
      entries.emplace_back(rest.substr(0, end));
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return entries;
}

bool may_inspect(pid_t pid) {
  constexpr unsigned cap_sys_ptrace = 19; // linux/capability.h
  const auto own = proc::read_file("/proc/self/status");
  const auto other = proc::read_file(proc::path_of(pid, "status"));
  if (!own || !other) {
    return false;
  }
  const auto powers = proc::number_in<std::uint64_t>(proc::value_in(*own, "CapEff"), 16);
  if (((powers >> cap_sys_ptrace) & 1) != 0) {
    return true;
  }
  // Real, effective and saved id have to be those that count for us, as ptrace(2) says.
  const auto are = [&](std::string_view key, unsigned id) {
    const auto ids = proc::words_of(proc::value_in(*other, key));
    return ids.size() > 2 && proc::number_in<unsigned>(ids[0]) == id &&
           proc::number_in<unsigned>(ids[1]) == id && proc::number_in<unsigned>(ids[2]) == id;
  };
  return are("Uid", ::geteuid()) && are("Gid", ::getegid());
}

bool in_other_network(pid_t pid) {
  const auto own = proc::target_of("/proc/self/ns/net");
  const auto other = proc::target_of(proc::path_of(pid, "ns/net"));
  return !own.empty() && !other.empty() && own != other;
}

std::string executable_of(pid_t pid) {
  return proc::target_of(proc::path_of(pid, "exe"));
}

bool catches_signal(pid_t pid, int signal) {
  return in_mask(pid, "SigCgt", signal);
}

std::string blocked_call_of(pid_t pid) {
  static constexpr std::array<std::pair<long, std::string_view>, 24> calls{{
      {SYS_accept, "accept"},
      {SYS_accept4, "accept4"},
      {SYS_clock_nanosleep, "clock_nanosleep"},
      {SYS_close, "close"},
      {SYS_connect, "connect"},
      {SYS_epoll_pwait, "epoll_pwait"},
      {SYS_exit_group, "exit"},
      {SYS_flock, "flock"},
      {SYS_futex, "futex"},
      {SYS_nanosleep, "nanosleep"},
      {SYS_ppoll, "ppoll"},
      {SYS_pselect6, "pselect"},
      {SYS_read, "read"},
      {SYS_recvfrom, "recv"},
      {SYS_recvmsg, "recvmsg"},
      {SYS_rt_sigsuspend, "sigsuspend"},
      {SYS_rt_sigtimedwait, "sigtimedwait"},
      {SYS_sendmsg, "sendmsg"},
      {SYS_sendto, "send"},
      {SYS_splice, "splice"},
      {SYS_wait4, "waitpid"},
      {SYS_waitid, "waitid"},
      {SYS_write, "write"},
      {SYS_writev, "writev"},
  }};
  // `running`, or the call's number and its arguments.
  const auto file = proc::read_file_of(pid, "syscall");
  if (!file || file->empty() || file->front() < '0' || file->front() > '9') {
    return {};
  }
  const long number = proc::number_in<long>(*file);
#ifdef SYS_poll // x86-64 has these five besides; arm64 does not
  switch (number) {
  case SYS_poll:
    return "poll";
  case SYS_pause:
    return "pause";
  case SYS_select:
    return "select";
  case SYS_epoll_wait:
    return "epoll_wait";
  case SYS_fork:
    return "fork";
  default:
    break;
  }
#endif
  const auto* const found =
      std::ranges::find(calls, number, &std::pair<long, std::string_view>::first);
  return found != calls.end() ? std::string(found->second)
                              : "system call " + std::to_string(number);
}

bool blocks_signal(pid_t pid, int signal) {
  return in_mask(pid, "SigBlk", signal);
}

bool ignores_signal(pid_t pid, int signal) {
  return in_mask(pid, "SigIgn", signal);
}

bool has_pending(pid_t pid, int signal) {
  return in_mask(pid, "ShdPnd", signal);
}

std::optional<CpuUse> cpu_use(pid_t pid) {
  CpuUse use;
  bool any = false;
  proc::for_each_thread(pid, [&](const std::string& folder) {
    if (const auto status = proc::read_file(folder + "/status")) {
      any = true;
      use.switches +=
          proc::number_in<unsigned long long>(proc::value_in(*status, "voluntary_ctxt_switches")) +
          proc::number_in<unsigned long long>(
              proc::value_in(*status, "nonvoluntary_ctxt_switches"));
    }
    if (const auto times = proc::read_file(folder + "/schedstat")) {
      const auto words = proc::words_of(*times);
      use.run_time += std::chrono::nanoseconds(proc::number_in<long long>(*times));
      use.wait_time +=
          std::chrono::nanoseconds(words.size() > 1 ? proc::number_in<long long>(words[1]) : 0);
    }
  });
  if (!any) {
    return std::nullopt;
  }
  if (use.run_time.count() == 0) {
    const auto info = process_info(pid);
    use.run_time = info ? info->cpu_time : use.run_time;
  }
  return use;
}

std::optional<MemoryUse> memory_use(pid_t pid) {
  const auto text = read_memory_file(pid, "smaps_rollup");
  if (!text || text->empty()) {
    return std::nullopt;
  }
  const auto bytes = [&](std::string_view key) { // `Pss:                 716 kB`
    return proc::number_in<std::size_t>(proc::value_in(*text, key)) * 1024;
  };
  return MemoryUse{.resident = bytes("Rss"),
                   .proportional = bytes("Pss"),
                   .unshared = bytes("Private_Clean") + bytes("Private_Dirty"),
                   .anonymous = bytes("Anonymous")};
}

} // namespace lab
