// How learning platforms name what they hand out: which file is whose.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace lab::grade {

/// A file by itself, as Canvas and Moodle name it in a download without folders.
struct Download {
  std::string student; ///< the same for all files of a student
  std::string file;    ///< as the student has named it
};

/// `kimhaneul_11_9001_zombies.cpp` and `kimhaneul_LATE_11_9001_zombies.cpp` of Canvas, `Kim
/// Haneul_4711_assignsubmission_file_zombies.cpp` of Moodle. Nothing if it is no such name.
std::optional<Download> download(const std::string& name);

/// The file in an export of Gradescope that says whose the folders submission_N beside it are.
inline constexpr const char* gradescope_list = "submission_metadata.yml";

/// Who has handed in the folder `submission_N` of such an export: the e-mail address of each, else
/// the ID, else the name. Nothing if the list does not say.
std::vector<std::string> gradescope_submitters(const std::filesystem::path& folder);

} // namespace lab::grade
