#include "demo/picture.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <iterator>

#include <unistd.h>

namespace lab {

namespace {

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

std::string_view sequence(Paint paint) {
  switch (paint) {
  case Paint::plain:
    return "";
  case Paint::dim:
    return "\x1b[2m";
  case Paint::bold:
    return "\x1b[1m";
  case Paint::red:
    return "\x1b[1;31m";
  case Paint::green:
    return "\x1b[32m";
  case Paint::yellow:
    return "\x1b[33m";
  case Paint::blue:
    return "\x1b[94m";
  case Paint::magenta:
    return "\x1b[35m";
  case Paint::cyan:
    return "\x1b[36m";
  }
  return "";
}

std::string spaces(std::size_t count) {
  return std::string(count, ' '); // NOLINT(modernize-return-braced-init-list): that is another text
}

std::string branches(const std::vector<bool>& last, bool unicode) {
  std::string text;
  for (std::size_t level = 0; level < last.size(); ++level) {
    const bool own = level + 1 == last.size();
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

void add_tree(std::vector<Member>& members, const ProcessInfo& process, std::vector<bool> last,
              const std::vector<ProcessInfo>& below) {
  members.push_back({.process = process, .last = last, .descriptors = {}});
  std::vector<const ProcessInfo*> children;
  for (const ProcessInfo& other : below) {
    if (other.parent == process.pid && other.pid != process.pid) {
      children.push_back(&other);
    }
  }
  last.push_back(false);
  for (const ProcessInfo* child : children) {
    last.back() = child == children.back();
    add_tree(members, *child, last, below);
  }
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

} // namespace

Style style_for(int fd) {
  std::string_view locale = variable("LC_ALL");
  locale = locale.empty() ? variable("LC_CTYPE") : locale;
  locale = locale.empty() ? variable("LANG") : locale;
  const std::string name(locale);
  const std::string_view terminal = variable("TERM");
  return {.colour = ::isatty(fd) == 1 && variable("NO_COLOR").empty() && !terminal.empty() &&
                    terminal != "dumb",
          .unicode = name.empty() || ::strcasestr(name.c_str(), "utf-8") != nullptr ||
                     ::strcasestr(name.c_str(), "utf8") != nullptr};
}

std::string text_of(const Line& line, const Style& style) {
  std::string text;
  for (const Span& span : line) {
    const bool painted = style.colour && span.paint != Paint::plain && !span.text.empty();
    text += painted ? sequence(span.paint) : "";
    text += span.text;
    text += painted ? "\x1b[0m" : "";
  }
  return text;
}

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xc0) != 0x80;
  }));
}

std::string padded(std::string text, std::size_t width) {
  const std::size_t now = width_of(text);
  return now < width ? text.append(width - now, ' ') : text;
}

std::vector<Line> Table::lines(std::size_t indent, bool with_titles) const {
  std::vector<std::vector<Span>> rows;
  if (with_titles) {
    std::vector<Span> titles;
    for (const Column& column : columns_) {
      titles.push_back({column.title, Paint::dim});
    }
    rows.push_back(std::move(titles));
  }
  rows.insert(rows.end(), rows_.begin(), rows_.end());

  std::vector<std::size_t> widths(columns_.size(), 0);
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size() && i < widths.size(); ++i) {
      widths[i] = std::max(widths[i], width_of(row[i].text));
    }
  }
  std::vector<Line> lines;
  for (const auto& row : rows) {
    Line line;
    std::size_t gap = indent; // the spaces that the next text needs before it
    for (std::size_t i = 0; i < row.size() && i < widths.size(); ++i) {
      if (widths[i] == 0) {
        continue;
      }
      const std::size_t room = widths[i] - width_of(row[i].text);
      const bool right = columns_[i].align == Align::right;
      gap += right ? room : 0;
      if (!row[i].text.empty()) {
        line.push_back({spaces(gap)});
        line.push_back(row[i]);
        gap = 0;
      }
      gap += (right ? 0 : room) + 2;
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

std::vector<Held> Member::sockets() const {
  std::vector<Held> found;
  std::copy_if(descriptors.begin(), descriptors.end(), std::back_inserter(found),
               [](const Held& held) { return held.socket.has_value(); });
  return found;
}

std::vector<Member> look_at(const std::vector<pid_t>& roots) {
  const auto all = all_processes();
  std::vector<Member> members;
  for (const pid_t root : roots) {
    const auto found = std::find_if(
        all.begin(), all.end(), [&](const ProcessInfo& process) { return process.pid == root; });
    const bool drawn = std::any_of(members.begin(), members.end(), [&](const Member& member) {
      return member.process.pid == root;
    });
    if (found != all.end() && !drawn) {
      add_tree(members, *found, {}, descendants_of(root, all));
    }
  }
  std::map<std::string, std::size_t> holders;
  for (Member& member : members) {
    const auto sockets = sockets_of(member.process.pid);
    std::vector<std::string> own;
    for (DescriptorInfo& descriptor : descriptors_of(member.process.pid)) {
      Held held{.descriptor = std::move(descriptor), .socket = std::nullopt, .holders = 0};
      for (const SocketInfo& socket : sockets) {
        if (held.descriptor.kind == DescriptorInfo::Kind::socket &&
            socket.inode == held.descriptor.inode) {
          held.socket = socket;
        }
      }
      own.push_back(held.descriptor.target);
      member.descriptors.push_back(std::move(held));
    }
    std::sort(own.begin(), own.end());
    own.erase(std::unique(own.begin(), own.end()), own.end()); // twice in one process is one holder
    for (const std::string& target : own) {
      ++holders[target];
    }
  }
  for (Member& member : members) {
    for (Held& held : member.descriptors) {
      held.holders = holders[held.descriptor.target];
    }
  }
  return members;
}

std::string text_of(const SocketInfo& socket, bool ports_only) {
  const std::string local = endpoint(socket.local_address, socket.local_port, ports_only);
  if (socket.state == TcpState::listen) {
    return "listens on " + local;
  }
  std::string text =
      local + " <-> " + endpoint(socket.remote_address, socket.remote_port, ports_only);
  if (socket.state != TcpState::established) {
    text += " ";
    text += name_of(socket.state);
  }
  return text;
}

Span state_of(const ProcessInfo& process) {
  const Paint paint = process.zombie()    ? Paint::red
                      : process.stopped() ? Paint::cyan
                                          : Paint::plain;
  return {std::string(1, process.state) + " " + std::string(name_of_state(process.state)), paint};
}

std::vector<Line> draw(const std::vector<Member>& members, const ProcessTable& how,
                       const Style& style, std::size_t indent) {
  std::vector<Table::Column> columns{{"PROCESS"}, {"PID", Table::Align::right}, {"STATE"}};
  if (how.sockets) {
    columns.insert(columns.end(), {{"FD", Table::Align::right}, {"SOCKET"}, {"HELD"}});
  }
  columns.push_back({""}); // the notes
  Table table(std::move(columns));
  for (const Member& member : members) {
    const ProcessInfo& process = member.process;
    std::vector<Span> row{{branches(member.last, style.unicode) + process.name,
                           process.zombie() ? Paint::red : Paint::plain},
                          {std::to_string(process.pid)},
                          state_of(process)};
    const auto note = how.notes.find(process.pid);
    const Span last{note == how.notes.end() ? std::string() : note->second, Paint::plain};
    const auto sockets = how.sockets ? member.sockets() : std::vector<Held>();
    bool first = true;
    for (const Held& held : sockets) {
      const Paint paint = held.holders > 1 ? Paint::yellow : Paint::plain;
      row.push_back({std::to_string(held.descriptor.fd)});
      row.push_back({text_of(*held.socket, how.ports_only), paint});
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
