#include "tools/check/record.hpp"

#include <array>
#include <charconv>

namespace lab {

namespace {

constexpr std::size_t fields = 10;

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

std::optional<Record> decode(std::string_view text) {
  std::array<std::string, fields> field;
  for (std::string& one : field) {
    auto taken = take_netstring(text);
    if (!taken) {
      return std::nullopt;
    }
    one = std::move(*taken);
  }
  const auto points = number(field[3]);
  if (!points || *points < 0) {
    return std::nullopt;
  }
  return Record{.suite = field[0],
                .name = field[1],
                .promise = field[2],
                .points = *points,
                .means = field[4],
                .look = field[5],
                .passed = field[6] == "passed",
                .seen = field[7],
                .skipped = field[8],
                .not_run = field[9]};
}

} // namespace

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

std::string encode(const Record& record) {
  std::string text;
  for (const std::string& field :
       {record.suite, record.name, record.promise, std::to_string(record.points), record.means,
        record.look, std::string(record.passed ? "passed" : "failed"), record.seen, record.skipped,
        record.not_run}) {
    text += netstring(field);
  }
  return netstring(text);
}

std::vector<Record> decode_records(std::string_view text) {
  std::vector<Record> records;
  while (auto one = take_netstring(text)) {
    auto record = decode(*one);
    if (!record) {
      break;
    }
    records.push_back(std::move(*record));
  }
  return records;
}

} // namespace lab
