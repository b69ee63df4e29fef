// lab-xray [--watch | --svg FILE] [PID...]
//
// The picture on the blackboard, live: the tree of the processes, what each descriptor is, and
// which sockets are held by more than one process. README.md shows one.

#include "harness/fd.hpp"
#include "harness/programs.hpp"
#include "harness/server.hpp"
#include "tools/drawing/picture.hpp"
#include "tools/drawing/svg.hpp"
#include "tools/xray/watch.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>
#include <iterator>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <unistd.h>

namespace {

constexpr std::string_view usage_line = "usage: lab-xray [--watch | --svg FILE] [PID...]\n";

constexpr std::string_view help =
    "\n"
    "Draws who holds what: the processes PID and all that descend from them, with their\n"
    "states; each descriptor; each socket with its peer, half-closed by whom, held by whom\n"
    "else. Without PID: the servers of the lab that are running.\n"
    "\n"
    "  --watch     draws again, in place, when something has changed, and marks what is new\n"
    "              (+) or different (~). Looks 5 times a second. Ends with q or Ctrl-C.\n"
    "  --svg FILE  writes the picture as a drawing; - is standard output\n"
    "\n"
    "Needs no privilege for your own processes. Colour on a terminal alone; NO_COLOR turns it\n"
    "off. Exit status: 1 when a process is not there, 2 for wrong arguments.\n";

struct Arguments {
  bool watch = false;
  bool help = false;
  std::string svg;
  std::vector<pid_t> pids;
};

void write_line(int fd, const std::string& text) {
  std::string_view rest = text;
  while (!rest.empty()) {
    const ssize_t written = ::write(fd, rest.data(), rest.size());
    if (written == -1 && errno != EINTR) {
      lab::throw_errno("write");
    }
    rest.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(written, 0)));
  }
}

/// Nothing, after a line on standard error that says why.
std::optional<Arguments> arguments_of(const std::vector<std::string_view>& words) {
  const auto refuse = [](const std::string& why) {
    write_line(STDERR_FILENO, "lab-xray: " + why + "\n" + std::string(usage_line));
    return std::nullopt;
  };
  Arguments arguments;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string word(words[i]);
    if (word == "--help" || word == "-h") {
      arguments.help = true;
    } else if (word == "--watch") {
      arguments.watch = true;
    } else if (word == "--svg") {
      if (++i == words.size() || words[i].empty()) {
        return refuse("--svg needs the name of a file");
      }
      arguments.svg = words[i];
    } else if (word.starts_with("-")) {
      return refuse("there is no option '" + word + "'");
    } else {
      pid_t pid = 0;
      const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), pid);
      if (error != std::errc() || end != word.data() + word.size() || pid <= 0) {
        return refuse("'" + word + "' is not a process id");
      }
      arguments.pids.push_back(pid);
    }
  }
  if (arguments.watch && !arguments.svg.empty()) {
    return refuse("--watch and --svg do not go together");
  }
  return arguments;
}

/// The folder below which the programs of this build are.
std::filesystem::path build_folder() {
  const auto& folder = lab::program_folder();
  return folder.filename() == "bin" ? folder.parent_path() : folder;
}

/// The processes that run a program of this build and hold a listening socket.
std::vector<pid_t> servers_of_the_lab() {
  std::set<unsigned long> listening;
  for (const lab::SocketInfo& socket : lab::listening_sockets()) {
    listening.insert(socket.inode);
  }
  const std::string below = build_folder().string() + "/";
  std::vector<pid_t> servers;
  for (const pid_t pid : lab::all_pids()) {
    if (pid == ::getpid() || !lab::executable_of(pid).starts_with(below)) {
      continue;
    }
    const auto descriptors = lab::descriptors_of(pid);
    if (std::any_of(descriptors.begin(), descriptors.end(), [&](const auto& descriptor) {
          return descriptor.kind == lab::DescriptorInfo::Kind::socket &&
                 listening.contains(descriptor.inode);
        })) {
      servers.push_back(pid);
    }
  }
  std::sort(servers.begin(), servers.end());
  return servers;
}

void print(const lab::Snapshot& snapshot) {
  const lab::Style style = lab::style_for(STDOUT_FILENO);
  std::string text;
  for (const lab::Part& part : lab::xray(snapshot, style, lab::columns_of(STDOUT_FILENO))) {
    for (const lab::Line& line : part.lines) {
      text += lab::text_of(line, style) + "\n";
    }
  }
  write_line(STDOUT_FILENO, text);
}

/// Throws std::system_error, which names the file.
void write_svg(const std::string& file, const std::string& svg) {
  if (file == "-") {
    write_line(STDOUT_FILENO, svg);
    return;
  }
  std::FILE* const out = std::fopen(file.c_str(), "we");
  const bool written = out != nullptr && std::fputs(svg.c_str(), out) >= 0;
  if (out == nullptr || (std::fclose(out) != 0) || !written) {
    throw std::system_error(errno, std::generic_category(), file);
  }
}

/// Says which of the processes are not there. Whether all are.
bool all_there(const std::vector<pid_t>& pids) {
  const auto all = lab::all_pids();
  bool there = true;
  for (const pid_t pid : pids) {
    if (std::find(all.begin(), all.end(), pid) == all.end()) {
      write_line(STDERR_FILENO, "lab-xray: there is no process " + std::to_string(pid) + "\n");
      there = false;
    }
  }
  return there;
}

int run(const Arguments& arguments) {
  const bool find = arguments.pids.empty();
  if (find && arguments.watch) {
    lab::watch(servers_of_the_lab, true);
    return 0;
  }
  const auto pids = find ? servers_of_the_lab() : arguments.pids;
  if (pids.empty()) {
    write_line(STDERR_FILENO, "lab-xray: no server of the lab is running (no program below " +
                                  build_folder().string() +
                                  " listens); name a process: lab-xray PID\n");
    return 1;
  }
  const bool there = all_there(pids);
  const lab::Snapshot snapshot = lab::look_at(pids);
  if (snapshot.members.empty()) {
    if (there) { // a moment ago
      write_line(STDERR_FILENO, "lab-xray: the processes have ended\n");
    }
    return 1;
  }
  if (arguments.watch) {
    // A pid may be given to another process once its own has been reaped.
    std::vector<lab::ProcessInfo> roots;
    for (const lab::Member& member : snapshot.members) {
      if (member.last.empty()) {
        roots.push_back(member.process);
      }
    }
    const auto still_there = [&] {
      std::vector<pid_t> left;
      for (const lab::ProcessInfo& root : roots) {
        const auto now = lab::process_info(root.pid);
        if (now && now->same_as(root)) {
          left.push_back(root.pid);
        }
      }
      return left;
    };
    lab::watch(still_there, false);
  } else if (!arguments.svg.empty()) {
    write_svg(arguments.svg, lab::svg_of(snapshot));
  } else {
    print(snapshot);
  }
  return there ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
  try {
    const auto arguments = arguments_of({argv + std::min(argc, 1), argv + argc});
    if (!arguments) {
      return 2;
    }
    if (arguments->help) {
      write_line(STDOUT_FILENO, std::string(usage_line) + std::string(help));
      return 0;
    }
    return run(*arguments);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "lab-xray: %s\n", error.what());
    return 1;
  }
}
