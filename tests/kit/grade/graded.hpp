// What the tests of lab-grade share: a folder for a class, and readers of what lab-grade writes.
#pragma once

#include "harness/process.hpp"

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace lab::graded {

inline const std::filesystem::path source = LAB_SOURCE_FOLDER;
inline const std::filesystem::path programs = LAB_PROGRAM_FOLDER; // of lab-grade and lab-check

inline constexpr std::chrono::milliseconds class_limit{200'000};

std::string bytes_of(const std::filesystem::path& path);

/// Of the folders exercises/NN-name.
std::size_t count_of_exercises();

void write(const std::filesystem::path& path, std::string_view text);

std::size_t count(std::string_view text, std::string_view what);

bool contains(std::string_view text, std::string_view what);

/// The text of solutions/`file`.
std::string solution(const std::string& file);

/// Packs folders of `from` by CMake, into an archive of the form that its name says.
void pack(const std::filesystem::path& from, const std::vector<std::string>& what,
          const std::filesystem::path& archive);

/// A folder for a test. Any user may look into it, and lab-grade may write to it as any user.
class Folder {
public:
  Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  Folder(Folder&&) = delete;
  Folder& operator=(Folder&&) = delete;
  ~Folder();

  [[nodiscard]] std::filesystem::path operator/(const std::filesystem::path& name) const {
    return path_ / name;
  }

  /// A submission with these files.
  std::filesystem::path hand_in(const std::string& name,
                                const std::map<std::string, std::string>& files) const;

  /// Starts lab-grade, as `who` (grade-as).
  [[nodiscard]] Process start(std::vector<std::string> arguments,
                              const std::string& who = "") const;

  /// Runs lab-grade to its end: then nothing of it may be left.
  Exit run(Process& grader) const;

private:
  std::filesystem::path path_;
};

/// Rows of RFC 4180. Throws std::runtime_error if the text is something else.
std::vector<std::vector<std::string>> parse_csv(std::string_view text);

/// What the reports of one student say, in agreement with each other.
struct Reported {
  double score = 0;
  std::map<std::string, double> tests; ///< by name
  std::map<std::string, double> most;
  std::map<std::string, bool> passed;
};

/// Reads results.json and junit.xml in the folder of a student, and checks their form.
Reported read_reports(const std::filesystem::path& folder);

} // namespace lab::graded
