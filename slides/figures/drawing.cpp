#include "drawing.hpp"

#include <cmath>
#include <sstream>

namespace lab::figures {

namespace {

std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
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

/// A length: the fewest digits that say it.
std::string number(double value) {
  std::ostringstream text;
  text << std::round(value * 10) / 10;
  return text.str();
}

std::string attribute(const char* name, const std::string& value) {
  return std::string(" ") + name + "=\"" + value + '"';
}

std::string attribute(const char* name, double value) {
  return attribute(name, number(value));
}

} // namespace

Drawing::Drawing(int width, int height, const std::string& title, const std::string& description)
    : width_(width), height_(height),
      head_("<title>" + escaped(title) + "</title>\n<desc>" + escaped(description) + "</desc>\n") {}

void Drawing::add(const std::string& element) {
  body_ += element + '\n';
}

void Drawing::text(Point at, const std::string& words, TextStyle style) {
  std::string element = "<text" + attribute("x", at.x) + attribute("y", at.y) +
                        attribute("font-size", style.size) + attribute("fill", style.colour);
  if (style.anchor != Anchor::start) {
    element += attribute("text-anchor", style.anchor == Anchor::middle ? "middle" : "end");
  }
  if (style.bold) {
    element += attribute("font-weight", "700");
  }
  if (style.mono) {
    element += attribute("class", "mono");
  }
  add(element + ">" + escaped(words) + "</text>");
}

void Drawing::line(const std::vector<Point>& points, LineStyle style) {
  std::string path;
  for (const Point& point : points) {
    path += (path.empty() ? "M" : " L") + number(point.x) + " " + number(point.y);
  }
  std::string element = "<path" + attribute("d", path) + attribute("fill", "none") +
                        attribute("stroke", style.colour) + attribute("stroke-width", style.width);
  if (style.dashed) {
    element += attribute("stroke-dasharray", "7 6");
  }
  add(element + "/>");
  if (style.arrow && points.size() > 1) {
    const Point end = points.back();
    const Point before = points[points.size() - 2];
    const double length = std::hypot(end.x - before.x, end.y - before.y);
    const double dx = (end.x - before.x) / length;
    const double dy = (end.y - before.y) / length;
    const double size = 9 + style.width;
    const auto corner = [&](double side) {
      return number(end.x - size * dx - side * size * 0.5 * dy) + " " +
             number(end.y - size * dy + side * size * 0.5 * dx);
    };
    add("<path" +
        attribute("d", "M" + number(end.x) + " " + number(end.y) + " L" + corner(1) + " L" +
                           corner(-1) + " Z") +
        attribute("fill", style.colour) + "/>");
  }
}

Box Drawing::process(Point at, double width, const std::string& name, const std::string& id,
                     const std::string& state, const std::vector<Row>& rows) {
  constexpr double header = 42;
  constexpr double row_height = 36;
  Box box{.x = at.x, .y = at.y, .width = width, .height = header, .rows = {}};
  if (!rows.empty()) {
    box.height += row_height * static_cast<double>(rows.size()) + 6;
  }
  add("<rect" + attribute("x", box.x) + attribute("y", box.y) + attribute("width", width) +
      attribute("height", box.height) + attribute("rx", 10) + attribute("fill", process_fill) +
      attribute("stroke", process_stroke) + attribute("stroke-width", 2.5) + "/>");
  text({at.x + 14, at.y + 28}, name, {.size = 22, .bold = true});
  if (!id.empty()) {
    text({at.x + width - (state.empty() ? 14.0 : 30.0 + 12.5 * static_cast<double>(state.size())),
          at.y + 28},
         id, {.anchor = Anchor::end, .mono = true});
  }
  if (!state.empty()) {
    text({at.x + width - 14, at.y + 28}, state,
         {.anchor = Anchor::end, .bold = true, .mono = true});
  }
  if (!rows.empty()) {
    line({{at.x, at.y + header}, {at.x + width, at.y + header}},
         {.colour = process_stroke, .width = 1.5});
    line({{at.x + 46, at.y + header}, {at.x + 46, at.y + box.height}},
         {.colour = process_stroke, .width = 1});
  }
  double y = at.y + header + row_height / 2 + 3;
  for (const Row& row : rows) {
    text({at.x + 23, y + 7}, row.number, {.anchor = Anchor::middle, .mono = true});
    text({at.x + 58, y + 7}, row.what);
    box.rows.push_back(y);
    y += row_height;
  }
  return box;
}

Box Drawing::zombie(Point at, double width, const std::string& name, const std::string& id) {
  const Box box{.x = at.x, .y = at.y, .width = width, .height = 42, .rows = {}};
  add("<rect" + attribute("x", box.x) + attribute("y", box.y) + attribute("width", width) +
      attribute("height", box.height) + attribute("rx", 10) + attribute("fill", zombie_fill) +
      attribute("stroke", zombie_stroke) + attribute("stroke-width", 2.5) +
      attribute("stroke-dasharray", "7 6") + "/>");
  if (!name.empty()) {
    text({at.x + 14, at.y + 28}, name, {.size = 22, .colour = soft});
  }
  if (!id.empty()) {
    text({at.x + width - 44, at.y + 28}, id, {.anchor = Anchor::end, .mono = true, .colour = soft});
  }
  text({name.empty() && id.empty() ? at.x + width / 2 + 7 : at.x + width - 14, at.y + 29}, "Z",
       {.size = 24, .anchor = Anchor::end, .bold = true, .mono = true});
  return box;
}

Box Drawing::kernel(Point at, double width, double height, const std::vector<std::string>& lines) {
  const Box box{.x = at.x, .y = at.y, .width = width, .height = height, .rows = {}};
  constexpr double cut = 14;
  std::string path;
  for (const Point& point :
       {Point{at.x + cut, at.y}, Point{at.x + width - cut, at.y}, Point{at.x + width, at.y + cut},
        Point{at.x + width, at.y + height - cut}, Point{at.x + width - cut, at.y + height},
        Point{at.x + cut, at.y + height}, Point{at.x, at.y + height - cut},
        Point{at.x, at.y + cut}}) {
    path += (path.empty() ? "M" : " L") + number(point.x) + " " + number(point.y);
  }
  add("<path" + attribute("d", path + " Z") + attribute("fill", kernel_fill) +
      attribute("stroke", ink) + attribute("stroke-width", 2) + "/>");
  double y = at.y + height / 2 - 13 * (static_cast<double>(lines.size()) - 1) + 7;
  bool first = true;
  for (const std::string& words : lines) {
    text({at.x + width / 2, y}, words, {.anchor = Anchor::middle, .bold = first});
    y += 26;
    first = false;
  }
  return box;
}

void Drawing::socket(const std::vector<Point>& points, bool twice) {
  line(points, {.colour = twice ? held_twice : socket_stroke, .width = twice ? 6.0 : 3.0});
  for (const Point& end : {points.front(), points.back()}) {
    add("<circle" + attribute("cx", end.x) + attribute("cy", end.y) +
        attribute("r", twice ? 7 : 5) + attribute("fill", twice ? held_twice : socket_stroke) +
        "/>");
  }
}

void Drawing::time(Point from, Point to) {
  line({from, to}, {.colour = soft, .width = 2, .arrow = true});
}

Box Drawing::activity(Point at, double width, double height, const std::string& words) {
  const Box box{.x = at.x, .y = at.y, .width = width, .height = height, .rows = {}};
  add("<rect" + attribute("x", at.x) + attribute("y", at.y) + attribute("width", width) +
      attribute("height", height) + attribute("fill", process_fill) +
      attribute("stroke", process_stroke) + attribute("stroke-width", 2) + "/>");
  if (!words.empty()) {
    text({at.x + width / 2, at.y + height / 2 + 7}, words, {.anchor = Anchor::middle});
  }
  return box;
}

std::string Drawing::svg() const {
  const std::string width = std::to_string(width_);
  const std::string height = std::to_string(height_);
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + width + "\" height=\"" + height +
         "\" viewBox=\"0 0 " + width + " " + height +
         "\" role=\"img\"\n     font-family=\"system-ui, 'Segoe UI', Roboto, 'Noto Sans', "
         "'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif\">\n" +
         head_ +
         "<style>.mono { font-family: ui-monospace, 'Cascadia Mono', 'SF Mono', Menlo, Consolas, "
         "'DejaVu Sans Mono', 'Liberation Mono', monospace; }</style>\n" +
         "<rect width=\"" + width + "\" height=\"" + height + "\" fill=\"" + paper + "\"/>\n" +
         body_ + "</svg>\n";
}

} // namespace lab::figures
