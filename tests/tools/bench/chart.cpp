#include "tools/bench/chart.hpp"

#include "tools/text/text.hpp"

#include <array>
#include <functional>
#include <string_view>
#include <utility>

namespace lab::bench {

namespace {

constexpr std::string_view ink = "#1a1a2e";
constexpr std::string_view paper = "#ffffff";
constexpr std::string_view blue = "#2b4c7e";
constexpr std::string_view orange = "#b4530a";
constexpr std::string_view grey = "#6b6b6b";
constexpr std::string_view pale = "#d0d0d0";

constexpr double width = 1280;
constexpr double growth_height = 640;
constexpr double speed_height = 540; // fits on a slide, below its title

std::string escaped(std::string_view text) {
  std::string result;
  for (const char byte : text) {
    if (byte == '<') {
      result += "&lt;";
    } else if (byte == '&') {
      result += "&amp;";
    } else {
      result += byte;
    }
  }
  return result;
}

class Drawing {
public:
  Drawing(double height, std::string_view title, std::string_view description) : height_(height) {
    text_ = "<svg xmlns=\"http://www.w3.org/2000/svg\"" +
            attribute("viewBox", "0 0 " + text_of(width) + " " + text_of(height_)) +
            " role=\"img\" aria-labelledby=\"title description\""
            " font-family=\"Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif\">\n"
            "  <title id=\"title\">" +
            escaped(title) + "</title>\n  <desc id=\"description\">" + escaped(description) +
            "</desc>\n";
    rectangle(0, 0, width, height_, paper, "none");
  }

  void rectangle(double x, double y, double w, double h, std::string_view fill,
                 std::string_view stroke) {
    add("rect", attribute("x", x) + attribute("y", y) + attribute("width", w) +
                    attribute("height", h) + attribute("fill", fill) + attribute("stroke", stroke) +
                    attribute("stroke-width", 2));
  }

  void line(double x1, double y1, double x2, double y2, std::string_view stroke,
            std::string_view dashes = "none") {
    add("line", attribute("x1", x1) + attribute("y1", y1) + attribute("x2", x2) +
                    attribute("y2", y2) + attribute("stroke", stroke) +
                    attribute("stroke-width", 2) + attribute("stroke-dasharray", dashes));
  }

  /// `anchor`: start, middle or end.
  void text(double x, double y, double size, std::string_view words, std::string_view anchor,
            std::string_view fill = ink, bool bold = false) {
    add("text",
        attribute("x", x) + attribute("y", y) + attribute("font-size", size) +
            attribute("text-anchor", anchor) + attribute("fill", fill) +
            attribute("font-weight", bold ? "bold" : "normal") + attribute("stroke", paper) +
            attribute("stroke-width", 5) +
            attribute("paint-order", "stroke"), // a line behind it does not cross it
        words);
  }

  void path(const std::vector<std::pair<double, double>>& points, std::string_view stroke,
            double thickness) {
    std::string data;
    for (const auto& [x, y] : points) {
      data += (data.empty() ? "M" : " L") + text_of(x) + " " + text_of(y);
    }
    add("path", attribute("d", data) + attribute("fill", "none") + attribute("stroke", stroke) +
                    attribute("stroke-width", thickness));
  }

  /// One of six shapes, which differ without colour.
  void mark(double x, double y, std::size_t shape, std::string_view colour) {
    constexpr double r = 8;
    const std::string paint = attribute("fill", shape % 2 == 0 ? colour : paper) +
                              attribute("stroke", colour) + attribute("stroke-width", 3);
    const auto corner = [&](double dx, double dy) {
      return text_of(x + dx) + "," + text_of(y + dy) + " ";
    };
    switch (shape / 2 % 3) {
    case 0:
      add("circle", attribute("cx", x) + attribute("cy", y) + attribute("r", r) + paint);
      break;
    case 1:
      add("polygon",
          attribute("points", corner(-r, -r) + corner(r, -r) + corner(r, r) + corner(-r, r)) +
              paint);
      break;
    default:
      add("polygon",
          attribute("points", corner(0, -r - 2) + corner(r + 1, r) + corner(-r - 1, r)) + paint);
    }
  }

  [[nodiscard]] double height() const { return height_; }

  [[nodiscard]] std::string whole() const { return text_ + "</svg>\n"; }

private:
  static std::string text_of(double value) {
    std::string text = std::to_string(value);
    text.resize(text.find('.') + 2);
    return text;
  }

  static std::string attribute(std::string_view name, std::string_view value) {
    std::string text(" ");
    text += name;
    text += "=\"";
    text += value;
    return text + '"';
  }

  static std::string attribute(std::string_view name, double value) {
    return attribute(name, text_of(value));
  }

  void add(std::string_view element, const std::string& attributes, std::string_view content = {}) {
    text_ += "  <";
    text_ += element;
    text_ += attributes;
    if (content.empty()) {
      text_ += "/>\n";
    } else {
      text_ += ">" + escaped(content) + "</";
      text_ += element;
      text_ += ">\n";
    }
  }

  double height_;
  std::string text_;
};

/// The server that the lab is about in blue, the textbook's in orange, the others in grey; the bare
/// loop in ink, and its bars hollow. Nothing hangs on the colour alone: each has its name beside
/// it.
std::string_view colour_of(const Run& run, const Result& result) {
  if (result.name == run.limit) {
    return ink;
  }
  if (result.name == "echo_mpserver") {
    return blue;
  }
  return result.name == "textbook" ? orange : grey;
}

bool is_ours(const Result& result) {
  return result.name == "echo_mpserver";
}

void footer(Drawing& drawing, const Run& run) {
  drawing.text(40, drawing.height() - 20, 17,
               run.machine.text() + "; medians of " + std::to_string(run.rounds) + " rounds",
               "start", grey);
}

/// What a bar shows of a server; nothing where it was not measured.
using Value = std::function<std::optional<double>(const Result&)>;

Value median_of(std::vector<double> Result::*values) {
  return [values](const Result& result) -> std::optional<double> {
    const auto sum = summary(result.*values);
    return sum ? std::optional(sum->median) : std::nullopt;
  };
}

/// Of so many clients at once.
Value median_of(std::vector<double> Growth::*values, std::size_t clients) {
  return [=](const Result& result) -> std::optional<double> {
    for (const Growth& growth : result.growth) {
      const bool never = values == &Growth::reaped_ms && growth.not_reaped > 0;
      if (const auto sum = summary(growth.*values); sum && growth.clients == clients && !never) {
        return sum->median;
      }
    }
    return std::nullopt;
  };
}

/// The same of the ratios to the limit, round by round.
Value median_ratio(const Run& run, std::vector<double> Result::*values) {
  return [&run, values](const Result& result) -> std::optional<double> {
    const Result* limit = run.limit_result();
    const auto sum =
        limit == nullptr ? std::nullopt : summary(ratios(result.*values, limit->*values));
    return sum ? std::optional(sum->median) : std::nullopt;
  };
}

std::string in_words(const Run& run, const Value& value, std::string_view what) {
  std::string text(what);
  std::string_view separator = ": ";
  for (const Result& result : run.results) {
    if (const auto own = value(result)) {
      text += separator;
      text += result.title + " " + number(*own);
      separator = ", ";
    }
  }
  return text + ". ";
}

/// Where bars stand: the first one's upper left corner, from one to the next, the longest one.
struct Bars {
  double x = 0;
  double top = 0;
  double step = 0;
  double length = 0;
  double font = 0;
};

/// A bar for each server with its number, and with `ratio`, where that is given. `instead` stands
/// where there is no number.
void draw(Drawing& drawing, const Run& run, const Bars& at, const Value& value, const Value& ratio,
          std::string_view instead) {
  double most = 0;
  for (const Result& result : run.results) {
    most = std::max(most, value(result).value_or(0));
  }
  const Result* limit = run.limit_result();
  const double of_limit = limit != nullptr && ratio ? value(*limit).value_or(0) : 0;
  const double thickness = at.step * 0.55;
  if (of_limit > 0) {
    const double x = at.x + of_limit / most * at.length;
    drawing.line(x, at.top - 12, x,
                 at.top + at.step * static_cast<double>(run.results.size() - 1) + thickness + 12,
                 ink, "3 6");
  }
  double y = at.top;
  for (const Result& result : run.results) {
    const double baseline = y + thickness / 2 + at.font * 0.36;
    if (const auto own = value(result); own && most > 0) {
      const double length = std::max(2.0, *own / most * at.length);
      const auto colour = colour_of(run, result);
      drawing.rectangle(at.x, y, length, thickness, &result == limit ? paper : colour, colour);
      std::string words = number(*own);
      if (const auto part = of_limit > 0 && &result != limit ? ratio(result) : std::nullopt) {
        words += *part < 0.01 ? "  × <0.01" : "  × " + number(*part);
      }
      drawing.text(at.x + length + 9, baseline, at.font, words, "start");
    } else {
      drawing.text(at.x + 4, baseline, at.font, instead, "start", grey);
    }
    y += at.step;
  }
}

void draw_names(Drawing& drawing, const Run& run, const Bars& at, double font) {
  double y = at.top;
  for (const Result& result : run.results) {
    drawing.text(at.x - 14, y + at.step * 0.275 + font * 0.34, font, result.title, "end", ink,
                 is_ours(result));
    y += at.step;
  }
}

double step_for(const Run& run, double whole) {
  return whole / static_cast<double>(std::max<std::size_t>(run.results.size(), 5));
}

/// The field of the lines: logarithmic both ways.
struct Field {
  static constexpr double left = 100;
  static constexpr double right = 470;
  static constexpr double bottom = 510;
  static constexpr double top = 110;

  double low = 0; ///< powers of ten
  double high = 1;
  double widest = 1;

  [[nodiscard]] double x(double clients) const {
    return left + std::log10(clients) / widest * (right - left);
  }

  [[nodiscard]] double y(double ms) const {
    return bottom - (std::log10(ms) - low) / (high - low) * (bottom - top);
  }
};

/// `0.01`, `1`, `1,000`.
std::string power_of_ten(double power) {
  const double value = std::pow(10, power);
  return power < 0 ? number(value) : whole_number(static_cast<std::size_t>(std::llround(value)));
}

void draw_field(Drawing& drawing, const Field& field) {
  for (double power = field.low; power <= field.high; ++power) {
    const double y = field.y(std::pow(10, power));
    drawing.line(Field::left, y, Field::right, y, pale);
    drawing.text(Field::left - 14, y + 7, 20, power_of_ten(power), "end");
  }
  for (double power = 0; power <= field.widest; ++power) {
    drawing.text(field.x(std::pow(10, power)), Field::bottom + 32, 20, power_of_ten(power),
                 "middle");
  }
  drawing.text((Field::left + Field::right) / 2, Field::bottom + 62, 20, "clients", "middle", grey);
}

/// A line for each server that was measured with several numbers of clients, and their names at the
/// ends, pushed apart where lines meet.
void draw_lines(Drawing& drawing, const Run& run, const Field& field) {
  struct Label {
    double y;
    double end; // of its line
    const Result* result;
    std::size_t shape;
  };

  std::vector<Label> labels;
  for (const Result& result : run.results) {
    std::vector<std::pair<double, double>> points;
    for (const Growth& growth : result.growth) {
      if (const auto sum = summary(growth.served_ms)) {
        points.emplace_back(field.x(static_cast<double>(growth.clients)), field.y(sum->median));
      }
    }
    if (points.size() < 2) {
      continue;
    }
    const auto colour = colour_of(run, result);
    drawing.path(points, colour, is_ours(result) ? 5 : 3);
    for (const auto& [x, y] : points) {
      drawing.mark(x, y, labels.size(), colour);
    }
    const double end = points.back().second;
    labels.push_back({.y = end, .end = end, .result = &result, .shape = labels.size()});
  }
  std::sort(labels.begin(), labels.end(), [](const Label& a, const Label& b) { return a.y < b.y; });
  constexpr double apart = 27;
  for (int turn = 0; turn < 50; ++turn) {
    for (std::size_t i = 1; i < labels.size(); ++i) {
      const double lack = std::max(0.0, apart - (labels[i].y - labels[i - 1].y));
      labels[i - 1].y -= lack / 2;
      labels[i].y += lack / 2;
    }
  }
  for (const Label& label : labels) {
    drawing.line(Field::right + 12, label.end, Field::right + 40, label.y, grey);
    drawing.mark(Field::right + 54, label.y, label.shape, colour_of(run, *label.result));
    drawing.text(Field::right + 72, label.y + 7, 21, label.result->title, "start", ink,
                 is_ours(*label.result));
  }
}

} // namespace

std::string speed_chart(const Run& all) {
  struct Column {
    std::string_view title;
    std::string_view below;
    std::vector<double> Result::*values;
  };

  const std::array<Column, 3> columns{
      {{"connections a second", "one after another", &Result::connections},
       {"round trips a second", "64 bytes there and back", &Result::round_trips},
       {"bulk, MiB a second", "over one connection", &Result::bulk}}};
  Run run = all;
  std::erase_if(run.results, [](const Result& result) { return result.connections.empty(); });
  std::string description = "Bars, a row for each server. ";
  for (const Column& column : columns) {
    description += in_words(run, median_of(column.values), column.title);
  }
  Drawing drawing(speed_height,
                  "How fast each server is, beside a bare loop of accept, fork, echo and _exit",
                  description);
  Bars at{.x = 272, .top = 110, .step = step_for(run, 380), .length = 140, .font = 21};
  draw_names(drawing, run, at, 22);
  for (const Column& column : columns) {
    drawing.text(at.x, 46, 25, column.title, "start", ink, true);
    drawing.text(at.x, 74, 20, column.below, "start", grey);
    draw(drawing, run, at, median_of(column.values), median_ratio(run, column.values), "–");
    at.x += 338;
  }
  footer(drawing, run);
  return drawing.whole();
}

std::string growth_chart(const Run& run) {
  std::size_t clients = 0;
  double least = 0;
  double most = 0;
  for (const Result& result : run.results) {
    for (const Growth& growth : result.growth) {
      if (const auto sum = summary(growth.served_ms)) {
        clients = std::max(clients, growth.clients);
        least = least == 0 ? sum->median : std::min(least, sum->median);
        most = std::max(most, sum->median);
      }
    }
  }
  if (clients == 0 || least <= 0) {
    return {};
  }
  Field field;
  field.low = std::floor(std::log10(least));
  field.high = std::max(field.low + 1, std::ceil(std::log10(most)));
  field.widest = std::max(1.0, std::log10(static_cast<double>(clients)));

  const std::string count = whole_number(clients);
  const Value served = median_of(&Growth::served_ms, clients);
  const Value memory = median_of(&Growth::pss_kib, clients);
  const Value reaped = median_of(&Growth::reaped_ms, clients);
  Drawing drawing(growth_height, "What many clients at once cost each server",
                  "Lines, both scales logarithmic: milliseconds until all clients are served, over "
                  "their number. With the largest number, " +
                      count + ": " + in_words(run, served, "milliseconds until all are served") +
                      in_words(run, memory, "KiB of memory for each") +
                      in_words(run, reaped, "milliseconds until all are reaped"));
  drawing.text(40, 46, 26, "all served, after ms", "start", ink, true);
  drawing.text(40, 74, 20, "clients that come at once", "start", grey);
  draw_field(drawing, field);
  draw_lines(drawing, run, field);

  Run forking = run; // the others have no bar here
  std::erase_if(forking.results, [&](const Result& result) { return !memory(result); });
  Bars at{.x = 1030, .top = 104, .step = step_for(forking, 232), .length = 150, .font = 19};
  for (const auto& [title, value] :
       {std::pair("memory for each, KiB", memory), std::pair("all reaped, after ms", reaped)}) {
    drawing.text(at.x - 210, at.top - 44, 25, title, "start", ink, true);
    drawing.text(at.x - 210, at.top - 20, 19, "of " + count + " clients", "start", grey);
    draw_names(drawing, forking, at, 18);
    draw(drawing, forking, at, value, {}, "never");
    at.top += 294;
  }
  footer(drawing, run);
  return drawing.whole();
}

} // namespace lab::bench
