#include "kit/lessons/matching.hpp"

#include "kit/lessons/lesson.hpp"

namespace lab::lessons {

namespace {

constexpr std::size_t shortest_name = 4; // digits of a number that stands for another

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// The digits that `text` begins with.
std::string_view digits(std::string_view text) {
  std::size_t size = 0;
  while (size < text.size() && is_digit(text[size])) {
    ++size;
  }
  return text.substr(0, size);
}

} // namespace

void Numbers::set_port(const std::string& text, const std::string& run) {
  port_ = text;
  port_of_run_ = run;
  pairs_[Class::port].of_run.emplace(run, text);
}

bool Numbers::matches(std::string_view expected, std::string_view line) {
  Numbers attempt = *this;
  if (!attempt.match(squeezed(expected), 0, squeezed(line))) {
    return false;
  }
  *this = std::move(attempt);
  return true;
}

std::string Numbers::in_run(std::string_view typed) const {
  std::string result;
  std::size_t at = 0;
  while (at < typed.size()) {
    const std::string_view number = digits(typed.substr(at));
    if (number.size() < shortest_name) {
      result += typed[at++];
      continue;
    }
    const std::string_view run = of_run(class_after(typed.substr(0, at)), number);
    if (run.empty()) {
      throw NotShown{std::string(number)};
    }
    result += run;
    at += number.size();
  }
  return result;
}

std::string_view Numbers::of_run(Class of, std::string_view in_lesson) const {
  if (in_lesson == port_) {
    return port_of_run_;
  }
  const auto pairs = pairs_.find(of);
  if (pairs == pairs_.end()) {
    return {};
  }
  const auto found = pairs->second.of_lesson.find(in_lesson);
  return found == pairs->second.of_lesson.end() ? std::string_view() : found->second;
}

Numbers::Class Numbers::class_after(std::string_view before) {
  if (before.ends_with(":[")) {
    return Class::inode;
  }
  const bool port = before.ends_with(':') || before.ends_with("port: ") ||
                    before.ends_with("port ") || before.ends_with("htons(");
  return port ? Class::port : Class::other;
}

bool Numbers::match(std::string_view expected, std::size_t at, std::string_view line) {
  while (at < expected.size()) {
    const std::string_view rest = expected.substr(at);
    if (rest.starts_with("...")) {
      for (std::size_t skip = 0; skip <= line.size(); ++skip) {
        const bool within_number =
            skip > 0 && skip < line.size() && is_digit(line[skip - 1]) && is_digit(line[skip]);
        Numbers attempt = *this;
        if (!within_number && attempt.match(expected, at + 3, line.substr(skip))) {
          *this = std::move(attempt);
          return true;
        }
      }
      return false;
    }
    if (const std::string_view number = digits(rest); !number.empty()) {
      const std::string_view seen = digits(line);
      const bool fits = number.size() < shortest_name
                            ? number == seen
                            : pair(class_after(expected.substr(0, at)), number, seen);
      if (!fits) {
        return false;
      }
      at += number.size();
      line.remove_prefix(seen.size());
      continue;
    }
    if (line.empty() || line.front() != rest.front()) {
      return false;
    }
    ++at;
    line.remove_prefix(1);
  }
  return line.empty();
}

bool Numbers::pair(Class of, std::string_view in_lesson, std::string_view in_run) {
  if (in_run.empty()) {
    return false;
  }
  if (in_lesson == port_) {
    return in_run == port_of_run_;
  }
  Pairs& pairs = pairs_[of];
  const auto lesson = pairs.of_lesson.emplace(in_lesson, in_run).first;
  const auto run = pairs.of_run.emplace(in_run, in_lesson).first;
  return lesson->second == in_run && run->second == in_lesson;
}

} // namespace lab::lessons
