// The results of a class: a folder for each student, and files for the whole class.
#pragma once

#include "harness/fd.hpp"
#include "tools/grade/gradebook.hpp"
#include "tools/grade/marks.hpp"
#include "tools/grade/submission.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace lab::grade {

/// The folder of the results. While the object lives, no other run can use it.
class Store {
public:
  /// Throws UsageError if it cannot write there.
  explicit Store(std::filesystem::path folder);

  /// The marks of a student from a former run, if it had finished them.
  [[nodiscard]] std::optional<Marks> graded(const std::string& student) const;

  /// Writes the files of one student. This and the next throw if they cannot. Films that these
  /// marks have are written, or copied from `former`, another folder of results. They leave the
  /// marks: a film that is in its file is Result::filmed. Other films of the student are removed.
  void write(Marks& marks, const std::filesystem::path& former = {}) const;

  /// Writes the files of the class. Returns the path of its page.
  [[nodiscard]] std::filesystem::path write_class(const std::vector<Row>& rows,
                                                  const std::vector<Exercise>& exercises,
                                                  bool with_people) const;

  /// The rows of a former run in another folder of results, without a roster. Throws
  /// std::runtime_error if there are none.
  static std::vector<Row> rows_of(const std::filesystem::path& results);

private:
  [[nodiscard]] std::filesystem::path folder_of(const std::string& student) const;

  std::filesystem::path folder_;
  Fd lock_;
};

} // namespace lab::grade
