#include "tools/grade/store.hpp"

#include "tools/grade/options.hpp"
#include "tools/grade/page.hpp"
#include "tools/grade/report.hpp"

#include <cerrno>
#include <cstring>
#include <exception>
#include <fstream>
#include <iterator>
#include <set>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lab::grade {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view state_name = ".marks"; // in a student's folder: what was graded
constexpr const char* films_name = "films";
constexpr const char* students_name = "students";
constexpr std::string_view class_name = ".class"; // whose submissions there were, for --join

/// No link is followed: where the results lie, somebody else may have made one.
Fd open_folder(int parent, const fs::path& path) {
  return Fd(::openat(parent, path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

/// All or nothing: a run that is broken off leaves the former file or none.
void write_whole(const Fd& folder, const fs::path& path, std::string_view text) {
  const std::string name = path.filename();
  const std::string fresh = "." + name + ".new";
  const auto must = [&](bool done) {
    if (!done) {
      throw std::runtime_error("cannot write " + path.string() + ": " + std::strerror(errno));
    }
  };
  must(static_cast<bool>(folder));
  ::unlinkat(folder.get(), fresh.c_str(), 0);
  const Fd file(::openat(folder.get(), fresh.c_str(),
                         O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
  must(static_cast<bool>(file));
  while (!text.empty()) {
    const ssize_t written = ::write(file.get(), text.data(), text.size());
    must(written != -1 || errno == EINTR);
    text.remove_prefix(written == -1 ? 0 : static_cast<std::size_t>(written));
  }
  must(::renameat(folder.get(), fresh.c_str(), folder.get(), name.c_str()) == 0);
}

void write_whole(const fs::path& path, std::string_view text) {
  write_whole(open_folder(AT_FDCWD, path.parent_path()), path, text);
}

std::string bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

} // namespace

Store::Store(fs::path folder) : folder_(std::move(folder)) {
  std::error_code error;
  fs::create_directories(folder_ / students_name, error);
  if (error) {
    throw UsageError("--out: cannot write to " + quoted(folder_) + ": " + error.message());
  }
  if (::access(folder_.c_str(), W_OK) != 0 ||
      ::access((folder_ / students_name).c_str(), W_OK) != 0) {
    throw UsageError("--out: cannot write to " + quoted(folder_) + ": " + std::strerror(errno));
  }
  lock_ = own(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), "open");
  if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) {
    throw UsageError("--out: another lab-grade writes to " + quoted(folder_) + " now");
  }
}

fs::path Store::folder_of(const std::string& student) const {
  return folder_ / students_name / student;
}

std::optional<Marks> Store::graded(const std::string& student) const {
  return decode_marks(bytes_of(folder_of(student) / state_name));
}

namespace {

/// Whether there is a file of this name, and no link.
bool is_file(const Fd& folder, const std::string& name) {
  struct stat status {};

  return folder && ::fstatat(folder.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
         S_ISREG(status.st_mode);
}

/// Leaves the films of these marks in `folder`, a student's, and no others. Sets Result::filmed.
/// Returns what went wrong.
std::string keep_films(const fs::path& folder, Marks& marks, const fs::path& former) {
  const fs::path place = folder / films_name;
  const Fd student = open_folder(AT_FDCWD, folder);
  Fd films = open_folder(student.get(), films_name);
  std::set<std::string> kept;
  std::string wrong;
  for (ExerciseMarks& one : marks.exercises) {
    for (Result& check : one.checks) {
      const std::string name = check.film_name();
      std::string page = std::exchange(check.film, {});
      if (page.empty() && check.filmed && !former.empty()) {
        page = bytes_of(former / films_name / name);
      }
      if (page.empty()) {
        check.filmed = check.filmed && is_file(films, name);
      } else {
        try {
          if (!films) {
            ::mkdirat(student.get(), films_name, 0777);
            films = open_folder(student.get(), films_name);
          }
          write_whole(films, place / name, page);
          check.filmed = true;
        } catch (const std::exception& error) {
          wrong = error.what();
          check.filmed = false;
        }
      }
      if (check.filmed) {
        kept.insert(name);
      }
    }
  }
  std::error_code error;
  for (auto entry = fs::directory_iterator(place, error);
       films && !error && entry != fs::directory_iterator(); entry.increment(error)) {
    if (const std::string name = entry->path().filename(); !kept.contains(name)) {
      ::unlinkat(films.get(), name.c_str(), 0);
    }
  }
  if (films && kept.empty()) {
    ::unlinkat(student.get(), films_name, AT_REMOVEDIR);
  }
  return wrong;
}

} // namespace

void Store::write(Marks& marks, const fs::path& former) const {
  const fs::path folder = folder_of(marks.student);
  fs::create_directories(folder);
  // First: the reports link to them.
  const std::string wrong =
      keep_films(folder, marks, former.empty() ? former : former / students_name / marks.student);
  write_whole(folder / "report.md", report_markdown(marks));
  write_whole(folder / "report.html", report_html(marks));
  write_whole(folder / "results.json", gradescope_json(marks));
  write_whole(folder / "junit.xml", junit_xml(marks));
  if (!wrong.empty()) {
    throw std::runtime_error(wrong);
  }
  write_whole(folder / state_name, encode(marks)); // last: then it is finished
}

fs::path Store::write_class(const std::vector<Row>& rows, const std::vector<Exercise>& exercises,
                            bool with_people) const {
  write_whole(folder_ / "gradebook.csv", gradebook_csv(rows, exercises, with_people));
  if (with_people) {
    write_whole(folder_ / "canvas.csv", canvas_csv(rows));
    write_whole(folder_ / "moodle.csv", moodle_csv(rows));
  }
  std::string kept;
  for (const Row& row : rows) {
    if (row.handed_in()) {
      kept += netstring(row.submission) + netstring(row.marks ? "" : row.not_graded);
    }
  }
  write_whole(folder_ / class_name, kept);
  fs::path page = folder_ / "index.html";
  write_whole(page, class_page(rows));
  return page;
}

std::vector<Row> Store::rows_of(const fs::path& results) {
  const std::string text = bytes_of(results / class_name);
  bool whole = fs::exists(results / class_name); // it may be empty: a part without a submission
  std::vector<Row> rows;
  for (std::string_view rest = text; !rest.empty();) {
    auto submission = take_netstring(rest);
    auto why = take_netstring(rest);
    if (!submission || !why) {
      whole = false;
      break;
    }
    rows.push_back({.submission = std::move(*submission), .not_graded = std::move(*why)});
    if (Row& row = rows.back(); row.not_graded.empty()) {
      row.marks = decode_marks(bytes_of(results / students_name / row.submission / state_name));
      row.not_graded = row.marks ? "" : "its marks are not in " + results.string();
    }
  }
  if (!whole) {
    throw UsageError("--join: " + quoted(results) + " holds no results of lab-grade");
  }
  return rows;
}

} // namespace lab::grade
