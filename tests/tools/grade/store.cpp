#include "tools/grade/store.hpp"

#include "tools/grade/options.hpp"
#include "tools/grade/page.hpp"
#include "tools/grade/report.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace lab::grade {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view state_name = ".marks"; // in a student's folder: what was graded
constexpr std::string_view class_name = ".class"; // whose submissions there were, for --join

/// All or nothing: a run that is broken off leaves the former file or none. No link is followed:
/// where the results lie, somebody else may have made one.
void write_whole(const fs::path& path, std::string_view text) {
  const Fd folder(
      ::open(path.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
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

std::string bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

} // namespace

Store::Store(fs::path folder) : folder_(std::move(folder)) {
  std::error_code error;
  fs::create_directories(folder_ / "students", error);
  if (error) {
    throw UsageError("--out: cannot write to " + quoted(folder_) + ": " + error.message());
  }
  if (::access(folder_.c_str(), W_OK) != 0 || ::access((folder_ / "students").c_str(), W_OK) != 0) {
    throw UsageError("--out: cannot write to " + quoted(folder_) + ": " + std::strerror(errno));
  }
  lock_ = own(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), "open");
  if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) {
    throw UsageError("--out: another lab-grade writes to " + quoted(folder_) + " now");
  }
}

fs::path Store::folder_of(const std::string& student) const {
  return folder_ / "students" / student;
}

std::optional<Marks> Store::graded(const std::string& student) const {
  return decode_marks(bytes_of(folder_of(student) / state_name));
}

void Store::write(const Marks& marks) const {
  const fs::path folder = folder_of(marks.student);
  fs::create_directories(folder);
  write_whole(folder / "report.md", report_markdown(marks));
  write_whole(folder / "report.html", report_html(marks));
  write_whole(folder / "results.json", gradescope_json(marks));
  write_whole(folder / "junit.xml", junit_xml(marks));
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
      row.marks = decode_marks(bytes_of(results / "students" / row.submission / state_name));
      row.not_graded = row.marks ? "" : "its marks are not in " + results.string();
    }
  }
  if (!whole) {
    throw UsageError("--join: " + quoted(results) + " holds no results of lab-grade");
  }
  return rows;
}

} // namespace lab::grade
