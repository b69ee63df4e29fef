#include "tools/drawing/picture.hpp"

#include "harness/process.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <string_view>
#include <utility>

#include <sys/wait.h>

namespace lab {

namespace {

/// The lines before a process in a tree; with `below`, before what belongs to it.
std::string branches(const std::vector<bool>& last, bool unicode, bool below = false) {
  std::string text;
  for (std::size_t level = 0; level < last.size(); ++level) {
    const bool own = level + 1 == last.size() && !below;
    if (unicode) {
      text += own ? (last[level] ? "└─ " : "├─ ") : (last[level] ? "   " : "│  ");
    } else {
      text += own ? (last[level] ? "`- " : "|- ") : (last[level] ? "   " : "|  ");
    }
  }
  return text;
}

std::string endpoint(const std::string& address, unsigned port, bool ports_only) {
  std::string end = ":" + std::to_string(port);
  if (ports_only && (address.starts_with("127.") || address == "::1")) {
    return end;
  }
  return (address.find(':') == std::string::npos ? address : "[" + address + "]") + end;
}

std::string times(std::size_t count) {
  switch (count) {
  case 1:
    return "once";
  case 2:
    return "twice";
  default:
    return std::to_string(count) + " times";
  }
}

std::string quantity(std::size_t count, const std::string& what, const std::string& plural) {
  return std::to_string(count) + " " + (count == 1 ? what : plural);
}

std::string bytes(unsigned long count) {
  return quantity(count, "byte", "bytes");
}

/// `echo_mpclient 4711, 4712`, `bash 80 and 17 more`: each name once for those that bear it.
std::string names_of(const std::vector<Holder>& holders, bool with_names = true) {
  constexpr std::size_t most = 4;
  std::string text;
  std::string_view name;
  std::size_t count = 0;
  for (const Holder& holder : holders) {
    if (++count > most) {
      return text + " and " + std::to_string(holders.size() - most) + " more";
    }
    text += text.empty() ? "" : ", ";
    if (with_names && holder.name != name) {
      text += harmless(holder.name) + " ";
      name = holder.name;
    }
    text += std::to_string(holder.pid);
  }
  return text;
}

std::string name_of(const Peer& peer) {
  switch (peer.kind) {
  case Peer::Kind::held:
    return names_of(peer.holders);
  case Peer::Kind::hidden:
    return "a process that we may not look into";
  case Peer::Kind::not_accepted:
    return "not accepted yet";
  case Peer::Kind::closed:
    return "closed by its program";
  case Peer::Kind::gone:
    return "gone";
  }
  return "";
}

/// Who has closed or half-closed, seen from this end. RFC 9293, 3.3.2.
std::string closing_of(const Held& held) {
  const bool named = held.peer && held.peer->kind == Peer::Kind::held;
  // Who has closed, sends the same FIN as who has half-closed; but no process holds that end.
  const bool closed =
      held.peer && (held.peer->kind == Peer::Kind::closed || held.peer->kind == Peer::Kind::gone);
  const std::string peer = named ? name_of(*held.peer) : "the peer";
  std::string state(name_of(held.socket->state));
  switch (held.socket->state) {
  case TcpState::fin_wait1:
    return state + ": half-closed from here, the peer does not know yet";
  case TcpState::fin_wait2:
    return state + ": half-closed from here, not closed by " + peer;
  case TcpState::close_wait:
    return state + (closed ? ": closed by " : ": half-closed by ") + peer + ", not closed here";
  case TcpState::last_ack:
  case TcpState::closing:
    return state + ": closed at both ends";
  case TcpState::established:
  case TcpState::listen:
    return "";
  default:
    return state;
  }
}

bool fin_received(TcpState state) {
  return state == TcpState::close_wait || state == TcpState::last_ack || state == TcpState::closing;
}

bool fin_sent(TcpState state) {
  return state == TcpState::fin_wait1 || state == TcpState::last_ack || state == TcpState::closing;
}

void add_queues(std::vector<Span>& notes, const SocketInfo& socket) {
  // A FIN that has not been read, or not been acknowledged, counts as one byte.
  unsigned long unread = socket.receive_queue;
  if (fin_received(socket.state) && unread > 0) {
    --unread;
    notes.push_back({(unread > 0 ? bytes(unread) + " and " : "") + "end of file unread"});
  } else if (unread > 0) {
    notes.push_back({bytes(unread) + " unread"});
  }
  const unsigned long sent = socket.send_queue;
  if (sent > (fin_sent(socket.state) ? 1 : 0)) {
    notes.push_back(
        {bytes(sent - (fin_sent(socket.state) ? 1 : 0)) + " not taken by the peer yet"});
  }
}

void add_waiting(std::vector<Span>& notes, const Held& held) {
  const std::size_t count = std::max<std::size_t>(held.socket->receive_queue, held.waiting.size());
  if (count == 0) {
    return;
  }
  std::vector<Holder> clients;
  for (const Peer& client : held.waiting) {
    if (!client.holders.empty()) {
      clients.push_back(client.holders.front());
    }
  }
  notes.push_back({quantity(count, "connection waits", "connections wait") + " for accept" +
                       (clients.empty() ? "" : ": " + names_of(clients)),
                   Paint::bold});
}

} // namespace

std::string ends_of(const SocketInfo& socket, bool ports_only) {
  const std::string local = endpoint(socket.local_address, socket.local_port, ports_only);
  return socket.state == TcpState::listen
             ? "listens on " + local
             : local + " <-> " + endpoint(socket.remote_address, socket.remote_port, ports_only);
}

Span state_of(const ProcessInfo& process) {
  const Paint paint = process.zombie()    ? Paint::red
                      : process.stopped() ? Paint::cyan
                                          : Paint::plain;
  return {std::string(1, process.state) + " " + std::string(name_of_state(process.state)), paint};
}

std::string end_of(const Member& member) {
  if (!member.end_known) {
    return "how it ended we may not see";
  }
  const int status = member.process.exit_code;
  const Exit end{.exited = WIFEXITED(status),
                 .code = WIFEXITED(status) ? WEXITSTATUS(status) : 0,
                 .signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0};
  return end.text();
}

std::string what_is(const Held& held, bool ports_only) {
  const DescriptorInfo& descriptor = held.descriptor;
  const std::string inode = std::to_string(descriptor.inode);
  switch (descriptor.kind) {
  case DescriptorInfo::Kind::socket:
    if (held.socket) {
      return ends_of(*held.socket, ports_only);
    }
    if (held.protocol.starts_with("TCP")) {
      return "TCP socket, not connected";
    }
    return (held.protocol.empty() ? "" : harmless(held.protocol) + " ") + "socket " + inode;
  case DescriptorInfo::Kind::pipe:
    return (descriptor.reads == descriptor.writes ? ""
            : descriptor.reads                    ? "read end of "
                                                  : "write end of ") +
           ("pipe " + inode);
  case DescriptorInfo::Kind::terminal:
    return "terminal " + harmless(descriptor.target);
  case DescriptorInfo::Kind::file:
  case DescriptorInfo::Kind::other:
    break;
  }
  return harmless(descriptor.target);
}

std::vector<Span> notes_on(const Held& held) {
  std::vector<Span> notes;
  if (held.descriptor.kind == DescriptorInfo::Kind::pipe) {
    // That several hold a pipe is what 0, 1 and 2 are inherited for.
    if (held.descriptor.fd > 2 && !held.others.empty()) {
      notes.push_back({"also held by " + names_of(held.others, false)});
    }
    if (!held.other_end.empty()) {
      notes.push_back(
          {(held.descriptor.reads ? "written by " : "read by ") + names_of(held.other_end)});
    }
    return notes;
  }
  if (held.descriptor.kind != DescriptorInfo::Kind::socket) {
    return notes;
  }
  const std::string closing = held.socket ? closing_of(held) : "";
  if (!closing.empty()) {
    notes.push_back(
        {closing, held.socket->state == TcpState::close_wait ? Paint::magenta : Paint::plain});
  }
  if (!held.others.empty()) {
    notes.push_back({"also held by " + names_of(held.others, false), Paint::yellow});
  }
  if (!held.socket) {
    return notes;
  }
  if (held.socket->state == TcpState::listen) {
    add_waiting(notes, held);
    return notes;
  }
  add_queues(notes, *held.socket);
  const bool named = held.peer && held.peer->kind == Peer::Kind::held;
  const bool told = named ? closing.find(name_of(*held.peer)) != std::string::npos
                          : closing.find(": closed by") != std::string::npos;
  if (held.peer && !told) {
    notes.push_back({"peer " + name_of(*held.peer), Paint::dim});
  }
  return notes;
}

std::vector<DescriptorRow> rows_of(const Member& member, bool ports_only) {
  std::vector<DescriptorRow> rows;
  for (const Held& held : member.descriptors) {
    const DescriptorInfo& descriptor = held.descriptor;
    const std::string what = what_is(held, ports_only);
    const bool joins = descriptor.fd <= 2 && descriptor.kind != DescriptorInfo::Kind::socket &&
                       !rows.empty() &&
                       rows.back().descriptors.back().descriptor.kind == descriptor.kind &&
                       rows.back().descriptors.back().descriptor.fd + 1 == descriptor.fd;
    if (!joins) {
      rows.push_back({.label = std::to_string(descriptor.fd), .descriptors = {held}, .what = what});
      continue;
    }
    DescriptorRow& row = rows.back();
    row.descriptors.push_back(held);
    row.label =
        std::to_string(row.descriptors.front().descriptor.fd) + "-" + std::to_string(descriptor.fd);
    if (row.what != what) {
      // Several pipes or files: the numbers of pipes say enough.
      row.what = descriptor.kind == DescriptorInfo::Kind::pipe ? "pipes" : row.what + ", " + what;
    }
  }
  for (DescriptorRow& row : rows) {
    if (row.what == "pipes") {
      std::string_view separator = " ";
      for (const Held& held : row.descriptors) {
        row.what += separator;
        row.what += std::to_string(held.descriptor.inode);
        separator = ", ";
      }
    }
  }
  return rows;
}

Line summary_of(const Snapshot& snapshot) {
  const std::size_t zombies = snapshot.zombies();
  const std::size_t shared = snapshot.shared_sockets();
  Line line{
      {quantity(snapshot.members.size(), "process", "processes") + (zombies > 0 ? "," : ".")}};
  if (zombies > 0) {
    line.push_back({quantity(zombies, "zombie", "zombies") + ".", Paint::red});
  }
  line.push_back(shared > 0 ? Span{quantity(shared, "socket is", "sockets are") +
                                       " held by more than one process.",
                                   Paint::yellow}
                            : Span{"No socket is held by more than one process."});
  return line;
}

namespace {

constexpr std::size_t gap = 2;
constexpr std::size_t least_room_for_notes = 30;

/// What a row of the X-ray is made of, before it is known how wide it may be.
struct Draft {
  std::string key;
  std::string before;  ///< of its first line
  std::string below;   ///< of all others
  std::string label{}; ///< the descriptor's number; empty: the line of a process
  Line what{};
  std::vector<Span> notes{};
};

std::string right_aligned(const std::string& text, std::size_t width) {
  return std::string(width - std::min(width, width_of(text)), ' ') + text;
}

std::string key_of(const ProcessInfo& process) {
  return std::to_string(process.pid) + "." + std::to_string(process.start_time);
}

Draft draft_of(const Member& member, bool unicode) {
  const ProcessInfo& process = member.process;
  const Paint paint = process.zombie() ? Paint::red : Paint::bold;
  Draft draft{.key = key_of(process),
              .before = branches(member.last, unicode),
              .below = branches(member.last, unicode, true) +
                       (member.has_children ? (unicode ? "│  " : "|  ") : "   ")};
  draft.what = {{harmless(process.name) + " " + std::to_string(process.pid), paint},
                state_of(process)};
  if (process.zombie()) {
    draft.what.push_back({end_of(member) + ", not reaped by its parent" +
                              (member.last.empty() ? "" : " " + std::to_string(process.parent)),
                          Paint::red});
  }
  if (process.threads > 1) {
    draft.what.push_back({std::to_string(process.threads) + " threads"});
  }
  if (member.last.empty() && !member.parent_name.empty()) {
    draft.what.push_back(
        {"child of " + harmless(member.parent_name) + " " + std::to_string(process.parent),
         Paint::dim});
  }
  return draft;
}

std::string content_of(const Draft& draft) {
  return text_of(draft.what, {.colour = false}) + "\n" + text_of(draft.notes, {.colour = false});
}

std::vector<Draft> drafts_of(const Snapshot& snapshot, bool unicode, bool ports_only) {
  std::vector<Draft> drafts;
  for (const Member& member : snapshot.members) {
    drafts.push_back(draft_of(member, unicode));
    const std::string below = drafts.back().below;
    const std::string key = key_of(member.process);
    if (member.hidden) {
      drafts.push_back(
          {.key = key + " ?",
           .before = below,
           .below = below,
           .label = "?",
           .what = {{"the kernel does not show us its descriptors: not ours", Paint::dim}}});
    }
    for (DescriptorRow& row : rows_of(member, ports_only)) {
      const Held& held = row.descriptors.back();
      drafts.push_back(
          {.key = key + " " + row.label + " " + held.descriptor.target,
           .before = below,
           .below = below,
           .label = std::move(row.label),
           .what = {{std::move(row.what)}},
           .notes = row.descriptors.size() == 1 ? notes_on(held) : std::vector<Span>()});
    }
  }
  return drafts;
}

/// Where the notes begin, if every line that has some gets them beside what it is; 0: there is no
/// room for that.
std::size_t column_of_notes(const std::vector<Draft>& drafts, std::size_t label_width,
                            std::size_t width) {
  std::size_t column = 0;
  for (const Draft& draft : drafts) {
    if (!draft.notes.empty()) {
      column = std::max(column, width_of(draft.before) + label_width + gap +
                                    width_of(draft.what.front().text) + gap);
    }
  }
  return column + least_room_for_notes <= width ? column : 0;
}

/// Several notes as one text: a comma after each but the last.
Line joined(const std::vector<Span>& notes) {
  Line line;
  for (const Span& note : notes) {
    if (!line.empty()) {
      line.back().text += ";";
    }
    line.push_back(note);
  }
  return line;
}

/// `first`, and from the second on `rest`, before the lines.
void put_before(std::vector<Line>& lines, const std::string& first, const std::string& rest) {
  for (std::size_t i = 0; i < lines.size(); ++i) {
    lines[i].insert(lines[i].begin(), Span{i == 0 ? first : rest});
  }
}

/// A line for a process: name and pid, state, and what else there is to say.
std::vector<Line> process_lines(const Draft& draft, std::size_t width, bool unicode) {
  std::vector<Line> lines(1);
  const std::string rest = draft.below + "  ";
  std::size_t used = width_of(draft.before);
  for (const Span& span : draft.what) {
    const bool first = lines.size() == 1 && lines.front().empty();
    const std::size_t more = width_of(span.text) + (first ? 0 : gap);
    if (used + more <= width) {
      lines.back().push_back({(first ? "" : std::string(gap, ' '))});
      lines.back().push_back(span);
      used += more;
      continue;
    }
    auto pieces = wrapped({span}, width - width_of(rest), unicode);
    if (first) {
      lines.clear();
    }
    lines.insert(lines.end(), pieces.begin(), pieces.end());
    used = width; // what follows begins a line of its own
  }
  put_before(lines, draft.before, rest);
  return lines;
}

std::vector<Line> descriptor_lines(const Draft& draft, std::size_t label_width, std::size_t column,
                                   std::size_t width, bool unicode) {
  const std::string first = draft.before + right_aligned(draft.label, label_width) + "  ";
  const std::string rest = draft.below + std::string(label_width + gap, ' ');
  const std::size_t start = width_of(first);
  const Line& what = draft.what;
  std::vector<Line> lines;
  if (draft.notes.empty() || column == 0) {
    // A path is cut, so that it stays one line; a sentence is not.
    const bool path = what.front().text.find(' ') == std::string::npos;
    lines = path ? std::vector<Line>{{{cut(what.front().text, width - start, unicode)}}}
                 : wrapped(what, width - start, unicode);
    if (!draft.notes.empty()) {
      auto notes = wrapped(joined(draft.notes), width - start - gap, unicode);
      put_before(notes, "  ", "  ");
      lines.insert(lines.end(), notes.begin(), notes.end());
    }
    put_before(lines, first, rest);
    return lines;
  }
  lines = wrapped(joined(draft.notes), width - column, unicode);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string text = i == 0 ? what.front().text : "";
    lines[i].insert(lines[i].begin(),
                    Span{padded(text, column - start), i == 0 ? what.front().paint : Paint::plain});
  }
  put_before(lines, first, rest);
  return lines;
}

} // namespace

std::vector<Part> xray(const Snapshot& snapshot, const Style& style, std::size_t width) {
  std::vector<Draft> drafts;
  std::vector<std::string> contents;
  std::size_t label_width = 0;
  std::size_t column = 0;
  for (const bool ports_only : {false, true}) {
    drafts = drafts_of(snapshot, style.unicode, ports_only);
    for (const Draft& draft : drafts) {
      label_width = std::max(label_width, width_of(draft.label));
      if (!ports_only) {
        contents.push_back(content_of(draft));
      }
    }
    column = column_of_notes(drafts, label_width, width);
    if (column != 0) {
      break;
    }
  }
  // A very deep tree in a narrow terminal: better without its branches than wider than the screen.
  constexpr std::size_t least_room = 12;
  for (Draft& draft : drafts) {
    if (width_of(draft.below) + label_width + 2 * gap + least_room > width) {
      draft.before.clear();
      draft.below.clear();
    }
  }
  std::vector<Part> parts;
  for (std::size_t i = 0; i < drafts.size(); ++i) {
    const Draft& draft = drafts[i];
    parts.push_back({.key = draft.key,
                     .content = std::move(contents[i]),
                     .lines = draft.label.empty() ? process_lines(draft, width, style.unicode)
                                                  : descriptor_lines(draft, label_width, column,
                                                                     width, style.unicode)});
  }
  if (!snapshot.members.empty()) {
    const Line summary = summary_of(snapshot);
    parts.push_back({.key = "summary",
                     .content = text_of(summary, {.colour = false}),
                     .lines = wrapped(summary, width, style.unicode)});
  }
  return parts;
}

std::string xray_of(pid_t root) {
  constexpr std::size_t width = 70; // a report indents it
  const Snapshot snapshot = look_at({root});
  if (snapshot.members.empty()) {
    return std::to_string(root) + ": no such process\n";
  }
  // The root comes first, and it is what most checks are about.
  constexpr std::size_t most = 16;
  std::vector<Line> lines;
  for (const Part& part : xray(snapshot, {}, width)) {
    lines.insert(lines.end(), part.lines.begin(), part.lines.end());
  }
  if (lines.size() > most) {
    const auto summary = lines.back();
    const std::size_t left_out = lines.size() - most + 1;
    lines.resize(most - 2);
    lines.push_back({{"... (" + std::to_string(left_out) + " lines more)"}});
    lines.push_back(summary);
  }
  return plain_text_of(lines);
}

std::vector<Line> draw(const Snapshot& snapshot, const ProcessTable& how, const Style& style,
                       std::size_t indent) {
  std::vector<Table::Column> columns{{"PROCESS"}, {"PID", Table::Align::right}, {"STATE"}};
  if (how.sockets) {
    columns.insert(columns.end(), {{"FD", Table::Align::right}, {"SOCKET"}, {"HELD"}});
  }
  columns.push_back({""}); // the notes
  Table table(std::move(columns));
  for (const Member& member : snapshot.members) {
    const ProcessInfo& process = member.process;
    std::vector<Span> row{{branches(member.last, style.unicode) + harmless(process.name),
                           process.zombie() ? Paint::red : Paint::plain},
                          {std::to_string(process.pid)},
                          state_of(process)};
    const auto note = how.notes.find(process.pid);
    const Span last{note == how.notes.end() ? std::string() : note->second, Paint::plain};
    const auto sockets = how.sockets ? member.sockets() : std::vector<Held>();
    bool first = true;
    for (const Held& held : sockets) {
      const Paint paint = held.holders > 1 ? Paint::yellow : Paint::plain;
      std::string text = ends_of(*held.socket, how.ports_only);
      if (held.socket->state != TcpState::listen && held.socket->state != TcpState::established) {
        text += " " + std::string(name_of(held.socket->state));
      }
      row.push_back({std::to_string(held.descriptor.fd)});
      row.push_back({std::move(text), paint});
      row.push_back({times(held.holders), paint});
      row.push_back(first ? last : Span{});
      table.add(std::move(row));
      row = {{}, {}, {}};
      first = false;
    }
    if (first) {
      if (how.sockets) {
        row.insert(row.end(), 3, Span{});
      }
      row.push_back(last);
      table.add(std::move(row));
    }
  }
  return table.lines(indent, how.with_titles);
}

} // namespace lab
