// What a student has handed in, read without trust: only regular files, no links, and no more than
// an exercise needs.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace lab::grade {

/// An exercise of the kit: the folder `01-echo-server` and its program `echo_server`.
struct Exercise {
  std::string folder;
  std::string program;

  [[nodiscard]] std::string suite() const { return "exercise-" + folder.substr(0, 2); }
};

struct SourceFile {
  std::string name; ///< `echo_server.cpp`, `parts/count.hpp`
  std::string bytes;
};

/// What a submission has for one exercise.
struct Sources {
  std::vector<SourceFile> files; ///< by name
  std::string unusable;          ///< why there is no program to build; empty if there is one
  bool ambiguous = false;        ///< because there are two of it
};

/// A file that lies beside those of other students: a download without folders.
struct LooseFile {
  std::filesystem::path path; ///< absolute
  std::string name;           ///< as the student has named it
};

struct Submission {
  std::string name;               ///< the name of its folder or archive stands for the student
  std::filesystem::path path;     ///< absolute; a folder or an archive, or the first of `loose`
  std::vector<LooseFile> loose{}; ///< if it is neither a folder nor an archive
};

/// What a submission has for all exercises.
struct HandedIn {
  std::vector<Sources> sources;   ///< in the order of the exercises
  std::vector<std::string> notes; ///< what was found elsewhere than expected, and what was passed
                                  ///< over: a line for each
};

/// Whether a file of this name is an archive that we open: zip, tar and tar.gz.
bool is_archive(const std::string& name);

/// Unpacks an archive into an empty folder. Returns why it could not; nothing if it could.
using Unpack = std::function<std::string(std::string_view archive, const std::filesystem::path&)>;

/// A program is known by its name, wherever in the submission. Two of one name are an error, if
/// they are not the same. What is in an archive counts if the program is not outside of it.
/// Archives are unpacked into folders below `workspace`, which are removed again.
HandedIn read_submission(const Submission& submission, const std::vector<Exercise>& exercises,
                         const std::filesystem::path& workspace, const Unpack& unpack);

/// FNV-1a, 64 bits. It recognises files that have not changed. It is no protection against forgery.
class Fingerprint {
public:
  Fingerprint& add(std::string_view text);
  [[nodiscard]] std::string text() const;

private:
  std::uint64_t value_ = 0xcbf29ce484222325U;
};

void add(Fingerprint& fingerprint, const HandedIn& handed_in);

} // namespace lab::grade
