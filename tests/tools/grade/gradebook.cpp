#include "tools/grade/gradebook.hpp"

#include "tools/text/text.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <string_view>

namespace lab::grade {

namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf"; // else a spreadsheet guesses
constexpr std::string_view assignment = "Fork lab";

std::string line_of(const std::vector<std::string>& fields) {
  std::string line;
  for (const std::string& field : fields) {
    line += (line.empty() && &field == &fields.front() ? "" : ",") + csv(printable_line(field));
  }
  return line + "\r\n";
}

/// What an import is to write: nothing for who was not graded, or is there twice.
std::string mark_of(const Row& row, const std::set<const Person*>& twice) {
  if (twice.contains(row.person) || (row.handed_in() && !row.marks)) {
    return "";
  }
  return row.marks ? std::to_string(row.marks->reached()) : "0";
}

/// Calls `write` with each person of the rows once.
template <typename Write>
void for_each_person(const std::vector<Row>& rows, Write write) {
  std::set<const Person*> seen;
  std::set<const Person*> twice;
  for (const Row& row : rows) {
    if (row.person != nullptr && !seen.insert(row.person).second) {
      twice.insert(row.person);
    }
  }
  for (const Row& row : rows) {
    if (row.person != nullptr && seen.erase(row.person) == 1) {
      write(*row.person, mark_of(row, twice));
    }
  }
}

int possible_of(const std::vector<Row>& rows) {
  int most = 0;
  for (const Row& row : rows) {
    most = std::max(most, row.marks ? row.marks->possible() : 0);
  }
  return most;
}

} // namespace

const std::string& Row::student() const {
  return person != nullptr ? person->name : submission;
}

std::string Row::note() const {
  std::string text;
  const auto add = [&](const std::string& words) {
    text += (text.empty() || words.empty() ? "" : "; ") + words;
  };
  add(not_graded.empty() ? "" : "not graded: " + not_graded);
  for (const ExerciseMarks& one : marks ? marks->exercises : std::vector<ExerciseMarks>{}) {
    add(one.ambiguous ? one.not_built : "");
    add(one.not_built == as_shipped ? one.exercise.folder + " is as shipped" : "");
    const auto skipped =
        std::ranges::count_if(one.checks, [](const Result& check) { return check.skipped(); });
    add(skipped == 0 ? ""
                     : one.exercise.folder + ": " + std::to_string(skipped) +
                           (skipped == 1 ? " check skipped, with its marks"
                                         : " checks skipped, with their marks"));
  }
  add(of_roster);
  return text;
}

std::vector<Row> with_roster(std::vector<Row> rows, const Roster* roster) {
  if (roster == nullptr) {
    return rows;
  }
  std::vector<std::vector<Row>> of_person(roster->people().size());
  std::vector<Row> others;
  for (Row& row : rows) {
    const auto found = roster->find(row.submission);
    if (!found) {
      row.of_roster = "the roster does not name it";
      others.push_back(std::move(row));
      continue;
    }
    row.person = &roster->people()[*found];
    of_person[*found].push_back(std::move(row));
  }
  std::vector<Row> all;
  for (std::size_t i = 0; i < of_person.size(); ++i) {
    auto& here = of_person[i];
    if (here.empty()) {
      here.push_back(
          {.submission = "", .of_roster = "handed in nothing", .person = &roster->people()[i]});
    }
    for (Row& row : here) {
      if (here.size() > 1) {
        row.of_roster = "handed in more than once";
      }
      all.push_back(std::move(row));
    }
  }
  std::ranges::move(others, std::back_inserter(all));
  return all;
}

std::string gradebook_csv(const std::vector<Row>& rows, const std::vector<Exercise>& exercises,
                          bool with_people) {
  std::vector<std::string> titles{"student"};
  if (with_people) {
    titles.insert(titles.end(), {"ID", "e-mail", "submission"});
  }
  for (const Exercise& exercise : exercises) {
    titles.push_back(exercise.folder);
  }
  titles.insert(titles.end(), {"total", "out of", "note"});
  std::string text = std::string(byte_order_mark) + line_of(titles);
  const std::string of_all = std::to_string(possible_of(rows));
  for (const Row& row : rows) {
    std::vector<std::string> fields{row.student()};
    if (with_people) {
      const Person* const person = row.person;
      fields.insert(fields.end(), {person != nullptr ? person->id : "",
                                   person != nullptr ? person->email : "", row.submission});
    }
    for (std::size_t i = 0; i < exercises.size(); ++i) {
      fields.push_back(row.marks         ? std::to_string(row.marks->exercises.at(i).reached())
                       : row.handed_in() ? ""
                                         : "0");
    }
    fields.push_back(row.marks ? std::to_string(row.marks->reached()) : row.handed_in() ? "" : "0");
    fields.push_back(row.marks ? std::to_string(row.marks->possible()) : of_all);
    fields.push_back(row.note());
    text += line_of(fields);
  }
  return text;
}

std::string canvas_csv(const std::vector<Row>& rows) {
  std::string text =
      std::string(byte_order_mark) +
      line_of(
          {"Student", "ID", "SIS User ID", "SIS Login ID", "Section", std::string(assignment)}) +
      line_of({"    Points Possible", "", "", "", "", std::to_string(possible_of(rows))});
  for_each_person(rows, [&](const Person& person, const std::string& mark) {
    text += line_of({person.name, person.canvas_id, person.sis_user_id, person.sis_login_id,
                     person.section, mark});
  });
  return text;
}

std::string moodle_csv(const std::vector<Row>& rows) {
  std::string text = std::string(byte_order_mark) +
                     line_of({"Email address", "ID number", std::string(assignment)});
  for_each_person(rows, [&](const Person& person, const std::string& mark) {
    text += line_of({person.email, person.id, mark});
  });
  return text;
}

} // namespace lab::grade
