// What a student has handed in, read without trust: only regular files, no links, and no more than
// an exercise needs.
#pragma once

#include <cstdint>
#include <filesystem>
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
};

struct Submission {
  std::string name;             ///< the name of its folder stands for the student
  std::filesystem::path folder; ///< absolute
};

/// The files of one exercise, from SUBMISSION/01-echo-server or
/// SUBMISSION/exercises/01-echo-server.
Sources read_sources(const Submission& submission, const Exercise& exercise);

/// FNV-1a, 64 bits. It recognises files that have not changed. It is no protection against forgery.
class Fingerprint {
public:
  Fingerprint& add(std::string_view text);
  [[nodiscard]] std::string text() const;

private:
  std::uint64_t value_ = 0xcbf29ce484222325U;
};

void add(Fingerprint& fingerprint, const Sources& sources);

} // namespace lab::grade
