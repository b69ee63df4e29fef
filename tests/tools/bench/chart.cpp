#include "tools/bench/chart.hpp"

#include "tools/bench/report.hpp"
#include "tools/drawing/canvas.hpp"
#include "tools/text/text.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <string_view>
#include <utility>

namespace lab::bench {

namespace {

using drawing::Anchor;
using drawing::Canvas;
using drawing::Colour;
using drawing::ink;
using drawing::paper;
using drawing::Point;
using drawing::rule;
using drawing::soft;
using drawing::TextStyle;

constexpr double width = 1140;
constexpr double growth_height = 640;
constexpr double speed_height = 520; // fits on a slide, below its title

constexpr TextStyle heading{.size = 23, .bold = true, .halo = true};
constexpr TextStyle below_heading{.colour = soft, .halo = true};
constexpr TextStyle beside{.halo = true};

/// One of six shapes, which differ without colour.
void mark(Canvas& canvas, Point at, std::size_t shape, Colour colour) {
  constexpr double r = 8;
  const drawing::ShapeStyle style{
      .fill = shape % 2 == 0 ? colour : paper, .stroke = colour, .width = 3};
  switch (shape / 2 % 3) {
  case 0:
    canvas.circle(at, r, style);
    break;
  case 1:
    canvas.rectangle({.x = at.x - r, .y = at.y - r, .width = 2 * r, .height = 2 * r}, style);
    break;
  default:
    canvas.polygon({{at.x, at.y - r - 2}, {at.x + r + 1, at.y + r}, {at.x - r - 1, at.y + r}},
                   style);
  }
}

/// The server that the lab is about in blue, the textbook's in orange, the others in grey; the bare
/// loop in ink, and its bars hollow. Nothing hangs on the colour alone: each has its name beside
/// it.
Colour colour_of(const Run& run, const Result& result) {
  if (result.name == run.limit) {
    return ink;
  }
  if (result.name == "echo_mpserver") {
    return drawing::process_stroke;
  }
  return result.name == "textbook" ? drawing::socket_stroke : soft;
}

void footer(Canvas& canvas, const Run& run, double height) {
  canvas.text({20, height - 44}, run.machine.text(), below_heading);
  canvas.text({20, height - 16}, how_measured(run), below_heading);
}

/// What a bar shows of a server; nothing where it was not measured.
using Value = std::function<std::optional<double>(const Result&)>;

Value shown_of(const Run& run, Column column) {
  return [&run, column](const Result& result) -> std::optional<double> {
    const auto shown = figure(run, result, column);
    return shown ? std::optional(shown->value) : std::nullopt;
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

/// Its ratio to the limit.
Value ratio_of(const Run& run, Column column) {
  return [&run, column](const Result& result) -> std::optional<double> {
    const auto shown = figure(run, result, column);
    return shown && shown->ratio ? std::optional(shown->ratio->median) : std::nullopt;
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
};

/// A bar for each server with its number, and with `ratio`, where that is given. `instead` stands
/// where there is no number.
void draw(Canvas& canvas, const Run& run, const Bars& at, const Value& value, const Value& ratio,
          const std::string& instead) {
  double most = 0;
  for (const Result& result : run.results) {
    most = std::max(most, value(result).value_or(0));
  }
  const Result* limit = run.limit_result();
  const double of_limit = limit != nullptr && ratio ? value(*limit).value_or(0) : 0;
  const double thickness = at.step * 0.55;
  if (of_limit > 0) {
    const double x = at.x + of_limit / most * at.length;
    double from = at.top - 12; // between the rows, and not behind words
    double to = at.top;
    for (std::size_t row = 0; row <= run.results.size(); ++row) {
      canvas.line({{x, from}, {x, to}}, {.dashed = true});
      from = at.top + at.step * static_cast<double>(row) + thickness;
      to = row + 1 < run.results.size() ? from + at.step - thickness : from + 12;
    }
  }
  double y = at.top;
  for (const Result& result : run.results) {
    const double baseline = y + thickness / 2 + 7;
    if (const auto own = value(result); own && most > 0) {
      const double length = std::max(2.0, *own / most * at.length);
      const Colour colour = colour_of(run, result);
      canvas.rectangle({.x = at.x, .y = y, .width = length, .height = thickness},
                       {.fill = &result == limit ? paper : colour, .stroke = colour, .width = 2});
      std::string words = number(*own);
      if (const auto part = of_limit > 0 && &result != limit ? ratio(result) : std::nullopt) {
        words += "  × " + as_ratio(*part);
      }
      canvas.text({at.x + length + 9, baseline}, words, beside);
    } else {
      canvas.text({at.x + 4, baseline}, instead, below_heading);
    }
    y += at.step;
  }
}

void draw_names(Canvas& canvas, const Run& run, const Bars& at) {
  double y = at.top;
  for (const Result& result : run.results) {
    canvas.text({at.x - 14, y + at.step * 0.275 + 7}, result.title,
                {.anchor = Anchor::end, .bold = is_ours(result), .halo = true});
    y += at.step;
  }
}

double step_for(const Run& run, double whole) {
  return whole / static_cast<double>(std::max<std::size_t>(run.results.size(), 5));
}

/// The field of the lines: logarithmic both ways.
struct Field {
  static constexpr double left = 90;
  static constexpr double right = 390;
  static constexpr double bottom = 480;
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

void draw_field(Canvas& canvas, const Field& field) {
  for (double power = field.low; power <= field.high; ++power) {
    const double y = field.y(std::pow(10, power));
    canvas.line({{Field::left, y}, {Field::right, y}}, {.colour = rule});
    canvas.text({Field::left - 14, y + 7}, power_of_ten(power), {.anchor = Anchor::end});
  }
  for (double power = 0; power <= field.widest; ++power) {
    canvas.text({field.x(std::pow(10, power)), Field::bottom + 32}, power_of_ten(power),
                {.anchor = Anchor::middle});
  }
  canvas.text({(Field::left + Field::right) / 2, Field::bottom + 62}, "clients",
              {.anchor = Anchor::middle, .colour = soft});
}

/// A line for each server that was measured with several numbers of clients, and their names at the
/// ends, pushed apart where lines meet.
void draw_lines(Canvas& canvas, const Run& run, const Field& field) {
  struct Label {
    double y;
    double end; // of its line
    const Result* result;
    std::size_t shape;
  };

  std::vector<Label> labels;
  for (const Result& result : run.results) {
    std::vector<Point> points;
    for (const Growth& growth : result.growth) {
      if (const auto sum = summary(growth.served_ms)) {
        points.push_back({field.x(static_cast<double>(growth.clients)), field.y(sum->median)});
      }
    }
    if (points.size() < 2) {
      continue;
    }
    const Colour colour = colour_of(run, result);
    canvas.line(points, {.colour = colour, .width = is_ours(result) ? 5.0 : 3.0});
    for (const Point& point : points) {
      mark(canvas, point, labels.size(), colour);
    }
    const double end = points.back().y;
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
    canvas.line({{Field::right + 12, label.end}, {Field::right + 40, label.y}}, {.colour = soft});
    mark(canvas, {Field::right + 54, label.y}, label.shape, colour_of(run, *label.result));
    canvas.text({Field::right + 72, label.y + 7}, label.result->title,
                {.bold = is_ours(*label.result)});
  }
}

} // namespace

std::string speed_chart(const Run& all) {
  struct Part {
    std::string title;
    std::string below;
    Column column;
  };

  const std::array<Part, 3> parts{
      {{"connections a second", "one after another", &Result::connections},
       {"round trips a second", "64 bytes there and back", &Result::round_trips},
       {"bulk, MiB a second", "both ways at once", &Result::bulk}}};
  Run run = all;
  std::erase_if(run.results, [](const Result& result) { return result.connections.empty(); });
  std::string description = "Bars, a row for each server. ";
  for (const Part& part : parts) {
    description += in_words(run, shown_of(run, part.column), part.title);
  }
  Canvas canvas(width, speed_height,
                "How fast each server is, beside a bare loop of accept, fork, echo, close, _exit",
                description);
  Bars at{.x = 244, .top = 98, .step = step_for(run, 356), .length = 112};
  draw_names(canvas, run, at);
  for (const Part& part : parts) {
    canvas.text({at.x, 34}, part.title, heading);
    canvas.text({at.x, 62}, part.below, below_heading);
    draw(canvas, run, at, shown_of(run, part.column), ratio_of(run, part.column), "–");
    at.x += 304;
  }
  footer(canvas, run, speed_height);
  return canvas.svg();
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
  Canvas canvas(width, growth_height, "What many clients at once cost each server",
                "Lines, both scales logarithmic: milliseconds until all clients are served, over "
                "their number. With the largest number, " +
                    count + ": " + in_words(run, served, "milliseconds until all are served") +
                    in_words(run, memory, "KiB of memory for each") +
                    in_words(run, reaped, "milliseconds until all are reaped"));
  canvas.text({20, 34}, "all served, after ms", heading);
  canvas.text({20, 62}, "clients that come at once", below_heading);
  draw_field(canvas, field);
  draw_lines(canvas, run, field);

  Run forking = run; // the others have no bar here
  std::erase_if(forking.results, [&](const Result& result) { return !memory(result); });
  Bars at{.x = 940, .top = 84, .step = step_for(forking, 204), .length = 110};
  for (const auto& [title, value] :
       {std::pair("memory for each, KiB", memory), std::pair("all reaped, after ms", reaped)}) {
    canvas.text({at.x - 216, at.top - 50}, title, heading);
    canvas.text({at.x - 216, at.top - 22}, "of " + count + " clients", below_heading);
    draw_names(canvas, forking, at);
    draw(canvas, forking, at, value, {}, "never");
    at.top += 280;
  }
  footer(canvas, run, growth_height);
  return canvas.svg();
}

} // namespace lab::bench
