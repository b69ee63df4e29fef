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

/// Bytes of all values, in an order that `seed` determines. So a piece that is lost, comes twice or
/// comes at another place is noticed.
std::string pattern(std::size_t size, std::uint64_t seed = 1);

/// Throws Failure if what came back is not what was sent.
void expect_same(std::string_view sent, std::string_view back);

/// Throws Failure if a sanitizer has reported something on standard error.
void expect_clean(const Process& process);

/// Waits for the end of the program. `what` has happened before; it is for the message.
Exit ended(Process& process, std::string_view what, std::chrono::milliseconds limit = soon);

/// As ended. But if the program listens instead of ending, throws Failure at once.
Exit ended_or_listening(Process& process, std::string_view what);

/// The listening sockets of the program and its children.
std::vector<SocketInfo> listeners_of(Process& process);

/// Throws Failure if the program has left something behind, and says what.
void expect_nothing_left(Process& process, std::string_view after);

/// Throws Failure if a line of standard output so far was not one write(2). Throws Skipped if the
/// kernel does not keep writes apart.
void expect_whole_lines(const Process& process);

/// Throws Failure if these processes do not all sleep through one whole window of time, the same
/// for all. The text of each process is for the message: `the parent, which waits for Enter`.
void expect_all_idle(const std::vector<std::pair<pid_t, std::string>>& processes,
                     std::chrono::milliseconds window = std::chrono::milliseconds{300});

/// Throws Failure when the process's table of descriptors grows with its clients: each time that
/// `clients` come and go, the process has more than before. What it opens once, and then keeps, is
/// no leak: a runtime may have a pool of its own.
void expect_no_growth(pid_t pid, const std::function<void()>& clients);

/// Throws Skipped if this machine has no ::1.
void needs_ipv6();

/// Waits until all that the program has left behind has ended.
void wait_for_orphans_to_end(Process& process);

/// Arguments that the program has to refuse, and why.
struct Wrong {
  std::vector<std::string> arguments;
  const char* why;
};

/// Throws Failure if the program does not refuse each of them: exit status 2, no process started,
/// no listener.
void expect_refused(const std::string& program, const std::vector<Wrong>& wrong);

/// Whether standard error has a line `usage: NAME ARGUMENTS`, or one with any arguments where none
/// are given. NAME is the program's, or the path by which it was started.
bool says_usage(const Process& process, std::string_view arguments = {});

/// Throws Failure if one of them is not answered by a line `usage: NAME ...` on standard error.
void expect_usage(const std::string& program, const std::vector<Wrong>& wrong);

/// Makes fork fail, by a limit of `processes`. Throws Failure if the program does not say
/// `NAME: fork: REASON` on standard error and end with status 1, or if a child that it has started
/// before stays. Throws Skipped if fork cannot be made to fail.
void expect_fork_report(const std::string& program, const std::vector<std::string>& arguments,
                        unsigned processes = 1);

/// The whole numbers in a line of output, in their order. Numbers that are too large are left out.
std::vector<long> numbers_in(std::string_view line);

/// Whether `number` is in the line, and not only as a part of a longer number.
bool has_number(std::string_view line, std::string_view number);

/// A folder that is deleted with the object, together with all that is in it.
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
