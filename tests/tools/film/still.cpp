#include "tools/drawing/canvas.hpp"
#include "tools/film/film.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>
#include <utility>

namespace lab::film {

namespace {

using drawing::Box;
using drawing::Canvas;
using drawing::Point;

constexpr double margin = 20;
constexpr double indent = 44;
constexpr double between = 26;
constexpr double room_for_lines = 110;
constexpr std::size_t most_boxes = 12; // more cannot be read on a slide

struct Drawn {
  int process = 0;
  std::size_t count = 1; ///< processes with the same story
  Box box{};
  std::vector<Hold> holds{};
};

bool holds_at(const Hold& hold, int event) {
  return hold.from <= event && (hold.to == none || hold.to > event);
}

/// Children that did the same and are in the same state now are one box.
std::vector<Drawn> boxes_at(const Film& film, int event) {
  std::vector<Drawn> boxes;
  std::map<std::pair<int, std::string>, std::size_t> alike;
  for (std::size_t i = 0; i < film.processes.size(); ++i) {
    const FilmProcess& process = film.processes[i];
    const Stretch now = state_at(process, event);
    if (now.state == State::gone) {
      continue;
    }
    Drawn drawn{.process = static_cast<int>(i)};
    for (std::size_t band = 0; band < film.bands.size(); ++band) {
      for (const Hold& hold : film.bands[band].holds) {
        if (hold.process == drawn.process && holds_at(hold, event)) {
          drawn.holds.push_back({static_cast<int>(band), hold.fd, hold.from, hold.to});
        }
      }
    }
    const auto key = std::pair(process.parent, process.story + in_words(now));
    if (process.parent != none && drawn.holds.empty()) {
      const auto [entry, is_new] = alike.emplace(key, boxes.size());
      if (!is_new) {
        ++boxes[entry->second].count;
        continue;
      }
    }
    boxes.push_back(std::move(drawn));
  }
  return boxes;
}

} // namespace

std::string still_of(const Film& film, std::size_t number) {
  if (number == 0 || number > film.events.size()) {
    throw std::runtime_error("there is no event " + std::to_string(number) + ": the film has " +
                             std::to_string(film.events.size()));
  }
  const int event = static_cast<int>(number) - 1;
  const FilmEvent& shown = film.events[number - 1];
  auto boxes = boxes_at(film, event);
  const std::size_t left_out = boxes.size() - std::min(boxes.size(), most_boxes);
  boxes.resize(boxes.size() - left_out);

  Canvas canvas(0, 0, "Event " + std::to_string(number) + ": " + shown.sentence, shown.sentence);
  double right = 0;
  std::vector<std::vector<drawing::Row>> tables;
  for (const Drawn& drawn : boxes) {
    const FilmProcess& process = film.processes[static_cast<std::size_t>(drawn.process)];
    std::vector<drawing::Row> table;
    for (const Hold& hold : drawn.holds) {
      const Band& band = film.bands[static_cast<std::size_t>(hold.process)];
      table.push_back({std::to_string(hold.fd), band.listens ? "listener" : "connection"});
    }
    const double x = margin + (process.parent == none ? 0 : indent);
    right = std::max(
        right, x + drawing::width_of_process(drawn.count > 1 ? "500 children" : process.name,
                                             drawn.count > 1 ? "" : std::to_string(process.pid),
                                             in_words(state_at(process, event)), table));
    tables.push_back(std::move(table));
  }
  double y = margin;
  std::map<int, std::vector<Point>> wires;
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    Drawn& drawn = boxes[i];
    const FilmProcess& process = film.processes[static_cast<std::size_t>(drawn.process)];
    const Stretch now = state_at(process, event);
    const Point at{margin + (process.parent == none ? 0 : indent), y};
    const std::string name =
        drawn.count > 1 ? std::to_string(drawn.count) + " children" : process.name;
    const std::string id = drawn.count > 1 ? "" : std::to_string(process.pid);
    drawn.box = now.state == State::zombie
                    ? canvas.zombie(at, right - at.x, name, id, process.end)
                    : canvas.process(at, right - at.x, name, id, in_words(now), tables[i]);
    for (std::size_t row = 0; row < drawn.holds.size() && now.state != State::zombie; ++row) {
      wires[drawn.holds[row].process].push_back(drawn.box.row_right(row));
    }
    y = drawn.box.bottom().y + between;
  }
  double socket_y = margin;
  double width = right;
  for (const auto& [index, from] : wires) {
    const Band& band = film.bands[static_cast<std::size_t>(index)];
    std::set<int> holders;
    for (const Hold& hold : band.holds) {
      if (holds_at(hold, event)) {
        holders.insert(hold.process);
      }
    }
    std::vector<std::string> lines{band.label};
    if (holders.size() > 1) {
      lines.push_back("held by " + std::to_string(holders.size()) + " processes");
    }
    double wide = 0;
    for (const std::string& line : lines) {
      wide = std::max(wide, drawing::width_in_pixels(line) + 2 * margin);
    }
    const double tall = 30 + 28 * static_cast<double>(lines.size());
    const double middle = from.front().y;
    socket_y = std::max(socket_y, middle - tall / 2);
    const Box box = canvas.kernel({right + room_for_lines, socket_y}, wide, tall, lines);
    for (const Point& point : from) {
      canvas.socket({point, box.left()}, holders.size() > 1);
    }
    socket_y = box.bottom().y + between;
    width = std::max(width, box.right().x);
  }
  y = std::max(y, socket_y);
  if (left_out > 0) {
    canvas.text({margin, y + 10}, "and " + std::to_string(left_out) + " more");
    y += between;
  }
  canvas.resize(std::max(width, 300.0) + margin, y);
  return canvas.svg();
}

} // namespace lab::film
