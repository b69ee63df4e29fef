// The parts of a lesson or a deck: its transcripts, its quotes from sources, and its links. The
// format is described in tests/README.md, and that of decks in slides/README.md.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace lab::lessons {

/// A line of a transcript, and its line in the file.
struct Entry {
  enum class Kind : unsigned char { command, typed, key, shown, any_lines };

  Kind kind = Kind::shown;
  std::string text; ///< without `$ ` and `> `; for a key, the byte that it sends
  int line = 0;     ///< in the file, from 1
};

/// A transcript of one terminal.
struct Block {
  int terminal = 1;
  bool labelled = false; ///< the page itself says the terminal, on the line above
  bool still_running = false;
  bool any_order = false;
  bool until_seen = false;
  int line = 0; ///< of its last line
  std::vector<Entry> entries;
};

/// The blocks of one session: those under one `##` heading of a lesson, or those of a slide.
struct Section {
  std::string title;
  std::vector<Block> blocks;
};

/// Lines of a source, quoted.
struct Quote {
  std::string path;
  int anchor = 0;                ///< the n of `[n]`; 0 if there is none
  std::string first;             ///< how the first line begins; empty if the page does not say it
  std::string last;              ///< the same for the last line
  bool exact = false;            ///< the block has to be the whole region
  int line = 0;                  ///< of the fence above the first line
  std::vector<Entry> lines;      ///< shown or any_lines
  std::vector<std::string> text; ///< the lines as they stand there
};

/// Something that the text mentions: an anchor, the target of a link.
struct Mention {
  std::string text;
  int line = 0;
};

/// What is wrong, and where.
struct Problem {
  int line = 0;
  std::string text;
};

struct Lesson {
  std::vector<Section> sections;
  std::vector<Quote> quotes;
  std::vector<Mention> anchors; ///< `[5]`
  std::vector<Mention> links;
  std::vector<Problem> problems; ///< with the format
  int terminals = 0;             ///< how many it says that it needs, before its first section
};

/// What makes a session. In a lesson it is each section `##`. In a deck it is each slide; a slide
/// with
/// `<!-- continues -->` belongs to the session before it.
enum class Form : unsigned char { lesson, deck };

Lesson parse(std::string_view text, Form form = Form::lesson);

/// The lines of a source that an exact quote has to show. They begin after the comment `[n]`, or
/// with the first line from there on that begins with `first`. They end before the next empty line
/// or the next numbered comment on lines of its own. If `last` is given, they end with the next
/// line that begins with it. Common indentation is left out. Throws std::runtime_error, with a
/// sentence, if there is no such region.
std::vector<std::string> region(const Quote& quote, const std::filesystem::path& root);

/// What is wrong with the quotes, the anchors and the links of the lesson `file`. The paths of
/// quotes are relative to `root`, the folder of the kit. The anchors have to be in the sources in
/// `step`.
std::vector<Problem> check_references(const Lesson& lesson, const std::filesystem::path& file,
                                      const std::filesystem::path& step,
                                      const std::filesystem::path& root);

/// What is wrong with the terminals of a lesson. In a section with several, each block says on the
/// page which one it belongs to, and the lesson says at its beginning how many it needs.
std::vector<Problem> check_terminals(const Lesson& lesson);

/// The whole file. Throws std::runtime_error if there is none.
std::string contents(const std::filesystem::path& file);

/// A line with one space instead of several, and none at its ends.
std::string squeezed(std::string_view line);

} // namespace lab::lessons
