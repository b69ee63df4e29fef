#include "tools/text/text.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <utility>

namespace lab {

namespace {

constexpr std::string_view digits = "0123456789abcdef";

std::string hexadecimal(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    text += {'\\', 'x', digits[value >> 4U], digits[value & 0xfU]};
  }
  return text;
}

bool hidden(char32_t code) {
  const auto within = [&](char32_t first, char32_t last) { return code >= first && code <= last; };
  return (code < 0x20 && code != '\n' && code != '\t') || within(0x7f, 0x9f) || code == 0xad ||
         code == 0x61c || within(0x200b, 0x200f) || within(0x2028, 0x202e) ||
         within(0x2060, 0x206f) || code == 0xfeff || within(0xfff9, 0xfffb) ||
         (code & 0xfffeU) == 0xfffe || within(0xe0000, 0xe007f);
}

/// Of the common scripts: Unicode's East Asian Width (UAX 11), W and F, and its marks.
std::size_t width_of(const Character& character) {
  using Range = std::pair<char32_t, char32_t>;
  constexpr std::array<Range, 10> wide{{{0x1100, 0x115f},
                                        {0x2e80, 0x303e},
                                        {0x3041, 0xa4cf},
                                        {0xa960, 0xa97c},
                                        {0xac00, 0xd7a3},
                                        {0xf900, 0xfaff},
                                        {0xfe30, 0xfe6f},
                                        {0xff00, 0xff60},
                                        {0xffe0, 0xffe6},
                                        {0x1f300, 0x3fffd}}};
  constexpr std::array<Range, 6> combining{{{0x0300, 0x036f},
                                            {0x1160, 0x11ff},
                                            {0x200b, 0x200f},
                                            {0x20d0, 0x20ff},
                                            {0xfe00, 0xfe0f},
                                            {0xfe20, 0xfe2f}}};
  const auto in = [&](const Range& range) {
    return character.code >= range.first && character.code <= range.second;
  };
  if (std::any_of(combining.begin(), combining.end(), in)) {
    return 0;
  }
  return std::any_of(wide.begin(), wide.end(), in) ? 2 : 1;
}

template <typename Replace>
std::string replaced(std::string_view text, Replace replace) {
  std::string result;
  for (const char c : text) {
    const std::string_view instead = replace(c);
    if (instead.empty()) {
      result += c;
    } else {
      result += instead;
    }
  }
  return result;
}

std::string_view entity(char c) {
  switch (c) {
  case '&':
    return "&amp;";
  case '<':
    return "&lt;";
  case '>':
    return "&gt;";
  case '"':
    return "&quot;";
  case '\'':
    return "&#39;";
  default:
    return {};
  }
}

} // namespace

Character first_of(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) {
    return {.bytes = text.substr(0, 1), .code = first, .valid = true};
  }
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < size) {
    return {.bytes = text.substr(0, 1)};
  }
  char32_t code = first & (0x7fU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) {
      return {.bytes = text.substr(0, 1)};
    }
    code = (code << 6) | (byte(i) & 0x3fU);
  }
  constexpr std::array<char32_t, 5> least{0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  const bool valid = code >= least.at(size) && code <= 0x10ffff && !surrogate;
  return {.bytes = text.substr(0, valid ? size : 1), .code = code, .valid = valid};
}

bool is_utf8(std::string_view text) {
  bool valid = true;
  for_each_character(text, [&](const Character& character) { valid = valid && character.valid; });
  return valid;
}

std::size_t width_of(std::string_view text) {
  std::size_t width = 0;
  for_each_character(text, [&](const Character& character) { width += width_of(character); });
  return width;
}

std::string printable(std::string_view bytes) {
  std::string text;
  for_each_character(bytes, [&](const Character& character) {
    text += character.valid && !hidden(character.code) ? std::string(character.bytes)
                                                       : hexadecimal(character.bytes);
  });
  return text;
}

std::string printable_line(std::string_view bytes) {
  return replaced(printable(bytes), [](char c) -> std::string_view {
    return c == '\n' ? "\\n" : c == '\t' ? "\\t" : "";
  });
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string html(std::string_view text) {
  return replaced(text, entity);
}

std::string xml(std::string_view text) {
  return replaced(text, [](char c) -> std::string_view {
    return c == '\n' ? "&#10;" : c == '\t' ? "&#9;" : entity(c);
  });
}

std::string json(std::string_view text) {
  return "\"" +
         replaced(text,
                  [](char c) -> std::string_view {
                    switch (c) {
                    case '"':
                      return "\\\"";
                    case '\\':
                      return "\\\\";
                    case '\n':
                      return "\\n";
                    case '\t':
                      return "\\t";
                    default:
                      return {};
                    }
                  }) +
         "\"";
}

std::string markdown(std::string_view text) {
  const auto is_letter = [&](std::size_t i) { // i may be -1
    if (i >= text.size()) {
      return false;
    }
    const auto value = static_cast<unsigned char>(text[i]);
    return (value >= '0' && value <= '9') || (value >= 'A' && value <= 'Z') ||
           (value >= 'a' && value <= 'z') || value >= 0x80;
  };
  const std::size_t number_end = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto needs_escape = [&](std::size_t i) {
    const bool first = i == 0;
    switch (text[i]) {
    case '\\':
    case '`':
    case '*':
    case '[':
    case ']':
    case '|':
    case '~':
    case '$':
    case '@':
      return true;
    case '_': // within a word it is itself
      return !is_letter(i - 1) || !is_letter(i + 1);
    case '#':
      return first || text[i - 1] == ' ';
    case '-':
    case '+':
    case '=':
      return first;
    case '.': // `1. ` makes a list; `www.` makes a link
      return (i == number_end && i > 0) || text.substr(0, i).ends_with("www");
    case ')':
      return i == number_end && i > 0;
    case ':': // `http:` makes a link, `:smile:` a picture
      return text.substr(i + 1).starts_with("//") ||
             (is_letter(i + 1) && text.find(':', i + 1) != std::string_view::npos);
    default:
      return false;
    }
  };
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '&' || c == '<' || c == '>') {
      result += entity(c);
    } else {
      result += needs_escape(i) ? std::string("\\") + c : std::string(1, c);
    }
  }
  return result;
}

std::string fenced(std::string_view text) {
  std::size_t longest = 0;
  std::size_t run = 0;
  for (const char c : text) {
    run = c == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  const std::string fence(std::max<std::size_t>(longest + 1, 3), '`');
  std::string block = fence + "text\n" + std::string(text);
  if (!block.ends_with('\n')) {
    block += '\n';
  }
  return block + fence + "\n";
}

std::string csv(std::string_view text) {
  std::string field(text);
  if (!field.empty() &&
      std::string_view("=+-@\t\r").find(field.front()) != std::string_view::npos) {
    field.insert(field.begin(), '\'');
  }
  if (field.find_first_of(",\"\r\n") == std::string::npos) {
    return field;
  }
  return "\"" + replaced(field, [](char c) -> std::string_view { return c == '"' ? "\"\"" : ""; }) +
         "\"";
}

std::string url(std::string_view bytes) {
  std::string result;
  for (const char c : bytes) {
    const auto value = static_cast<unsigned char>(c);
    if ((value >= '0' && value <= '9') || (value >= 'A' && value <= 'Z') ||
        (value >= 'a' && value <= 'z') || c == '-' || c == '_' || c == '.' || c == '~') {
      result += c;
    } else {
      result += {'%', "0123456789ABCDEF"[value >> 4U], "0123456789ABCDEF"[value & 0xfU]};
    }
  }
  return result;
}

std::string fixed(double value, int decimals) {
  std::string text(64, '\0');
  text.resize(
      static_cast<std::size_t>(std::snprintf(text.data(), text.size(), "%.*f", decimals, value)));
  return text;
}

std::string number(double value) {
  if (value < 99.95) {
    return fixed(value, value < 9.995 ? 2 : 1);
  }
  return whole_number(static_cast<std::size_t>(std::llround(value)));
}

std::string whole_number(std::size_t value) {
  std::string text = std::to_string(value);
  for (auto place = static_cast<std::ptrdiff_t>(text.size()) - 3; place > 0; place -= 3) {
    text.insert(static_cast<std::size_t>(place), 1, ',');
  }
  return text;
}

} // namespace lab
