// Lines of coloured text for a terminal or a log: how wide they are, and how they are made to fit.
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

/// How a reader can be shown things.
struct Style {
  bool colour = false;
  bool unicode = true; ///< else the branches of a tree are drawn in ASCII
};

/// Colour for a terminal alone, unless NO_COLOR is set and not empty, or TERM is missing or `dumb`.
/// ASCII only where the locale (LC_ALL, LC_CTYPE, LANG) names another character set than UTF-8.
Style style_for(int fd);

/// The columns of the terminal `fd`; where it is none or does not say, those of COLUMNS; else 80.
/// At least 20.
std::size_t columns_of(int fd);

/// The line as bytes, without a newline.
std::string text_of(const Line& line, const Style& style);

/// The lines as plain text, a newline after each.
std::string plain_text_of(const std::vector<Line>& lines);

/// The text with every byte that a terminal might take for a command, and every one that is not
/// UTF-8, as `?`: the name of a file or a program may hold anything.
std::string harmless(std::string_view text);

/// The text and as many spaces as make it `width` columns wide.
std::string padded(std::string text, std::size_t width);

/// At most `width` columns of the text: what is too much is left out in its middle, more of it
/// before than after, since the end of a path says the most. `…` or `...` stands there.
std::string cut(std::string_view text, std::size_t width, bool unicode = true);

/// The words of the spans on lines of at most `width` columns, a word that is wider cut.
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

  /// A cell for each column; those left out at the end are empty.
  void add(std::vector<Span> cells) { rows_.push_back(std::move(cells)); }

  /// The titles, dim, and the rows, each after `indent` spaces. No spaces at the end of a line.
  [[nodiscard]] std::vector<Line> lines(std::size_t indent = 0, bool with_titles = true) const;

private:
  std::vector<Column> columns_;
  std::vector<std::vector<Span>> rows_;
};

} // namespace lab
