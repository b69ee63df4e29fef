#include "tools/check/marks_file.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <map>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace lab {

namespace {

constexpr int most_marks = 1000;

/// What stands after the last `: ` of a line.
struct Worth {
  std::optional<int> marks;
  bool off = false;
  std::string visibility;
  std::size_t line = 0;
};

/// By the number of an exercise and the sentence of a check; of the exercise itself, without one.
using Entries = std::map<std::pair<std::string, std::string>, Worth>;

class Reader {
public:
  explicit Reader(std::filesystem::path file) : file_(std::move(file)) {}

  [[noreturn]] void complain(std::size_t line, const std::string& what) const {
    throw std::runtime_error(file_.string() + ":" + std::to_string(line) + ": " + what);
  }

  [[nodiscard]] Entries read() const {
    std::ifstream in(file_);
    Entries entries;
    std::string text;
    for (std::size_t line = 1; std::getline(in, text); ++line) {
      const std::string_view words = trimmed(text);
      if (words.empty() || words.front() == '#') {
        continue;
      }
      const auto colon = words.rfind(':');
      const std::string_view what = trimmed(words.substr(0, colon));
      const bool has_number = what.size() >= 2 && is_digit(what[0]) && is_digit(what[1]) &&
                              (what.size() == 2 || what[2] == ' ');
      if (colon == std::string_view::npos || !has_number) {
        complain(line, "this is neither `NN: MARKS`, of an exercise, nor `NN SENTENCE: MARKS`, of "
                       "one of its checks");
      }
      const std::string sentence(trimmed(what.substr(2)));
      Worth worth = worth_in(words.substr(colon + 1), line, sentence.empty());
      const auto [place, fresh] =
          entries.try_emplace({std::string(what.substr(0, 2)), sentence}, std::move(worth));
      if (!fresh) {
        complain(line, "line " + std::to_string(place->second.line) + " is about the same");
      }
    }
    if (in.bad() || !in.eof()) {
      throw std::runtime_error("cannot read " + file_.string() + ": " + std::strerror(errno));
    }
    return entries;
  }

private:
  static bool is_digit(char character) { return character >= '0' && character <= '9'; }

  static std::string_view trimmed(std::string_view text) {
    constexpr std::string_view space = " \t\r";
    const auto begin = std::min(text.find_first_not_of(space), text.size());
    return text.substr(begin, text.find_last_not_of(space) + 1 - begin);
  }

  /// `5, hidden`
  [[nodiscard]] Worth worth_in(std::string_view text, std::size_t line, bool exercise) const {
    Worth worth{.marks = {}, .visibility = {}, .line = line};
    while (true) {
      const auto comma = std::min(text.find(','), text.size());
      const std::string_view word = trimmed(text.substr(0, comma));
      int number = 0;
      const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
      if (word == "off") {
        worth.off = true;
      } else if (word == "hidden") {
        worth.visibility = "hidden";
      } else if (word == "after due date") {
        worth.visibility = "after_due_date";
      } else if (error == std::errc() && end == word.data() + word.size() &&
                 number >= (exercise ? 1 : -most_marks) && number <= most_marks) {
        worth.marks = number;
      } else {
        complain(line, "'" + std::string(word) + "' is none of: marks, a whole number from " +
                           (exercise ? "1" : std::to_string(-most_marks)) + " to " +
                           std::to_string(most_marks) + "; off; hidden; after due date");
      }
      if (comma == text.size()) {
        return worth;
      }
      text.remove_prefix(comma + 1);
    }
  }

  std::filesystem::path file_;
};

constexpr std::string_view kind = "exercise-";

std::string number_of(const SuiteCheck& check) {
  const std::string_view suite = check.suite;
  return suite.starts_with(kind) ? std::string(suite.substr(kind.size())) : "";
}

std::string sentence_of(const SuiteCheck& check) {
  return check.name.substr(check.name.find(": ") + 2);
}

int possible_of(const std::vector<SuiteCheck*>& exercise) {
  int sum = 0;
  for (const SuiteCheck* const check : exercise) {
    sum += check->off ? 0 : std::max(check->marks, 0);
  }
  return sum;
}

/// Makes the marks of the checks add up to `worth`, each as near to its part as whole numbers can
/// be. What a check costs grows likewise, and stays a mark at least.
void scale(const std::vector<SuiteCheck*>& exercise, int worth) {
  const int all = possible_of(exercise);
  int left = worth;
  std::vector<std::pair<int, SuiteCheck*>> rests;
  for (SuiteCheck* const check : exercise) {
    if (check->marks < 0) {
      check->marks = std::min(-1, -(-check->marks * worth + all / 2) / all);
    } else if (!check->off) {
      rests.emplace_back(check->marks * worth % all, check);
      check->marks = check->marks * worth / all;
      left -= check->marks;
    }
  }
  std::ranges::stable_sort(rests, [](const auto& a, const auto& b) { return a.first > b.first; });
  for (int i = 0; i < left; ++i) {
    ++rests[static_cast<std::size_t>(i)].second->marks;
  }
}

} // namespace

void apply_marks(const std::filesystem::path& file, std::vector<SuiteCheck>& checks) {
  const Reader reader(file);
  const Entries entries = reader.read();
  std::map<std::string, std::vector<SuiteCheck*>> exercises;
  for (SuiteCheck& check : checks) {
    exercises[number_of(check)].push_back(&check);
  }
  exercises.erase("");

  // The exercise's own line comes before those of its checks in the map, and counts after them.
  std::map<std::string, std::size_t> touched; // by its number: the last line about its marks
  for (const auto& [what, worth] : entries) {
    const auto& [number, sentence] = what;
    const auto exercise = exercises.find(number);
    if (exercise == exercises.end()) {
      reader.complain(worth.line, "there is no exercise " + number);
    }
    touched[number] = std::max(touched[number], worth.line);
    bool found = false;
    for (SuiteCheck* const check : exercise->second) {
      if (sentence.empty() || sentence == sentence_of(*check)) {
        found = true;
        check->visibility = worth.visibility.empty() ? check->visibility : worth.visibility;
        if (!sentence.empty()) {
          check->marks = worth.marks.value_or(check->marks);
          check->off = worth.off;
        }
      }
    }
    if (!found) {
      reader.complain(worth.line, text("exercise ", number, " has no check `", sentence,
                                       "`. lab-check --list-marks shows all"));
    }
  }
  for (const auto& [number, line] : touched) {
    const auto& exercise = exercises.at(number);
    const auto own = entries.find({number, ""});
    if (own != entries.end() && own->second.off) {
      for (SuiteCheck* const check : exercise) {
        check->marks = 0;
        check->counts = false;
      }
    } else if (possible_of(exercise) == 0) {
      reader.complain(line, text("no check of exercise ", number, " gives marks any more. `",
                                 number, ": off` switches the exercise off"));
    } else if (own != entries.end() && own->second.marks) {
      scale(exercise, *own->second.marks);
    }
  }
}

std::string marks_as_lines(const std::vector<SuiteCheck>& checks) {
  std::map<std::string, std::pair<int, std::string>> exercises;
  int all = 0;
  for (const SuiteCheck& check : checks) {
    if (number_of(check).empty()) {
      continue;
    }
    auto& [sum, lines] = exercises[number_of(check)];
    if (!check.counts) {
      lines = number_of(check) + ": off\n";
      continue;
    }
    const int marks = check.off ? 0 : std::max(check.marks, 0);
    sum += marks;
    all += marks;
    lines += number_of(check) + " " + sentence_of(check) + ": " +
             (check.off ? "off" : std::to_string(check.marks));
    lines += check.visibility.empty()       ? "\n"
             : check.visibility == "hidden" ? ", hidden\n"
                                            : ", after due date\n";
  }
  std::string text;
  for (const auto& [number, exercise] : exercises) {
    text += "# exercise " + number + ": " + std::to_string(exercise.first) + " marks\n" +
            exercise.second;
  }
  return text + "# all: " + std::to_string(all) + " marks\n";
}

} // namespace lab
