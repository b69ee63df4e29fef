// The marks of a class as tables, for a spreadsheet and for a learning platform.
#pragma once

#include "tools/grade/marks.hpp"
#include "tools/grade/roster.hpp"

#include <optional>
#include <string>
#include <vector>

namespace lab::grade {

/// A row of the gradebook.
struct Row {
  std::string submission;         ///< its name; empty if nothing was handed in
  std::optional<Marks> marks{};   ///< nothing if it was not graded
  std::string not_graded{};       ///< why it has no marks; empty if it was graded
  std::string of_roster{};        ///< what the roster has to say of it
  const Person* person = nullptr; ///< of the roster

  /// The person's name, else the submission's.
  [[nodiscard]] const std::string& student() const;

  /// What an instructor has to look at: all of the above, programs that are there twice or as
  /// shipped, and how many checks were skipped.
  [[nodiscard]] std::string note() const;

  [[nodiscard]] bool handed_in() const { return !submission.empty(); }
};

/// The rows of a class, in the order of the roster; then those whom it does not name, in the order
/// given. A person without a submission gets a row. `roster` may be null.
std::vector<Row> with_roster(std::vector<Row> rows, const Roster* roster);

/// Who handed in nothing has 0 marks. Who was not graded has none.
std::string gradebook_csv(const std::vector<Row>& rows, const std::vector<Exercise>& exercises,
                          bool with_people);

/// For the import of Canvas and of Moodle: the people of the roster, each by what identifies it.
/// Who was not graded, or has two submissions, has an empty cell.
std::string canvas_csv(const std::vector<Row>& rows);
std::string moodle_csv(const std::vector<Row>& rows);

} // namespace lab::grade
