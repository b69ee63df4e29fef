// The signs that all figures of the kit are drawn with: a process is always the same box, a socket
// the same line, a zombie the same mark, an object in the kernel the same shape. Each differs in
// form as well as in colour, so that a figure can be read in grey.
#pragma once

#include <string>
#include <vector>

namespace lab::figures {

// The colours, as in the theme of the decks.
inline constexpr const char* ink = "#1a1a2e";
inline constexpr const char* soft = "#4d5468";
inline constexpr const char* paper = "#ffffff";
inline constexpr const char* process_fill = "#eef3fb";
inline constexpr const char* process_stroke = "#2b4c7e";
inline constexpr const char* socket_stroke = "#b4530a";
inline constexpr const char* held_twice = "#b3261e";
inline constexpr const char* kernel_fill = "#f6f1e7";
inline constexpr const char* zombie_fill = "#f2f2f2";
inline constexpr const char* zombie_stroke = "#6b6f7a";

struct Point {
  double x = 0;
  double y = 0;
};

enum class Anchor : unsigned char { start, middle, end };

struct TextStyle {
  double size = 20; ///< in pixels of a slide that is 1280 wide; less cannot be read
  Anchor anchor = Anchor::start;
  bool bold = false;
  bool mono = false;
  const char* colour = ink;
};

struct LineStyle {
  const char* colour = ink;
  double width = 2;
  bool dashed = false;
  bool arrow = false; ///< at its end
};

/// A descriptor, and what it is.
struct Row {
  std::string number;
  std::string what;
};

/// Where a drawn thing is.
struct Box {
  double x = 0;
  double y = 0;
  double width = 0;
  double height = 0;
  std::vector<double> rows; ///< the middle of each row of a process, top to bottom

  [[nodiscard]] Point left() const { return {x, y + height / 2}; }

  [[nodiscard]] Point right() const { return {x + width, y + height / 2}; }

  [[nodiscard]] Point top() const { return {x + width / 2, y}; }

  [[nodiscard]] Point bottom() const { return {x + width / 2, y + height}; }

  [[nodiscard]] Point row_left(std::size_t row) const { return {x, rows.at(row)}; }

  [[nodiscard]] Point row_right(std::size_t row) const { return {x + width, rows.at(row)}; }
};

/// A figure in the making. Lengths are pixels of a slide that is 1280 wide.
class Drawing {
public:
  /// `title` and `description` are the figure's own text alternative.
  Drawing(int width, int height, const std::string& title, const std::string& description);

  void text(Point at, const std::string& words, TextStyle style = {});
  void line(const std::vector<Point>& points, LineStyle style = {});

  /// A process: name, id and state above, its descriptors below.
  Box process(Point at, double width, const std::string& name, const std::string& id,
              const std::string& state, const std::vector<Row>& rows = {});

  /// A process that has ended and has not been reaped.
  Box zombie(Point at, double width, const std::string& name, const std::string& id);

  /// Something that the kernel keeps: a socket, a pipe, a queue, a bit.
  Box kernel(Point at, double width, double height, const std::vector<std::string>& lines);

  /// From a descriptor to its socket, or between two sockets. One that is held by two processes is
  /// thick and red.
  void socket(const std::vector<Point>& points, bool twice = false);

  /// Time, from left to right or from top to bottom.
  void time(Point from, Point to);

  /// A stretch of time in which something runs.
  Box activity(Point at, double width, double height, const std::string& words = "");

  [[nodiscard]] std::string svg() const;

private:
  void add(const std::string& element);

  int width_;
  int height_;
  std::string head_;
  std::string body_;
};

} // namespace lab::figures
