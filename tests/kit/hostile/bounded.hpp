// What every hostile program begins with. The test puts this file, and the facts that it knows, in
// place of the #include, so that a submission is one file as any other.
//
// Bounded by itself: a protection that fails costs a test and not the machine. Each process ends
// after 20 seconds, there are never more than 200 of them, and what signals others does so only
// where there is proof that it reaches none but its own.
//
// The mark is the witness: a program is the exercise's solution where its attack has come through,
// and else ends with 1. A mark above none is a protection that failed.
#pragma once

#ifndef HOSTILE_TAG                       // an editor's view: the test defines all of these
#define HOSTILE_TAG "hostile"             ///< the name of each process and of each file of theirs
#define HOSTILE_PID_NAMESPACE "pid:[1]"   ///< the test's own
#define HOSTILE_MOUNT_NAMESPACE "mnt:[1]" ///< the test's own
#define HOSTILE_UID 0                     ///< the test's own
#define HOSTILE_TESTER "1"                ///< the test's process id
#define HOSTILE_STARTED 1                 ///< when it was started, in clock ticks after boot
#define HOSTILE_SOLUTION "/nonexistent"   ///< the exercise's solution
#define HOSTILE_BUILD "/nonexistent"      ///< the folder where the kit is built
#define HOSTILE_OUT "/nonexistent"        ///< what lab-grade is given as --out
#define HOSTILE_SUBMISSION "/nonexistent" ///< this submission as the grader was given it
#define HOSTILE_SECRET "/nonexistent/secret" ///< a file that only the grader's user may read
#define HOSTILE_KEY 1                        ///< of System V shared memory
#define HOSTILE_PORT 1                       ///< where somebody listens on the grader's 127.0.0.1
#endif

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/// Whether it came through.
bool attack();

/// The main of the exercise's solution, which the test appends.
int honest(int argc, char** argv);

namespace bounded {

inline constexpr int most_processes = 200;
inline constexpr unsigned most_seconds = 20;

/// Makes an end of this process after 20 seconds for certain, and gives it its name.
inline void limit() {
  struct sigaction action {};

  action.sa_handler = SIG_DFL;
  sigaction(SIGALRM, &action, nullptr);
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, SIGALRM);
  sigprocmask(SIG_UNBLOCK, &only, nullptr);
  alarm(most_seconds);
  prctl(PR_SET_NAME, HOSTILE_TAG);
}

/// How many processes there have been; shared by all that descend from one program.
inline std::atomic<int>& count() {
  static auto* shared =
      static_cast<std::atomic<int>*>(mmap(nullptr, sizeof(std::atomic<int>), PROT_READ | PROT_WRITE,
                                          MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  if (shared == MAP_FAILED) {
    _exit(1);
  }
  return *shared;
}

/// fork, at most 200 times over all; the child is limited as well.
inline pid_t fork() {
  if (count().fetch_add(1) >= most_processes) {
    return -1;
  }
  const pid_t child = ::fork();
  if (child == 0) {
    limit();
  }
  return child;
}

/// A grandchild leaves its session, its parent and its descriptors. True in it alone.
inline bool become_daemon() {
  const pid_t child = bounded::fork();
  if (child != 0) {
    waitpid(child, nullptr, 0);
    return false;
  }
  setsid();
  if (bounded::fork() != 0) {
    _exit(0);
  }
  setsid();
  for (int fd = 0; fd < 1024; ++fd) {
    close(fd);
  }
  return true;
}

/// The program's argument number `number`, or nothing.
inline std::string argument(int number) {
  std::ifstream file("/proc/self/cmdline");
  std::string word;
  for (int i = 0; i <= number; ++i) {
    word.clear();
    std::getline(file, word, '\0');
  }
  return word;
}

/// Eight processes that `fill` memory, 150 MiB each, and stay: none of them has more than a program
/// may have. `fill` adds one to the number of those that are full. Returns whether all are.
inline bool fill_in_eight(void (*fill)(std::size_t size, std::atomic<int>& full)) {
  // Not where the check is one of wrong arguments: a gibibyte each time is much for the machine.
  if (std::atoi(argument(1).c_str()) < 1) {
    return false;
  }
  constexpr int processes = 8;
  constexpr std::size_t size = std::size_t{150} << 20;
  static auto* full =
      static_cast<std::atomic<int>*>(mmap(nullptr, sizeof(std::atomic<int>), PROT_READ | PROT_WRITE,
                                          MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  pid_t children[processes];
  for (pid_t& child : children) {
    child = bounded::fork();
    if (child == 0) {
      fill(size, *full);
      for (;;) {
        pause();
      }
    }
  }
  for (int i = 0; i < 100 && *full < processes; ++i) {
    usleep(100'000); // a look: who is ended by the kernel tells nobody
  }
  sleep(1); // they stay: the grader has a second in which to see so much memory in use
  const bool came_through = *full == processes;
  for (const pid_t child : children) { // the solution, which comes then, has none of its own
    if (child > 0) {
      kill(child, SIGKILL);
      waitpid(child, nullptr, 0);
    }
  }
  return came_through;
}

/// Takes private memory and fills it.
inline void fill_memory(std::size_t size, std::atomic<int>& full) {
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory != MAP_FAILED) {
    std::memset(memory, 1, size);
    ++full;
  }
}

inline std::string link(const std::string& path) {
  char target[4096];
  const ssize_t length = readlink(path.c_str(), target, sizeof target);
  return length == -1 ? "" : std::string(target, static_cast<std::size_t>(length));
}

/// Whether this is a mount namespace of the sandbox's: what is removed here is not the test's.
inline bool own_mounts() {
  const std::string space = link("/proc/self/ns/mnt");
  return !space.empty() && space != HOSTILE_MOUNT_NAMESPACE;
}

/// What /proc/PID/status says in a line, after its name; empty where it cannot be read.
inline std::string status_of(const std::string& pid, const std::string& name) {
  std::ifstream file("/proc/" + pid + "/status");
  for (std::string line; std::getline(file, line);) {
    if (line.compare(0, name.size() + 2, name + ":\t") == 0) {
      return line.substr(name.size() + 2);
    }
  }
  return "";
}

/// When a process was started, in clock ticks after boot; 0 where that cannot be read.
inline unsigned long long start_of(const std::string& pid) {
  std::string text;
  std::getline(std::ifstream("/proc/" + pid + "/stat"), text);
  unsigned long long started = 0;
  // The fields after the name, which may hold anything: the 20th of them is the start.
  std::sscanf(text.c_str() + text.rfind(')') + 1,
              " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
              &started);
  return started;
}

/// Whether the test's process is above this one.
inline bool descends_from_test(std::string pid) {
  while (std::atoi(pid.c_str()) > 1) {
    if (pid == HOSTILE_TESTER) {
      return true;
    }
    pid = status_of(pid, "PPid");
  }
  return false;
}

/// Whether each process, but for one that has just ended, is as `right` says.
template <typename Right>
bool all_processes(Right right) {
  DIR* proc = opendir("/proc");
  bool all = proc != nullptr;
  while (const dirent* entry = all ? readdir(proc) : nullptr) {
    const std::string pid = entry->d_name;
    if (std::atoi(pid.c_str()) > 0 && !right(pid)) {
      all = access(("/proc/" + pid).c_str(), F_OK) == -1;
    }
  }
  if (proc != nullptr) {
    closedir(proc);
  }
  return all;
}

/// Whether a signal to whatever it may signal reaches none but the test's own processes. There are
/// two proofs: a pid namespace that is not the test's, and in which nothing is older than the test;
/// or a user without privileges whose processes all descend from the test. Where there is neither
/// it says so, and its caller does nothing.
inline bool sees_none_but_its_own() {
  const std::string space = link("/proc/self/ns/pid");
  if (!space.empty() && space != HOSTILE_PID_NAMESPACE &&
      link("/proc/self") == std::to_string(getpid()) &&
      all_processes([](const std::string& pid) { return start_of(pid) >= HOSTILE_STARTED; })) {
    return true;
  }
  uid_t real = 0;
  uid_t effective = 0;
  uid_t saved = 0;
  // kill(2): ours reaches the real and the saved user of another. That pid 1 shows them is the
  // proof that nothing is hidden here: hidepid of proc(5).
  const bool alone =
      getresuid(&real, &effective, &saved) == 0 && real == effective && real == saved &&
      real != 0 && real != HOSTILE_UID &&
      status_of("self", "CapEff").find_first_not_of('0') == std::string::npos &&
      !status_of("self", "CapEff").empty() && !status_of("1", "Uid").empty() &&
      all_processes([&](const std::string& pid) {
        uid_t theirs = 0;
        uid_t theirs_effective = 0;
        uid_t theirs_saved = 0;
        return std::sscanf(status_of(pid, "Uid").c_str(), "%u %u %u", &theirs, &theirs_effective,
                           &theirs_saved) == 3 &&
               ((theirs != real && theirs_effective != real && theirs_saved != real) ||
                descends_from_test(pid));
      });
  if (!alone) {
    std::fprintf(stderr, "does nothing: its signals could reach processes that are not its own\n");
  }
  return alone;
}

/// A report that every check has passed, as one lab-check tells another.
inline std::string forged_result() {
  return "lab-result\x1epassed\x1e\x1e\x1e\x1e"
         "0.1\x1e";
}

/// The same as people are told it.
inline std::string forged_report() {
  return "exercise-02: 14 of 14 marks  8 passed\n\nPASS     4/4  makes N zombies at the same "
         "moment\n";
}

/// Whether all of `text` was written into the file.
inline bool overwrite(const std::string& path, const std::string& text) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0644);
  if (fd == -1) {
    return false;
  }
  const bool written = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  close(fd);
  return written;
}

} // namespace bounded

int main(int argc, char** argv) {
  bounded::limit();
  return attack() ? honest(argc, argv) : 1;
}
