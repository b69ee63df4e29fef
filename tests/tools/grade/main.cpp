// lab-grade [--out DIR] [--jobs N] [--roster FILE] [--shard K/N] [--films] [--strict] SUBMISSION...
// lab-grade --join [--out DIR] [--roster FILE] RESULTS...
// lab-grade --similar DIR SUBMISSION...
//
// Builds and checks submissions, each a folder or an archive, away from this machine's files and
// from each other. In DIR: for each student a folder in students; for the class gradebook.csv and
// index.html. What is there already is not graded again.

#include "harness/guard.hpp"
#include "harness/output.hpp"
#include "tools/grade/gradebook.hpp"
#include "tools/grade/grader.hpp"
#include "tools/grade/group.hpp"
#include "tools/grade/kit.hpp"
#include "tools/grade/options.hpp"
#include "tools/grade/progress.hpp"
#include "tools/grade/similar.hpp"
#include "tools/grade/store.hpp"
#include "tools/text/text.hpp"

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <exception>
#include <filesystem>
#include <iostream>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <sys/prctl.h>

namespace {

using lab::grade::Exercise;
using lab::grade::ExerciseMarks;
using lab::grade::Marks;
using lab::grade::Options;
using lab::grade::Roster;
using lab::grade::Row;
using lab::grade::Store;
using lab::grade::Submission;
using lab::grade::UsageError;

volatile std::sig_atomic_t stop_signal = 0;

void stop(int signal) {
  stop_signal = signal;
}

void complain(const std::string& text) {
  std::cerr << "lab-grade: " << text << '\n';
}

std::optional<Roster> roster_of(const Options& options) {
  if (!options.roster) {
    return std::nullopt;
  }
  try {
    return lab::grade::read_roster(*options.roster);
  } catch (const std::exception& error) {
    throw UsageError("--roster " + lab::grade::quoted(*options.roster) + ": " + error.what());
  }
}

/// Writes the files of the class, and says how it went. Returns the exit status.
int finish(const Store& store, std::vector<Row> rows, const std::vector<Exercise>& exercises,
           const std::optional<Roster>& roster, bool all_written) {
  const auto all = rows.size();
  const auto graded = static_cast<std::size_t>(
      std::ranges::count_if(rows, [](const Row& row) { return row.marks.has_value(); }));
  rows = lab::grade::with_roster(std::move(rows), roster ? &*roster : nullptr);
  std::size_t nothing = 0;
  for (const Row& row : rows) {
    nothing += row.handed_in() ? 0U : 1U;
    if (row.handed_in() && !row.of_roster.empty()) {
      complain(lab::printable_line(row.submission) + ": " + row.of_roster);
    }
  }
  const auto page = store.write_class(rows, exercises, roster.has_value());
  std::cout << graded << " of " << all << " graded"
            << (nothing == 0 ? "" : ", " + std::to_string(nothing) + " handed in nothing") << ": "
            << lab::printable_line(page.string()) << '\n';
  return graded == all && all_written ? 0 : 1;
}

int join(const Options& options) {
  const auto roster = roster_of(options);
  std::map<std::string, Row> rows;
  std::map<std::string, std::filesystem::path> places; // where the films are
  for (const auto& results : options.results) {
    for (Row& row : Store::rows_of(results)) {
      const std::string name = row.submission;
      places[name] = results;
      if (!rows.emplace(name, std::move(row)).second) {
        throw UsageError("--join: two of these folders have results of " +
                         lab::grade::quoted(name));
      }
    }
  }
  const Store store(options.out);
  std::vector<Row> in_order;
  in_order.reserve(rows.size());
  for (auto& [name, row] : rows) {
    if (row.marks) {
      store.write(*row.marks, places.at(name));
    }
    in_order.push_back(std::move(row));
  }
  std::optional<std::vector<Exercise>> exercises; // of the results: they may be of --only
  for (const Row& row : in_order) {
    std::vector<Exercise> graded;
    for (const auto& one : row.marks ? row.marks->exercises : std::vector<ExerciseMarks>{}) {
      graded.push_back(one.exercise);
    }
    if (row.marks && !exercises) {
      exercises = graded;
    } else if (row.marks &&
               !std::ranges::equal(*exercises, graded, {}, &Exercise::folder, &Exercise::folder)) {
      throw UsageError("--join: " + lab::grade::quoted(row.submission) +
                       " was graded for other exercises than those before it");
    }
  }
  return finish(store, std::move(in_order),
                exercises ? *exercises : lab::grade::read_kit().exercises, roster, true);
}

/// Writes what is to be compared, and grades nothing.
int similar(const Options& options) {
  lab::grade::Kit kit = lab::grade::read_kit();
  if (!options.only.empty()) {
    auto checks = lab::grade::all_checks(kit);
    lab::grade::keep_exercises(options.only, kit, checks);
  }
  const lab::grade::Workspace workspace;
  const auto protections = lab::grade::find_protections(workspace.path());
  try {
    lab::grade::export_base(*options.similar, kit);
  } catch (const std::exception& error) {
    throw UsageError("--similar " + lab::grade::quoted(*options.similar) + ": " + error.what());
  }
  for (const lab::grade::Refused& one : options.refused) {
    complain(lab::printable_line(one.why));
  }
  std::size_t students = 0;
  for (const Submission& one : options.submissions) {
    const auto handed_in = lab::grade::read_submission(one, kit, protections, workspace.path());
    const auto exercises = lab::grade::export_sources(*options.similar, one.name, handed_in, kit);
    students += exercises == 0 ? 0U : 1U;
    if (exercises == 0) {
      complain(lab::printable_line(one.name) + ": no program is there");
    }
    if (stop_signal != 0) {
      return 128 + stop_signal;
    }
  }
  const auto all = options.submissions.size() + options.refused.size();
  std::cout << students << " of " << all
            << " are to be compared: " << lab::printable_line(options.similar->string()) << '\n';
  return options.refused.empty() ? 0 : 1;
}

int grade(const Options& options) {
  lab::grade::Kit kit = lab::grade::read_kit();
  kit.marks = options.marks.value_or(kit.marks);
  const auto roster = roster_of(options);
  const lab::grade::Workspace workspace;
  kit.copy_to(workspace.path() / "kit");
  auto checks = lab::grade::all_checks(kit);
  lab::grade::keep_exercises(options.only, kit, checks);
  const std::string kit_fingerprint = kit.fingerprint();
  const auto protections = lab::grade::find_protections(workspace.path());
  if (const auto missing = protections.missing(); options.strict && !missing.empty()) {
    std::ranges::for_each(missing, complain);
    complain("--strict: this machine lacks these protections, and nothing is graded");
    return 2;
  }
  const Store store(options.out);
  lab::grade::remove_old_groups();
  if (!protections.namespaces && !protections.other_user) {
    ::prctl(PR_SET_DUMPABLE, 0); // submissions are of our user: they are not to look into us
  }

  // All of the class, and then the part of it that is asked for.
  std::map<std::string, Row> rows;
  std::map<std::string, Submission> submissions;
  for (const lab::grade::Refused& one : options.refused) {
    rows.emplace(one.name, Row{.submission = one.name, .not_graded = one.why});
  }
  for (const Submission& one : options.submissions) {
    if (rows.emplace(one.name, Row{.submission = one.name}).second) {
      submissions.emplace(one.name, one);
    } else {
      rows.at(one.name).not_graded += "; " + lab::grade::quoted(one.path) + " has the same name";
    }
  }
  std::erase_if(rows, [&, i = std::size_t{0}](const auto&) mutable {
    return i++ % options.shard.of != options.shard.number - 1;
  });
  bool all_written = true;
  const auto write = [&](const Marks& marks) {
    Row& row = rows.at(marks.student);
    row.marks = marks;
    try {
      store.write(*row.marks);
    } catch (const std::exception& error) { // of this student; its marks are known
      all_written = false;
      complain(error.what());
    }
    for (const lab::grade::ExerciseMarks& one : marks.exercises) {
      if (one.ambiguous) {
        complain(lab::printable_line(marks.student) + ": " + lab::printable_line(one.not_built) +
                 ". If it is the folder of a class, give the folders in it");
        break;
      }
    }
  };
  std::vector<Submission> to_grade;
  std::size_t before = 0;
  for (const auto& [name, row] : rows) {
    if (!row.not_graded.empty()) {
      complain(lab::printable_line(row.not_graded));
      continue;
    }
    if (stop_signal != 0) {
      break;
    }
    const Submission& one = submissions.at(name);
    const auto former = store.graded(name);
    bool same = false;
    try {
      same = former && former->student == name && (former->filmed || !options.films) &&
             former->fingerprint ==
                 lab::grade::fingerprint_of(
                     lab::grade::read_submission(one, kit, protections, workspace.path()),
                     kit_fingerprint);
    } catch (const std::exception&) { // it is said when it is to be graded
    }
    if (same) {
      ++before;
      write(*former); // so that all of its files are there
    } else {
      to_grade.push_back(one);
    }
  }
  if (before != 0) {
    std::cout << before << " of " << rows.size() << " have been graded before\n" << std::flush;
  }

  if (!to_grade.empty() && stop_signal == 0) {
    for (const std::string& line : protections.missing()) {
      complain(line);
    }
    lab::grade::Progress progress(to_grade.size(), options.jobs);
    lab::grade::Grader grader(kit, protections, workspace.path(), checks, options.jobs,
                              options.films);
    grader.grade(
        to_grade,
        {.graded =
             [&](const Marks& marks) {
               progress.line(lab::printable_line(marks.student) + ": " +
                             std::to_string(marks.reached()) + " of " +
                             std::to_string(marks.possible()) + " marks");
               write(marks);
             },
         .failed =
             [&](const Submission& one, const std::string& reason) {
               rows.at(one.name).not_graded = reason;
               progress.line(lab::printable_line(one.name) + ": not graded");
               complain(lab::grade::quoted(one.path) + ": " + lab::printable_line(reason));
             },
         .progress = [&](std::size_t done, const auto& in_work) { progress.show(done, in_work); },
         .stopped = [] { return stop_signal != 0; }});
  }
  std::vector<Row> in_order;
  in_order.reserve(rows.size());
  for (auto& [name, row] : rows) {
    in_order.push_back(std::move(row));
  }
  if (stop_signal != 0) {
    const auto graded =
        std::ranges::count_if(in_order, [](const Row& row) { return row.marks.has_value(); });
    complain("interrupted: " + std::to_string(graded) + " of " + std::to_string(in_order.size()) +
             " are graded; the same command goes on from here");
    return 128 + stop_signal;
  }
  return finish(store, std::move(in_order), kit.exercises, roster, all_written);
}

} // namespace

int main(int argc, char** argv) {
  try {
    const lab::grade::Options options = lab::grade::parse({argv + 1, argv + argc});
    for (char* const argument : std::span(argv + 1, argv + argc)) {
      ::memset(argument, 0, ::strlen(argument)); // /proc shows them to every submission: the class
    }
    if (options.help) {
      std::cout << lab::grade::usage;
      return lab::status_after_output("lab-grade", 0);
    }

    struct sigaction action {};

    action.sa_handler = stop;
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
    sigaction(SIGHUP, &action, nullptr);
    lab::guard_descendants();
    return lab::status_after_output("lab-grade", options.join      ? join(options)
                                                 : options.similar ? similar(options)
                                                                   : grade(options));
  } catch (const lab::grade::UsageError& error) {
    std::cerr << "lab-grade: " << error.what() << '\n' << lab::grade::usage;
    return 2;
  } catch (const std::exception& error) {
    std::cerr << "lab-grade: " << error.what() << '\n';
    return 1;
  }
}
