// What lab-watch shows, as lines: the course in one line, the list, a page in Markdown, an error of
// the compiler, the pages of who has solved something.
#pragma once

#include "tools/drawing/terminal.hpp"
#include "tools/watch/kit.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace lab {

/// An exercise and how it stands.
struct Standing {
  const Exercise* exercise = nullptr;
  Verdict verdict;
  Memory memory;
  int possible = 0; ///< marks

  [[nodiscard]] int reached() const;

  /// Every check has passed, or could not be run here, and the sources are those that were checked.
  [[nodiscard]] bool solved() const;
};

/// `01 ok  02 7/14  03 -   30 of 152 marks`, the one that is worked on in bold.
Line course_line(const std::vector<Standing>& course, const Exercise* current);

/// The exercises, a line each: marks, time, hints.
std::vector<Line> list_of(const std::vector<Standing>& course, const Exercise* current,
                          std::size_t width);

/// Markdown as text: paragraphs wrapped; code, and what is drawn, as it is.
std::vector<Line> prose(const std::vector<std::string>& markdown, std::size_t width);

/// The first error of a compiler or a linker, with what belongs to it, in at most `most` lines.
/// Paths are from `root` on.
std::vector<Line> first_error(std::string_view words, std::string_view root, std::size_t width,
                              std::size_t most);

/// `zombies.cpp:30:7: warning: ...`: the first warning, or nothing.
std::string first_warning(std::string_view words, std::string_view root);

/// The difference, in colour.
std::vector<Line> difference_page(const std::vector<std::string>& lines);

/// For an exercise that is solved: other right ways, and what is next. `next`: null if all are
/// solved; then it is the page that ends the course.
std::vector<Line> solved_page(const Kit& kit, const std::vector<Standing>& course,
                              const Standing& solved, const Exercise* next, std::size_t width);

std::vector<Line> help_page(std::size_t width);

/// `12 min`
std::string minutes(double seconds);

/// `1 check`, `2 checks`
std::string quantity_of(std::size_t number, const std::string& what);

} // namespace lab
