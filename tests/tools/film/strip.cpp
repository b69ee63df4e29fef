// The still of several moments: lanes in time, as on the page, in the signs of the slides.

#include "tools/drawing/canvas.hpp"
#include "tools/film/film.hpp"

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace lab::film {

namespace {

using drawing::Anchor;
using drawing::Box;
using drawing::Canvas;

constexpr double width = 1140; // of a figure on a slide
constexpr double margin = 6;
constexpr double label = 240;
constexpr double lane_height = 46;
constexpr double strip_height = 28;
constexpr double line_height = 27;
constexpr double text_size = 20;
constexpr std::ptrdiff_t many = 5; // so many children of one parent are one lane

/// A process, or the children of one parent.
struct Lane {
  std::vector<int> members{};
  double y = 0;
  double height = lane_height;

  [[nodiscard]] double middle() const { return y + height / 2; }
};

class Strip {
public:
  Strip(const Film& film, const std::vector<std::size_t>& numbers)
      : film_(film), step_((width - label - 2 * margin - 8) / static_cast<double>(numbers.size())) {
    std::string all;
    for (const std::size_t number : numbers) {
      events_.push_back(static_cast<int>(number) - 1);
      all += (all.empty() ? "" : " ") + film.events.at(number - 1).sentence;
    }
    canvas_.emplace(width, 0, "A run in time: " + std::to_string(numbers.size()) + " of its events",
                    all);
  }

  std::string svg() {
    find_lanes();
    double y = 36;
    for (Lane& lane : lanes_) {
      lane.y = y;
      lane.height = lane.members.size() > 1 ? 2 * lane_height : lane_height;
      y += lane.height;
    }
    const double sockets = y;
    y = draw_sockets(sockets, false);
    for (std::size_t column = 0; column < events_.size(); ++column) {
      canvas_->line({{x(column), 28}, {x(column), y}}, {.colour = drawing::rule});
      canvas_->text({x(column), 20}, std::to_string(column + 1),
                    {.size = text_size, .anchor = Anchor::middle, .bold = true});
    }
    for (const Lane& lane : lanes_) {
      draw_lane(lane);
    }
    draw_sockets(sockets, true);
    for (std::size_t column = 0; column < events_.size(); ++column) {
      draw_arrows(column);
    }
    y += line_height;
    for (std::size_t column = 0; column < events_.size(); ++column) {
      y = say(column, y);
    }
    canvas_->resize(width, y - line_height + 12);
    return canvas_->svg();
  }

private:
  /// Where the event is. Its state lasts until the next one.
  [[nodiscard]] double x(std::size_t column) const {
    return label + static_cast<double>(column) * step_ + margin;
  }

  [[nodiscard]] const FilmProcess& process(int index) const {
    return film_.processes[static_cast<std::size_t>(index)];
  }

  [[nodiscard]] const FilmEvent& event(std::size_t column) const {
    return film_.events[static_cast<std::size_t>(events_[column])];
  }

  void find_lanes() {
    std::map<int, std::size_t> families;
    for (int index = 0; index < static_cast<int>(film_.processes.size()); ++index) {
      if (std::ranges::none_of(events_, [&](int moment) {
            return state_at(process(index), moment).state != State::gone;
          })) {
        continue;
      }
      const int parent = process(index).parent;
      const bool in_family =
          parent != none && std::ranges::count_if(film_.processes, [&](const FilmProcess& each) {
                              return each.parent == parent;
                            }) >= many;
      const auto [entry, is_new] = families.emplace(in_family ? parent : none, lanes_.size());
      if (in_family && !is_new) {
        lanes_[entry->second].members.push_back(index);
      } else {
        lanes_.push_back({{index}});
      }
    }
  }

  [[nodiscard]] const Lane* lane_of(int index) const {
    for (const Lane& lane : lanes_) {
      if (std::ranges::find(lane.members, index) != lane.members.end()) {
        return &lane;
      }
    }
    return nullptr;
  }

  /// What is said of a process that no event of it has just told of, is that it is there. Whether
  /// it runs or waits at this moment is chance.
  [[nodiscard]] Stretch shown(int index, std::size_t column) const {
    const Stretch now = state_at(process(index), events_[column]);
    const bool told = event(column).process == index;
    const bool waits = now.state == State::blocked && told && event(column).what == What::wait;
    return now.state == State::running || (now.state == State::blocked && !waits)
               ? Stretch{0, State::running, ""}
               : now;
  }

  static std::string words(const Stretch& stretch, std::size_t count) {
    const std::string number = count > 1 ? std::to_string(count) + " " : "";
    switch (stretch.state) {
    case State::running:
      return count > 1 ? number + "live" : "";
    case State::blocked:
    case State::handler:
      return stretch.what;
    case State::stopped:
      return number + "stopped";
    case State::zombie:
      return number + "Z";
    case State::gone:
      break;
    }
    return "";
  }

  void draw_lane(const Lane& lane) {
    const FilmProcess& first = process(lane.members.front());
    const double indent = first.parent == none ? 0 : 24;
    const std::string name = lane.members.size() > 1
                                 ? std::to_string(lane.members.size()) + " children"
                             : first.parent == none ? first.name + " " + std::to_string(first.pid)
                                                    : "child " + std::to_string(first.pid);
    canvas_->text({margin + indent, lane.middle() + 7}, name,
                  {.size = text_size, .bold = first.parent == none});
    for (std::size_t column = 0; column < events_.size();) {
      const auto now = states(lane, column);
      std::size_t next = column + 1;
      while (next < events_.size() && states(lane, next) == now) {
        ++next;
      }
      std::size_t all = 0;
      for (const auto& [state, count] : now) {
        all += count;
      }
      double y = lane.y + 6;
      for (const auto& [state, count] : now) {
        const double tall =
            (lane.height - 12) * static_cast<double>(count) / static_cast<double>(all);
        draw_state({x(column), y, x(next) - x(column), tall}, {0, state.first, state.second},
                   count);
        y += tall;
      }
      column = next;
    }
  }

  using States = std::map<std::pair<State, std::string>, std::size_t>;

  [[nodiscard]] States states(const Lane& lane, std::size_t column) const {
    States result;
    for (const int member : lane.members) {
      const Stretch now = shown(member, column);
      if (now.state != State::gone) {
        ++result[{now.state, now.what}];
      }
    }
    return result;
  }

  void draw_state(const Box& box, const Stretch& stretch, std::size_t count) {
    const bool zombie = stretch.state == State::zombie;
    const bool handler = stretch.state == State::handler;
    const bool blocked = stretch.state == State::blocked;
    const std::string said = words(stretch, count);
    const drawing::TextStyle style{.size = text_size,
                                   .anchor = Anchor::middle,
                                   .bold = zombie,
                                   .colour = handler ? drawing::paper : drawing::ink};
    const double wide = drawing::width_in_pixels(said, style);
    const bool fits = box.height > text_size && wide < box.width + 10;
    if (blocked) { // a thin line, with the call in it
      const double gap = fits ? wide / 2 : 0;
      const drawing::LineStyle line{.colour = drawing::process_stroke, .width = 3};
      canvas_->line({box.left(), {box.x + box.width / 2 - gap, box.left().y}}, line);
      canvas_->line({{box.x + box.width / 2 + gap, box.left().y}, box.right()}, line);
    } else {
      canvas_->rectangle(box, {.fill = zombie    ? drawing::zombie_fill
                                       : handler ? drawing::process_stroke
                                                 : drawing::process_fill,
                               .stroke = zombie ? drawing::zombie_stroke : drawing::process_stroke,
                               .dashed = zombie});
    }
    if (fits) {
      // An arrow may be in the middle.
      const double middle = blocked || wide > step_ ? box.width / 2 : step_ / 2;
      canvas_->text({box.x + middle, box.y + box.height / 2 + 7}, said, style);
    }
  }

  [[nodiscard]] bool held(const Hold& hold, std::size_t column) const {
    return hold.from <= events_[column] && (hold.to == none || hold.to > events_[column]);
  }

  [[nodiscard]] std::size_t holders(const Band& band, std::size_t column) const {
    std::set<int> processes;
    for (const Hold& hold : band.holds) {
      if (held(hold, column)) {
        processes.insert(hold.process);
      }
    }
    return processes.size();
  }

  /// The y below them.
  double draw_sockets(double y, bool draw) {
    for (const Band& band : film_.bands) {
      std::vector<const Hold*> strips;
      for (const Hold& hold : band.holds) {
        for (std::size_t column = 0; column < events_.size(); ++column) {
          if (held(hold, column)) {
            strips.push_back(&hold);
            break;
          }
        }
      }
      if (strips.empty()) {
        continue;
      }
      y += line_height + 4;
      if (draw) {
        canvas_->text({margin, y - 7}, band.listens ? "listener" : "connection",
                      {.size = text_size, .bold = true, .colour = drawing::socket_stroke});
        for (std::size_t column = 0; column < events_.size(); ++column) {
          for (const Mark& mark : band.marks) {
            if (mark.event == events_[column]) {
              canvas_->text({x(column), y - 7}, mark.what,
                            {.size = text_size, .colour = drawing::ink, .halo = true});
            }
          }
        }
      }
      for (const Hold* const strip : strips) {
        if (draw) {
          draw_hold(band, *strip, y);
        }
        y += strip_height;
      }
    }
    return y + 4;
  }

  void draw_hold(const Band& band, const Hold& hold, double y) {
    canvas_->text({margin + 24, y + 20},
                  std::to_string(process(hold.process).pid) + ": descriptor " +
                      std::to_string(hold.fd),
                  {.size = text_size});
    for (std::size_t column = 0; column < events_.size(); ++column) {
      if (held(hold, column)) {
        const bool twice = holders(band, column) > 1;
        canvas_->line({{x(column), y + 13}, {x(column + 1), y + 13}},
                      {.colour = twice ? drawing::held_twice : drawing::socket_stroke,
                       .width = twice ? 9.0 : 5.0});
      }
    }
  }

  /// From the middle of a lane to the edge of another.
  void arrow(const Lane& from, const Lane& to, double at, const drawing::Colour& colour) {
    const double end = from.y < to.y ? to.y + 6 : to.y + to.height - 6;
    canvas_->line({{at, from.middle()}, {at, end}}, {.colour = colour, .width = 3, .arrow = true});
  }

  void draw_arrows(std::size_t column) {
    const FilmEvent& now = event(column);
    const Lane* const here = lane_of(now.process);
    const Lane* const there = now.to == none ? nullptr : lane_of(now.to);
    if (here == nullptr) {
      return;
    }
    if (there != nullptr && there != here) {
      if (now.what == What::fork) {
        arrow(*here, *there, x(column), drawing::process_stroke);
      } else if (now.what == What::reap) {
        arrow(*here, *there, x(column), drawing::ink);
      } else if (now.what == What::signal) {
        arrow(*here, *there, x(column), drawing::held_twice);
      }
    }
    std::set<const Lane*> sources;
    for (const Arrow& source : now.from) {
      if (const Lane* const lane = lane_of(source.process); lane != nullptr && lane != here) {
        sources.insert(lane);
      }
    }
    for (const Lane* const source : sources) {
      arrow(*source, *here, x(column), drawing::held_twice);
    }
  }

  /// The event in words, below the lanes. The y below it.
  double say(std::size_t column, double y) {
    constexpr double indent = 34;
    const drawing::TextStyle style{.size = text_size};
    canvas_->text({margin, y}, std::to_string(column + 1), {.size = text_size, .bold = true});
    std::istringstream in(event(column).sentence);
    std::string line;
    std::string word;
    while (in >> word) {
      std::string longer = line;
      longer += (line.empty() ? "" : " ") + word;
      if (drawing::width_in_pixels(longer, style) > width - 2 * margin - indent) {
        canvas_->text({margin + indent, y}, line, style);
        y += line_height;
        line = word;
      } else {
        line = longer;
      }
    }
    canvas_->text({margin + indent, y}, line, style);
    return y + line_height;
  }

  const Film& film_;
  double step_;
  std::vector<int> events_;
  std::optional<Canvas> canvas_;
  std::vector<Lane> lanes_;
};

} // namespace

std::string strip_of(const Film& film, const std::vector<std::size_t>& numbers) {
  std::size_t former = 0;
  for (const std::size_t number : numbers) {
    if (number == 0 || number > film.events.size()) {
      throw std::runtime_error("there is no event " + std::to_string(number) + ": the film has " +
                               std::to_string(film.events.size()));
    }
    if (number <= former) {
      throw std::runtime_error("the events of a still are in the order of time: " +
                               std::to_string(number) + " comes before " + std::to_string(former));
    }
    former = number;
  }
  return Strip(film, numbers).svg();
}

} // namespace lab::film
