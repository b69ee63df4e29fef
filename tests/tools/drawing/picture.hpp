// Pictures of processes and of what they hold, as lines of text. They do not move the cursor.
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

/// How a zombie ended: `exit status 3`, `killed by SIGKILL`. If we may not know, it says so.
std::string end_of(const Member& member);

/// What a descriptor is: as ends_of for a TCP socket, `terminal /dev/pts/1`, `read end of pipe
/// 4711`, a path.
std::string what_is(const Held& held, bool ports_only = false);

/// What else there is to say about a descriptor, the most important first: which end has
/// half-closed, which other processes hold it, bytes in its queues, which process is at the other
/// end.
std::vector<Span> notes_on(const Held& held);

/// Descriptors that are one row of a picture. 0, 1 and 2 are one row if they are of one kind and
/// none of them is a socket. Each other descriptor is a row.
struct DescriptorRow {
  std::string label; ///< `3`, `0-2`
  std::vector<Held> descriptors;
  std::string what;
};

std::vector<DescriptorRow> rows_of(const Member& member, bool ports_only = false);

/// `2 processes, 1 zombie. 2 sockets are held by more than one process.`, as spans for wrapped. It
/// puts the blanks between them.
Line summary_of(const Snapshot& snapshot);

// The X-ray: a tree, and below each process a row for each of its descriptors.

/// A part of the picture: what it is about, and its lines.
struct Part {
  /// The same for the same process or descriptor in every picture, and for no other.
  std::string key;
  /// Its text. It does not depend on the layout.
  std::string content;
  std::vector<Line> lines;
};

/// No line is wider than `width` columns, which is at least 20. Zombies are red, and stopped
/// processes cyan. If more than one process holds a socket, the text about it is yellow.
std::vector<Part> xray(const Snapshot& snapshot, const Style& style, std::size_t width);

/// The X-ray of a process and its descendants for a check's message: without colour, at most 16
/// lines, each with a newline at its end.
std::string xray_of(pid_t root);

// The table: a row for each process or TCP socket.

struct ProcessTable {
  /// Whether to draw the TCP sockets. A process with several has a line for each.
  bool sockets = true;
  /// Leaves out a loopback address: `:9190` for `127.0.0.1:9190`.
  bool ports_only = false;
  bool with_titles = true;
  /// The text about a process for the last column.
  std::map<pid_t, std::string> notes{}; // NOLINT(readability-redundant-member-init)
};

/// The tree with process ids, states and sockets, in the colours of xray.
std::vector<Line> draw(const Snapshot& snapshot, const ProcessTable& how, const Style& style,
                       std::size_t indent = 0);

} // namespace lab
