// Starting a program: what the child does between fork and exec, and the ends of pipes and
// terminals that it gets.
#pragma once

#include "harness/fd.hpp"

#include <array>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/resource.h>
#include <sys/types.h>

namespace lab {

/// Everything that the child needs between fork and exec. It is made before fork: after it the
/// child may call only async-signal-safe functions, because we may have threads (fork(2)).
struct Launch {
  const char* path = nullptr;
  int program = -1; // the same file, open
  std::vector<char*> arguments;
  std::vector<char*> environment;
  std::array<int, 3> standard{-1, -1, -1}; // what becomes 0, 1, 2; -1: closed
  bool controlling_terminal = false;
  const char* folder = nullptr;
  std::optional<uid_t> user;
  bool confined = false;
  std::optional<int> group; // the entry of a control group, which it is to be in
  bool stays = false;       // of one that is confined: it cannot become another program
  std::vector<std::pair<__rlimit_resource, rlimit>> limits;
  pid_t parent = -1;
  int report = -1; // where a failure goes; launch() sees to it
};

/// Starts the program in a child of ours. `started` is called with the child's id, before it is
/// known whether exec succeeds. Throws Failure if the program cannot be run, std::system_error if
/// another call fails.
void launch(Launch& launch, const std::function<void(pid_t)>& started);

/// Opens the program's file, so that execveat(2) can run it also for a user who may not go into its
/// folder. If that user may not read the file either, this is a copy of it in memory.
Fd open_program(const std::filesystem::path& program, bool for_another_user);

struct Pipe {
  Fd read;
  Fd write;
  std::size_t packet_size = 0; // of a full one, in packet mode
};

Pipe make_pipe(bool packets);

void set_nonblocking(const Fd& fd);

/// Makes the pipe as large as the kernel allows. In packet mode each write takes a whole page,
/// however small it is.
void enlarge(const Fd& pipe);

/// A pseudo-terminal that neither echoes nor turns \n into \r\n.
struct Terminal {
  Fd master;
  Fd slave;
};

Terminal make_terminal(std::optional<uid_t> user);

/// write(2) that does not raise SIGPIPE in this process. (What SIGPIPE does in this process, the
/// harness must not change.)
ssize_t write_quietly(int fd, std::string_view data);

} // namespace lab
