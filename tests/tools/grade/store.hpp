// Where the results of a class are: a folder for each student, and files for all.
#pragma once

#include "harness/fd.hpp"
#include "tools/grade/marks.hpp"
#include "tools/grade/submission.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace lab::grade {

/// The folder of the results; this run has it to itself while the object lives.
class Store {
public:
  /// Throws UsageError where it cannot write there.
  explicit Store(std::filesystem::path folder);

  /// What a former run has written of a student, where it came to its end.
  [[nodiscard]] std::optional<Marks> graded(const std::string& student) const;

  /// The files of one student. Throws, as the next does.
  void write(const Marks& marks) const;

  /// The gradebook, and the page, which it returns the path of.
  [[nodiscard]] std::filesystem::path write_class(const std::vector<Marks>& all,
                                                  const std::vector<Exercise>& exercises) const;

private:
  [[nodiscard]] std::filesystem::path folder_of(const std::string& student) const;

  std::filesystem::path folder_;
  Fd lock_;
};

} // namespace lab::grade
