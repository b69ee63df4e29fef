#include "harness/proc.hpp"

#include "harness/fd.hpp"
#include "harness/sock_diag.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <system_error>
#include <tuple>

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace lab {

namespace {

std::string path_of(pid_t pid, std::string_view entry) {
  std::string path = "/proc/" + std::to_string(pid) + "/";
  path += entry;
  return path;
}

/// The whole file, or nothing with errno set.
std::optional<std::string> read_file(const std::string& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) {
    return std::nullopt;
  }
  std::string text;
  std::array<char, 16384> buffer; // NOLINT(*-member-init): read fills what is used
  while (true) {
    const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
    if (got == -1) {
      return std::nullopt; // ESRCH: the process went away between open and read
    }
    if (got == 0) {
      return text;
    }
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

/// What one read of a file of /proc gives: the whole of one that is a line or a few, in a buffer of
/// the caller's. Empty with errno set where there is nothing.
template <std::size_t size>
std::string_view read_short(const std::string& path, std::array<char, size>& buffer) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const ssize_t got = file ? ::read(file.get(), buffer.data(), buffer.size()) : -1;
  return {buffer.data(), got > 0 ? static_cast<std::size_t>(got) : 0};
}

/// What a link of /proc points to; empty where we may not know.
std::string target_of(const std::string& path) {
  std::array<char, 4096> target; // NOLINT(*-member-init): readlink fills what is used
  const ssize_t size = ::readlink(path.c_str(), target.data(), target.size());
  return size < 0 ? std::string() : std::string(target.data(), static_cast<std::size_t>(size));
}

template <typename Number>
Number number_in(std::string_view text, int base = 10) {
  Number number{};
  std::from_chars(text.data(), text.data() + text.size(), number, base);
  return number;
}

std::vector<std::string_view> words_of(std::string_view text) {
  constexpr std::string_view blank = " \t\n";
  std::vector<std::string_view> words;
  while (true) {
    const auto begin = text.find_first_not_of(blank);
    if (begin == std::string_view::npos) {
      return words;
    }
    const auto end = std::min(text.find_first_of(blank, begin), text.size());
    words.push_back(text.substr(begin, end - begin));
    text.remove_prefix(end);
  }
}

/// Calls `visit` with each line of `text`.
template <typename Visit>
void for_each_line(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    visit(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

/// The value of a line `KEY:\tVALUE` of /proc/PID/status.
std::string_view value_in(std::string_view status, std::string_view key) {
  std::string_view value;
  for_each_line(status, [&](std::string_view line) {
    if (line.size() > key.size() && line.starts_with(key) && line[key.size()] == ':') {
      value = line.substr(key.size() + 1);
      value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
    }
  });
  return value;
}

/// In a container, root may lack CAP_SYS_PTRACE and then cannot look into a process of another
/// user; that user can. For proc(5) it is the file system user id that counts, and Linux keeps one
/// for each thread (setfsuid(2)).
class AsOwnerOf {
public:
  explicit AsOwnerOf(pid_t pid) {
    const auto status = read_file(path_of(pid, "status"));
    if (!status) {
      return;
    }
    dumpable_ = ::prctl(PR_GET_DUMPABLE);
    ::prctl(PR_GET_PDEATHSIG, &death_signal_);
    const auto group = words_of(value_in(*status, "Gid"));
    const auto user = words_of(value_in(*status, "Uid"));
    if (group.size() > 1 && user.size() > 1) {
      ::setfsgid(number_in<gid_t>(group[1]));
      ::setfsuid(number_in<uid_t>(user[1]));
      changed_ = true;
    }
  }

  AsOwnerOf(const AsOwnerOf&) = delete;
  AsOwnerOf& operator=(const AsOwnerOf&) = delete;
  AsOwnerOf(AsOwnerOf&&) = delete;
  AsOwnerOf& operator=(AsOwnerOf&&) = delete;

  ~AsOwnerOf() {
    if (changed_) {
      ::setfsuid(::geteuid());
      ::setfsgid(::getegid());
      // The kernel resets these two with every change of identity.
      ::prctl(PR_SET_DUMPABLE, dumpable_);
      ::prctl(PR_SET_PDEATHSIG, death_signal_);
    }
  }

private:
  bool changed_ = false;
  int dumpable_ = 1;
  int death_signal_ = 0;
};

bool denied(int error) {
  return error == EACCES || error == EPERM;
}

/// What is denied to root may be seen by the process's owner.
bool denied_to_root(int error) {
  return denied(error) && ::geteuid() == 0;
}

std::string state_of_exit(int wait_status) {
  // The bits that WIFEXITED and its like look at; see wait(2).
  const int signal = wait_status & 0x7f;
  return signal == 0 ? "exit status " + std::to_string((wait_status >> 8) & 0xff)
                     : "killed by signal " + std::to_string(signal);
}

/// By birth, as far as the clock tells, and not by pid: pids begin anew when the last has been
/// given.
void sort_by_age(std::vector<ProcessInfo>& processes) {
  std::sort(processes.begin(), processes.end(), [](const ProcessInfo& a, const ProcessInfo& b) {
    return std::tie(a.start_time, a.pid) < std::tie(b.start_time, b.pid);
  });
}

/// An address of /proc/net/tcp: words of 32 bits in host order, each in hexadecimal.
std::string address_in(std::string_view hex) {
  in6_addr address{};
  const bool ipv6 = hex.size() > 8;
  for (std::size_t word = 0; word * 8 + 8 <= hex.size() && word < 4; ++word) {
    const auto value = number_in<std::uint32_t>(hex.substr(word * 8, 8), 16);
    std::memcpy(address.s6_addr + word * 4, &value, sizeof value);
  }
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(ipv6 ? AF_INET6 : AF_INET, &address, text.data(), text.size());
  return text.data();
}

void add_sockets(std::vector<SocketInfo>& sockets, const std::string& path, bool ipv6) {
  const auto table = read_file(path);
  if (!table) {
    return; // no IPv6 in this kernel, or the process is gone
  }
  for_each_line(*table, [&](std::string_view line) {
    // "sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode"
    const auto words = words_of(line);
    if (words.size() < 10 || words[0] == "sl") {
      return;
    }
    const auto half = [](std::string_view pair, bool second) {
      const auto colon = std::min(pair.find(':'), pair.size());
      return second ? pair.substr(std::min(colon + 1, pair.size())) : pair.substr(0, colon);
    };
    sockets.push_back({.inode = number_in<unsigned long>(words[9]),
                       .local_address = address_in(half(words[1], false)),
                       .local_port = number_in<unsigned>(half(words[1], true), 16),
                       .remote_address = address_in(half(words[2], false)),
                       .remote_port = number_in<unsigned>(half(words[2], true), 16),
                       .state = static_cast<TcpState>(number_in<unsigned char>(words[3], 16)),
                       .send_queue = number_in<unsigned long>(half(words[4], false), 16),
                       .receive_queue = number_in<unsigned long>(half(words[4], true), 16),
                       .ipv6 = ipv6});
  });
}

bool in_mask(pid_t pid, std::string_view mask, int signal) {
  const auto status = read_file(path_of(pid, "status"));
  const auto bits = status ? number_in<std::uint64_t>(value_in(*status, mask), 16) : 0;
  return signal > 0 && signal <= 64 && ((bits >> (signal - 1)) & 1) != 0;
}

DescriptorInfo::Kind kind_of(std::string_view target) {
  using Kind = DescriptorInfo::Kind;
  if (target.starts_with("socket:")) {
    return Kind::socket;
  }
  if (target.starts_with("pipe:")) {
    return Kind::pipe;
  }
  if (target.starts_with("/dev/pts/") || target.starts_with("/dev/tty") ||
      target == "/dev/console" || target == "/dev/ptmx") {
    return Kind::terminal;
  }
  return target.starts_with('/') ? Kind::file : Kind::other;
}

/// False where the kernel does not let us look.
bool list_descriptors(pid_t pid, std::vector<DescriptorInfo>& descriptors) {
  std::error_code error;
  std::filesystem::directory_iterator entry(path_of(pid, "fd"), error);
  while (!error && entry != std::filesystem::directory_iterator()) {
    const std::string number = entry->path().filename();
    std::array<char, 4096> target; // NOLINT(*-member-init): readlink fills what is used
    const ssize_t size = ::readlink(entry->path().c_str(), target.data(), target.size());
    if (size >= 0) {
      DescriptorInfo found{.fd = number_in<int>(number),
                           .target = {target.data(), static_cast<std::size_t>(size)}};
      found.kind = kind_of(found.target);
      if (found.kind == DescriptorInfo::Kind::socket || found.kind == DescriptorInfo::Kind::pipe) {
        found.inode = number_in<unsigned long>(
            std::string_view(found.target).substr(found.target.find('[') + 1));
      }

      struct stat link {};

      // The link's own mode says what the descriptor is open for.
      if (found.kind == DescriptorInfo::Kind::pipe && ::lstat(entry->path().c_str(), &link) == 0) {
        found.reads = (link.st_mode & S_IRUSR) != 0;
        found.writes = (link.st_mode & S_IWUSR) != 0;
      }
      descriptors.push_back(std::move(found));
    } else if (denied(errno)) {
      return false;
    }
    entry.increment(error);
  }
  return !denied(error.value());
}

std::string endpoint(const std::string& address, unsigned port) {
  return (address.find(':') == std::string::npos ? address : "[" + address + "]") + ":" +
         std::to_string(port);
}

std::string line_for(const ProcessInfo& process) {
  std::string line = std::to_string(process.pid) + " " + process.state + " " + process.name + ": ";
  line += name_of_state(process.state);
  if (process.zombie()) {
    line += ", " + state_of_exit(process.exit_code);
    // Who has lost its parent is handed to us: we stand for init (prctl(2),
    // PR_SET_CHILD_SUBREAPER).
    line += process.parent == ::getpid()
                ? ", not reaped by the program that started it"
                : ", not reaped by its parent " + std::to_string(process.parent);
  } else {
    line += ", parent " + std::to_string(process.parent);
  }
  return line;
}

void draw(std::string& table, const ProcessInfo& process, const std::string& first,
          const std::string& rest, const std::vector<ProcessInfo>& all) {
  table += first + line_for(process) + "\n";
  std::vector<const ProcessInfo*> children;
  for (const ProcessInfo& other : all) {
    if (other.parent == process.pid) {
      children.push_back(&other);
    }
  }
  for (const ProcessInfo* child : children) {
    const bool last = child == children.back();
    draw(table, *child, rest + (last ? "└─ " : "├─ "), rest + (last ? "   " : "│  "), all);
  }
}

} // namespace

std::optional<ProcessInfo> process_info(pid_t pid) {
  std::array<char, 2048> buffer; // NOLINT(*-member-init): read fills what is used
  const std::string_view text = read_short(path_of(pid, "stat"), buffer);
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
  const auto ticks = number_in<long long>(field(14)) + number_in<long long>(field(15));
  return ProcessInfo{.pid = pid,
                     .parent = number_in<pid_t>(field(4)),
                     .group = number_in<pid_t>(field(5)),
                     .session = number_in<pid_t>(field(6)),
                     .state = field(3).front(),
                     .name = std::string(text.substr(open + 1, close - open - 1)),
                     .cpu_time =
                         std::chrono::nanoseconds(ticks * (1'000'000'000 / ticks_in_a_second)),
                     .threads = number_in<int>(field(20)),
                     .start_time = number_in<unsigned long long>(field(22)),
                     .exit_code = number_in<int>(field(52))};
}

namespace {

/// Calls `visit` with the pid of each process and the inode number of its folder in /proc.
template <typename Visit>
void for_each_folder_of_proc(Visit visit) {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc"), ::closedir);
  while (const dirent* entry = folder ? ::readdir(folder.get()) : nullptr) {
    const std::string_view name = entry->d_name;
    if (const auto pid = number_in<pid_t>(name); pid > 0) {
      visit(pid, entry->d_ino);
    }
  }
}

/// When each process was started, as seen at the last look of this thread. Looks follow each other
/// by milliseconds, and most processes of a machine are the same and of no interest each time: to
/// list /proc costs less than to read five files in it. The kernel makes the inode of /proc/PID for
/// one process, and a new one for the next that is given this pid.
class StartTimes {
public:
  /// Calls `visit` with each process that was started at `moment` or later, and its ProcessInfo
  /// where it had to be read to find that out, else nullptr.
  template <typename Visit>
  void for_each_since(unsigned long long moment, Visit visit) {
    now_.clear();
    for_each_folder_of_proc([&](pid_t pid, ino_t inode) {
      const auto at = std::ranges::lower_bound(known_, pid, {}, &Known::pid);
      if (at != known_.end() && at->pid == pid && at->inode == inode) {
        now_.push_back(*at);
        if (at->start_time >= moment) {
          visit(Identity{pid, at->start_time}, nullptr);
        }
        return;
      }
      auto info = process_info(pid);
      if (!info) {
        return;
      }
      constexpr ino_t none = 1; // what the kernel gives where it could not make one
      if (inode > none) {
        now_.push_back({.pid = pid, .inode = inode, .start_time = info->start_time});
      }
      if (info->start_time >= moment) {
        visit(Identity{pid, info->start_time}, &*info);
      }
    });
    std::ranges::sort(now_, {}, &Known::pid); // the kernel lists them so, but need not
    known_.swap(now_);
  }

private:
  struct Known {
    pid_t pid;
    ino_t inode;
    unsigned long long start_time;
  };

  std::vector<Known> known_;
  std::vector<Known> now_;
};

StartTimes& start_times() {
  thread_local StartTimes the_start_times;
  return the_start_times;
}

/// Of a process that is gone: 0, which is before all others. No child is older than its parent.
unsigned long long start_time_of(pid_t pid) {
  const auto info = process_info(pid);
  return info ? info->start_time : 0;
}

} // namespace

Load system_load() {
  // "0.20 0.18 0.12 1/80 11206": those that run, and all; the last is the newest pid.
  std::array<char, 128> buffer; // NOLINT(*-member-init): read fills what is used
  const auto words = words_of(read_short("/proc/loadavg", buffer));
  if (words.size() < 5) {
    return {};
  }
  return {.tasks = number_in<std::size_t>(
              words[3].substr(std::min(words[3].find('/') + 1, words[3].size()))),
          .newest_pid = number_in<pid_t>(words[4])};
}

std::vector<pid_t> all_pids() {
  std::vector<pid_t> pids;
  for_each_folder_of_proc([&](pid_t pid, ino_t) { pids.push_back(pid); });
  return pids;
}

std::vector<Identity> identities_since(unsigned long long start_time) {
  std::vector<Identity> identities;
  start_times().for_each_since(start_time, [&](const Identity& identity, const ProcessInfo*) {
    identities.push_back(identity);
  });
  return identities;
}

std::vector<ProcessInfo> processes_since(unsigned long long start_time,
                                         const std::function<bool(const Identity&)>& skip) {
  std::vector<ProcessInfo> processes;
  start_times().for_each_since(start_time, [&](const Identity& identity, const ProcessInfo* info) {
    if (skip && skip(identity)) {
      return;
    }
    if (auto seen = info != nullptr ? std::optional(*info) : process_info(identity.first)) {
      processes.push_back(std::move(*seen));
    }
  });
  sort_by_age(processes);
  return processes;
}

std::vector<ProcessInfo> all_processes() {
  return processes_since(0);
}

std::vector<ProcessInfo> children_of(pid_t pid) {
  auto processes = processes_since(start_time_of(pid));
  std::erase_if(processes, [&](const ProcessInfo& process) { return process.parent != pid; });
  return processes;
}

std::vector<ProcessInfo> descendants_of(pid_t pid, const std::vector<ProcessInfo>& all) {
  std::multimap<pid_t, const ProcessInfo*> by_parent;
  for (const ProcessInfo& process : all) {
    by_parent.emplace(process.parent, &process);
  }
  std::vector<ProcessInfo> found;
  std::vector<pid_t> to_visit{pid};
  std::set<pid_t> visited{pid}; // the list is no snapshot: a pid may have been given twice
  while (!to_visit.empty()) {
    const pid_t parent = to_visit.back();
    to_visit.pop_back();
    const auto [first, last] = by_parent.equal_range(parent);
    for (auto child = first; child != last; ++child) {
      if (visited.insert(child->second->pid).second) {
        found.push_back(*child->second);
        to_visit.push_back(child->second->pid);
      }
    }
  }
  sort_by_age(found);
  return found;
}

std::vector<ProcessInfo> descendants_of(pid_t pid) {
  return descendants_of(pid, processes_since(start_time_of(pid)));
}

std::vector<std::string> environment_of(pid_t pid) {
  const std::string path = path_of(pid, "environ");
  auto text = read_file(path);
  if (!text && denied_to_root(errno)) {
    const AsOwnerOf owner(pid);
    text = read_file(path);
  }
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

std::vector<DescriptorInfo> descriptors_of(pid_t pid) {
  return visible_descriptors_of(pid).value_or(std::vector<DescriptorInfo>());
}

std::optional<std::vector<DescriptorInfo>> visible_descriptors_of(pid_t pid) {
  std::vector<DescriptorInfo> descriptors;
  bool seen = list_descriptors(pid, descriptors);
  if (!seen && ::geteuid() == 0) {
    const AsOwnerOf owner(pid);
    descriptors.clear();
    seen = list_descriptors(pid, descriptors);
  }
  if (!seen) {
    // The folder of a zombie's descriptors is root's, and empty.
    const auto info = process_info(pid);
    return info && !info->zombie() ? std::nullopt : std::optional(descriptors);
  }
  std::sort(descriptors.begin(), descriptors.end(),
            [](const DescriptorInfo& a, const DescriptorInfo& b) { return a.fd < b.fd; });
  return descriptors;
}

std::string socket_protocol(pid_t pid, int fd) {
  std::array<char, 64> name{};
  const ssize_t size = ::getxattr(path_of(pid, "fd/" + std::to_string(fd)).c_str(),
                                  "system.sockprotoname", name.data(), name.size() - 1);
  return size > 0 ? name.data() : "";
}

bool may_inspect(pid_t pid) {
  constexpr unsigned cap_sys_ptrace = 19; // linux/capability.h
  const auto own = read_file("/proc/self/status");
  const auto other = read_file(path_of(pid, "status"));
  if (!own || !other) {
    return false;
  }
  const auto powers = number_in<std::uint64_t>(value_in(*own, "CapEff"), 16);
  if (((powers >> cap_sys_ptrace) & 1) != 0) {
    return true;
  }
  // Real, effective and saved id have to be those that count for us, as ptrace(2) says.
  const auto are = [&](std::string_view key, unsigned id) {
    const auto ids = words_of(value_in(*other, key));
    return ids.size() > 2 && number_in<unsigned>(ids[0]) == id &&
           number_in<unsigned>(ids[1]) == id && number_in<unsigned>(ids[2]) == id;
  };
  return are("Uid", ::geteuid()) && are("Gid", ::getegid());
}

bool in_other_network(pid_t pid) {
  const auto own = target_of("/proc/self/ns/net");
  const auto other = target_of(path_of(pid, "ns/net"));
  return !own.empty() && !other.empty() && own != other;
}

std::string executable_of(pid_t pid) {
  return target_of(path_of(pid, "exe"));
}

std::string_view name_of(TcpState state) {
  constexpr std::array<std::string_view, 13> names{
      "?",      "ESTABLISHED", "SYN_SENT", "SYN_RECEIVED", "FIN_WAIT_1", "FIN_WAIT_2",  "TIME_WAIT",
      "CLOSED", "CLOSE_WAIT",  "LAST_ACK", "LISTEN",       "CLOSING",    "SYN_RECEIVED"};
  const auto number = static_cast<std::size_t>(state);
  return number < names.size() ? names[number] : names[0];
}

std::string describe(const SocketInfo& socket) {
  std::string text(name_of(socket.state));
  text += " " + endpoint(socket.local_address, socket.local_port);
  if (socket.state != TcpState::listen) {
    text += " <-> " + endpoint(socket.remote_address, socket.remote_port);
  }
  return text;
}

std::vector<SocketInfo> tcp_sockets(pid_t in_namespace_of) {
  std::vector<SocketInfo> sockets;
  auto told =
      in_namespace_of == 0 || !in_other_network(in_namespace_of) ? ask_for_all() : std::nullopt;
  if (told) {
    sockets = std::move(*told);
  } else {
    const std::string folder =
        "/proc/" + (in_namespace_of == 0 ? "self" : std::to_string(in_namespace_of)) + "/net/";
    add_sockets(sockets, folder + "tcp", false);
    add_sockets(sockets, folder + "tcp6", true);
  }
  // Where others have appeared since the read before, the kernel goes on too early in its table,
  // and shows some sockets again.
  const auto key = [](const SocketInfo& socket) {
    return std::tie(socket.inode, socket.local_address, socket.local_port, socket.remote_address,
                    socket.remote_port);
  };
  std::set<decltype(key(sockets.front()))> seen;
  std::vector<SocketInfo> once;
  once.reserve(sockets.size());
  for (const SocketInfo& socket : sockets) {
    if (seen.insert(key(socket)).second) {
      once.push_back(socket);
    }
  }
  return once;
}

std::vector<SocketInfo> sockets_of(pid_t pid) {
  std::set<unsigned long> held;
  for (const DescriptorInfo& descriptor : descriptors_of(pid)) {
    if (descriptor.kind == DescriptorInfo::Kind::socket) {
      held.insert(descriptor.inode);
    }
  }
  if (held.empty()) {
    return {};
  }
  auto sockets = tcp_sockets(pid);
  std::erase_if(sockets, [&](const SocketInfo& socket) { return !held.contains(socket.inode); });
  return sockets;
}

std::optional<SocketInfo> listening_socket_of(pid_t pid) {
  for (SocketInfo& socket : sockets_of(pid)) {
    if (socket.state == TcpState::listen) {
      return std::move(socket);
    }
  }
  return std::nullopt;
}

bool catches_signal(pid_t pid, int signal) {
  return in_mask(pid, "SigCgt", signal);
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
  std::error_code error;
  std::filesystem::directory_iterator thread(path_of(pid, "task"), error);
  while (!error && thread != std::filesystem::directory_iterator()) {
    const std::string folder = thread->path().string();
    if (const auto status = read_file(folder + "/status")) {
      any = true;
      use.switches +=
          number_in<unsigned long long>(value_in(*status, "voluntary_ctxt_switches")) +
          number_in<unsigned long long>(value_in(*status, "nonvoluntary_ctxt_switches"));
    }
    if (const auto times = read_file(folder + "/schedstat")) {
      use.run_time += std::chrono::nanoseconds(number_in<long long>(*times));
    }
    thread.increment(error);
  }
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
  const std::string path = path_of(pid, "smaps_rollup");
  auto text = read_file(path);
  if (!text && denied(errno)) {
    const AsOwnerOf owner(pid);
    text = read_file(path);
  }
  if (!text || text->empty()) {
    return std::nullopt;
  }
  const auto bytes = [&](std::string_view key) { // `Pss:                 716 kB`
    return number_in<std::size_t>(value_in(*text, key)) * 1024;
  };
  return MemoryUse{.resident = bytes("Rss"),
                   .proportional = bytes("Pss"),
                   .unshared = bytes("Private_Clean") + bytes("Private_Dirty"),
                   .anonymous = bytes("Anonymous")};
}

namespace {

/// The lists of children of all threads, one after the other; nothing where the kernel has none.
std::optional<std::string> lists_of_children(pid_t pid) {
  std::optional<std::string> all;
  std::error_code error;
  std::filesystem::directory_iterator thread(path_of(pid, "task"), error);
  while (!error && thread != std::filesystem::directory_iterator()) {
    if (const auto list = read_file((thread->path() / "children").string())) {
      all = all.value_or("") + *list;
    }
    thread.increment(error);
  }
  return all;
}

} // namespace

bool has_children(pid_t pid) {
  const auto lists = lists_of_children(pid);
  return lists ? !lists->empty() : !children_of(pid).empty(); // without CONFIG_PROC_CHILDREN
}

std::vector<pid_t> some_children_of(pid_t pid) {
  std::vector<pid_t> children;
  if (const auto lists = lists_of_children(pid)) {
    for (const std::string_view word : words_of(*lists)) {
      children.push_back(number_in<pid_t>(word));
    }
  } else {
    for (const ProcessInfo& child : children_of(pid)) {
      children.push_back(child.pid);
    }
  }
  return children;
}

std::string_view name_of_state(char state) {
  switch (state) {
  case 'R':
    return "running";
  case 'S':
    return "sleeping";
  case 'D':
    return "in a wait that no signal ends";
  case 'T':
    return "stopped";
  case 't':
    return "stopped by a debugger";
  case 'Z':
    return "zombie";
  case 'X':
    return "dead";
  case 'I':
    return "idle";
  default:
    return "in an unknown state";
  }
}

std::string describe(pid_t pid) {
  const auto info = process_info(pid);
  if (!info) {
    return std::to_string(pid) + ": no such process";
  }
  std::string line = line_for(*info);
  const auto descriptors = descriptors_of(pid);
  if (descriptors.empty()) {
    return line;
  }
  std::map<unsigned long, SocketInfo> sockets;
  for (SocketInfo& socket : tcp_sockets(pid)) {
    sockets.emplace(socket.inode, std::move(socket));
  }
  std::string_view separator = "; descriptors ";
  for (const DescriptorInfo& descriptor : descriptors) {
    line += separator;
    line += std::to_string(descriptor.fd) + " ";
    const auto socket = descriptor.kind == DescriptorInfo::Kind::socket
                            ? sockets.find(descriptor.inode)
                            : sockets.end();
    line += socket != sockets.end() ? describe(socket->second) : descriptor.target;
    separator = ", ";
  }
  return line;
}

std::string process_table(pid_t root) {
  const auto all = processes_since(start_time_of(root));
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const ProcessInfo& process) { return process.pid == root; });
  if (found == all.end()) {
    return std::to_string(root) + ": no such process\n";
  }
  std::string table;
  // Only its descendants, so that a changing list cannot make the drawing go round in circles.
  draw(table, *found, "", "", descendants_of(root, all));
  return table;
}

std::string process_table(const std::vector<ProcessInfo>& processes) {
  std::string table;
  for (const ProcessInfo& process : processes) {
    table += line_for(process) + "\n";
  }
  return table.empty() ? "none\n" : table;
}

} // namespace lab
