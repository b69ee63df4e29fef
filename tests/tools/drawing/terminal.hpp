// Lines of coloured text for a terminal or a log: how wide they are, and how to make them fit.
#pragma once

#include "tools/text/text.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace lab {

enum class Paint : unsigned char { plain, dim, bold, red, green, yellow, blue, magenta, cyan };

/// A piece of a line in one colour.
struct Span {
  std::string text;
  Paint paint = Paint::plain;
};

using Line = std::vector<Span>;

/// What a terminal or a log can show.
struct Style {
  bool colour = false;
  bool unicode = true; ///< else the branches of a tree are drawn in ASCII
};

/// Colour only for a terminal, and not if NO_COLOR is set and not empty, or if TERM is missing or
/// `dumb`. Unicode, if the locale (LC_ALL, LC_CTYPE, LANG) does not name another character set than
/// UTF-8.
Style style_for(int fd);

/// The columns of the terminal `fd`. If it is no terminal or does not say, those of COLUMNS;
/// else 80. At least 20.
std::size_t columns_of(int fd);

/// The line as bytes, without a newline.
std::string text_of(const Line& line, const Style& style);

/// The lines as plain text, a newline after each.
std::string plain_text_of(const std::vector<Line>& lines);

/// The text with `?` in the place of each byte that a terminal could take for a command, and of
/// each that is not UTF-8. The name of a file or a program may have any bytes.
std::string harmless(std::string_view text);

/// The text and as many spaces as make it `width` columns wide.
std::string padded(std::string text, std::size_t width);

/// At most `width` columns of the text. If it is longer, its middle is left out, with `…` or `...`
/// in its place. More is left of its end than of its beginning, because the end of a path says the
/// most.
std::string cut(std::string_view text, std::size_t width, bool unicode = true);

/// The words of the spans on lines of at most `width` columns. A word that is wider is cut.
std::vector<Line> wrapped(const Line& text, std::size_t width, bool unicode = true);

/// Columns as wide as their widest cell, with two spaces between them.
class Table {
public:
  enum class Align : unsigned char { left, right };

  struct Column {
    std::string title;
    Align align = Align::left;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  /// A cell for each column. Cells that you leave out at the end are empty.
  void add(std::vector<Span> cells) { rows_.push_back(std::move(cells)); }

  /// The titles (dim) and the rows, each after `indent` spaces. No line ends with spaces.
  [[nodiscard]] std::vector<Line> lines(std::size_t indent = 0, bool with_titles = true) const;

private:
  std::vector<Column> columns_;
  std::vector<std::vector<Span>> rows_;
};

} // namespace lab
