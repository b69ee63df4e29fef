#include "tools/drawing/terminal.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <sys/ioctl.h>
#include <unistd.h>

namespace lab {

namespace {

std::string_view variable(const char* name) {
  const char* value = std::getenv(name); // NOLINT(concurrency-mt-unsafe): nobody sets any
  return value == nullptr ? std::string_view() : std::string_view(value);
}

std::string_view sequence(Paint paint) {
  switch (paint) {
  case Paint::plain:
    return "";
  case Paint::dim:
    return "\x1b[2m";
  case Paint::bold:
    return "\x1b[1m";
  case Paint::red:
    return "\x1b[1;31m";
  case Paint::green:
    return "\x1b[32m";
  case Paint::yellow:
    return "\x1b[33m";
  case Paint::blue:
    return "\x1b[94m";
  case Paint::magenta:
    return "\x1b[35m";
  case Paint::cyan:
    return "\x1b[36m";
  }
  return "";
}

std::string spaces(std::size_t count) {
  return std::string(count, ' '); // NOLINT(modernize-return-braced-init-list): that is another text
}

} // namespace

Style style_for(int fd) {
  std::string_view locale = variable("LC_ALL");
  locale = locale.empty() ? variable("LC_CTYPE") : locale;
  locale = locale.empty() ? variable("LANG") : locale;
  const std::string name(locale);
  const std::string_view terminal = variable("TERM");
  return {.colour = ::isatty(fd) == 1 && variable("NO_COLOR").empty() && !terminal.empty() &&
                    terminal != "dumb",
          .unicode = name.empty() || ::strcasestr(name.c_str(), "utf-8") != nullptr ||
                     ::strcasestr(name.c_str(), "utf8") != nullptr};
}

std::size_t columns_of(int fd) {
  constexpr std::size_t fewest = 20;
  constexpr std::size_t usual = 80;
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    return std::max<std::size_t>(size.ws_col, fewest);
  }
  const std::string_view text = variable("COLUMNS");
  std::size_t columns = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), columns);
  return error == std::errc() && end == text.data() + text.size() && columns > 0
             ? std::max(columns, fewest)
             : usual;
}

std::string text_of(const Line& line, const Style& style) {
  std::string text;
  for (const Span& span : line) {
    const bool painted = style.colour && span.paint != Paint::plain && !span.text.empty();
    text += painted ? sequence(span.paint) : "";
    text += span.text;
    text += painted ? "\x1b[0m" : "";
  }
  return text;
}

std::string plain_text_of(const std::vector<Line>& lines) {
  std::string text;
  for (const Line& line : lines) {
    text += text_of(line, {.colour = false}) + "\n";
  }
  return text;
}

std::string harmless(std::string_view text) {
  std::string result;
  for_each_character(text, [&](const Character& character) {
    const bool control = character.code < 0x20 || (character.code >= 0x7f && character.code < 0xa0);
    // Those that turn the direction of the text around (Unicode's Bidi_Control), too.
    const bool turns = (character.code >= 0x202a && character.code <= 0x202e) ||
                       (character.code >= 0x2066 && character.code <= 0x2069);
    result += character.valid && !control && !turns ? character.bytes : "?";
  });
  return result;
}

std::string padded(std::string text, std::size_t width) {
  const std::size_t now = width_of(text);
  return now < width ? text.append(width - now, ' ') : text;
}

std::string cut(std::string_view text, std::size_t width, bool unicode) {
  if (width_of(text) <= width) {
    return std::string(text);
  }
  const std::string_view mark = unicode ? "…" : "...";
  if (width <= width_of(mark)) {
    return std::string("...").substr(0, width);
  }
  const std::size_t room = width - width_of(mark);
  const std::size_t at_start = room / 3;
  std::string start;
  std::size_t used = 0;
  for_each_character(text, [&](const Character& character) {
    used += width_of(character.bytes);
    if (used <= at_start) {
      start += character.bytes;
    }
  });
  std::string_view end = text.substr(start.size());
  const std::size_t most = room - width_of(start);
  for (std::size_t columns = width_of(end); columns > most;) {
    const std::string_view first = first_of(end).bytes;
    columns -= width_of(first);
    end.remove_prefix(first.size());
  }
  return start + std::string(mark) + std::string(end);
}

std::vector<Line> wrapped(const Line& text, std::size_t width, bool unicode) {
  std::vector<Line> lines(1);
  std::size_t used = 0;
  for (const Span& span : text) {
    std::string_view rest = span.text;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(' '), rest.size());
      const std::string word = cut(rest.substr(0, end), width, unicode);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (word.empty()) {
        continue;
      }
      if (used != 0 && used + 1 + width_of(word) > width) {
        lines.emplace_back();
        used = 0;
      }
      Line& line = lines.back();
      if (used != 0 && !line.empty() && line.back().paint == span.paint) {
        line.back().text += " " + word;
      } else {
        if (used != 0) {
          line.push_back({" "});
        }
        line.push_back({word, span.paint});
      }
      used += (used != 0 ? 1 : 0) + width_of(word);
    }
  }
  return lines;
}

std::vector<Line> Table::lines(std::size_t indent, bool with_titles) const {
  std::vector<std::vector<Span>> rows;
  if (with_titles) {
    std::vector<Span> titles;
    for (const Column& column : columns_) {
      titles.push_back({column.title, Paint::dim});
    }
    rows.push_back(std::move(titles));
  }
  rows.insert(rows.end(), rows_.begin(), rows_.end());

  std::vector<std::size_t> widths(columns_.size(), 0);
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size() && i < widths.size(); ++i) {
      widths[i] = std::max(widths[i], width_of(row[i].text));
    }
  }
  std::vector<Line> lines;
  for (const auto& row : rows) {
    Line line;
    std::size_t gap = indent; // the spaces that the next text needs before it
    for (std::size_t i = 0; i < row.size() && i < widths.size(); ++i) {
      if (widths[i] == 0) {
        continue;
      }
      const std::size_t room = widths[i] - width_of(row[i].text);
      const bool right = columns_[i].align == Align::right;
      gap += right ? room : 0;
      if (!row[i].text.empty()) {
        line.push_back({spaces(gap)});
        line.push_back(row[i]);
        gap = 0;
      }
      gap += (right ? 0 : room) + 2;
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

} // namespace lab
