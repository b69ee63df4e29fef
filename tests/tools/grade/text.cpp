#include "tools/grade/text.hpp"

#include <algorithm>
#include <cstdint>

namespace lab::grade {

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

/// The bytes of the character that `text` begins with, and the character; 0 bytes for none.
struct Character {
  std::size_t bytes = 0;
  std::uint32_t code = 0;
};

Character first_character(std::string_view text) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const std::uint32_t first = byte(0);
  if (first < 0x80) {
    return {.bytes = 1, .code = first};
  }
  const std::size_t bytes = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < bytes) {
    return {};
  }
  std::uint32_t code = first & (0x7fU >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) {
      return {};
    }
    code = (code << 6U) | (byte(i) & 0x3fU);
  }
  const std::uint32_t least = bytes == 4 ? 0x10000 : bytes == 3 ? 0x800 : 0x80;
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  return code < least || code > 0x10ffff || surrogate ? Character{}
                                                      : Character{.bytes = bytes, .code = code};
}

bool hidden(std::uint32_t code) {
  const auto within = [&](std::uint32_t first, std::uint32_t last) {
    return code >= first && code <= last;
  };
  return (code < 0x20 && code != '\n' && code != '\t') || within(0x7f, 0x9f) || code == 0xad ||
         code == 0x61c || within(0x200b, 0x200f) || within(0x2028, 0x202e) ||
         within(0x2060, 0x206f) || code == 0xfeff || within(0xfff9, 0xfffb) ||
         (code & 0xfffeU) == 0xfffe || within(0xe0000, 0xe007f);
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

std::string printable(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    const Character character = first_character(bytes);
    const std::size_t size = std::max<std::size_t>(character.bytes, 1);
    const std::string_view here = bytes.substr(0, size);
    text += character.bytes == 0 || hidden(character.code) ? hexadecimal(here) : std::string(here);
    bytes.remove_prefix(size);
  }
  return text;
}

std::string printable_line(std::string_view bytes) {
  return replaced(printable(bytes), [](char c) -> std::string_view {
    return c == '\n' ? "\\n" : c == '\t' ? "\\t" : "";
  });
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
  std::string result;
  for (const char c : text) {
    const auto value = static_cast<unsigned char>(c);
    const bool letter = (value >= '0' && value <= '9') || (value >= 'A' && value <= 'Z') ||
                        (value >= 'a' && value <= 'z') || value >= 0x80 || c == ' ';
    const std::string_view instead = entity(c);
    if (c == '&' || c == '<' || c == '>') {
      result += instead;
    } else {
      result +=
          letter ? std::string(1, c) : std::string("\\") + c; // any punctuation may be escaped
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

} // namespace lab::grade
