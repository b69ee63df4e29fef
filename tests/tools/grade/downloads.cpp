#include "tools/grade/downloads.hpp"

#include <algorithm>
#include <fstream>
#include <map>
#include <string_view>

namespace lab::grade {

namespace {

constexpr std::string_view of_moodle = "_assignsubmission_file_";

bool is_number(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// Takes what stands before the next `_` off the text.
std::string_view take_part(std::string_view& text) {
  const auto end = std::min(text.find('_'), text.size());
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

/// The value of a line `  - :name: 'Kim Haneul'`, without its quotes.
std::string value_in(std::string_view line) {
  const auto colon = line.find(": ");
  std::string value(colon == std::string_view::npos ? "" : line.substr(colon + 2));
  value.erase(value.find_last_not_of(" \r") + 1);
  if (value.size() >= 2 && (value.front() == '\'' || value.front() == '"') &&
      value.back() == value.front()) {
    value = value.substr(1, value.size() - 2);
  }
  return value == "null" || value == "~" ? "" : value;
}

} // namespace

std::optional<Download> download(const std::string& name) {
  std::string_view rest = name;
  const std::string_view student = take_part(rest);
  std::string_view id = take_part(rest);
  if (id == "LATE" || id == "late") {
    id = take_part(rest);
  }
  const std::string_view number = take_part(rest);
  if (!student.empty() && is_number(id) && is_number(number) && !rest.empty()) {
    return Download{.student = std::string(student).append("_").append(id),
                    .file = std::string(rest)};
  }
  const auto at = name.find(of_moodle);
  const auto end = at == std::string::npos ? name.size() : at + of_moodle.size();
  if (end == name.size()) {
    return std::nullopt;
  }
  return Download{.student = name.substr(0, end), .file = name.substr(end)};
}

std::vector<std::string> gradescope_submitters(const std::filesystem::path& folder) {
  std::ifstream list(folder.parent_path() / gradescope_list);
  const std::string title = folder.filename().string() + ":";
  std::vector<std::map<std::string, std::string>> submitters;
  bool here = false; // in the part about this folder
  for (std::string line; std::getline(list, line);) {
    const auto text = std::min(line.find_first_not_of(" -"), line.size());
    if (text == 0) {
      here = line.starts_with(title);
    } else if (here && line.find("- ") < text) {
      submitters.emplace_back();
    } else if (here && text <= 2 && !submitters.empty()) {
      break; // what follows is not about who
    }
    if (here && !submitters.empty()) {
      const auto end = std::min(line.find(": ", text), line.size());
      submitters.back().emplace(line.substr(text, end - text), value_in(line));
    }
  }
  std::vector<std::string> names;
  for (auto& one : submitters) {
    for (const char* const key : {":email", ":sid", ":name"}) {
      if (!one[key].empty()) {
        names.push_back(one[key]);
        break;
      }
    }
  }
  return names;
}

} // namespace lab::grade
