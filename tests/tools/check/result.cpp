#include "tools/check/result.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>
#include <utility>

namespace lab {

namespace {

constexpr std::size_t most_film = std::size_t{2} << 20; // bytes of a page

constexpr std::array<std::string_view, 5> outcomes{"passed", "failed", "skipped", "not run",
                                                   "broken"};

// `label   text`, further lines of the text under its first.
std::string labelled(std::string_view label, std::string_view value) {
  constexpr std::size_t column = 8;
  std::string text;
  while (!value.empty()) {
    const std::size_t end = std::min(value.find('\n'), value.size());
    text += label;
    text.append(column - label.size(), ' ');
    text += value.substr(0, end);
    text += '\n';
    value.remove_prefix(std::min(end + 1, value.size()));
    label = {};
  }
  return text;
}

template <typename Number>
std::optional<Number> number_in(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

/// What a check saw can hold a line of any length that a program has written.
std::string cut(const std::string& text) {
  constexpr std::size_t first = 16'000;
  constexpr std::size_t last = 4'000;
  if (text.size() <= first + last) {
    return text;
  }
  return text.substr(0, first) + "\n... (" + std::to_string(text.size() - first - last) +
         " bytes of this are left out)\n" + text.substr(text.size() - last);
}

std::optional<Result> decode(std::string_view text) {
  std::array<std::string, 18> field;
  for (std::string& one : field) {
    auto taken = take_netstring(text);
    if (!taken) {
      return std::nullopt;
    }
    one = std::move(*taken);
  }
  auto& [suite, sentence, promise, marks, means, look, by_hand, outcome, why, at, note, seconds,
         late, visibility, as_shipped, waits, film, filmed] = field;
  const auto worth = number_in<int>(marks);
  const auto* const kind = std::ranges::find(outcomes, outcome);
  const auto took = number_in<double>(seconds);
  if (!worth || kind == outcomes.end() || !took || (!late.empty() && late != "late") ||
      !text.empty()) {
    return std::nullopt;
  }
  return Result{.suite = std::move(suite),
                .sentence = std::move(sentence),
                .promise = std::move(promise),
                .marks = *worth,
                .means = std::move(means),
                .look = std::move(look),
                .by_hand = std::move(by_hand),
                .outcome = static_cast<Outcome>(kind - outcomes.begin()),
                .why = std::move(why),
                .at = std::move(at),
                .note = std::move(note),
                .seconds = *took,
                .late = !late.empty(),
                .visibility = std::move(visibility),
                .as_shipped = !as_shipped.empty(),
                .waits = !waits.empty(),
                .film = std::move(film),
                .filmed = !filmed.empty()};
}

} // namespace

std::string Result::number() const {
  return suite.substr(std::min(suite.find_first_of("0123456789"), suite.size()));
}

std::string Result::film_name() const {
  constexpr std::size_t most = 60;
  std::string name = number();
  for (const char letter : "-" + sentence) {
    const bool plain = (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') ||
                       (letter >= 'A' && letter <= 'Z');
    if (name.size() < most && (plain || name.back() != '-')) {
      name += plain ? letter : '-';
    }
  }
  while (name.back() == '-') {
    name.pop_back();
  }
  return name + ".html";
}

int reached_of(const std::vector<Result>& exercise) {
  return std::max(0,
                  std::accumulate(exercise.begin(), exercise.end(), 0,
                                  [](int sum, const Result& one) { return sum + one.reached(); }));
}

int possible_of(const std::vector<Result>& exercise) {
  return std::accumulate(exercise.begin(), exercise.end(), 0,
                         [](int sum, const Result& one) { return sum + one.possible(); });
}

std::string marks_in_words(const Result& result) {
  if (result.marks < 0) {
    const int cost = -result.reached();
    return "costs " + (cost == 0 ? "nothing" : std::to_string(cost));
  }
  return std::to_string(result.reached()) + " of " + std::to_string(result.possible());
}

std::string told(const Result& result) {
  std::string note = labelled("note", result.note);
  switch (result.outcome) {
  case Outcome::passed:
    return note;
  case Outcome::skipped:
  case Outcome::not_run:
    return labelled(outcomes.at(static_cast<std::size_t>(result.outcome)), result.why) + note;
  case Outcome::failed:
  case Outcome::broken:
    break;
  }
  return labelled("saw", result.why.empty() ? "only that it failed" : result.why) +
         labelled("at", result.at) + labelled("means", result.means) +
         labelled("look", result.look) + note +
         labelled("promise", result.promise + ": tests/CONTRACT.md");
}

std::string netstring(std::string_view text) {
  return std::to_string(text.size()) + ":" + std::string(text) + ",";
}

std::optional<std::string> take_netstring(std::string_view& text) {
  std::size_t size = 0;
  const auto [colon, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  const auto digits = static_cast<std::size_t>(colon - text.data());
  if (error != std::errc() || digits == text.size() || *colon != ':') {
    return std::nullopt;
  }
  const std::string_view rest = text.substr(digits + 1);
  if (size >= rest.size() || rest[size] != ',') {
    return std::nullopt;
  }
  text = rest.substr(size + 1);
  return std::string(rest.substr(0, size));
}

std::string encode(const Result& result) {
  std::string text;
  for (const std::string& field :
       {result.suite, result.sentence, result.promise, std::to_string(result.marks), result.means,
        result.look, result.by_hand,
        std::string(outcomes.at(static_cast<std::size_t>(result.outcome))), cut(result.why),
        result.at, result.note, std::to_string(result.seconds),
        std::string(result.late ? "late" : ""), result.visibility,
        std::string(result.as_shipped ? "as shipped" : ""),
        std::string(result.waits ? "waits" : ""), result.film.size() > most_film ? "" : result.film,
        std::string(result.filmed ? "filmed" : "")}) {
    text += netstring(field);
  }
  return netstring(text);
}

std::vector<Result> decode_results(std::string_view text) {
  std::vector<Result> results;
  while (auto one = take_netstring(text)) {
    auto result = decode(*one);
    if (!result) {
      break;
    }
    results.push_back(std::move(*result));
  }
  return results;
}

} // namespace lab
