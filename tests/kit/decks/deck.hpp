// A deck: slides with their minutes, notes and figures. Its transcripts and quotes are read as
// those of a lesson. The form is described in slides/README.md.
#pragma once

#include "kit/lessons/lesson.hpp"

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lab::slides {

/// A picture in a slide: its path, and its text for readers who cannot see it.
struct Image {
  std::string path;
  std::string alternative;
  int line = 0;
};

struct Slide {
  int line = 0; ///< where it begins in the file, from 1
  std::string title;
  int title_level = 0; ///< the number of # before the title
  int titles = 0;      ///< how many headings of the first or second level
  std::vector<std::string> classes;
  std::optional<int> minutes;
  std::vector<lessons::Mention> notes; ///< for the speaker: the bullets, without their dashes
  std::vector<Image> images;
  std::vector<std::string> languages; ///< of its fenced blocks
  std::string text;                   ///< its lines as they are in the file

  [[nodiscard]] bool is(std::string_view one_class) const;
};

struct Deck {
  std::map<std::string, std::string> settings; ///< the front matter
  std::vector<Slide> slides;
  lessons::Lesson lesson; ///< transcripts, quotes and links
  std::vector<lessons::Problem> problems;

  /// The sum over its slides.
  [[nodiscard]] int minutes() const;
};

Deck parse_deck(std::string_view text);

/// What is wrong with the form of a deck (front matter, titles, minutes, notes, questions, blocks
/// and figures), with the names of programs and presets in it, and with its quotes and links.
/// `root` is the folder of the kit, and `file` is in `root`/slides.
std::vector<lessons::Problem> check_deck(const Deck& deck, const std::filesystem::path& file,
                                         const std::filesystem::path& root);

/// What the map of the course, steps/README.md, says of a deck: its line, and the minutes. Empty if
/// the map does not name the deck.
struct MapEntry {
  int line = 0;
  int minutes = 0;
};

std::optional<MapEntry> on_the_map(std::string_view map, const std::string& deck);

/// All decks of the kit, by name.
std::vector<std::filesystem::path> decks_in(const std::filesystem::path& root);

} // namespace lab::slides
