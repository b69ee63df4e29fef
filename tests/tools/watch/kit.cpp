#include "tools/watch/kit.hpp"

#include "harness/failure.hpp"
#include "harness/process.hpp"
#include "tools/check/shipped.hpp"
#include "tools/text/text.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace lab {

namespace fs = std::filesystem;

namespace {

/// Standard output of a tool that is found as a shell finds it. Nothing if it fails.
std::optional<std::string> output_of(std::vector<std::string> command, int most_status = 0) {
  Process tool("/usr/bin/env", {.arguments = std::move(command), .input = Input::null});
  const Exit exit = tool.wait();
  return exit.exited && exit.code <= most_status ? std::optional(tool.out()) : std::nullopt;
}

/// The value of `NAME:TYPE=VALUE` in the cache of CMake.
std::string cached(const std::string& cache, const std::string& name) {
  for (const std::string& line : lines_of(cache)) {
    if (line.starts_with(name + ":")) {
      return line.substr(std::min(line.find('='), line.size() - 1) + 1);
    }
  }
  return {};
}

void read_page(const fs::path& page, Exercise& exercise) {
  std::string title;
  bool in_hints = false;
  for (const std::string& line : lines_of(contents_of(page).value_or(""))) {
    constexpr std::string_view summary = "<details><summary>";
    if (line.starts_with("# ") && title.empty()) {
      title = line.substr(2);
      exercise.title = title.substr(std::min(title.find(": ") + 2, title.size()));
    } else if (line.starts_with("Program: [`")) {
      const std::size_t begin = std::string_view("Program: [`").size();
      exercise.program = line.substr(begin, line.find(".cpp`") - begin);
    }
    if (line == "## Hints") {
      in_hints = true;
    } else if (!in_hints) {
      exercise.task.push_back(line);
    } else if (line.starts_with(summary)) {
      exercise.hints.emplace_back().title =
          line.substr(summary.size(), line.find("</summary>") - summary.size());
    } else if (line != "</details>" && !exercise.hints.empty()) {
      exercise.hints.back().text.push_back(line);
    }
  }
}

/// Writes a new file, or none.
std::string write_whole(const fs::path& path, std::string_view text) {
  const fs::path fresh = path.string() + ".new";
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  bool done = fd != -1;
  while (done && !text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    done = written > 0 || (written == -1 && errno == EINTR);
    text.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : 0);
  }
  int error = done ? 0 : errno;
  if (fd != -1 && ::close(fd) == -1 && error == 0) {
    error = errno;
  }
  if (error == 0 && std::rename(fresh.c_str(), path.c_str()) == -1) {
    error = errno;
  }
  if (error == 0) {
    return {};
  }
  std::error_code ignored;
  fs::remove(fresh, ignored);
  return path.filename().string() + ": " + std::generic_category().message(error);
}

} // namespace

std::optional<std::string> contents_of(const fs::path& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) {
    return std::nullopt;
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return std::nullopt;
  }
  return std::string(std::istreambuf_iterator<char>(file), {});
}

bool is_source(std::string_view name) {
  return !name.starts_with('.') && !name.starts_with('#') &&
         std::ranges::any_of(std::initializer_list<std::string_view>{".cpp", ".hpp", ".h"},
                             [&](std::string_view end) { return name.ends_with(end); });
}

Kit::Kit(fs::path build) : build_(std::move(build)) {
  const auto cache = contents_of(build_ / "CMakeCache.txt");
  if (!cache) {
    throw Failure(build_.string() + " is not the folder of a build");
  }
  root_ = cached(*cache, "CMAKE_HOME_DIRECTORY");
  if (const std::string cmake = cached(*cache, "CMAKE_COMMAND"); !cmake.empty()) {
    cmake_ = cmake;
  }
  std::error_code error;
  std::map<std::string, Exercise> found;
  for (const auto& entry : fs::directory_iterator(root_ / "exercises", error)) {
    const std::string name = entry.path().filename().string();
    if (entry.is_directory(error) && name.size() > 3 && std::isdigit(name[0]) != 0 &&
        std::isdigit(name[1]) != 0 && name[2] == '-') {
      Exercise exercise;
      exercise.number = name.substr(0, 2);
      exercise.folder = name;
      read_page(entry.path() / "README.md", exercise);
      auto& place = found[exercise.number];
      if (!exercise.program.empty() && (place.folder.empty() || exercise.folder < place.folder)) {
        place = std::move(exercise); // a copy of a folder is not built either
      }
    }
  }
  for (auto& [number, exercise] : found) {
    if (!exercise.folder.empty()) {
      exercises_.push_back(std::move(exercise));
    }
  }
  if (exercises_.empty()) {
    throw Failure("there is no exercise in " + (root_ / "exercises").string());
  }
}

fs::path Kit::lab_check() {
  return fs::read_symlink("/proc/self/exe").parent_path() / "lab-check";
}

std::string Kit::sources_of(const Exercise& exercise) const {
  std::map<std::string, std::string> files;
  for (const fs::path& folder : {fs::path("exercises") / exercise.folder, fs::path("steps/support"),
                                 fs::path("exercises/support")}) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(root_ / folder, error)) {
      const std::string name = entry.path().filename().string();
      if (is_source(name)) {
        files[(folder / name).string()] = contents_of(entry.path()).value_or("");
      }
    }
  }
  std::string all;
  for (const auto& [name, text] : files) {
    all += netstring(name) + netstring(text);
  }
  return all;
}

fs::path Kit::verdict_file(const Exercise& exercise) const {
  return build_ / "verdicts" / ("exercise-" + exercise.number);
}

std::vector<Result> Kit::saved_results(const Exercise& exercise) const {
  return decode_results(contents_of(verdict_file(exercise).string() + ".results").value_or(""));
}

std::vector<Verdict> Kit::verdicts() const {
  std::string names;
  for (const Exercise& exercise : exercises_) {
    names += (names.empty() ? "" : ",") + exercise.folder;
  }
  const auto fresh = lines_of(
      output_of({cmake_, "-D", "KIT=" + root_.string(), "-D", "LAB_CHECK=" + lab_check().string(),
                 "-D", "VERDICTS=" + (build_ / "verdicts").string(), "-D", "EXERCISES=" + names,
                 "-P", (root_ / "tests/tools/check/Fresh.cmake").string()})
          .value_or(""));
  std::vector<Verdict> verdicts;
  for (const Exercise& exercise : exercises_) {
    std::error_code error;
    verdicts.push_back({.results = fs::exists(verdict_file(exercise), error)
                                       ? saved_results(exercise)
                                       : std::vector<Result>(),
                        .fresh = std::ranges::find(fresh, exercise.folder) != fresh.end()});
  }
  return verdicts;
}

std::vector<Result> Kit::checks() {
  return decode_results(
      output_of({lab_check().string(), "--results", "1", "--jobs", "0", "--test-suite=exercise-*"})
          .value_or(""));
}

Memory Kit::memory_of(const Exercise& exercise) const {
  Memory memory;
  std::istringstream text(contents_of(build_ / "watch" / exercise.number).value_or(""));
  text >> memory.seconds >> memory.runs >> memory.hints;
  return text ? memory : Memory{};
}

std::string Kit::remember(const Exercise& exercise, const Memory& memory) const {
  std::error_code error;
  fs::create_directories(build_ / "watch", error);
  if (error) {
    return (build_ / "watch").string() + ": " + error.message();
  }
  std::ostringstream text;
  text << memory.seconds << ' ' << memory.runs << ' ' << memory.hints << '\n';
  return write_whole(build_ / "watch" / exercise.number, text.str());
}

std::optional<std::string> Kit::shipped(const Exercise& exercise) const {
  return shipped_source(root_, exercise.source());
}

std::string Kit::reset(const Exercise& exercise) const {
  const auto before = shipped(exercise);
  if (!before) {
    throw Failure("nobody knows how " + exercise.source() +
                  " was shipped: there is no tests/shipped here, and git does not know it");
  }
  const fs::path source = root_ / exercise.source();
  std::string kept;
  std::error_code error;
  if (fs::exists(source, error)) {
    if (contents_of(source) == before) {
      return {};
    }
    for (int i = 1; kept.empty() || fs::exists(root_ / kept, error); ++i) {
      kept = exercise.source() + ".mine" + (i == 1 ? "" : std::to_string(i));
    }
    // A link, and not a rename: the file is never missing, whatever fails.
    fs::create_hard_link(source, root_ / kept, error);
    if (error) {
      fs::copy_file(source, root_ / kept, error);
    }
    if (error) {
      throw Failure(kept + ": " + error.message());
    }
  }
  if (const std::string failed = write_whole(source, *before); !failed.empty()) {
    if (!kept.empty()) {
      fs::remove(root_ / kept, error);
    }
    throw Failure(failed);
  }
  return kept;
}

std::vector<std::string> Kit::difference(const Exercise& exercise) const {
  const auto before = shipped(exercise);
  if (!before) {
    return {"Nobody knows how it was shipped."};
  }
  std::error_code error;
  fs::create_directories(build_ / "watch", error);
  const fs::path copy = build_ / "watch" / (exercise.program + ".shipped.cpp");
  if (const std::string failed = write_whole(copy, *before); !failed.empty()) {
    return {failed};
  }
  const auto text = output_of({"diff", "-u", "--label", "as shipped", "--label", exercise.source(),
                               copy.string(), (root_ / exercise.source()).string()},
                              1);
  fs::remove(copy, error);
  if (!text) {
    return {"There is no " + exercise.source() + ", or no diff(1) on this machine."};
  }
  return text->empty() ? std::vector<std::string>{"Your file is as it was shipped."}
                       : lines_of(*text);
}

std::vector<std::string> Kit::other_ways(const Exercise& exercise) const {
  std::vector<std::string> lines;
  bool inside = false;
  for (const std::string& line :
       lines_of(contents_of(root_ / "solutions" / exercise.folder / "README.md").value_or(""))) {
    if (line.starts_with("## ")) {
      inside = line == "## What else would be right";
    } else if (inside) {
      lines.push_back(line);
    }
  }
  return lines;
}

std::string Kit::lesson_of(const Exercise& exercise) {
  return "steps/" + exercise.folder + "/README.md";
}

} // namespace lab
