// A stranger's text (names, a compiler's words, what a program wrote) in the formats of the
// reports.
#pragma once

#include <string>
#include <string_view>

namespace lab::grade {

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

} // namespace lab::grade
