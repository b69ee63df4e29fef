// Processes in words, for messages.
#include "harness/proc.hpp"
#include "harness/process.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <map>
#include <utility>

#include <unistd.h>

namespace lab {

namespace {

std::string state_of_exit(int wait_status) {
  // The bits that WIFEXITED and its like look at; see wait(2).
  const int signal = wait_status & 0x7f;
  return signal == 0 ? "exit status " + std::to_string((wait_status >> 8) & 0xff)
                     : "killed by signal " + std::to_string(signal);
}

/// Of one that runs: `, 5.8 s on a processor so far`.
std::string what_it_has_used(const ProcessInfo& process) {
  const auto use = cpu_use(process.pid);
  if (process.state != 'R' || !use) {
    return {};
  }
  const auto tenths =
      std::chrono::duration_cast<std::chrono::milliseconds>(use->run_time).count() / 100;
  return ", " + std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) +
         " s on a processor so far";
}

/// Of those that it has a handler for: `; blocks SIGCHLD`. The kernel blocks a signal while its
/// handler runs.
std::string blocked_signals(pid_t pid) {
  std::string text;
  for (const int signal : {SIGCHLD, SIGINT, SIGTERM, SIGALRM}) {
    if (catches_signal(pid, signal) && blocks_signal(pid, signal)) {
      text += (text.empty() ? "; blocks " : ", ") + signal_name(signal);
    }
  }
  return text;
}

std::string line_for(const ProcessInfo& process) {
  std::string line = std::to_string(process.pid) + " " + process.state + " " + process.name + ": ";
  line += process.lives_without_main() ? "its main thread has ended, another one runs"
                                       : name_of_state(process.state);
  if (process.zombie()) {
    line += ", " + state_of_exit(process.exit_code);
    // An orphan is handed to us: we stand for init (prctl(2), PR_SET_CHILD_SUBREAPER).
    line += process.parent == ::getpid()
                ? ", not reaped by the program that started it"
                : ", not reaped by its parent " + std::to_string(process.parent);
  } else {
    if (const std::string call = blocked_call_of(process.pid);
        process.state == 'S' && !call.empty()) {
      line += " in " + call;
    }
    line += what_it_has_used(process);
    line += ", parent " + std::to_string(process.parent);
    line += blocked_signals(process.pid);
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
  const auto info = process_info(root);
  const auto all = processes_since(info ? info->start_time : 0);
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
