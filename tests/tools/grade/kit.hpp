// What grading needs of the kit: how a program is built, and the checks. They are copied to a
// folder that submissions may see.
#pragma once

#include "tools/check/result.hpp"
#include "tools/grade/submission.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace lab::grade {

/// How CMake has configured the kit.
struct Kit {
  std::string compiler;
  std::vector<std::string> compile_options;
  std::vector<std::string> link_options;
  std::filesystem::path sources;              ///< the kit's folder
  std::filesystem::path archive;              ///< liblab_support.a
  std::vector<std::filesystem::path> headers; ///< folders: steps/support and exercises/support
  std::filesystem::path check;                ///< lab-check
  std::filesystem::path probe;                ///< liblab-probe.so
  std::filesystem::path marks;                ///< the instructor's file of marks
  std::string cmake;                          ///< it opens archives
  std::vector<Exercise> exercises;
  std::vector<std::string> shipped; ///< the source of each as shipped, without_comments
  bool sanitized = false; ///< with AddressSanitizer: programs reserve terabytes of address space

  /// The command that builds a program in its folder into `output`, with the kit in folder `kit`.
  /// With `precompiled`, the program begins as its exercise: see first_lines.
  [[nodiscard]] std::vector<std::string> build(const std::string& program, const std::string& kit,
                                               const std::string& output, bool precompiled) const;

  /// The command that compiles first_lines into `output`, as `build` compiles programs.
  [[nodiscard]] std::vector<std::string>
  precompile(const std::string& program, const std::string& kit, const std::string& output) const;

  /// Copies what submissions are built and checked with. If a file is not there, the kit has not
  /// been built: throws std::runtime_error, which names the file.
  void copy_to(const std::filesystem::path& folder) const;

  /// The file of the kit in `folder` with the lines `#include` that the program's exercise begins
  /// with. What `precompile` has made of it stands beside it, with `.gch` at the end of its name.
  [[nodiscard]] static std::filesystem::path first_lines(const std::string& program,
                                                         const std::filesystem::path& folder);

  /// It changes when anything changes that a mark depends on.
  [[nodiscard]] std::string fingerprint() const;
};

/// The headers that a source includes before anything else stands in it, `<vector>` or
/// `"support/error.hpp"`, up to one that is the student's own. `source` is without_comments.
std::vector<std::string> first_includes(std::string_view source);

/// Throws std::runtime_error if the file that CMake writes is not there or not complete.
Kit read_kit();

/// All checks of the exercises that count, in order. They have not run. Throws std::runtime_error.
std::vector<Result> all_checks(const Kit& kit);

/// Leaves the exercises of these numbers, in the kit and in its checks; without numbers, those that
/// have checks. Throws UsageError if there is none of a number.
void keep_exercises(const std::vector<std::string>& numbers, Kit& kit, std::vector<Result>& checks);

} // namespace lab::grade
