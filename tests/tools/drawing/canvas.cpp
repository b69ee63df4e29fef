#include "tools/drawing/canvas.hpp"

#include "tools/text/text.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string_view>

namespace lab::drawing {

namespace {

constexpr std::string_view sans = "system-ui, 'Segoe UI', Roboto, 'Noto Sans', 'Helvetica Neue', "
                                  "Arial, 'DejaVu Sans', sans-serif";
constexpr std::string_view mono = "ui-monospace, 'Cascadia Mono', 'SF Mono', Menlo, Consolas, "
                                  "'DejaVu Sans Mono', 'Liberation Mono', monospace";

// Of a process.
constexpr double header = 42;
constexpr double row_height = 36;
constexpr double padding = 14;

constexpr TextStyle name_style{.size = 22, .bold = true};
constexpr TextStyle id_style{.anchor = Anchor::end, .mono = true};
constexpr TextStyle state_style{.anchor = Anchor::end, .bold = true, .mono = true};

/// A length: the fewest digits that say it.
std::string length(double value) {
  std::string text = fixed(value, 1);
  if (text.ends_with(".0")) {
    text.resize(text.size() - 2);
  }
  return text;
}

std::string attribute(std::string_view name, std::string_view value) {
  return std::string(" ").append(name).append("=\"").append(value).append("\"");
}

std::string attribute(std::string_view name, double value) {
  return attribute(name, length(value));
}

std::string path(const std::vector<Point>& points) {
  std::string text;
  for (const Point& point : points) {
    text += (text.empty() ? "M" : " L") + length(point.x) + " " + length(point.y);
  }
  return text;
}

/// What the styles of a shape or a line say in SVG.
std::string painted(const char* fill, Colour stroke, double width, bool dashed) {
  std::string text = attribute("fill", fill);
  if (width > 0) {
    text += attribute("stroke", stroke.light) + attribute("stroke-width", width);
  }
  return text + (dashed ? attribute("stroke-dasharray", "7 6") : "");
}

std::string painted(const ShapeStyle& style) {
  return painted(style.fill.light, style.stroke, style.width, style.dashed);
}

/// The column of the descriptors' numbers.
double number_column(const std::vector<Row>& rows) {
  double width = 46;
  for (const Row& row : rows) {
    width = std::max(width, width_in_pixels(row.number, id_style) + 8);
  }
  return width;
}

double room_for_state(const std::string& state) {
  return state.empty() ? padding : padding + 16 + width_in_pixels(state, state_style);
}

/// For a dark screen. Colours are attributes, which any program that shows SVG knows.
std::string dark_rules(const std::string& body) {
  std::string rules;
  for (const Colour& colour : {ink, soft, paper, rule, process_fill, process_stroke, socket_stroke,
                               held_twice, kernel_fill, zombie_fill, zombie_stroke}) {
    for (const std::string_view property : {"fill", "stroke"}) {
      const std::string as_attribute = attribute(property, colour.light).substr(1);
      if (body.find(" " + as_attribute) != std::string::npos) {
        rules.append("  [").append(as_attribute).append("] { ").append(property);
        rules.append(": ").append(colour.dark).append("; }\n");
      }
    }
  }
  return "@media screen and (prefers-color-scheme: dark) {\n" + rules + "}\n";
}

} // namespace

double width_in_pixels(const std::string& words, const TextStyle& style) {
  const double column = style.mono ? 0.625 : style.bold ? 0.72 : 0.65;
  return static_cast<double>(width_of(words)) * column * style.size;
}

double width_of_process(const std::string& name, const std::string& id, const std::string& state,
                        const std::vector<Row>& rows) {
  double width = padding + width_in_pixels(name, name_style) + padding +
                 width_in_pixels(id, id_style) + room_for_state(state);
  for (const Row& row : rows) {
    width = std::max(width, number_column(rows) + 12 + width_in_pixels(row.what) + padding);
  }
  return width;
}

Canvas::Canvas(double width, double height, const std::string& title,
               const std::string& description)
    : width_(width), height_(height),
      head_("<title id=\"title\">" + html(title) + "</title>\n<desc id=\"desc\">" +
            html(description) + "</desc>\n") {}

void Canvas::text(Point at, const std::string& words, const TextStyle& style) {
  std::string element = "<text" + attribute("x", at.x) + attribute("y", at.y) +
                        attribute("font-size", style.size) + attribute("fill", style.colour.light);
  if (style.anchor != Anchor::start) {
    element += attribute("text-anchor", style.anchor == Anchor::middle ? "middle" : "end");
  }
  if (style.bold) {
    element += attribute("font-weight", "700");
  }
  if (style.mono) {
    element += attribute("class", "mono");
  }
  if (style.halo) {
    element += attribute("stroke", paper.light) + attribute("stroke-width", 5) +
               attribute("paint-order", "stroke");
  }
  add(element + ">" + html(words) + "</text>");
}

void Canvas::line(const std::vector<Point>& points, const LineStyle& style) {
  add("<path" + attribute("d", path(points)) +
      painted("none", style.colour, style.width, style.dashed) + "/>");
  if (style.arrow && points.size() > 1) {
    const Point end = points.back();
    const Point before = points[points.size() - 2];
    const double distance = std::hypot(end.x - before.x, end.y - before.y);
    const double dx = (end.x - before.x) / distance;
    const double dy = (end.y - before.y) / distance;
    const double size = 9 + style.width;
    const auto corner = [&](double side) -> Point {
      return {end.x - size * dx - side * size * 0.5 * dy,
              end.y - size * dy + side * size * 0.5 * dx};
    };
    polygon({end, corner(1), corner(-1)}, {.fill = style.colour, .width = 0});
  }
}

void Canvas::rectangle(const Box& box, const ShapeStyle& style) {
  add("<rect" + attribute("x", box.x) + attribute("y", box.y) + attribute("width", box.width) +
      attribute("height", box.height) + (style.radius > 0 ? attribute("rx", style.radius) : "") +
      painted(style) + "/>");
}

void Canvas::polygon(const std::vector<Point>& corners, const ShapeStyle& style) {
  std::string points;
  for (const Point& corner : corners) {
    points += (points.empty() ? "" : " ") + length(corner.x) + "," + length(corner.y);
  }
  add("<polygon" + attribute("points", points) + painted(style) + "/>");
}

void Canvas::circle(Point centre, double radius, const ShapeStyle& style) {
  add("<circle" + attribute("cx", centre.x) + attribute("cy", centre.y) + attribute("r", radius) +
      painted(style) + "/>");
}

Box Canvas::process(Point at, double width, const std::string& name, const std::string& id,
                    const std::string& state, const std::vector<Row>& rows) {
  Box box{.x = at.x, .y = at.y, .width = width, .height = header};
  if (!rows.empty()) {
    box.height += row_height * static_cast<double>(rows.size()) + 6;
  }
  rectangle(box, {.radius = 10});
  text({at.x + padding, at.y + 28}, name, name_style);
  if (!id.empty()) {
    text({at.x + width - room_for_state(state), at.y + 28}, id, id_style);
  }
  if (!state.empty()) {
    text({at.x + width - padding, at.y + 28}, state, state_style);
  }
  if (rows.empty()) {
    return box;
  }
  const double column = number_column(rows);
  line({{at.x, at.y + header}, {at.x + width, at.y + header}},
       {.colour = process_stroke, .width = 1.5});
  line({{at.x + column, at.y + header}, {at.x + column, at.y + box.height}},
       {.colour = process_stroke, .width = 1});
  double y = at.y + header + row_height / 2 + 3;
  for (const Row& row : rows) {
    text({at.x + column / 2, y + 7}, row.number, {.anchor = Anchor::middle, .mono = true});
    text({at.x + column + 12, y + 7}, row.what);
    box.rows.push_back(y);
    y += row_height;
  }
  return box;
}

Box Canvas::zombie(Point at, double width, const std::string& name, const std::string& id,
                   const std::string& end) {
  Box box{.x = at.x, .y = at.y, .width = width, .height = header + (end.empty() ? 0 : row_height)};
  rectangle(box, {.fill = zombie_fill, .stroke = zombie_stroke, .radius = 10, .dashed = true});
  if (!name.empty()) {
    text({at.x + padding, at.y + 28}, name, {.size = 22, .colour = soft});
  }
  if (!id.empty()) {
    text({at.x + width - 44, at.y + 28}, id, {.anchor = Anchor::end, .mono = true, .colour = soft});
  }
  text({name.empty() && id.empty() ? at.x + width / 2 + 7 : at.x + width - padding, at.y + 29}, "Z",
       {.size = 24, .anchor = Anchor::end, .bold = true, .mono = true});
  if (!end.empty()) {
    text({at.x + padding, at.y + header + 20}, end);
  }
  return box;
}

Box Canvas::kernel(Point at, double width, double height, const std::vector<std::string>& lines) {
  constexpr double cut = 14;
  const std::array<double, 4> x{at.x, at.x + cut, at.x + width - cut, at.x + width};
  const std::array<double, 4> y{at.y, at.y + cut, at.y + height - cut, at.y + height};
  polygon({{x[1], y[0]},
           {x[2], y[0]},
           {x[3], y[1]},
           {x[3], y[2]},
           {x[2], y[3]},
           {x[1], y[3]},
           {x[0], y[2]},
           {x[0], y[1]}},
          {.fill = kernel_fill, .stroke = ink, .width = 2});
  double baseline = at.y + height / 2 - 13 * (static_cast<double>(lines.size()) - 1) + 7;
  for (const std::string& words : lines) {
    text({at.x + width / 2, baseline}, words,
         {.anchor = Anchor::middle, .bold = &words == &lines.front()});
    baseline += 26;
  }
  return {.x = at.x, .y = at.y, .width = width, .height = height};
}

void Canvas::socket(const std::vector<Point>& points, bool twice) {
  const Colour colour = twice ? held_twice : socket_stroke;
  line(points, {.colour = colour, .width = twice ? 6.0 : 3.0});
  for (const Point& end : {points.front(), points.back()}) {
    circle(end, twice ? 7 : 5, {.fill = colour, .width = 0});
  }
}

void Canvas::time(Point from, Point to) {
  line({from, to}, {.colour = soft, .width = 2, .arrow = true});
}

Box Canvas::activity(Point at, double width, double height, const std::string& words) {
  Box box{.x = at.x, .y = at.y, .width = width, .height = height};
  rectangle(box, {.width = 2});
  if (!words.empty()) {
    text({at.x + width / 2, at.y + height / 2 + 7}, words, {.anchor = Anchor::middle});
  }
  return box;
}

void Canvas::resize(double width, double height) {
  width_ = width;
  height_ = height;
}

std::string Canvas::svg() const {
  const std::string width = length(width_);
  const std::string height = length(height_);
  const std::string body = "<rect" + attribute("width", width) + attribute("height", height) +
                           attribute("fill", paper.light) + "/>\n" + body_;
  return "<svg" + attribute("xmlns", "http://www.w3.org/2000/svg") + attribute("width", width) +
         attribute("height", height) + attribute("viewBox", "0 0 " + width + " " + height) +
         " role=\"img\" aria-labelledby=\"title desc\"\n    " + attribute("font-family", sans) +
         ">\n" + head_ + "<style>\n.mono { font-family: " + std::string(mono) + "; }\n" +
         dark_rules(body) + "</style>\n" + body + "</svg>\n";
}

} // namespace lab::drawing
