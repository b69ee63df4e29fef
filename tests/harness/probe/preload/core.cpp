#include "harness/probe/preload/core.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <ctime>

#include <fcntl.h>
#include <link.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace lab::probe {

constinit std::atomic<Shared*> shared = nullptr;
constinit thread_local Thread here{};

namespace {

constexpr std::uint32_t most_shown = 200; // faults of one rule that are recorded

// Written by constructors and by the child of a fork, before there is a second thread.
bool root = false;
std::array<std::atomic<std::uint32_t>, most_rules> seen_here{};

// The id of this process, on a page of which each child gets an empty one. (getpid(2) would cost as
// much as a short call that is recorded.) nullptr where there is no such page.
std::atomic<std::atomic<pid_t>*> known_id = nullptr;

void make_page_of_id() noexcept {
  const auto size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  void* const page =
      mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page != MAP_FAILED && madvise(page, size, MADV_WIPEONFORK) == 0) { // since Linux 4.14
    known_id.store(static_cast<std::atomic<pid_t>*>(page), std::memory_order_relaxed);
  }
}

pid_t own_id() noexcept {
  std::atomic<pid_t>* const known = known_id.load(std::memory_order_relaxed);
  if (known == nullptr) {
    return getpid();
  }
  pid_t id = known->load(std::memory_order_relaxed);
  if (id == 0) {
    id = getpid();
    known->store(id, std::memory_order_relaxed);
  }
  return id;
}

// Where code is in memory: that of this library, and that of the program.
struct Code {
  std::uintptr_t base = 0; // what is added to the addresses in its file
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;

  [[nodiscard]] bool has(std::uintptr_t address) const noexcept {
    return address >= begin && address < end;
  }
};

Code ours;
Code programs;

// A bit for each signal that has a handler, and for each whose handler breaks calls: no SA_RESTART.
std::atomic<std::uint64_t> handled = 0;
std::atomic<std::uint64_t> breaking = 0;

template <std::size_t Size>
Record* append(List<Size>& list, const Facts& facts, std::uint32_t ready) noexcept {
  const std::uint32_t place = list.used.fetch_add(1, std::memory_order_relaxed);
  if (place >= Size) {
    return nullptr;
  }
  list.records[place].facts = facts;
  list.records[place].ready.store(ready, std::memory_order_release);
  return &list.records[place];
}

bool is_stream(int fd) noexcept {
  int type = 0;
  socklen_t size = sizeof type;
  return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == -1 || type == SOCK_STREAM;
}

bool is_file(int fd) noexcept {
  struct stat status {};

  return fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

// poll(2) and its like are never restarted.
bool a_signal_could_interrupt(Group group) noexcept {
  return (group == Group::poll ? handled : breaking).load(std::memory_order_relaxed) != 0;
}

bool applies(const Rule& rule, Group group, int fd, bool can_be_interrupted,
             bool can_be_cut) noexcept {
  if (rule.group != group || (rule.role != Role::any && (rule.role == Role::parent) != root)) {
    return false;
  }
  if (rule.descriptor != Descriptor::any && !is(rule.descriptor, fd)) {
    return false;
  }
  if (rule.most != 0) {
    return can_be_cut && is_stream(fd);
  }
  if (rule.error == EINTR) {
    return can_be_interrupted && (fd == -1 || !is_file(fd)) &&
           (!rule.only_if_real || a_signal_could_interrupt(group));
  }
  return true;
}

bool is_turn(Rule& rule, std::size_t index) noexcept {
  auto& counter = rule.per_process ? seen_here[index] : rule.seen;
  const std::uint32_t number = counter.fetch_add(1, std::memory_order_relaxed) + 1;
  return number >= rule.first && (rule.last == 0 || number <= rule.last) &&
         number % rule.every == 0;
}

void at_end(int status, void* /*unused*/) {
  Facts facts{};
  facts.what = What::end;
  facts.arguments[0] = status;
  add(facts, false);
  hold_exit();
}

// The descriptor is open for a moment before main: the program never sees it.
Shared* map(const char* path) noexcept {
  const int fd = open(path, O_RDWR | O_CLOEXEC);
  if (fd == -1) {
    return nullptr;
  }

  struct stat status {};

  void* memory = MAP_FAILED;
  if (fstat(fd, &status) == 0 && status.st_size >= static_cast<off_t>(sizeof(Shared))) {
    memory = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  }
  close(fd);
  if (memory == MAP_FAILED) {
    return nullptr;
  }
  auto* const result = static_cast<Shared*>(memory);
  if (result->film) { // else the first touch of each page would cost more than the record in it
    const KeepErrno keep;
    madvise(memory, sizeof(Shared), MADV_POPULATE_WRITE); // not before Linux 5.14
  }
  return result->version == version ? result : nullptr;
}

// Handlers run meanwhile, as they would in the program.
void wait_at(Gate& gate, const std::atomic<std::uint32_t>* all_open) noexcept {
  const KeepErrno keep;
  gate.pid.store(getpid());
  while (gate.open.load() == 0 && (all_open == nullptr || all_open->load() == 0)) {
    syscall(SYS_futex, &gate.open, FUTEX_WAIT, 0, nullptr, nullptr, 0);
  }
}

int find_code(dl_phdr_info* info, std::size_t /*size*/, void* first) noexcept {
  Code code{.base = info->dlpi_addr};
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto& part = info->dlpi_phdr[i];
    if (part.p_type == PT_LOAD && (part.p_flags & PF_X) != 0) {
      const std::uintptr_t begin = code.base + part.p_vaddr;
      code.begin = code.end == 0 ? begin : std::min(code.begin, begin);
      code.end = std::max(code.end, begin + part.p_memsz);
    }
  }
  if (code.has(reinterpret_cast<std::uintptr_t>(&find_code))) {
    ours = code;
  } else if (*static_cast<bool*>(first)) {
    programs = code;
  }
  *static_cast<bool*>(first) = false; // the first is the program
  return 0;
}

// The call of the program that has led here. Each frame up to it is one of this library, which
// keeps its frame pointers. 0 where it is a call of another library.
std::int64_t find_caller() noexcept {
  constexpr int most = 16;

  struct FrameRecord {
    const FrameRecord* outer;
    std::uintptr_t returns_to;
  };

  const auto* frame = static_cast<const FrameRecord*>(__builtin_frame_address(0));
  for (int i = 0; i < most; ++i) {
    const std::uintptr_t returns_to = frame->returns_to;
    if (!ours.has(returns_to)) {
      return programs.has(returns_to) ? static_cast<std::int64_t>(returns_to - 1 - programs.base)
                                      : 0;
    }
    if (frame->outer <= frame) {
      return 0;
    }
    frame = frame->outer;
  }
  return 0;
}

// What the program has got by exec, or from the process that started it.
void record_sockets() noexcept {
  constexpr int most = 256;
  for (int fd = 0; filming() && fd < most; ++fd) {
    if (is(Descriptor::socket, fd)) {
      int listens = 0;
      socklen_t size = sizeof listens;
      getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size);
      Facts facts{};
      facts.what = What::holds;
      facts.arguments = {fd, port_of(fd), listens};
      add(facts, false);
    }
  }
}

[[gnu::constructor]] void begin() {
  const KeepErrno keep;
  const char* const path = secure_getenv(variable);
  Shared* const memory = path == nullptr ? nullptr : map(path);
  if (memory == nullptr) {
    return;
  }
  bool first = true;
  dl_iterate_phdr(find_code, &first);
  make_page_of_id();
  root = getppid() == memory->checker;
  shared.store(memory, std::memory_order_release);
  memory->programs.fetch_add(1, std::memory_order_relaxed);
  Facts facts{};
  facts.what = What::begin;
  facts.arguments[0] = getppid();
  facts.flags = root ? flag_root : 0;
  copy_text(facts.text, program_invocation_short_name);
  add(facts, false);
  record_sockets();
  on_exit(at_end, nullptr);
  dlerror(); // what dlsym had to say of functions that this program does not have
}

} // namespace

std::int64_t now() noexcept {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

Record* add(Facts facts, bool finding, std::uint32_t ready) noexcept {
  Shared* const memory = shared.load(std::memory_order_acquire);
  if (memory == nullptr) {
    return nullptr;
  }
  const KeepErrno keep;
  facts.pid = own_id();
  facts.caller = find_caller();
  if (facts.time == 0) {
    facts.time = now();
  }
  if (const Frame* const frame = here.frame; frame != nullptr) {
    facts.signal = frame->signal;
    facts.flags |= frame->unblocked ? flag_unblocked : 0;
    copy_text(facts.interrupted, frame->interrupted);
  }
  return finding ? append(memory->findings, facts, ready) : append(memory->calls, facts, ready);
}

bool is(Descriptor wanted, int fd) noexcept {
  struct stat status {};

  return fstat(fd, &status) == 0 &&
         (wanted == Descriptor::socket ? S_ISSOCK(status.st_mode) : S_ISFIFO(status.st_mode));
}

int port_of(int fd) noexcept {
  const KeepErrno keep;
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return 0;
  }
  if (address.ss_family == AF_INET) {
    return ntohs(reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
  }
  return address.ss_family == AF_INET6
             ? ntohs(reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port)
             : 0;
}

void share_memory() noexcept {
  known_id.store(nullptr, std::memory_order_relaxed);
}

void begin_child() noexcept {
  root = false;
  for (auto& counter : seen_here) {
    counter.store(0, std::memory_order_relaxed);
  }
  Facts facts{};
  facts.what = What::born;
  facts.arguments[0] = getppid();
  add(facts, false);
  Shared* const memory = shared.load(std::memory_order_acquire);
  if (memory != nullptr && memory->hold_children) {
    if (const std::uint32_t place = memory->gates_used.fetch_add(1); place < most_gates) {
      wait_at(memory->gates[place], &memory->all_open);
    }
  }
}

void hold_exit() noexcept {
  Shared* const memory = shared.load(std::memory_order_acquire);
  if (memory != nullptr && memory->hold_exits && !root) {
    closefrom(STDERR_FILENO + 1);
    if (const std::uint32_t place = memory->gates_used.fetch_add(1); place < most_gates) {
      wait_at(memory->gates[place], &memory->all_open);
    }
  }
}

void hold_parent() noexcept {
  Shared* const memory = shared.load(std::memory_order_acquire);
  if (memory != nullptr && memory->hold_parent && root && memory->parent_gate.pid.load() == 0) {
    wait_at(memory->parent_gate, nullptr);
  }
}

namespace {

// How many of the bytes that a call asks for the rule still pretends to move.
std::uint64_t pretend(Rule& rule, std::uint64_t asked) noexcept {
  std::uint64_t before = rule.pretended.load(std::memory_order_relaxed);
  std::uint64_t now = 0;
  do {
    now = std::min(asked, rule.most - before);
  } while (!rule.pretended.compare_exchange_weak(before, before + now, std::memory_order_relaxed));
  return now;
}

} // namespace

Fault find_fault(Group group, int fd, std::size_t asked, bool can_be_interrupted,
                 bool can_be_cut) noexcept {
  const KeepErrno keep;
  Shared* const memory = shared.load(std::memory_order_acquire);
  Fault result;
  Rule* chosen = nullptr;
  for (std::size_t i = 0; i < memory->rule_count; ++i) {
    Rule& rule = memory->rules[i];
    if (!applies(rule, group, fd, can_be_interrupted, can_be_cut) || !is_turn(rule, i) ||
        chosen != nullptr) {
      continue;
    }
    const std::uint64_t most = rule.pretend ? pretend(rule, asked) : rule.most;
    if (rule.error != 0 || rule.stop || rule.then_stop ||
        (rule.pretend ? most != 0 : asked > most)) {
      chosen = &rule;
      result = {
          .error = rule.error, .most = most, .pretend = rule.pretend, .then_stop = rule.then_stop};
    }
  }
  if (chosen != nullptr) {
    result.silent = chosen->injected.fetch_add(1, std::memory_order_relaxed) >= most_shown;
    if (chosen->stop) {
      syscall(SYS_kill, getpid(), SIGSTOP); // in force before it returns
    }
  }
  return result;
}

void note_disposition(int signal, bool is_handled, bool breaks) noexcept {
  const std::uint64_t bit = std::uint64_t{1} << (static_cast<unsigned>(signal - 1) % 64);
  is_handled ? handled.fetch_or(bit, std::memory_order_relaxed)
             : handled.fetch_and(~bit, std::memory_order_relaxed);
  breaks ? breaking.fetch_or(bit, std::memory_order_relaxed)
         : breaking.fetch_and(~bit, std::memory_order_relaxed);
}

} // namespace lab::probe
