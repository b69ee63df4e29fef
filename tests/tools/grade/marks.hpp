// What became of a submission, and how it is kept between two runs.
#pragma once

#include "tools/check/result.hpp"
#include "tools/grade/submission.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lab::grade {

/// ExerciseMarks::not_built where there is a file, and no program.
inline constexpr std::string_view does_not_compile = "it does not compile";

/// ExerciseMarks::not_built where nothing has been changed, but for white space and comments.
inline constexpr std::string_view as_shipped = "as shipped";

/// With --films the first checks of an exercise that fail have a film, so many: a student mends the
/// first before the others.
inline constexpr std::size_t films_of_exercise = 3;

/// One exercise of one submission.
struct ExerciseMarks {
  Exercise exercise;
  std::string not_built;      ///< why there is no program; empty if there is one
  bool ambiguous = false;     ///< because the submission has two of it
  std::string compiler_words; ///< what the compiler said; warnings as well
  std::vector<Result> checks; ///< all of the exercise's, in order

  [[nodiscard]] int reached() const;
  [[nodiscard]] int possible() const;

  /// What each check gives, for those who add up: none is below 0, and what checks cost is taken
  /// from the others, from the last one on.
  [[nodiscard]] std::vector<int> shares() const;
};

struct Marks {
  std::string student;
  std::string fingerprint;        ///< of the submission's files and of what it was graded with
  bool filmed = false;            ///< graded with --films
  std::vector<std::string> notes; ///< HandedIn::notes
  std::vector<ExerciseMarks> exercises;

  [[nodiscard]] int reached() const;
  [[nodiscard]] int possible() const;
};

std::string encode(const Marks& marks);

/// The Marks in a text that encode has made. Nothing if it is another text.
std::optional<Marks> decode_marks(std::string_view text);

} // namespace lab::grade
