// Text and numbers as the reports and drawings write them. A stranger's text (names, a compiler's
// words, what a program wrote) may hold anything.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lab {

/// A character of UTF-8, or a byte that belongs to none.
struct Character {
  std::string_view bytes;
  char32_t code = 0;
  bool valid = false;
};

/// The first character of `text`, which is not empty; a byte that begins none is one for itself.
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

/// Whether every byte belongs to a character: no stray, overlong or surrogate one.
bool is_utf8(std::string_view text);

/// How many columns a UTF-8 text takes: two for each wide character (Hangul, Han, Kana, emoji),
/// none for one that combines with the one before.
std::size_t width_of(std::string_view text);

/// Valid UTF-8 that shows every byte: what is none, control characters and those that reorder text
/// (bidi) appear as `\xNN`. Newlines and tabs stay.
std::string printable(std::string_view bytes);

/// The same on one line: newlines appear as `\n`, tabs as `\t`.
std::string printable_line(std::string_view bytes);

// The following take printable text.

std::string html(std::string_view text); ///< for text and for attributes in double quotes
std::string xml(std::string_view text);  ///< the same for XML 1.0; newlines survive in attributes
std::string json(std::string_view text); ///< with its quotes

/// Markdown that shows the text as it is; for one line.
std::string markdown(std::string_view text);

/// A fenced block, which no text can end.
std::string fenced(std::string_view text);

/// A field of RFC 4180. What a spreadsheet would take for a formula (it begins with = + - @, a tab
/// or a carriage return) begins with an apostrophe instead.
std::string csv(std::string_view text);

/// A relative URL of a file's name, whatever its bytes.
std::string url(std::string_view bytes);

// Numbers.

/// `1.50`: so many digits after the point.
std::string fixed(double value, int decimals);

/// `12,345`, `98.7`, `1.23`: three digits or more.
std::string number(double value);

/// `1`, `12,345`.
std::string whole_number(std::size_t value);

} // namespace lab
