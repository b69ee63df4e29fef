// The list of a class: who could have handed in.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lab::grade {

/// The rows of a CSV file (RFC 4180), with or without a byte order mark. The separator is the
/// comma, or the semicolon if the first line has no comma.
std::vector<std::vector<std::string>> read_csv(std::string_view text);

/// A line of the roster.
struct Person {
  std::string name;
  std::string id;
  std::string email;
  // As Canvas exports them. From another list: the second is `id`, the third is `email`.
  std::string canvas_id{};    // NOLINT(readability-redundant-member-init)
  std::string sis_user_id{};  // NOLINT(readability-redundant-member-init)
  std::string sis_login_id{}; // NOLINT(readability-redundant-member-init)
  std::string section{};      // NOLINT(readability-redundant-member-init)
};

class Roster {
public:
  /// From the text of a CSV file with a line of titles: Name, ID and Email in any order, or what
  /// Canvas and Moodle export. Throws std::runtime_error if it has no names.
  explicit Roster(std::string_view text);

  [[nodiscard]] const std::vector<Person>& people() const { return people_; }

  /// The person that a submission's name stands for, as an index: by name (the order of its words
  /// does not matter), ID, e-mail address or the part before its @. Moodle's and Canvas's names of
  /// files and folders are known. Nothing if it is nobody, or more than one.
  [[nodiscard]] std::optional<std::size_t> find(std::string_view submission) const;

private:
  std::vector<Person> people_;
};

/// Throws std::runtime_error if the file cannot be read.
Roster read_roster(const std::filesystem::path& path);

} // namespace lab::grade
