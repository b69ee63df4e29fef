#include "tools/grade/roster.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <utility>

namespace lab::grade {

namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](char c) { return lower(c); });
  return result;
}

std::string trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  const auto last = text.find_last_not_of(" \t");
  return first == std::string_view::npos ? "" : std::string(text.substr(first, last - first + 1));
}

std::vector<std::string> words_in(std::string_view text, std::string_view between) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const auto end = std::min(text.find_first_of(between), text.size());
    if (end > 0) {
      words.push_back(lower(text.substr(0, end)));
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

/// The same for `Kim Haneul`, `kim-haneul` and `Haneul, Kim`.
std::vector<std::string> name_of(std::string_view text) {
  auto words = words_in(text, " \t,_-.");
  std::ranges::sort(words);
  return words;
}

bool is_number(std::string_view text) {
  return text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// Whether Canvas writes the name so: `kimhaneul` of `Kim, Haneul` and of `Haneul Kim`.
bool is_squeezed(std::string_view squeezed, std::string_view name) {
  auto words = words_in(name, " \t,_-.'");
  for (std::size_t i = 0; i < words.size(); ++i) {
    std::string together;
    for (const std::string& word : words) {
      together += word;
    }
    if (together == squeezed) {
      return true;
    }
    std::rotate(words.begin(), words.begin() + 1, words.end());
  }
  return false;
}

} // namespace

std::vector<std::vector<std::string>> read_csv(std::string_view text) {
  if (text.starts_with(byte_order_mark)) {
    text.remove_prefix(byte_order_mark.size());
  }
  const std::string_view first = text.substr(0, text.find('\n'));
  const char separator =
      first.find(',') == std::string_view::npos && first.find(';') != std::string_view::npos ? ';'
                                                                                             : ',';
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> row;
  std::string field;
  bool quoted = false;
  bool any = false; // something of the row has been read
  const auto end_row = [&] {
    row.push_back(std::exchange(field, ""));
    rows.push_back(std::exchange(row, {}));
    any = false;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c != '"') {
        field += c;
      } else if (i + 1 < text.size() && text[i + 1] == '"') {
        field += text[++i];
      } else {
        quoted = false;
      }
    } else if (c == '"' && field.empty()) {
      quoted = true;
      any = true;
    } else if (c == separator) {
      row.push_back(std::exchange(field, ""));
      any = true;
    } else if (c == '\n' || c == '\r') {
      if (any) {
        end_row();
      }
    } else {
      field += c;
      any = true;
    }
  }
  if (any) {
    end_row();
  }
  return rows;
}

Roster::Roster(std::string_view text) {
  const auto rows = read_csv(text);
  std::map<std::string, std::size_t> column;
  for (std::size_t i = 0; !rows.empty() && i < rows.front().size(); ++i) {
    column.emplace(lower(trimmed(rows.front()[i])), i);
  }
  const auto has = [&](const char* title) { return column.contains(title); };
  const bool of_canvas = has("sis user id") || has("sis login id");
  for (std::size_t i = 1; i < rows.size(); ++i) {
    const auto value = [&](std::initializer_list<const char*> titles) -> std::string {
      for (const char* const title : titles) {
        const auto at = column.find(title);
        if (at != column.end() && at->second < rows[i].size()) {
          return trimmed(rows[i][at->second]);
        }
      }
      return "";
    };
    Person person;
    person.name = value({"name", "student", "full name", "student name"});
    if (person.name.empty()) {
      person.name = trimmed(value({"first name", "given name"}) + " " +
                            value({"last name", "surname", "family name"}));
    }
    person.email = value({"email", "e-mail", "email address", "e-mail address"});
    person.id =
        of_canvas ? value({"sis user id"}) : value({"id", "id number", "student id", "sid"});
    person.canvas_id = of_canvas ? value({"id"}) : "";
    person.sis_user_id = person.id;
    person.sis_login_id = of_canvas ? value({"sis login id"}) : person.email;
    person.section = value({"section"});
    if (person.email.empty() && person.sis_login_id.find('@') != std::string::npos) {
      person.email = person.sis_login_id;
    }
    const bool nobody = person.name.empty() || person.name == "Points Possible" ||
                        person.name == "Student, Test"; // lines that Canvas adds
    if (!nobody) {
      people_.push_back(std::move(person));
    }
  }
  if (people_.empty()) {
    throw std::runtime_error(
        "it names nobody. Its first line is to be Name,ID,Email, or the titles "
        "that Canvas or Moodle exports");
  }
}

std::optional<std::size_t> Roster::find(std::string_view submission) const {
  constexpr std::string_view of_moodle = "_assignsubmission_";
  std::string_view name = submission.substr(0, submission.find(of_moodle));
  if (name.size() < submission.size()) { // NAME_NUMBER
    name = name.substr(0, name.rfind('_'));
  }
  const auto words = name_of(name);
  const std::string whole = lower(name);
  const auto parts = words_in(submission, "_"); // Canvas: NAME_ID_NUMBER_FILE
  const auto is = [&](const Person& person) {
    const std::string email = lower(person.email);
    for (const std::string& known :
         {lower(person.id), email, email.substr(0, email.find('@')), lower(person.sis_login_id)}) {
      if (!known.empty() && known == whole) {
        return true;
      }
    }
    return name_of(person.name) == words ||
           (person.canvas_id.empty() && parts.size() > 1 &&
            (parts[1] == "late" || is_number(parts[1])) &&
            is_squeezed(parts.front(), person.name)) ||
           (!person.canvas_id.empty() && std::ranges::find(parts, person.canvas_id) != parts.end());
  };
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < people_.size(); ++i) {
    if (is(people_[i])) {
      if (found) {
        return std::nullopt;
      }
      found = i;
    }
  }
  return found;
}

Roster read_roster(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file) {
    throw std::runtime_error(std::strerror(errno));
  }
  return Roster(text);
}

} // namespace lab::grade
