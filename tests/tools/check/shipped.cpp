#include "tools/check/shipped.hpp"

#include "harness/process.hpp"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>

namespace lab {

namespace {

bool is_part_of_word(char character) {
  return std::isalnum(static_cast<unsigned char>(character)) != 0 || character == '_';
}

/// Where the string or character that begins at `begin` ends.
std::size_t end_of_quoted(std::string_view source, std::size_t begin) {
  const char quote = source[begin];
  if (quote == '"' && begin > 0 && source[begin - 1] == 'R') { // R"word(...)word"
    const std::size_t open = std::min(source.find('(', begin), source.size());
    const std::string close = ")" + std::string(source.substr(begin + 1, open - begin - 1)) + "\"";
    const std::size_t end = source.find(close, open);
    return end == std::string_view::npos ? source.size() : end + close.size();
  }
  std::size_t end = begin + 1;
  while (end < source.size() && source[end] != quote && source[end] != '\n') {
    end += source[end] == '\\' ? 2U : 1U;
  }
  return std::min(end + 1, source.size());
}

} // namespace

std::string without_comments(std::string_view source) {
  std::string text;
  for (std::size_t at = 0; at < source.size();) {
    const std::string_view rest = source.substr(at);
    const char character = rest.front();
    if (rest.starts_with("//")) {
      at += std::min(rest.find('\n'), rest.size());
    } else if (rest.starts_with("/*")) {
      at += std::min(rest.find("*/", 2), rest.size() - 2) + 2;
    } else if (character == '"' ||
               (character == '\'' && (text.empty() || !is_part_of_word(text.back())))) {
      // Not the ' of 1'000.
      const std::size_t end = end_of_quoted(source, at);
      text += source.substr(at, end - at);
      at = end;
    } else {
      if (std::isspace(static_cast<unsigned char>(character)) == 0) {
        text += character;
      }
      ++at;
    }
  }
  return text;
}

std::optional<std::string> shipped_source(const std::filesystem::path& kit,
                                          const std::filesystem::path& source) {
  if (std::ifstream copy(kit / "tests/shipped" / source, std::ios::binary); copy) {
    return std::string(std::istreambuf_iterator<char>(copy), {});
  }
  Process git("/usr/bin/env",
              {.arguments = {"git", "-C", kit.string(), "show", "HEAD:./" + source.string()},
               .input = Input::null});
  return git.wait().success() ? std::optional(git.out()) : std::nullopt;
}

} // namespace lab
