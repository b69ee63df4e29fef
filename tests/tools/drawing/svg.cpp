#include "tools/drawing/svg.hpp"

#include "tools/drawing/canvas.hpp"
#include "tools/drawing/picture.hpp"

#include <algorithm>
#include <cstddef>
#include <map>
#include <utility>
#include <vector>

namespace lab {

namespace {

using drawing::Box;
using drawing::Canvas;
using drawing::Point;
using drawing::TextStyle;

// In pixels.
constexpr double line_height = 26;
constexpr double padding = 14;
constexpr double margin = 20;
constexpr double child_indent = 44;
constexpr double between_boxes = 26;
constexpr double room_for_lines = 100;
constexpr double peer_height = 84;
constexpr std::size_t widest_text = 30; // columns

/// A process and its table.
struct ProcessBox {
  const Member* member = nullptr;
  std::vector<DescriptorRow> rows{}; // NOLINT(readability-redundant-member-init)
  std::vector<drawing::Row> table{}; // NOLINT(readability-redundant-member-init)
  std::string name{};                // NOLINT(readability-redundant-member-init)
  std::string end{};                 // NOLINT(readability-redundant-member-init)
  Box box{};
};

/// A line of text in a socket.
struct Text {
  std::string text;
  TextStyle style{.anchor = drawing::Anchor::middle};
};

/// A socket: something that the kernel keeps, drawn once, even if several processes hold it.
struct SocketBox {
  const Held* held = nullptr;
  Box box{};
  std::vector<Text> lines{}; // NOLINT(readability-redundant-member-init)
  std::vector<Point> from{}; ///< the descriptors; NOLINT(readability-redundant-member-init)
  bool shared = false;
};

/// What a row says of its descriptor; a socket's addresses stand in its octagon.
std::string short_form(const DescriptorRow& row) {
  const Held& held = row.descriptors.front();
  if (held.descriptor.kind != DescriptorInfo::Kind::socket) {
    return harmless(cut(row.what, widest_text));
  }
  return !held.socket                             ? harmless(held.protocol) + " socket"
         : held.socket->state == TcpState::listen ? "listener"
                                                  : "connection";
}

std::string describe(const Snapshot& snapshot) {
  constexpr std::size_t width = 200;
  std::string text;
  for (const Part& part : xray(snapshot, {}, width)) {
    for (const Line& line : part.lines) {
      text += (text.empty() ? "" : "\n") + harmless(text_of(line, {.colour = false}));
    }
  }
  return text;
}

class Drawing {
public:
  Drawing(const Snapshot& snapshot, const std::string& title)
      : canvas_(0, 0, harmless(title), describe(snapshot)) {
    draw_processes(snapshot);
    place_sockets();
    draw_sockets();
    draw_peers();
    canvas_.resize(width_ + margin, height_ + margin);
  }

  [[nodiscard]] std::string text() const { return canvas_.svg(); }

private:
  static ProcessBox process_of(const Member& member) {
    ProcessBox process{
        .member = &member, .rows = rows_of(member), .name = harmless(member.process.name)};
    if (member.process.zombie()) {
      process.end = end_of(member);
    }
    for (const DescriptorRow& row : process.rows) {
      process.table.push_back({row.label, short_form(row)});
    }
    if (member.hidden) {
      process.table.push_back({"?", "not ours to see"});
    }
    return process;
  }

  /// All boxes end at one edge, from which the lines to the sockets begin.
  void draw_processes(const Snapshot& snapshot) {
    double right = 0;
    for (const Member& member : snapshot.members) {
      ProcessBox process = process_of(member);
      process.box.x = margin + child_indent * static_cast<double>(member.last.size());
      const double width =
          drawing::width_of_process(process.name, std::to_string(member.process.pid),
                                    state_of(member.process).text, process.table);
      right = std::max({right, process.box.x + width,
                        process.box.x + drawing::width_in_pixels(process.end) + 2 * padding});
      processes_.push_back(std::move(process));
    }
    double y = margin;
    for (ProcessBox& process : processes_) {
      const ProcessInfo& info = process.member->process;
      const Point at{process.box.x, y};
      const std::string id = std::to_string(info.pid);
      process.box = info.zombie() ? canvas_.zombie(at, right - at.x, process.name, id, process.end)
                                  : canvas_.process(at, right - at.x, process.name, id,
                                                    state_of(info).text, process.table);
      y = process.box.bottom().y + between_boxes;
      grow(process.box);
      if (!process.member->last.empty()) {
        draw_branch(process);
      }
    }
  }

  /// From its parent down to it.
  void draw_branch(const ProcessBox& child) {
    const auto parent =
        std::find_if(processes_.begin(), processes_.end(), [&](const ProcessBox& process) {
          return process.member->process.pid == child.member->process.parent;
        });
    if (parent != processes_.end()) {
      const double x = parent->box.x + child_indent / 2;
      const double y = child.box.y + 21; // the middle of its name
      canvas_.line({{x, parent->box.bottom().y}, {x, y}, {child.box.x, y}},
                   {.colour = drawing::process_stroke});
    }
  }

  void place_sockets() {
    std::map<std::string, std::size_t> known;
    for (const ProcessBox& process : processes_) {
      for (std::size_t i = 0; i < process.rows.size(); ++i) {
        const Held& held = process.rows[i].descriptors.front();
        if (!held.socket) {
          continue;
        }
        const auto [entry, is_new] = known.emplace(held.descriptor.target, sockets_.size());
        if (is_new) {
          sockets_.push_back({.held = &held, .shared = held.holders > 1});
        }
        sockets_[entry->second].from.push_back(process.box.row_right(i));
      }
    }
    double y = margin;
    for (SocketBox& socket : sockets_) {
      fill_in(socket);
      double middle = 0;
      double width = 0;
      for (const Point& point : socket.from) {
        middle += point.y / static_cast<double>(socket.from.size());
      }
      for (const Text& line : socket.lines) {
        width = std::max(width, drawing::width_in_pixels(line.text, line.style));
      }
      const double height = static_cast<double>(socket.lines.size()) * line_height + 2 * padding;
      socket.box = {.x = processes_.front().box.right().x + room_for_lines,
                    .y = std::max(y, middle - height / 2),
                    .width = width + 2 * padding,
                    .height = height};
      y = socket.box.bottom().y + between_boxes;
      grow(socket.box);
    }
  }

  static void fill_in(SocketBox& socket) {
    const Held& held = *socket.held;
    const auto add = [&](const std::string& text, bool bold,
                         drawing::Colour colour = drawing::ink) {
      socket.lines.push_back(
          {.text = text,
           .style = {.anchor = drawing::Anchor::middle, .bold = bold, .colour = colour}});
    };
    const std::string ends = ends_of(*held.socket);
    const std::size_t arrow = ends.find(" <-> ");
    add(ends.substr(0, arrow), true);
    if (arrow != std::string::npos) {
      add(ends.substr(arrow + 1), true);
    }
    if (socket.shared) {
      add("held by " + std::to_string(held.holders) + " processes", true, drawing::held_twice);
    }
    for (const Span& note : notes_on(held)) {
      if (note.text.starts_with("also held by ") || note.text.starts_with("peer ")) {
        continue; // that is what the lines show
      }
      for (const Line& line : wrapped({note}, widest_text)) {
        add(harmless(text_of(line, {.colour = false})), false);
      }
    }
  }

  [[nodiscard]] const SocketBox* other_end(const SocketBox& socket) const {
    const auto& peer = socket.held->peer;
    if (!peer || peer->kind != Peer::Kind::held) {
      return nullptr;
    }
    const auto found = std::find_if(sockets_.begin(), sockets_.end(), [&](const SocketBox& other) {
      return other.held->descriptor.inode == peer->socket.inode;
    });
    return found == sockets_.end() ? nullptr : &*found;
  }

  void draw_sockets() {
    for (const SocketBox& socket : sockets_) {
      const Box& box = socket.box;
      canvas_.kernel({box.x, box.y}, box.width, box.height);
      double y = box.y + padding + 20;
      for (const Text& line : socket.lines) {
        canvas_.text({box.top().x, y}, line.text, line.style);
        y += line_height;
      }
      for (const Point& from : socket.from) {
        canvas_.socket({from, box.left()}, socket.shared);
      }
      if (const SocketBox* const other = other_end(socket); other != nullptr && other > &socket) {
        // Both ends are here: the network between them.
        const double x = std::max(box.right().x, other->box.right().x) + between_boxes;
        canvas_.socket(
            {box.right(), {x, box.right().y}, {x, other->box.right().y}, other->box.right()});
        width_ = std::max(width_, x);
      }
    }
  }

  /// The processes that are not in the trees, at the other end of a connection.
  void draw_peers() {
    double x = 0;
    for (const SocketBox& socket : sockets_) {
      x = std::max(x, socket.box.right().x + room_for_lines / 2);
    }
    double y = margin;
    for (const SocketBox& socket : sockets_) {
      const auto& peer = socket.held->peer;
      if (!peer || peer->kind != Peer::Kind::held || other_end(socket) != nullptr) {
        continue;
      }
      // Of several holders, each with its box, the middle stands beside the socket.
      const double all = static_cast<double>(peer->holders.size()) * (peer_height + between_boxes);
      y = std::max(y, socket.box.right().y - (all - between_boxes) / 2);
      for (const Holder& holder : peer->holders) {
        const std::string name = harmless(holder.name);
        const std::string id = std::to_string(holder.pid);
        const std::vector<drawing::Row> table{{std::to_string(holder.fd), "connection"}};
        const Box box = canvas_.process({x, y}, drawing::width_of_process(name, id, "", table),
                                        name, id, "", table);
        canvas_.socket({socket.box.right(), box.row_left(0)});
        y = box.bottom().y + between_boxes;
        grow(box);
      }
    }
  }

  void grow(const Box& box) {
    width_ = std::max(width_, box.right().x);
    height_ = std::max(height_, box.bottom().y);
  }

  Canvas canvas_;
  std::vector<ProcessBox> processes_;
  std::vector<SocketBox> sockets_;
  double width_ = 0;
  double height_ = 0;
};

std::string title_for(const Snapshot& snapshot) {
  std::string title = "Who holds what:";
  for (const Member& member : snapshot.members) {
    if (member.last.empty()) {
      title += " " + member.process.name + " " + std::to_string(member.process.pid);
    }
  }
  return title;
}

} // namespace

std::string svg_of(const Snapshot& snapshot, const std::string& title) {
  return Drawing(snapshot, title.empty() ? title_for(snapshot) : title).text();
}

} // namespace lab
