#include "kit/decks/deck.hpp"

#include "tools/text/text.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <regex>
#include <set>
#include <sstream>
#include <utility>

namespace lab::slides {

namespace {

using lessons::Problem;

/// Takes a deck apart, line by line.
class Parser {
public:
  Deck parse(std::string_view text) {
    deck_.lesson = lessons::parse(text, lessons::Form::deck);
    for (const std::string& line : lab::lines_of(text)) {
      ++number_;
      if (part_ != Part::slides) {
        front_matter(line);
        continue;
      }
      if (!fence_.empty()) {
        if (lessons::squeezed(line) == fence_) {
          fence_.clear();
        }
      } else if (in_notes_) {
        notes(line);
      } else if (line == "---") {
        deck_.slides.emplace_back().line = number_ + 1;
        continue;
      } else {
        outside(line);
      }
      deck_.slides.back().text += line + '\n';
    }
    if (part_ != Part::slides) {
      problem("a deck begins with its front matter, between two lines ---");
    }
    if (in_notes_) {
      problem("the comment is never closed");
    }
    return std::move(deck_);
  }

private:
  enum class Part : unsigned char { start, settings, slides };

  void front_matter(const std::string& line) {
    if (part_ == Part::start) {
      if (line == "---") {
        part_ = Part::settings;
      }
    } else if (line == "---") {
      part_ = Part::slides;
      deck_.slides.emplace_back().line = number_ + 1;
    } else if (const std::size_t colon = line.find(':'); colon != std::string::npos) {
      deck_.settings[line.substr(0, colon)] = lessons::squeezed(line.substr(colon + 1));
    }
  }

  void outside(const std::string& line) {
    static const std::regex fence(R"(\s*(```+)\s*(\S*).*)");
    static const std::regex minutes("<!-- minutes: *([0-9]+) *-->");
    static const std::regex classes("<!-- _class: *(.*?) *-->");
    static const std::regex heading("(#+) +(.*)");
    static const std::regex image(R"(!\[([^\]]*)\]\(([^)\s]+)\))");
    Slide& slide = deck_.slides.back();
    std::smatch found;
    if (std::regex_match(line, found, fence)) {
      fence_ = found[1];
      slide.languages.push_back(found[2]);
    } else if (std::regex_match(line, found, minutes)) {
      if (slide.minutes) {
        problem("this slide has its minutes already");
      }
      slide.minutes = std::stoi(found[1]);
    } else if (std::regex_match(line, found, classes)) {
      std::istringstream words(found[1]);
      slide.classes.assign(std::istream_iterator<std::string>(words), {});
    } else if (line == "<!--") {
      in_notes_ = true;
    } else if (std::regex_match(line, found, heading)) {
      if (found[1].length() < 3 && slide.titles++ == 0) {
        slide.title = found[2];
        slide.title_level = static_cast<int>(found[1].length());
      }
    }
    for (std::sregex_iterator i(line.begin(), line.end(), image); i != std::sregex_iterator();
         ++i) {
      slide.images.push_back({.path = (*i)[2], .alternative = (*i)[1], .line = number_});
    }
  }

  void notes(const std::string& line) {
    auto& notes = deck_.slides.back().notes;
    if (line == "-->") {
      in_notes_ = false;
    } else if (line.starts_with("- ")) {
      notes.push_back({.text = line.substr(2), .line = number_});
    } else if (line.starts_with("  ") && !notes.empty()) {
      notes.back().text += " " + lessons::squeezed(line);
    } else if (!line.empty()) {
      problem("notes are bullets: '- Ask: ...', '- Demo: ...', '- Note: ...', '- Usual wrong "
              "answer: ...', their further lines indented by two");
    }
  }

  void problem(std::string text) {
    deck_.problems.push_back({.line = number_, .text = std::move(text)});
  }

  Deck deck_;
  int number_ = 0;
  Part part_ = Part::start;
  std::string fence_; // of the block that we are in
  bool in_notes_ = false;
};

/// Looks at one deck.
class Checker {
public:
  Checker(const Deck& deck, const std::filesystem::path& file, const std::filesystem::path& root)
      : deck_(deck), file_(file), root_(root) {}

  std::vector<Problem> check() {
    problems_ = deck_.lesson.problems;
    problems_.insert(problems_.end(), deck_.problems.begin(), deck_.problems.end());
    const auto references =
        lessons::check_references(deck_.lesson, file_, root_ / "steps" / file_.stem(), root_);
    problems_.insert(problems_.end(), references.begin(), references.end());
    settings();
    if (deck_.slides.empty()) {
      return std::move(problems_);
    }
    first_slide();
    for (std::size_t i = 0; i < deck_.slides.size(); ++i) {
      slide(deck_.slides[i], i == 0);
    }
    questions();
    return std::move(problems_);
  }

private:
  void settings() {
    constexpr std::array<std::pair<const char*, const char*>, 4> fixed{
        {{"marp", "true"}, {"theme", "fork-lab"}, {"size", "16:9"}, {"paginate", "true"}}};
    for (const auto& [name, value] : fixed) {
      const auto found = deck_.settings.find(name);
      if (found == deck_.settings.end() || found->second != value) {
        problem(1, std::string("the front matter says '") + name + ": " + value + "'");
      }
    }
    for (const char* const name : {"title", "description"}) {
      const auto found = deck_.settings.find(name);
      if (found == deck_.settings.end() || found->second.empty()) {
        problem(1, std::string("the front matter has a ") + name);
      }
    }
  }

  void first_slide() {
    const Slide& first = deck_.slides.front();
    if (!first.is("title") || first.title_level != 1) {
      problem(first.line, "the first slide has the class title, and its title one #");
    }
    const int sum = deck_.minutes();
    const std::string said = std::to_string(sum) + " minutes";
    static const std::regex minutes(R"(\b(\d+) minutes)");
    std::smatch found;
    if (!std::regex_search(first.text, found, minutes) || found[0] != said) {
      problem(first.line, "the slides take " + said + " together; the first slide says " +
                              (found.empty() ? "nothing of it" : "'" + found.str() + "'"));
    }
    if (sum > 50) {
      problem(first.line, "a lesson has 50 minutes; the slides take " + std::to_string(sum));
    }
  }

  void slide(const Slide& one, bool is_first) {
    if (one.titles != 1) {
      problem(one.line, "a slide has one title, not " + std::to_string(one.titles));
    } else if (!is_first && one.title_level != 2) {
      problem(one.line, "the title of a slide has two #: " + one.title);
    } else if (std::count(one.title.begin(), one.title.end(), ' ') < 2) {
      problem(one.line, "a title is the sentence to remember, not a topic: " + one.title);
    }
    if (!one.minutes) {
      problem(one.line, "the slide does not say its minutes: <!-- minutes: 3 -->");
    } else if (*one.minutes < 1) {
      problem(one.line, "a slide takes a minute at least");
    }
    if (one.notes.empty()) {
      problem(one.line, "the slide has no notes for the speaker");
    }
    for (const auto& note : one.notes) {
      static const std::regex form("(Ask|Demo|Note|Usual wrong answer): +\\S.*");
      if (!std::regex_match(note.text, form)) {
        problem(note.line, "a note begins with Ask:, Demo:, Note: or Usual wrong answer:");
      }
    }
    for (const Image& image : one.images) {
      if (!exists(file_.parent_path() / image.path)) {
        problem(image.line, "there is no figure " + image.path);
      }
      if (image.alternative.size() < 20) {
        problem(image.line, "the figure's text alternative says what is to be seen in it");
      }
    }
    for (const std::string& language : one.languages) {
      if (language != "cpp" && language != "console" && language != "sh") {
        problem(one.line, "a block on a slide is cpp (quoted), console (played) or sh (commands), "
                          "not '" +
                              language + "'");
      }
    }
    names(one);
    left_out(one);
  }

  /// The slides that a note offers to leave out, by the beginnings of their titles.
  void left_out(const Slide& one) {
    static const std::regex quoted(R"re("([^"]+)")re");
    for (const auto& note : one.notes) {
      const std::size_t from = note.text.find("time is short, leave out");
      if (from == std::string::npos) {
        continue;
      }
      const std::string offer = note.text.substr(from);
      for (std::sregex_iterator i(offer.begin(), offer.end(), quoted); i != std::sregex_iterator();
           ++i) {
        const std::string begin = (*i)[1];
        if (std::ranges::none_of(deck_.slides, [&](const Slide& other) {
              std::string title = other.title;
              std::erase(title, '`');
              return title.starts_with(begin);
            })) {
          problem(note.line, "there is no slide \"" + begin + "\" to leave out");
        }
      }
    }
  }

  /// The programs and presets that the slide and its notes name.
  void names(const Slide& one) {
    static const std::regex program(R"(build/(bin|textbook)/([a-z_-]+))");
    static const std::regex preset(R"(--preset ([a-z]+(-\d\d)?))");
    const std::string& text = one.text;
    for (std::sregex_iterator i(text.begin(), text.end(), program); i != std::sregex_iterator();
         ++i) {
      const bool right = (*i)[1] == "bin";
      if (!(right ? is_program((*i)[2]) : is_textbook_program((*i)[2]))) {
        problem(one.line, "the kit has no program " + i->str());
      }
    }
    static const std::string presets = lessons::contents(root_ / "CMakePresets.json");
    for (std::sregex_iterator i(text.begin(), text.end(), preset); i != std::sregex_iterator();
         ++i) {
      if (presets.find(R"("name": ")" + (*i)[1].str() + '"') == std::string::npos) {
        problem(one.line, "the kit has no preset " + (*i)[1].str());
      }
    }
  }

  [[nodiscard]] bool is_program(const std::string& name) const {
    return name.starts_with("lab-") ||
           std::ranges::any_of(
               std::filesystem::directory_iterator(root_ / "steps"),
               [&](const auto& step) { return exists(step.path() / (name + ".cpp")); });
  }

  [[nodiscard]] bool is_textbook_program(const std::string& name) const {
    return exists(root_ / "tests" / "kit" / "textbook" / (name + ".cpp"));
  }

  void questions() {
    int count = 0;
    for (std::size_t i = 0; i < deck_.slides.size(); ++i) {
      const Slide& one = deck_.slides[i];
      if (!one.is("predict")) {
        continue;
      }
      ++count;
      if (one.minutes.value_or(3) < 3) {
        problem(one.line,
                "a prediction takes three minutes at least: to ask, to write, to hear some "
                "answers");
      }
      if (!one.title.ends_with('?')) {
        problem(one.line, "the title of a predict slide is the question: " + one.title);
      }
      const bool answered =
          i + 1 < deck_.slides.size() &&
          std::find(deck_.slides[i + 1].languages.begin(), deck_.slides[i + 1].languages.end(),
                    "console") != deck_.slides[i + 1].languages.end();
      if (!answered) {
        problem(one.line, "the slide after a predict slide shows the answer, in a console block");
      }
    }
    if (count < 3) {
      problem(1, "a deck puts three questions to the room at least (predict slides), not " +
                     std::to_string(count));
    }
  }

  void problem(int line, std::string text) {
    problems_.push_back({.line = line, .text = std::move(text)});
  }

  const Deck& deck_;
  const std::filesystem::path& file_;
  const std::filesystem::path& root_;
  std::vector<Problem> problems_;
};

} // namespace

bool Slide::is(std::string_view one_class) const {
  return std::find(classes.begin(), classes.end(), one_class) != classes.end();
}

int Deck::minutes() const {
  int sum = 0;
  for (const Slide& slide : slides) {
    sum += slide.minutes.value_or(0);
  }
  return sum;
}

Deck parse_deck(std::string_view text) {
  return Parser().parse(text);
}

std::vector<Problem> check_deck(const Deck& deck, const std::filesystem::path& file,
                                const std::filesystem::path& root) {
  return Checker(deck, file, root).check();
}

std::optional<MapEntry> on_the_map(std::string_view map, const std::string& deck) {
  const std::regex form(R"(\]\(\.\./slides/)" + deck + R"(\.md\),? +(\d+) minutes)");
  int number = 0;
  for (const std::string& line : lab::lines_of(map)) {
    ++number;
    std::smatch found;
    if (std::regex_search(line, found, form)) {
      return MapEntry{.line = number, .minutes = std::stoi(found[1])};
    }
  }
  return std::nullopt;
}

std::vector<std::filesystem::path> decks_in(const std::filesystem::path& root) {
  static const std::regex form(R"(\d\d-.*\.md)");
  std::vector<std::filesystem::path> decks;
  for (const auto& file : std::filesystem::directory_iterator(root / "slides")) {
    if (std::regex_match(file.path().filename().string(), form)) {
      decks.push_back(file.path());
    }
  }
  std::sort(decks.begin(), decks.end());
  return decks;
}

} // namespace lab::slides
