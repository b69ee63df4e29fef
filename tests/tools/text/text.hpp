// Text and numbers as the reports and drawings write them. Text that is not ours may have any
// bytes: names, a compiler's words, what a program wrote.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace lab {

/// A character of UTF-8, or a byte that does not belong to one.
struct Character {
  std::string_view bytes;
  char32_t code = 0;
  bool valid = false;
};

/// The first character of `text`, which must not be empty. A byte that begins no character counts
/// as one.
Character first_of(std::string_view text);

/// Calls `visit` with each character.
template <typename Visit>
void for_each_character(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const Character character = first_of(text);
    visit(character);
    text.remove_prefix(character.bytes.size());
  }
}

/// Whether the text is valid UTF-8: no stray bytes, no overlong forms, no surrogates.
bool is_utf8(std::string_view text);

/// How many columns a UTF-8 text takes. A wide character (Hangul, Han, Kana, emoji) takes two. A
/// character that combines with the one before takes none.
std::size_t width_of(std::string_view text);

/// Valid UTF-8 in which every byte can be seen. Bytes that are not UTF-8, control characters and
/// those that reorder text (bidi) become `\xNN`. Newlines and tabs stay.
std::string printable(std::string_view bytes);

/// The same on one line: newlines become `\n`, tabs `\t`.
std::string printable_line(std::string_view bytes);

/// Without their newlines.
std::vector<std::string> lines_of(std::string_view text);

// The following take printable text.

std::string html(std::string_view text); ///< for text and for attributes in double quotes
std::string xml(std::string_view text);  ///< the same for XML 1.0; newlines survive in attributes
std::string json(std::string_view text); ///< with its quotes

/// Markdown that shows the text as it is; for one line.
std::string markdown(std::string_view text);

/// A fenced block. No text in it can end it.
std::string fenced(std::string_view text);

/// A field of CSV (RFC 4180). If a spreadsheet would take it for a formula (it begins with = + - @,
/// a tab or a carriage return), it gets an apostrophe before it.
std::string csv(std::string_view text);

/// A relative URL for a file's name, which may have any bytes.
std::string url(std::string_view bytes);

// Numbers.

/// `1.50`: with so many digits after the point.
std::string fixed(double value, int decimals);

/// `12,345`, `98.7`, `1.23`: three digits or more.
std::string number(double value);

/// `1`, `12,345`.
std::string whole_number(std::size_t value);

} // namespace lab
