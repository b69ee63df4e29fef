// Pictures of processes and their sockets for a terminal or a log: lines of text, no cursor moves.
#pragma once

#include "harness/proc.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace lab {

// Text and colour.

enum class Paint : unsigned char { plain, dim, bold, red, green, yellow, blue, magenta, cyan };

/// A piece of a line in one colour.
struct Span {
  std::string text;
  Paint paint = Paint::plain;
};

using Line = std::vector<Span>;

/// How a reader can be shown things.
struct Style {
  bool colour = false;
  bool unicode = true; ///< else the branches of a tree are drawn in ASCII
};

/// Colour for a terminal alone, unless NO_COLOR is set and not empty, or TERM is missing or `dumb`.
/// ASCII only where the locale (LC_ALL, LC_CTYPE, LANG) names another character set than UTF-8.
Style style_for(int fd);

/// The line as bytes, without a newline.
std::string text_of(const Line& line, const Style& style);

/// How many columns a UTF-8 text takes; each character one.
std::size_t width_of(std::string_view text);

/// The text and as many spaces as make it `width` columns wide.
std::string padded(std::string text, std::size_t width);

/// Columns as wide as their widest cell, with two spaces between them.
class Table {
public:
  enum class Align : unsigned char { left, right };

  struct Column {
    std::string title;
    Align align = Align::left;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  /// A cell for each column; those left out at the end are empty.
  void add(std::vector<Span> cells) { rows_.push_back(std::move(cells)); }

  /// The titles, dim, and the rows, each after `indent` spaces. No spaces at the end of a line.
  [[nodiscard]] std::vector<Line> lines(std::size_t indent = 0, bool with_titles = true) const;

private:
  std::vector<Column> columns_;
  std::vector<std::vector<Span>> rows_;
};

// Processes and sockets.

/// A descriptor of one process.
struct Held {
  DescriptorInfo descriptor;
  /// Of a TCP socket.
  std::optional<SocketInfo> socket;
  /// How many of the processes in the picture hold it.
  std::size_t holders = 0;
};

/// A process at its place in the tree.
struct Member {
  ProcessInfo process;
  /// From the root's child down to this process: whether each is the last among its siblings.
  /// Empty for a root.
  std::vector<bool> last;
  std::vector<Held> descriptors;

  /// Those of them that are TCP sockets.
  [[nodiscard]] std::vector<Held> sockets() const;
};

/// What the kernel shows at one moment of some processes and all that descend from them: parents
/// before their children, in the order of `roots`. One that is gone is left out.
std::vector<Member> look_at(const std::vector<pid_t>& roots);

struct ProcessTable {
  /// Whether to draw the TCP sockets, a line for each where a process holds several.
  bool sockets = true;
  /// Leaves out a loopback address: `:9190` for `127.0.0.1:9190`.
  bool ports_only = false;
  bool with_titles = true;
  /// What to say of a process, in a last column.
  std::map<pid_t, std::string> notes{}; // NOLINT(readability-redundant-member-init)
};

/// The tree with process ids, states and sockets. Zombies are red, stopped processes are cyan, and
/// a socket that more than one process holds is yellow.
std::vector<Line> draw(const std::vector<Member>& members, const ProcessTable& how,
                       const Style& style, std::size_t indent = 0);

/// `listens on 127.0.0.1:9190`, `127.0.0.1:9190 <-> 127.0.0.1:40712`, and the state where it is
/// neither LISTEN nor ESTABLISHED.
std::string text_of(const SocketInfo& socket, bool ports_only = false);

/// `S sleeping`, `Z zombie`.
Span state_of(const ProcessInfo& process);

} // namespace lab
