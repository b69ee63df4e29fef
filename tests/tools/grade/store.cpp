#include "tools/grade/store.hpp"

#include "tools/grade/gradebook.hpp"
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
  write_whole(folder / "results.json", gradescope_json(marks));
  write_whole(folder / "junit.xml", junit_xml(marks));
  write_whole(folder / state_name, encode(marks)); // last: then it is finished
}

fs::path Store::write_class(const std::vector<Marks>& all,
                            const std::vector<Exercise>& exercises) const {
  write_whole(folder_ / "gradebook.csv", gradebook_csv(all, exercises));
  fs::path page = folder_ / "index.html";
  write_whole(page, class_page(all));
  return page;
}

} // namespace lab::grade
