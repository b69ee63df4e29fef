#include "tools/drawing/svg.hpp"

#include "tools/drawing/picture.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <map>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

namespace lab {

namespace {

// Text on its background has a contrast of 4.5 to 1 or more.
constexpr std::string_view ink = "#1a1a2e";
constexpr std::string_view paper = "#ffffff";
constexpr std::string_view process_fill = "#eef3fb";
constexpr std::string_view process_stroke = "#2b4c7e";
constexpr std::string_view socket_stroke = "#b4530a";
constexpr std::string_view shared_stroke = "#b3261e";
constexpr std::string_view kernel_fill = "#f6f1e7";
constexpr std::string_view zombie_fill = "#f2f2f2";
constexpr std::string_view zombie_stroke = "#6b6f7a";

// In pixels.
constexpr double font_size = 20;
constexpr double character = 0.62 * font_size; // the widest of the fonts named: 0.602
constexpr double line_height = 32;
constexpr double padding = 14;
constexpr double margin = 20;
constexpr double child_indent = 44;
constexpr double between_boxes = 26;
constexpr double room_for_lines = 130;
constexpr double peer_height = 2 * line_height + padding;
constexpr double fd_cell = 5 * character;
constexpr std::size_t widest_text = 30; // columns

double width_in_pixels(std::string_view text) {
  return static_cast<double>(width_of(text)) * character;
}

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : harmless(text)) {
    switch (c) {
    case '&':
      result += "&amp;";
      break;
    case '<':
      result += "&lt;";
      break;
    case '>':
      result += "&gt;";
      break;
    case '"':
      result += "&quot;";
      break;
    default:
      result += c;
    }
  }
  return result;
}

std::string number(double value) {
  std::ostringstream text;
  text << std::round(value * 10) / 10;
  return text.str();
}

struct Point {
  double x = 0;
  double y = 0;
};

/// A line of text in a box.
struct Text {
  std::string text;
  std::string_view fill = ink;
  bool bold = false;
};

struct Box {
  double x = 0;
  double y = 0;
  double width = 0;
  double height = 0;

  [[nodiscard]] double right() const { return x + width; }

  [[nodiscard]] double bottom() const { return y + height; }

  [[nodiscard]] double middle() const { return y + height / 2; }
};

/// A process and its table.
struct ProcessBox {
  const Member* member = nullptr;
  Box box{};
  std::vector<DescriptorRow> rows{}; // NOLINT(readability-redundant-member-init)
  std::string state{};               // NOLINT(readability-redundant-member-init)
};

/// A socket: something that the kernel keeps, drawn once, whoever holds it.
struct SocketBox {
  const Held* held = nullptr;
  Box box{};
  std::vector<Text> lines{}; // NOLINT(readability-redundant-member-init)
  std::vector<Point> from{}; ///< the descriptors; NOLINT(readability-redundant-member-init)
  bool shared = false;
};

/// A process that is not in the trees, at the other end of a connection.
struct PeerBox {
  Box box{};
  std::string name{}; // NOLINT(readability-redundant-member-init)
  std::string fd{};   // NOLINT(readability-redundant-member-init)
  std::size_t socket = 0;
};

/// What a row says of its descriptor; a socket's addresses stand in its pill.
std::string short_form(const DescriptorRow& row) {
  const Held& held = row.descriptors.front();
  if (held.descriptor.kind != DescriptorInfo::Kind::socket) {
    return cut(row.what, widest_text);
  }
  return !held.socket                             ? held.protocol + " socket"
         : held.socket->state == TcpState::listen ? "listener"
                                                  : "connection";
}

class Drawing {
public:
  Drawing(const Snapshot& snapshot, std::string title) : title_(std::move(title)) {
    place_processes(snapshot);
    place_sockets();
    place_peers();
    description_ = describe_all(snapshot);
  }

  [[nodiscard]] std::string text() {
    draw_tree();
    for (const SocketBox& socket : sockets_) {
      draw_socket(socket);
    }
    for (const ProcessBox& process : processes_) {
      draw_process(process);
    }
    for (const PeerBox& peer : peers_) {
      draw_peer(peer);
    }
    draw_links();
    std::ostringstream file;
    const std::string width = number(width_ + margin);
    const std::string height = number(height_ + margin);
    file << "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" "
            "aria-labelledby=\"title desc\" width=\""
         << width << "\" height=\"" << height << "\" viewBox=\"0 0 " << width << " " << height
         << "\" font-family=\"'DejaVu Sans Mono', Menlo, Consolas, 'Liberation Mono', "
            "'Courier New', monospace\" font-size=\""
         << font_size << "\" fill=\"" << ink << "\">\n  <title id=\"title\">" << escaped(title_)
         << "</title>\n  <desc id=\"desc\">" << description_ << "</desc>\n  <rect width=\"" << width
         << "\" height=\"" << height << "\" fill=\"" << paper << "\"/>\n"
         << body_.str() << "</svg>\n";
    return file.str();
  }

private:
  // Where everything goes.

  void place_processes(const Snapshot& snapshot) {
    double y = margin;
    double right = 0;
    for (const Member& member : snapshot.members) {
      ProcessBox process{.member = &member, .rows = rows_of(member)};
      process.state = state_of(member.process).text;
      const std::string name =
          harmless(member.process.name) + " " + std::to_string(member.process.pid);
      double width = width_in_pixels(name + "  " + process.state);
      std::size_t lines = 1 + process.rows.size();
      if (member.process.zombie()) {
        width = std::max(width, width_in_pixels(end_of(member)) + 2 * line_height);
        ++lines;
      }
      if (member.hidden) {
        width = std::max(width, width_in_pixels("?   not ours to see"));
        ++lines;
      }
      for (const DescriptorRow& row : process.rows) {
        width = std::max(width, fd_cell + width_in_pixels(short_form(row)) + 2 * character);
      }
      process.box = {.x = margin + child_indent * static_cast<double>(member.last.size()),
                     .y = y,
                     .width = width + 2 * padding,
                     .height = static_cast<double>(lines) * line_height + padding};
      y = process.box.bottom() + between_boxes;
      right = std::max(right, process.box.right());
      processes_.push_back(std::move(process));
    }
    for (ProcessBox& process : processes_) {
      process.box.width = right - process.box.x;
      grow(process.box);
    }
  }

  /// The middle of a row's right edge.
  static Point end_of_row(const ProcessBox& process, std::size_t row) {
    return {process.box.right(),
            process.box.y + padding / 2 + (static_cast<double>(row) + 1.5) * line_height};
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
        sockets_[entry->second].from.push_back(end_of_row(process, i));
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
        width = std::max(width, width_in_pixels(line.text));
      }
      const double height = static_cast<double>(socket.lines.size()) * line_height + padding;
      socket.box = {.x = processes_.front().box.right() + room_for_lines,
                    .y = std::max(y, middle - height / 2),
                    .width = width + 4 * padding,
                    .height = height};
      y = socket.box.bottom() + between_boxes;
      grow(socket.box);
    }
  }

  static void fill_in(SocketBox& socket) {
    const Held& held = *socket.held;
    const std::string ends = ends_of(*held.socket);
    const std::size_t arrow = ends.find(" <-> ");
    socket.lines.push_back({.text = ends.substr(0, arrow), .bold = true});
    if (arrow != std::string::npos) {
      socket.lines.push_back({.text = ends.substr(arrow + 1), .bold = true});
    }
    if (socket.shared) {
      socket.lines.push_back({.text = "held by " + std::to_string(held.holders) + " processes",
                              .fill = shared_stroke,
                              .bold = true});
    }
    for (const Span& note : notes_on(held)) {
      if (note.text.starts_with("also held by ") || note.text.starts_with("peer ")) {
        continue; // that is what the lines show
      }
      for (const Line& line : wrapped({note}, widest_text)) {
        socket.lines.push_back({.text = text_of(line, {.colour = false})});
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

  void place_peers() {
    double x = 0;
    for (const SocketBox& socket : sockets_) {
      x = std::max(x, socket.box.right() + room_for_lines / 2);
    }
    double y = margin;
    for (std::size_t i = 0; i < sockets_.size(); ++i) {
      const auto& peer = sockets_[i].held->peer;
      if (!peer || peer->kind != Peer::Kind::held || other_end(sockets_[i]) != nullptr) {
        continue;
      }
      // Of several holders, each with its box, the middle stands beside the socket.
      const double all = static_cast<double>(peer->holders.size()) * (peer_height + between_boxes);
      y = std::max(y, sockets_[i].box.middle() - (all - between_boxes) / 2);
      for (const Holder& holder : peer->holders) {
        const std::string name = harmless(holder.name) + " " + std::to_string(holder.pid);
        PeerBox box{.box = {.x = x,
                            .y = y,
                            .width = std::max(width_in_pixels(name), fd_cell + 11 * character) +
                                     2 * padding,
                            .height = peer_height},
                    .name = name,
                    .fd = std::to_string(holder.fd),
                    .socket = i};
        y = box.box.bottom() + between_boxes;
        grow(box.box);
        peers_.push_back(std::move(box));
      }
    }
  }

  void grow(const Box& box) {
    width_ = std::max(width_, box.right());
    height_ = std::max(height_, box.bottom());
  }

  static std::string describe_all(const Snapshot& snapshot) {
    constexpr std::size_t width = 200;
    std::string text;
    for (const Part& part : xray(snapshot, {}, width)) {
      for (const Line& line : part.lines) {
        text += (text.empty() ? "" : "\n") + escaped(text_of(line, {.colour = false}));
      }
    }
    return text;
  }

  // The lines.

  void path(const std::string& d, std::string_view stroke, double width,
            std::string_view more = {}) {
    body_ << "  <path d=\"" << d << "\" fill=\"none\" stroke=\"" << stroke << "\" stroke-width=\""
          << number(width) << "\"" << more << "/>\n";
  }

  /// From each parent down to its children.
  void draw_tree() {
    for (std::size_t i = 0; i < processes_.size(); ++i) {
      for (std::size_t j = i + 1; j < processes_.size(); ++j) {
        const Box& child = processes_[j].box;
        if (processes_[j].member->process.parent == processes_[i].member->process.pid &&
            !processes_[j].member->last.empty()) {
          const Box& parent = processes_[i].box;
          path("M" + number(parent.x + child_indent / 2) + " " + number(parent.bottom()) + "V" +
                   number(child.y + line_height) + "H" + number(child.x),
               process_stroke, 2);
        }
      }
    }
  }

  /// From a descriptor to its socket, or over the network: a mark at both ends.
  void link(const std::vector<Point>& points, bool shared) {
    const std::string_view colour = shared ? shared_stroke : socket_stroke;
    std::string d;
    for (const Point& point : points) {
      d += (d.empty() ? "M" : "L") + number(point.x) + " " + number(point.y);
    }
    path(d, colour, shared ? 6 : 3);
    for (const Point& end : {points.front(), points.back()}) {
      body_ << "  <circle cx=\"" << number(end.x) << "\" cy=\"" << number(end.y) << "\" r=\""
            << (shared ? 7 : 5) << "\" fill=\"" << colour << "\"/>\n";
    }
  }

  void draw_links() {
    for (const SocketBox& socket : sockets_) {
      const Point left{socket.box.x, socket.box.middle()};
      const Point right{socket.box.right(), socket.box.middle()};
      for (const Point& from : socket.from) {
        link({from, left}, socket.shared);
      }
      if (const SocketBox* const other = other_end(socket); other != nullptr && other > &socket) {
        // Both ends are here: the network between them.
        const double x = std::max(right.x, other->box.right()) + between_boxes;
        const double y = other->box.middle();
        link({right, {x, right.y}, {x, y}, {other->box.right(), y}}, false);
        width_ = std::max(width_, x);
      }
    }
    for (const PeerBox& peer : peers_) {
      const Box& socket = sockets_[peer.socket].box;
      link({{socket.right(), socket.middle()}, {peer.box.x, base(peer.box, 1) - font_size / 3}},
           false);
    }
  }

  // The boxes.

  void rect(const Box& box, double radius, std::string_view fill, std::string_view stroke,
            double width, std::string_view more = {}) {
    body_ << "    <rect x=\"" << number(box.x) << "\" y=\"" << number(box.y) << "\" width=\""
          << number(box.width) << "\" height=\"" << number(box.height) << "\" rx=\""
          << number(radius) << "\" fill=\"" << fill << "\" stroke=\"" << stroke
          << "\" stroke-width=\"" << number(width) << "\"" << more << "/>\n";
  }

  void put(const Text& text, Point at, std::string_view anchor = {}) {
    body_ << "    <text x=\"" << number(at.x) << "\" y=\"" << number(at.y) << "\"";
    if (!anchor.empty()) {
      body_ << " text-anchor=\"" << anchor << "\"";
    }
    if (text.fill != ink) {
      body_ << " fill=\"" << text.fill << "\"";
    }
    if (text.bold) {
      body_ << " font-weight=\"bold\"";
    }
    body_ << ">" << escaped(text.text) << "</text>\n";
  }

  /// The base line of a box's line.
  static double base(const Box& box, std::size_t line) {
    return box.y + padding / 2 + static_cast<double>(line) * line_height + 0.7 * line_height;
  }

  /// The lines of a table of descriptors: below the header, and after the numbers.
  void table(const Box& box) {
    const double top = box.y + padding / 2 + line_height;
    path("M" + number(box.x) + " " + number(top) + "H" + number(box.right()), process_stroke, 1.5);
    const double x = box.x + padding + fd_cell - character;
    path("M" + number(x) + " " + number(top) + "V" + number(box.bottom()), process_stroke, 1);
  }

  void draw_process(const ProcessBox& process) {
    const Member& member = *process.member;
    const Box& box = process.box;
    const bool zombie = member.process.zombie();
    body_ << "  <g class=\"" << (zombie ? "zombie" : "process") << "\">\n";
    rect(box, 10, zombie ? zombie_fill : process_fill, zombie ? zombie_stroke : process_stroke, 2.5,
         zombie ? " stroke-dasharray=\"7 6\"" : "");
    put({.text = harmless(member.process.name) + " " + std::to_string(member.process.pid),
         .bold = true},
        {box.x + padding, base(box, 0)});
    put({.text = process.state}, {box.right() - padding, base(box, 0)}, "end");
    std::size_t line = 1;
    if (zombie) {
      body_ << "    <text x=\"" << number(box.right() - padding) << "\" y=\""
            << number(base(box, 1) + 4) << "\" text-anchor=\"end\" font-size=\"30\" "
            << "font-weight=\"bold\">Z</text>\n";
      put({.text = end_of(member)}, {box.x + padding, base(box, line)});
      ++line;
    }
    if (member.hidden) {
      put({.text = "?   not ours to see"}, {box.x + padding, base(box, line)});
      ++line;
    }
    if (!process.rows.empty()) {
      table(box);
    }
    for (const DescriptorRow& row : process.rows) {
      put({.text = row.label}, {box.x + padding, base(box, line)});
      put({.text = short_form(row)}, {box.x + padding + fd_cell, base(box, line)});
      ++line;
    }
    body_ << "  </g>\n";
  }

  /// Something that the kernel keeps.
  void octagon(const Box& box) {
    constexpr double cut_off = 14;
    const std::array<double, 4> x{box.x, box.x + cut_off, box.right() - cut_off, box.right()};
    const std::array<double, 4> y{box.y, box.y + cut_off, box.bottom() - cut_off, box.bottom()};
    body_ << "    <polygon points=\"";
    for (const auto& [i, j] : std::initializer_list<std::pair<std::size_t, std::size_t>>{
             {1, 0}, {2, 0}, {3, 1}, {3, 2}, {2, 3}, {1, 3}, {0, 2}, {0, 1}}) {
      body_ << number(x.at(i)) << "," << number(y.at(j)) << " ";
    }
    body_ << "\" fill=\"" << kernel_fill << "\" stroke=\"" << ink << "\" stroke-width=\"2\"/>\n";
  }

  void draw_socket(const SocketBox& socket) {
    body_ << "  <g class=\"socket\">\n";
    octagon(socket.box);
    for (std::size_t i = 0; i < socket.lines.size(); ++i) {
      put(socket.lines[i], {socket.box.x + socket.box.width / 2, base(socket.box, i)}, "middle");
    }
    body_ << "  </g>\n";
  }

  void draw_peer(const PeerBox& peer) {
    body_ << "  <g class=\"process\">\n";
    rect(peer.box, 10, process_fill, process_stroke, 2.5);
    put({.text = peer.name, .bold = true}, {peer.box.x + padding, base(peer.box, 0)});
    table(peer.box);
    put({.text = peer.fd}, {peer.box.x + padding, base(peer.box, 1)});
    put({.text = "connection"}, {peer.box.x + padding + fd_cell, base(peer.box, 1)});
    body_ << "  </g>\n";
  }

  std::string title_;
  std::string description_;
  std::vector<ProcessBox> processes_;
  std::vector<SocketBox> sockets_;
  std::vector<PeerBox> peers_;
  double width_ = 0;
  double height_ = 0;
  std::ostringstream body_;
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
