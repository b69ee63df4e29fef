// What grading needs of the kit: how a program is built, and the checks. They are copied to a
// folder that submissions may see.
#pragma once

#include "tools/check/result.hpp"
#include "tools/grade/submission.hpp"

#include <filesystem>
#include <string>
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
  /// The headers that programs include first, by name. They are compiled once, for all programs.
  std::vector<std::string> first_headers;
  bool sanitized = false; ///< with AddressSanitizer: programs reserve terabytes of address space

  /// The command that builds a program in its folder into `output`, with the kit in folder `kit`.
  [[nodiscard]] std::vector<std::string> build(const std::string& program, const std::string& kit,
                                               const std::string& output) const;

  /// The command that compiles one of first_headers into `output`, as `build` compiles programs.
  [[nodiscard]] std::vector<std::string>
  precompile(const std::string& header, const std::string& kit, const std::string& output) const;

  /// Copies what submissions are built and checked with. If a file is not there, the kit has not
  /// been built: throws std::runtime_error, which names the file.
  void copy_to(const std::filesystem::path& folder) const;

  /// Where GCC looks for what `precompile` has made, with the kit in `folder`. A program whose
  /// first line includes the header gets it from there. All other programs are compiled without it.
  [[nodiscard]] static std::filesystem::path precompiled(const std::string& header,
                                                         const std::filesystem::path& folder);

  /// It changes when anything changes that a mark depends on.
  [[nodiscard]] std::string fingerprint() const;
};

/// Throws std::runtime_error if the file that CMake writes is not there or not complete.
Kit read_kit();

/// All checks of the exercises that count, in order. They have not run. Throws std::runtime_error.
std::vector<Result> all_checks(const Kit& kit);

/// Leaves the exercises of these numbers, in the kit and in its checks; without numbers, those that
/// have checks. Throws UsageError if there is none of a number.
void keep_exercises(const std::vector<std::string>& numbers, Kit& kit, std::vector<Result>& checks);

} // namespace lab::grade
