#include "tools/grade/options.hpp"

#include "tools/grade/downloads.hpp"
#include "tools/text/text.hpp"

#include <charconv>
#include <cstddef>
#include <map>
#include <system_error>
#include <utility>

namespace lab::grade {

namespace fs = std::filesystem;

const std::string_view usage =
    "usage: lab-grade [--out DIR] [--jobs N] [--roster FILE.csv] [--only NN,...]\n"
    "                 [--marks FILE] [--shard K/N] [--films] [--strict] SUBMISSION...\n"
    "       lab-grade --join [--out DIR] [--roster FILE.csv] RESULTS...\n"
    "       lab-grade --similar DIR SUBMISSION...\n"
    "  SUBMISSION   a folder or an archive (zip, tar, tar.gz); its name is the student's. A "
    "program\n"
    "               is known by its name, wherever in it\n"
    "  --out DIR    where the results go, by default the folder grades: "
    "students/NAME/report.html,\n"
    "               report.md, results.json and junit.xml for each, gradebook.csv and index.html\n"
    "               for all. What has been graded there is not graded again unless its files have\n"
    "               changed\n"
    "  --jobs N     how many compilers at a time, by default as many as there are processors\n"
    "  --roster F   the class: a CSV file with the titles Name, ID and Email, or as Canvas or "
    "Moodle\n"
    "               exports it. Adds who handed in nothing, canvas.csv and moodle.csv\n"
    "  --only NN,NN only these exercises; marks are out of theirs\n"
    "  --marks F    what exercises and checks are worth, instead of tests/marks.txt\n"
    "  --shard K/N  only part K of N parts of the submissions\n"
    "  --films      also films, with links in the reports: of each exercise the first 3 checks\n"
    "               that failed. What was graded there without films is graded again\n"
    "  --strict     grades nothing, and ends with status 2, if this machine lacks a protection\n"
    "  --join       makes the files for all from the results of parts\n"
    "  --similar D  grades nothing: writes D/NN-name/students/NAME and D/NN-name/base, the "
    "exercise\n"
    "               as shipped, for JPlag and MOSS to compare\n";

namespace {

std::optional<unsigned> number(std::string_view text, unsigned most) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value == 0 || value > most) {
    return std::nullopt;
  }
  return value;
}

unsigned jobs(const std::string& text) {
  if (const auto value = number(text, 256)) {
    return *value;
  }
  throw UsageError("--jobs takes a number from 1 to 256, not '" + text + "'");
}

Shard shard(const std::string& text) {
  constexpr unsigned most = 10'000;
  const auto slash = std::min(text.find('/'), text.size());
  const auto of = number(text.substr(std::min(slash + 1, text.size())), most);
  const auto part = of ? number(text.substr(0, slash), *of) : std::nullopt;
  if (!part) {
    throw UsageError("--shard takes K/N, part K of N parts, not '" + text + "'");
  }
  return {.number = *part, .of = *of};
}

/// `02,03`, or `2,3`.
std::vector<std::string> only(std::string_view text) {
  std::vector<std::string> numbers;
  const std::string given(text);
  while (true) {
    const auto comma = std::min(text.find(','), text.size());
    const auto value = number(text.substr(0, comma), 99);
    if (!value) {
      throw UsageError("--only takes the numbers of exercises, `02,03`, not '" + given + "'");
    }
    numbers.push_back((*value < 10 ? "0" : "") + std::to_string(*value));
    if (comma == text.size()) {
      return numbers;
    }
    text.remove_prefix(comma + 1);
  }
}

/// The name without `.zip` and so on.
std::string without_ending(const std::string& name) {
  std::string result = name.substr(0, name.rfind('.'));
  return result.ends_with(".tar") ? result.substr(0, result.size() - 4) : result;
}

/// Files by themselves, by student.
using Loose = std::map<std::string, std::vector<LooseFile>>;

/// Which student's: a folder or archive is what it is called, if no platform has named it.
void take(const fs::path& given, Options& options, Loose& loose) {
  std::error_code error;
  const fs::path path = fs::canonical(given, error);
  if (error) {
    options.refused.push_back(
        {.name = given.filename().string(), .why = quoted(given) + ": " + error.message()});
    return;
  }
  const std::string name = path.filename().string();
  const bool file = fs::is_regular_file(path, error);
  const bool archive = file && is_archive(name);
  const auto downloaded = file ? download(name) : std::nullopt;
  if (name == gradescope_list) {
    return; // it says whose the folders are
  }
  if (downloaded && !archive) {
    loose[downloaded->student].push_back({.path = path, .name = downloaded->file});
    return;
  }
  if (!archive && !fs::is_directory(path, error)) {
    options.refused.push_back(
        {.name = name,
         .why = quoted(given) + " is neither a folder nor an archive (zip, tar, tar.gz)"});
    return;
  }
  const std::string student = archive ? without_ending(name) : name;
  if (student.empty()) {
    options.refused.push_back({.name = given.string(), .why = quoted(given) + " has no name"});
    return;
  }
  const auto submitters = archive ? std::vector<std::string>() : gradescope_submitters(path);
  for (const std::string& one : submitters) {
    options.submissions.push_back({.name = one, .path = path});
  }
  if (submitters.empty()) {
    options.submissions.push_back({.name = student, .path = path});
  }
}

/// Files by themselves are a submission for each student, with the archives of the same one.
void put_together(Options& options, Loose& loose) {
  std::erase_if(options.submissions, [&](const Submission& one) {
    const auto archive = download(one.path.filename().string());
    const auto found = archive ? loose.find(archive->student) : loose.end();
    if (found == loose.end() || fs::is_directory(one.path)) {
      return false;
    }
    found->second.push_back({.path = one.path, .name = archive->file});
    return true;
  });
  for (auto& [student, files] : loose) {
    std::ranges::sort(files, {}, &LooseFile::path);
    const auto same = [](const LooseFile& a, const LooseFile& b) { return a.path == b.path; };
    files.erase(std::unique(files.begin(), files.end(), same), files.end());
    const fs::path path = files.front().path;
    options.submissions.push_back({.name = student, .path = path, .loose = std::move(files)});
  }
}

/// Two of the same name are both refused: their rows could not be told apart.
void sort_and_refuse(Options& options) {
  std::map<std::string, std::vector<Submission>> by_name;
  for (Submission& one : options.submissions) {
    auto& here = by_name[one.name];
    if (std::ranges::find(here, one.path, &Submission::path) == here.end()) {
      here.push_back(std::move(one));
    }
  }
  options.submissions.clear();
  for (auto& [name, here] : by_name) {
    if (here.size() == 1) {
      options.submissions.push_back(std::move(here.front()));
    } else {
      options.refused.push_back({.name = name,
                                 .why = quoted(here[0].path) + " and " + quoted(here[1].path) +
                                        " have the same name: name each by its student"});
    }
  }
}

} // namespace

std::string quoted(const fs::path& path) {
  return "'" + printable_line(path.string()) + "'";
}

Options parse(const std::vector<std::string>& arguments) {
  Options options;
  std::vector<std::string> given;
  bool only_submissions = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    const std::string name = argument.substr(0, argument.find('='));
    if (only_submissions || !argument.starts_with('-')) {
      given.push_back(argument);
    } else if (argument == "--") {
      only_submissions = true;
    } else if (argument == "--help" || argument == "-h") {
      options.help = true;
      return options;
    } else if (argument == "--films") {
      options.films = true;
    } else if (argument == "--strict") {
      options.strict = true;
    } else if (argument == "--join") {
      options.join = true;
    } else if (name == "--out" || name == "--jobs" || name == "--roster" || name == "--shard" ||
               name == "--similar" || name == "--only" || name == "--marks") {
      if (name == argument && i + 1 == arguments.size()) {
        throw UsageError(name + " takes a value");
      }
      const std::string value =
          name == argument ? arguments[++i] : argument.substr(name.size() + 1);
      if (name == "--out") {
        options.out = value;
      } else if (name == "--roster") {
        options.roster = value;
      } else if (name == "--similar") {
        options.similar = value;
      } else if (name == "--only") {
        options.only = only(value);
      } else if (name == "--marks") {
        options.marks = value;
      } else if (name == "--shard") {
        options.shard = shard(value);
      } else {
        options.jobs = jobs(value);
      }
    } else {
      throw UsageError("there is no option '" + argument + "'");
    }
  }
  if (options.join && options.similar) {
    throw UsageError("--similar takes submissions, and --join takes results: give one of the two");
  }
  if (options.join && (options.marks || options.films || !options.only.empty())) {
    throw UsageError(
        "--join takes results as they are, with their films: --marks, --only and --films are for "
        "grading");
  }
  if (options.join) {
    options.results.assign(given.begin(), given.end());
    if (given.empty()) {
      throw UsageError("--join: no folder of results is given");
    }
    return options;
  }
  if (given.empty()) {
    throw UsageError("no submission is given");
  }
  Loose loose;
  for (const std::string& one : given) {
    take(one, options, loose);
  }
  put_together(options, loose);
  sort_and_refuse(options);
  return options;
}

} // namespace lab::grade
