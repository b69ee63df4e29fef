// lab-grade [--out DIR] [--jobs N] SUBMISSION...
//
// Builds and checks submissions, each a folder laid out as exercises/, away from this machine's
// files and from each other. In DIR: for each student students/NAME/report.md, results.json and
// junit.xml; for the class gradebook.csv and index.html. What is there already is not graded again.

#include "harness/guard.hpp"
#include "harness/output.hpp"
#include "tools/grade/gradebook.hpp"
#include "tools/grade/grader.hpp"
#include "tools/grade/page.hpp"
#include "tools/grade/progress.hpp"
#include "tools/grade/report.hpp"
#include "tools/text/text.hpp"

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace {

namespace fs = std::filesystem;
using lab::grade::Marks;
using lab::grade::Submission;

constexpr std::string_view usage =
    "usage: lab-grade [--out DIR] [--jobs N] SUBMISSION...\n"
    "  SUBMISSION   a folder laid out as exercises/: 01-echo-server/echo_server.cpp and so on; "
    "its\n"
    "               name is the student's\n"
    "  --out DIR    where the results go, by default the folder grades: students/NAME/report.md,\n"
    "               results.json and junit.xml for each, gradebook.csv and index.html for all. "
    "What\n"
    "               has been graded there is not graded again unless its files have changed\n"
    "  --jobs N     how many compilers at a time, by default as many as there are processors\n";

constexpr std::string_view state_name = ".marks"; // in a student's folder: what was graded

/// What the command line has wrong.
class UsageError : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

struct Options {
  fs::path out = "grades";
  unsigned jobs = std::max(std::thread::hardware_concurrency(), 1U);
  std::vector<Submission> submissions;
  bool help = false;
};

volatile std::sig_atomic_t stop_signal = 0;

void stop(int signal) {
  stop_signal = signal;
}

std::string quoted(const fs::path& path) {
  return "'" + lab::printable_line(path.string()) + "'";
}

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

/// `*` behind the folder of a class is soon forgotten; everybody would get no marks, under one
/// name.
void must_not_be_a_class(const Submission& one, const lab::grade::Kit& kit) {
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
                       lab::printable_line((one.folder / "*").string()));
    }
  }
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

/// All or nothing: a run that is broken off leaves the former file or none.
void write_whole(const fs::path& path, const std::string& text) {
  const fs::path fresh = path.parent_path() / ("." + path.filename().string() + ".new");
  std::ofstream file(fresh, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) {
    throw std::runtime_error("cannot write " + fresh.string() + ": " + std::strerror(errno));
  }
  fs::rename(fresh, path);
}

std::string bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The folder of the results, which this run has to itself while it lives.
class Out {
public:
  explicit Out(fs::path folder) : folder_(std::move(folder)) {
    std::error_code error;
    fs::create_directories(folder_ / "students", error);
    if (error) {
      throw UsageError("--out: cannot write to " + quoted(folder_) + ": " + error.message());
    }
    if (::access(folder_.c_str(), W_OK) != 0 ||
        ::access((folder_ / "students").c_str(), W_OK) != 0) {
      throw UsageError("--out: cannot write to " + quoted(folder_) + ": " + std::strerror(errno));
    }
    lock_ = lab::own(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), "open");
    if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) {
      throw UsageError("--out: another lab-grade writes to " + quoted(folder_) + " now");
    }
  }

  [[nodiscard]] fs::path of(const std::string& student) const {
    return folder_ / "students" / student;
  }

  [[nodiscard]] const fs::path& folder() const { return folder_; }

  [[nodiscard]] std::optional<Marks> graded(const std::string& student) const {
    return lab::grade::decode_marks(bytes_of(of(student) / state_name));
  }

  void write(const Marks& marks) const {
    const fs::path folder = of(marks.student);
    fs::create_directories(folder);
    write_whole(folder / "report.md", lab::grade::report_markdown(marks));
    write_whole(folder / "results.json", lab::grade::gradescope_json(marks));
    write_whole(folder / "junit.xml", lab::grade::junit_xml(marks));
    write_whole(folder / state_name, lab::grade::encode(marks)); // last: then it is finished
  }

private:
  fs::path folder_;
  lab::Fd lock_;
};

int grade(const Options& options) {
  const lab::grade::Kit kit = lab::grade::read_kit();
  for (const Submission& one : options.submissions) {
    must_not_be_a_class(one, kit);
  }
  const Out out(options.out);
  const lab::grade::Workspace workspace;
  kit.copy_to(workspace.path() / "kit");
  const std::string kit_fingerprint = kit.fingerprint();

  std::map<std::string, Marks> graded;
  std::vector<Submission> to_grade;
  for (const Submission& one : options.submissions) {
    auto former = out.graded(one.name);
    if (former && former->student == one.name &&
        former->fingerprint == lab::grade::fingerprint_of(one, kit, kit_fingerprint)) {
      out.write(*former); // so that all of its files are there
      graded.emplace(one.name, std::move(*former));
    } else {
      to_grade.push_back(one);
    }
  }
  const auto all = options.submissions.size();
  if (!graded.empty()) {
    std::cout << graded.size() << " of " << all << " have been graded before\n" << std::flush;
  }

  std::size_t not_graded = 0;
  if (!to_grade.empty()) {
    const auto protections = lab::grade::find_protections(workspace.path());
    if (!protections.namespaces && !protections.other_user) {
      ::prctl(PR_SET_DUMPABLE, 0); // submissions are of our user: they are not to look into us
    }
    for (const std::string& line : protections.missing()) {
      std::cerr << "lab-grade: " << line << '\n';
    }
    const auto checks = lab::grade::all_checks(kit);
    lab::grade::Progress progress(to_grade.size());
    lab::grade::Grader grader(kit, protections, workspace.path(), checks, options.jobs);
    grader.grade(to_grade, {.graded =
                                [&](const Marks& marks) {
                                  out.write(marks);
                                  progress.line(lab::printable_line(marks.student) + ": " +
                                                std::to_string(marks.reached()) + " of " +
                                                std::to_string(marks.possible()) + " marks");
                                  graded.insert_or_assign(marks.student, marks);
                                },
                            .failed =
                                [&](const Submission& one, const std::string& reason) {
                                  ++not_graded;
                                  progress.line(lab::printable_line(one.name) + ": not graded");
                                  std::cerr << "lab-grade: " << quoted(one.folder) << ": "
                                            << lab::printable_line(reason) << '\n';
                                },
                            .progress = [&](std::size_t done,
                                            const auto& in_work) { progress.show(done, in_work); },
                            .stopped = [] { return stop_signal != 0; }});
  }
  if (stop_signal != 0) {
    std::cerr << "lab-grade: interrupted: " << graded.size() << " of " << all
              << " are graded; the same command goes on from here\n";
    return 128 + stop_signal;
  }
  std::vector<Marks> in_order;
  for (auto& [name, marks] : graded) {
    in_order.push_back(std::move(marks));
  }
  write_whole(out.folder() / "gradebook.csv", lab::grade::gradebook_csv(in_order, kit.exercises));
  write_whole(out.folder() / "index.html", lab::grade::class_page(in_order));
  std::cout << in_order.size() << " of " << all
            << " graded: " << lab::printable_line((out.folder() / "index.html").string()) << '\n';
  return not_graded == 0 ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
  try {
    const Options options = parse({argv + 1, argv + argc});
    if (options.help) {
      std::cout << usage;
      return lab::status_after_output("lab-grade", 0);
    }

    struct sigaction action {};

    action.sa_handler = stop;
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
    sigaction(SIGHUP, &action, nullptr);
    lab::guard_descendants();
    return lab::status_after_output("lab-grade", grade(options));
  } catch (const UsageError& error) {
    std::cerr << "lab-grade: " << error.what() << '\n' << usage;
    return 2;
  } catch (const std::exception& error) {
    std::cerr << "lab-grade: " << error.what() << '\n';
    return 1;
  }
}
