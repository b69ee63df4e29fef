// Results of checks as another tool gets them (lab-grade), and keeps them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lab {

/// One check and what became of it. As Result, but it owns its texts and needs no doctest.
struct Record {
  std::string suite;   ///< `exercise-06`
  std::string name;    ///< `exercise-06: reaps every child`
  std::string promise; ///< this and the next three: the check's Hint
  int points = 0;
  std::string means;
  std::string look;
  bool passed = false;
  std::string seen;    ///< what a check that failed saw
  std::string skipped; ///< why this machine cannot show it; then it counts as passed, without marks
  std::string not_run; ///< why it was not tried; then it counts as failed

  bool operator==(const Record&) const = default;
};

/// Texts as netstrings, `5:hello,`: nothing that stands in one can end it.
std::string netstring(std::string_view text);

/// Takes the first netstring off `text`; nothing, and `text` as it was, where it does not begin
/// with a whole one.
std::optional<std::string> take_netstring(std::string_view& text);

std::string encode(const Record& record);

/// The records in `text`, in order, up to the first that it does not hold whole.
std::vector<Record> decode_records(std::string_view text);

} // namespace lab
