// Pictures of processes and what they hold, as lines of text; no cursor moves.
#pragma once

#include "tools/drawing/snapshot.hpp"
#include "tools/drawing/terminal.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace lab {

// In words.

/// `listens on 127.0.0.1:9190`, `127.0.0.1:9190 <-> 127.0.0.1:40712`. With `ports_only`, a loopback
/// address is left out: `:9190 <-> :40712`.
std::string ends_of(const SocketInfo& socket, bool ports_only = false);

/// `S sleeping`, `Z zombie`.
Span state_of(const ProcessInfo& process);

/// How a zombie ended: `exit status 3`, `killed by SIGKILL`, or that we may not know.
std::string end_of(const Member& member);

/// What a descriptor is: as ends_of for a TCP socket, `terminal /dev/pts/1`, `read end of pipe
/// 4711`, a path.
std::string what_is(const Held& held, bool ports_only = false);

/// What there is to say of a descriptor beyond that, the most important first: half-closed by whom,
/// who else holds it, bytes in its queues, who is at the other end.
std::vector<Span> notes_on(const Held& held);

/// Descriptors that are one row of a picture: 0, 1 and 2, where none of them is a socket and all
/// are of one kind; any other by itself.
struct DescriptorRow {
  std::string label; ///< `3`, `0-2`
  std::vector<Held> descriptors;
  std::string what;
};

std::vector<DescriptorRow> rows_of(const Member& member, bool ports_only = false);

/// `2 processes, 1 zombie. 2 sockets are held by more than one process.`: spans for wrapped, which
/// puts the blanks between them.
Line summary_of(const Snapshot& snapshot);

// The X-ray: a tree, and below each process a row for each of its descriptors.

/// What a part of the picture is about, and the lines that it takes.
struct Part {
  /// Names the same process or descriptor at every look; unlike that of any other.
  std::string key;
  /// What it says, however it is laid out.
  std::string content;
  std::vector<Line> lines;
};

/// No line is wider than `width` columns, which is at least 20. Zombies are red, stopped processes
/// cyan, and what is said of a socket that more than one process holds is yellow.
std::vector<Part> xray(const Snapshot& snapshot, const Style& style, std::size_t width);

/// The X-ray of a process and its descendants for a message of a check: plain, a newline at the end
/// of each line, at most 16 lines.
std::string xray_of(pid_t root);

// The table: a row for each process or TCP socket.

struct ProcessTable {
  /// Whether to draw the TCP sockets, a line for each where a process holds several.
  bool sockets = true;
  /// Leaves out a loopback address: `:9190` for `127.0.0.1:9190`.
  bool ports_only = false;
  bool with_titles = true;
  /// What to say of a process, in a last column.
  std::map<pid_t, std::string> notes{}; // NOLINT(readability-redundant-member-init)
};

/// The tree with process ids, states and sockets, in the colours of xray.
std::vector<Line> draw(const Snapshot& snapshot, const ProcessTable& how, const Style& style,
                       std::size_t indent = 0);

} // namespace lab
