#include "tools/grade/protections.hpp"

#include "harness/call_filter.hpp"
#include "harness/fd.hpp"
#include "tools/grade/command.hpp"
#include "tools/grade/files.hpp"
#include "tools/grade/landlock.hpp"
#include "tools/grade/mounts.hpp"
#include "tools/grade/namespaces.hpp"
#include "tools/grade/seccomp.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <exception>
#include <system_error>

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lab::grade {

namespace fs = std::filesystem;

namespace {

/// What a child says of the attempt: nothing where all went well.
template <typename Attempt>
std::string tried(unsigned long namespaces, Attempt attempt) {
  const auto [read_end, write_end] = make_pipe();
  std::array<int, 2> go{-1, -1};
  or_throw(::pipe2(go.data(), O_CLOEXEC), "pipe2");
  const Fd go_read(go[0]);
  Fd go_write(go[1]);
  const pid_t child = fork_into(namespaces);
  if (child == 0) {
    try {
      char byte = 0;
      if (::read(go_read.get(), &byte, 1) == 1) {
        attempt();
        ::_exit(0);
      }
    } catch (const std::exception& error) {
      write_all(write_end.get(), error.what());
    }
    ::_exit(1);
  }
  if (child == -1) {
    return "clone: " + std::generic_category().message(errno);
  }
  std::string reason;
  try {
    if ((namespaces & CLONE_NEWUSER) != 0) {
      map_users(child);
    }
    write_all(go_write.get(), "g");
  } catch (const std::exception& error) {
    reason = error.what();
    go_write.close();
  }
  int status = 0;
  while (::waitpid(child, &status, 0) == -1 && errno == EINTR) {
  }
  if (status == 0 && reason.empty()) {
    return "";
  }
  std::array<char, 500> text{};
  const ssize_t got = ::read(read_end.get(), text.data(), text.size());
  if (got > 0) {
    reason.assign(text.data(), static_cast<std::size_t>(got));
  }
  return reason.empty() ? "the attempt failed" : reason;
}

} // namespace

Protections find_protections(const fs::path& workspace) {
  Protections found;
  found.other_user = ::geteuid() == 0 && tried(0, [] {
                                           constexpr uid_t somebody = 65534;
                                           become(somebody);
                                         }).empty();
  const auto mounts = [&] { mount_root(workspace / "root", {}, std::size_t{1} << 20, true); };
  constexpr unsigned long own = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS;
  found.why_no_namespaces = tried(own, mounts);
  if (!found.why_no_namespaces.empty() && tried(own | CLONE_NEWUSER, mounts).empty()) {
    found.user_namespace = true;
    found.why_no_namespaces.clear();
  }
  found.namespaces = found.why_no_namespaces.empty();
  const unsigned long user = found.user_namespace && found.namespaces ? CLONE_NEWUSER : 0UL;
  found.why_no_network = tried(CLONE_NEWNET | user, raise_loopback);
  found.network = found.why_no_network.empty();
  const int version = landlock_version();
  found.file_rules = version >= 1;
  found.signal_rules = version >= 6;
  found.call_filter =
      CallFilter::knows_calls() && tried(0, [] {
                                     or_throw(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl");
                                     filter_calls(false);
                                   }).empty();
  return found;
}

std::vector<std::string> Protections::missing() const {
  std::vector<std::string> lines;
  if (!namespaces) {
    lines.push_back("no namespaces of their own for files, processes and IPC (" +
                    why_no_namespaces + ")" +
                    (file_rules ? "; landlock keeps submissions to their own files"
                                : "; submissions can read what any user here can read, solutions "
                                  "and classmates' files among it"));
  }
  if (!network) {
    lines.push_back("no network of their own (" + why_no_network +
                    "): submissions can use the network of this machine. One is checked at a time, "
                    "because classmates could change each other's marks by connecting to each "
                    "other's servers");
  }
  if (::geteuid() == 0 && !other_user) {
    lines.emplace_back("root may not become another user here: submissions run as root, without "
                       "capabilities, and what they leave in /tmp the next one finds");
  }
  if (!other_user && !signal_rules && !namespaces) {
    lines.emplace_back(
        "submissions run as the same user as the grader, and nothing keeps them from "
        "signalling it: they can change each other's marks here, and end the grading. Run it as "
        "root, or in a container");
  }
  if (!call_filter) {
    lines.emplace_back("no filter for system calls (seccomp): a program can hide from checks that "
                       "look into it, and get marks that it has not earned");
  }
  return lines;
}

} // namespace lab::grade
