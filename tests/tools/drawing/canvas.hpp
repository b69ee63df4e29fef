// The canvas of all drawings of the kit, and their signs. A process is always the same box, a
// socket the same line, a zombie the same mark, an object in the kernel the same shape. Signs
// differ in form and in colour, so a drawing can be read in grey.
#pragma once

#include <string>
#include <vector>

namespace lab::drawing {

/// A colour, as in the theme of the decks: one for a light screen and for paper, one for a dark
/// screen.
struct Colour {
  const char* light;
  const char* dark;
};

// Text on each ground has a contrast of 4.5 to 1 or more. No two have the same light colour.
inline constexpr Colour ink{"#1a1a2e", "#ececec"};
inline constexpr Colour soft{"#4d5468", "#b3b9c6"};
inline constexpr Colour paper{"#ffffff", "#141414"};
inline constexpr Colour rule{"#c3c9d6", "#4c5260"};
inline constexpr Colour process_fill{"#eef3fb", "#20242c"};
inline constexpr Colour process_stroke{"#2b4c7e", "#a5c0ee"};
inline constexpr Colour socket_stroke{"#b4530a", "#f2a65e"};
inline constexpr Colour held_twice{"#b3261e", "#ff9a8f"};
inline constexpr Colour kernel_fill{"#f6f1e7", "#2c281f"};
inline constexpr Colour zombie_fill{"#f2f2f2", "#262626"};
inline constexpr Colour zombie_stroke{"#6b6f7a", "#9a9fab"};

struct Point {
  double x = 0;
  double y = 0;
};

enum class Anchor : unsigned char { start, middle, end };

struct TextStyle {
  double size = 20; ///< in pixels of a slide that is 1280 wide; a smaller text cannot be read
  Anchor anchor = Anchor::start;
  bool bold = false;
  bool mono = false;
  Colour colour = ink;
  bool halo = false; ///< a line behind the text stops beside it
};

struct LineStyle {
  Colour colour = ink;
  double width = 2;
  bool dashed = false;
  bool arrow = false; ///< at its end
};

struct ShapeStyle {
  Colour fill = process_fill;
  Colour stroke = process_stroke;
  double width = 2.5; ///< of the stroke; 0 for none
  double radius = 0;  ///< of a rectangle's corners
  bool dashed = false;
};

/// A descriptor, and what it is.
struct Row {
  std::string number;
  std::string what;
};

/// The place of a thing that has been drawn.
struct Box {
  double x = 0;
  double y = 0;
  double width = 0;
  double height = 0;
  std::vector<double>
      rows{}; ///< the middle of each row of a process, top to bottom; NOLINT(*-init)

  [[nodiscard]] Point left() const { return {x, y + height / 2}; }

  [[nodiscard]] Point right() const { return {x + width, y + height / 2}; }

  [[nodiscard]] Point top() const { return {x + width / 2, y}; }

  [[nodiscard]] Point bottom() const { return {x + width / 2, y + height}; }

  [[nodiscard]] Point row_left(std::size_t row) const { return {x, rows.at(row)}; }

  [[nodiscard]] Point row_right(std::size_t row) const { return {x + width, rows.at(row)}; }
};

/// How wide a text is at most. It is a guess, because the font is not known.
double width_in_pixels(const std::string& words, const TextStyle& style = {});

/// How wide a process has to be for all its texts.
double width_of_process(const std::string& name, const std::string& id, const std::string& state,
                        const std::vector<Row>& rows = {});

/// A drawing that is being made. Lengths are in pixels of a slide that is 1280 wide.
class Canvas {
public:
  /// `title` and `description` are for readers who cannot see the drawing.
  Canvas(double width, double height, const std::string& title, const std::string& description);

  void text(Point at, const std::string& words, const TextStyle& style = {});
  void line(const std::vector<Point>& points, const LineStyle& style = {});
  void rectangle(const Box& box, const ShapeStyle& style = {});
  void polygon(const std::vector<Point>& corners, const ShapeStyle& style = {});
  void circle(Point centre, double radius, const ShapeStyle& style = {});

  /// A process: name, id and state above, its descriptors below.
  Box process(Point at, double width, const std::string& name, const std::string& id,
              const std::string& state, const std::vector<Row>& rows = {});

  /// A process that has ended and has not been reaped. Below it is how it ended, if that is known.
  Box zombie(Point at, double width, const std::string& name, const std::string& id,
             const std::string& end = "");

  /// Something that the kernel keeps: a socket, a pipe, a queue, a bit.
  Box kernel(Point at, double width, double height, const std::vector<std::string>& lines = {});

  /// A line from a descriptor to its socket, or between two sockets. If two processes hold the
  /// socket, the line is thick and red.
  void socket(const std::vector<Point>& points, bool twice = false);

  /// Time, from left to right or from top to bottom.
  void time(Point from, Point to);

  /// A stretch of time in which something runs.
  Box activity(Point at, double width, double height, const std::string& words = "");

  /// For a drawing whose size is known only when all of it is there.
  void resize(double width, double height);

  /// The whole SVG file. It loads nothing.
  [[nodiscard]] std::string svg() const;

private:
  void add(const std::string& element) { body_ += element + '\n'; }

  double width_;
  double height_;
  std::string head_;
  std::string body_;
};

} // namespace lab::drawing
