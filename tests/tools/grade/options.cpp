#include "tools/grade/options.hpp"

#include "tools/text/text.hpp"

#include <charconv>
#include <cstddef>
#include <system_error>

namespace lab::grade {

namespace fs = std::filesystem;

const std::string_view usage =
    "usage: lab-grade [--out DIR] [--jobs N] SUBMISSION...\n"
    "  SUBMISSION   a folder laid out as exercises/: 01-echo-server/echo_server.cpp and so on; "
    "its\n"
    "               name is the student's\n"
    "  --out DIR    where the results go, by default the folder grades: students/NAME/report.md,\n"
    "               results.json and junit.xml for each, gradebook.csv and index.html for all. "
    "What\n"
    "               has been graded there is not graded again unless its files have changed\n"
    "  --jobs N     how many compilers at a time, by default as many as there are processors\n";

namespace {

unsigned number(std::string_view text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value == 0 || value > 256) {
    throw UsageError("--jobs takes a number from 1 to 256, not '" + std::string(text) + "'");
  }
  return value;
}

Submission submission(const fs::path& given) {
  std::error_code error;
  const fs::path folder = fs::canonical(given, error);
  if (error || !fs::is_directory(folder, error)) {
    throw UsageError("a submission is a folder, and " + quoted(given) +
                     (error ? ": " + error.message() : " is none"));
  }
  if (!folder.has_filename()) {
    throw UsageError(quoted(given) + " is no submission: its folder has no name");
  }
  return {.name = folder.filename().string(), .folder = folder};
}

} // namespace

std::string quoted(const fs::path& path) {
  return "'" + printable_line(path.string()) + "'";
}

Options parse(const std::vector<std::string>& arguments) {
  Options options;
  bool only_submissions = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    const std::string name = argument.substr(0, argument.find('='));
    if (only_submissions || !argument.starts_with('-')) {
      options.submissions.push_back(submission(argument));
    } else if (argument == "--") {
      only_submissions = true;
    } else if (argument == "--help" || argument == "-h") {
      options.help = true;
      return options;
    } else if (name == "--out" || name == "--jobs") {
      if (name == argument && i + 1 == arguments.size()) {
        throw UsageError(name + " takes a value");
      }
      const std::string value =
          name == argument ? arguments[++i] : argument.substr(name.size() + 1);
      if (name == "--out") {
        options.out = value;
      } else {
        options.jobs = number(value);
      }
    } else {
      throw UsageError("there is no option '" + argument + "'");
    }
  }
  if (options.submissions.empty()) {
    throw UsageError("no submission is given");
  }
  auto& all = options.submissions;
  std::ranges::sort(all, {}, &Submission::name);
  for (std::size_t i = 1; i < all.size(); ++i) {
    if (all[i].name == all[i - 1].name) {
      throw UsageError(all[i].folder == all[i - 1].folder
                           ? quoted(all[i].folder) + " is given twice"
                           : quoted(all[i - 1].folder) + " and " + quoted(all[i].folder) +
                                 " have the same name: two rows of the gradebook could not be told "
                                 "apart. Name each folder by its student");
    }
  }
  return options;
}

void must_not_be_a_class(const Submission& one, const Kit& kit) {
  const auto has_exercise = [&](const fs::path& folder) {
    std::error_code error;
    return fs::exists(folder / "exercises", error) ||
           std::ranges::any_of(kit.exercises, [&](const auto& exercise) {
             return fs::exists(folder / exercise.folder, error);
           });
  };
  std::error_code error;
  if (has_exercise(one.folder)) {
    return;
  }
  for (auto entry = fs::directory_iterator(one.folder, error);
       !error && entry != fs::directory_iterator(); entry.increment(error)) {
    if (entry->is_directory(error) && has_exercise(entry->path())) {
      throw UsageError(quoted(one.folder) + " holds no " + kit.exercises.front().folder +
                       ", but folders that do: if it is the folder of a class, give " +
                       printable_line((one.folder / "*").string()));
    }
  }
}

} // namespace lab::grade
