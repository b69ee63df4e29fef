// A strict reader of JSON (RFC 8259; text in UTF-8).
#pragma once

#include "tools/text/text.hpp"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace lab {

/// A value. Its accessors throw std::runtime_error if it is of another kind or not there.
class Json {
public:
  static Json parse(std::string_view text) {
    if (!is_utf8(text)) {
      throw std::runtime_error("JSON: not UTF-8");
    }
    Json json = value(text);
    skip_space(text);
    if (!text.empty()) {
      throw std::runtime_error("JSON: more after its end: " + std::string(text.substr(0, 40)));
    }
    return json;
  }

  /// Or true or false, which are not kept.
  [[nodiscard]] bool is_null() const { return std::holds_alternative<std::monostate>(value_); }

  [[nodiscard]] const std::string& text() const { return get<std::string>(); }

  [[nodiscard]] double number() const { return get<double>(); }

  [[nodiscard]] const std::vector<Json>& list() const { return get<std::vector<Json>>(); }

  [[nodiscard]] const Json& at(const std::string& member) const {
    const auto& members = get<std::map<std::string, Json>>();
    const auto found = members.find(member);
    if (found == members.end()) {
      throw std::runtime_error("JSON: there is no member " + member);
    }
    return found->second;
  }

private:
  template <typename Kind>
  [[nodiscard]] const Kind& get() const {
    if (const auto* kind = std::get_if<Kind>(&value_)) {
      return *kind;
    }
    throw std::runtime_error("JSON: a value of another kind");
  }

  static void skip_space(std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  }

  // Whether `text` begins with `token` (after spaces). If so, both are taken off.
  static bool take(std::string_view& text, std::string_view token) {
    skip_space(text);
    const bool found = text.starts_with(token);
    text.remove_prefix(found ? token.size() : 0);
    return found;
  }

  static void must(bool right, std::string_view text) {
    if (!right) {
      throw std::runtime_error("JSON: unexpected: " + std::string(text.substr(0, 40)));
    }
  }

  static std::string string(std::string_view& text) {
    std::string result;
    must(take(text, "\""), text);
    while (true) {
      must(!text.empty() && static_cast<unsigned char>(text[0]) >= 0x20, text);
      const char c = text[0];
      text.remove_prefix(1);
      if (c == '"') {
        return result;
      }
      if (c != '\\') {
        result += c;
        continue;
      }
      must(!text.empty() && std::string_view("\"\\/bfnrtu").find(text[0]) != std::string_view::npos,
           text);
      const char escaped = text[0];
      text.remove_prefix(1);
      if (escaped == 'u') {
        must(text.size() >= 4 && text.find_first_not_of("0123456789abcdefABCDEF") >= 4, text);
        text.remove_prefix(4);
        result += '?'; // which one is of no interest here
      } else {
        result += escaped == 'n' ? '\n' : escaped == 't' ? '\t' : escaped;
      }
    }
  }

  static Json value(std::string_view& text) {
    Json json;
    skip_space(text);
    must(!text.empty(), text);
    if (text[0] == '"') {
      json.value_ = string(text);
    } else if (take(text, "{")) {
      std::map<std::string, Json> members;
      while (!take(text, "}")) {
        must(members.empty() || take(text, ","), text);
        std::string name = string(text);
        must(take(text, ":") && !members.contains(name), text);
        members.emplace(std::move(name), value(text));
      }
      json.value_ = std::move(members);
    } else if (take(text, "[")) {
      std::vector<Json> list;
      while (!take(text, "]")) {
        must(list.empty() || take(text, ","), text);
        list.push_back(value(text));
      }
      json.value_ = std::move(list);
    } else if (take(text, "true") || take(text, "false") || take(text, "null")) {
      json.value_ = std::monostate();
    } else {
      const std::string digits(
          text.substr(0, std::min(text.find_first_not_of("+-.0123456789eE"), text.size())));
      char* end = nullptr;
      json.value_ = std::strtod(digits.c_str(), &end);
      must(!digits.empty() && *end == '\0', text);
      text.remove_prefix(digits.size());
    }
    return json;
  }

  std::variant<std::monostate, std::string, double, std::vector<Json>, std::map<std::string, Json>>
      value_;
};

} // namespace lab
