// What the checks of all steps share.
#pragma once

#include "checks/check.hpp"
#include "harness/process.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/types.h>

namespace lab {

/// A part of a message: the process tree, drawn only if the message is made. To draw it takes a
/// look at all processes.
struct PictureOf {
  pid_t root;
};

std::ostream& operator<<(std::ostream& out, const PictureOf& picture);

/// xray_of, as a part of a message.
inline PictureOf picture_of(pid_t root) {
  return {root};
}

/// Bytes of all values in an order that `seed` determines: a piece lost, doubled or moved is seen.
std::string pattern(std::size_t size, std::uint64_t seed = 1);

/// What came back must be what was sent.
void expect_same(std::string_view sent, std::string_view back);

/// No report of a sanitizer on standard error.
void expect_clean(const Process& process);

/// Waits for the end of the program, after `what`, which is for the message.
Exit ended(Process& process, std::string_view what, std::chrono::milliseconds limit = soon);

/// As ended, but a program that listens instead is not waited for.
Exit ended_or_listening(Process& process, std::string_view what);

/// The listening sockets of the program and its children.
std::vector<SocketInfo> listeners_of(Process& process);

/// Whether it has ended and left nothing behind; throws Failure with what it left.
void expect_nothing_left(Process& process, std::string_view after);

/// Each line of standard output so far was one write(2). Throws Skipped where the kernel does not
/// keep writes apart.
void expect_whole_lines(const Process& process);

/// Throws Failure unless all of these processes, named by their situation, sleep through one whole
/// window of time, which they share.
void expect_all_idle(const std::vector<std::pair<pid_t, std::string>>& processes);

/// Throws Failure when the process's table of descriptors grows with its clients: each time that
/// `clients` come and go, the process has more than before. What it opens once, and then keeps, is
/// no leak: a runtime may have a pool of its own.
void expect_no_growth(pid_t pid, const std::function<void()>& clients);

/// Throws Skipped where this machine has no ::1.
void needs_ipv6();

/// Waits until nothing that the program has left behind lives any more.
void wait_for_orphans_to_end(Process& process);

/// A command line that is to be refused, and why.
struct Wrong {
  std::vector<std::string> arguments;
  const char* why;
};

/// Each is refused: exit status 2, nothing started, nothing listening.
void expect_refused(const std::string& program, const std::vector<Wrong>& wrong);

/// Whether standard error has a line `usage: NAME ARGUMENTS`, or one with any arguments where none
/// are given. NAME is the program's, or the path by which it was started.
bool says_usage(const Process& process, std::string_view arguments = {});

/// Each is answered by a line `usage: NAME ...` on standard error.
void expect_usage(const std::string& program, const std::vector<Wrong>& wrong);

/// Where fork fails, because there may be no more than `processes`, it says `NAME: fork: REASON` on
/// standard error and ends with status 1, and the children that it has started by then end as well.
/// Throws Skipped where fork cannot be made fail.
void expect_fork_report(const std::string& program, const std::vector<std::string>& arguments,
                        unsigned processes = 1);

/// The whole numbers in a line of output, in order; those too large are left out.
std::vector<long> numbers_in(std::string_view line);

/// Whether `number` stands in the line, and not as a part of another.
bool has_number(std::string_view line, std::string_view number);

/// A folder that goes with the object, and what is in it.
class Folder {
public:
  Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  Folder(Folder&&) = delete;
  Folder& operator=(Folder&&) = delete;
  ~Folder();

  [[nodiscard]] std::string path() const { return path_.string(); }

  /// The names in it, with spaces between them.
  [[nodiscard]] std::string list() const;

private:
  std::filesystem::path path_;
};

} // namespace lab
