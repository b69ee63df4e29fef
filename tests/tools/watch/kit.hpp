// The kit as lab-watch finds it on disk: the exercises, their pages, what was shipped, and what is
// remembered of each.
#pragma once

#include "tools/check/result.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lab {

struct Hint {
  std::string title; ///< `1. A nudge`
  std::vector<std::string> text;
};

struct Exercise {
  std::string number;            ///< `02`
  std::string folder;            ///< `02-zombie`
  std::string title;             ///< `Many zombies`
  std::string program;           ///< `zombies`
  std::vector<std::string> task; ///< its page, in Markdown, up to the hints
  std::vector<Hint> hints;

  /// `exercises/02-zombie/zombies.cpp`
  [[nodiscard]] std::string source() const {
    return "exercises/" + folder + "/" + program + ".cpp";
  }
};

/// What is remembered of an exercise, in build/watch.
struct Memory {
  double seconds = 0; ///< that the student has worked on it
  int runs = 0;
  int hints = 0; ///< how many are open
};

/// The last run of the checks of an exercise.
struct Verdict {
  std::vector<Result> results; ///< empty: no run is known
  bool fresh = false;          ///< the sources are still those that were checked
};

class Kit {
public:
  /// `build` is the folder of a build. Throws Failure if it is none.
  explicit Kit(std::filesystem::path build);

  [[nodiscard]] const std::filesystem::path& root() const { return root_; }

  [[nodiscard]] const std::filesystem::path& build() const { return build_; }

  [[nodiscard]] const std::string& cmake() const { return cmake_; }

  [[nodiscard]] const std::vector<Exercise>& exercises() const { return exercises_; }

  [[nodiscard]] static std::filesystem::path lab_check();

  /// Nothing but the sources matters: names and bytes of the exercise's files and of what they may
  /// include. Editors' backup files are not among them.
  [[nodiscard]] std::string sources_of(const Exercise& exercise) const;

  /// The verdicts of all exercises, in their order.
  [[nodiscard]] std::vector<Verdict> verdicts() const;

  /// What lab-check has written so far.
  [[nodiscard]] std::vector<Result> saved_results(const Exercise& exercise) const;

  [[nodiscard]] std::filesystem::path verdict_file(const Exercise& exercise) const;

  /// All checks of all exercises, not run.
  [[nodiscard]] static std::vector<Result> checks();

  [[nodiscard]] Memory memory_of(const Exercise& exercise) const;

  /// Empty, or why it could not be kept.
  [[nodiscard]] std::string remember(const Exercise& exercise, const Memory& memory) const;

  /// The program's source as it was shipped. Nothing: nobody knows.
  [[nodiscard]] std::optional<std::string> shipped(const Exercise& exercise) const;

  /// Puts it back, and keeps the student's file beside it. Returns that file's path (below root),
  /// or nothing if there was none. Throws Failure: then the student's file is as it was.
  std::string reset(const Exercise& exercise) const;

  /// The lines of the difference to what was shipped.
  [[nodiscard]] std::vector<std::string> difference(const Exercise& exercise) const;

  /// What else would be right, from the solution's page. Empty in a handout.
  [[nodiscard]] std::vector<std::string> other_ways(const Exercise& exercise) const;

  /// `steps/03-wait/README.md`: the lesson of this exercise.
  [[nodiscard]] static std::string lesson_of(const Exercise& exercise);

private:
  std::filesystem::path build_;
  std::filesystem::path root_;
  std::string cmake_ = "cmake";
  std::vector<Exercise> exercises_;
};

/// All of the file. Nothing if it cannot be read.
std::optional<std::string> contents_of(const std::filesystem::path& path);

/// Whether it is a source and not what an editor keeps beside one.
bool is_source(std::string_view name);

} // namespace lab
