#include "tools/grade/kit.hpp"

#include "harness/fd.hpp"
#include "harness/process.hpp"
#include "tools/check/shipped.hpp"
#include "tools/grade/options.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace lab::grade {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view library_name = "liblab_support.a";
constexpr std::string_view marks_name = "marks.txt";
constexpr std::string_view probe_name = "liblab-probe.so";

std::string bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    throw std::runtime_error("cannot read " + path.string() + ": build the kit first");
  }
  return {std::istreambuf_iterator<char>(file), {}};
}

void copy_readable(const fs::path& from, const fs::path& to) {
  std::error_code error;
  if (!fs::copy_file(from, to, error)) {
    throw std::runtime_error("cannot copy " + from.string() + ": " + error.message());
  }
  fs::permissions(to, fs::perms::owner_write, fs::perm_options::remove);
  fs::permissions(to, fs::perms::others_read | fs::perms::group_read, fs::perm_options::add);
}

std::vector<std::string> compile_command(const Kit& kit, const std::string& folder) {
  std::vector<std::string> command{kit.compiler};
  command.insert(command.end(), kit.compile_options.begin(), kit.compile_options.end());
  command.emplace_back("-O0"); // as exercises/CMakeLists.txt: the program that the student has run
  command.emplace_back("-g0"); // nobody runs a debugger here, and it takes a fifth of the time
  command.push_back("-I" + folder + "/include");
  return command;
}

} // namespace

std::vector<std::string> Kit::build(const std::string& program, const std::string& kit,
                                    const std::string& output, bool precompiled) const {
  std::vector<std::string> command = compile_command(*this, kit);
  if (precompiled) {
    command.insert(command.end(), {"-include", first_lines(program, kit)});
  }
  command.insert(command.end(), {"-o", output, program + ".cpp"});
  command.insert(command.end(), link_options.begin(), link_options.end());
  command.push_back(kit + "/" + std::string(library_name));
  return command;
}

std::vector<std::string> Kit::precompile(const std::string& program, const std::string& kit,
                                         const std::string& output) const {
  std::vector<std::string> command = compile_command(*this, kit);
  command.insert(command.end(), {"-o", output, "-x", "c++-header", first_lines(program, kit)});
  return command;
}

fs::path Kit::first_lines(const std::string& program, const fs::path& folder) {
  return folder / (program + ".begin.hpp");
}

std::vector<std::string> first_includes(std::string_view source) {
  constexpr std::string_view include = "#include";
  std::vector<std::string> headers;
  while (source.starts_with(include)) {
    source.remove_prefix(include.size());
    const auto end = source.find(source.starts_with('<') ? '>' : '"', 1);
    if (end == std::string_view::npos ||
        (!source.starts_with('<') && !source.starts_with("\"support/"))) {
      break;
    }
    headers.emplace_back(source.substr(0, end + 1));
    source.remove_prefix(end + 1);
  }
  return headers;
}

void Kit::copy_to(const fs::path& folder) const {
  fs::create_directories(folder / "include/support");
  for (const fs::path& source : headers) {
    for (const auto& entry : fs::directory_iterator(source)) {
      if (entry.path().extension() == ".hpp") {
        copy_readable(entry.path(), folder / "include/support" / entry.path().filename());
      }
    }
  }
  copy_readable(archive, folder / library_name);
  copy_readable(check, folder / "lab-check");
  copy_readable(probe, folder / probe_name);
  copy_readable(marks, folder / marks_name);
}

std::string Kit::fingerprint() const {
  Fingerprint print;
  for (const std::string& part : build("program", "kit", "output", false)) {
    print.add(part);
  }
  std::error_code error;
  const auto real = fs::canonical(compiler, error);
  print.add(error ? "" : std::to_string(fs::file_size(real, error)));
  for (const Exercise& exercise : exercises) {
    print.add(exercise.folder).add(exercise.program);
  }
  for (const std::string& source : shipped) {
    print.add(source);
  }
  std::vector<fs::path> files{archive, check, probe, marks};
  for (const fs::path& source : headers) {
    for (const auto& entry : fs::directory_iterator(source)) {
      files.push_back(entry.path());
    }
  }
  std::ranges::sort(files);
  for (const fs::path& file : files) {
    print.add(file.filename().string()).add(bytes_of(file));
  }
  return print.text();
}

Kit read_kit() {
  Kit kit;
  std::ifstream file(LAB_KIT);
  if (!file) {
    throw std::runtime_error(std::string("cannot read ") + LAB_KIT +
                             ": configure the kit first (cmake --preset lab)");
  }
  for (std::string line; std::getline(file, line);) {
    const auto equals = line.find('=');
    const std::string key = line.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : line.substr(equals + 1);
    if (value.empty() || value == "-D") {
      continue;
    }
    if (key == "compiler") {
      kit.compiler = value;
    } else if (key == "compile") {
      kit.compile_options.push_back(value);
      kit.sanitized |= value.starts_with("-fsanitize");
    } else if (key == "link") {
      kit.link_options.push_back(value);
    } else if (key == "library") {
      kit.archive = value;
    } else if (key == "sources") {
      kit.sources = value;
    } else if (key == "headers") {
      kit.headers.emplace_back(value);
    } else if (key == "check") {
      kit.check = value;
    } else if (key == "marks") {
      kit.marks = value;
    } else if (key == "probe") {
      kit.probe = value;
    } else if (key == "cmake") {
      kit.cmake = value;
    } else if (key == "exercise") {
      const fs::path source(value);
      kit.exercises.push_back(
          {.folder = source.parent_path().string(), .program = source.stem().string()});
    }
  }
  if (kit.compiler.empty() || kit.check.empty() || kit.exercises.empty()) {
    throw std::runtime_error(std::string(LAB_KIT) + " is not whole: configure the kit again");
  }
  std::ranges::sort(kit.exercises, {}, &Exercise::folder);
  for (const Exercise& exercise : kit.exercises) {
    const fs::path source = fs::path("exercises") / exercise.folder / (exercise.program + ".cpp");
    // Where nobody knows better, in a package, it is as it was packed.
    const auto shipped = shipped_source(kit.sources, source);
    kit.shipped.push_back(without_comments(shipped ? *shipped : bytes_of(kit.sources / source)));
  }
  return kit;
}

std::vector<Result> all_checks(const Kit& kit) {
  Process list(kit.check, {.arguments = {"--results=1", "--jobs=0", "--test-suite=exercise-*",
                                         "--marks=" + kit.marks.string()},
                           .input = Input::null});
  const Exit exit = list.wait();
  constexpr std::string_view by_name = "lab-check: ";
  if (const std::string words = list.err(); exit.exited && words.starts_with(by_name)) {
    throw std::runtime_error(words.substr(by_name.size(), words.find('\n') - by_name.size()));
  }
  auto checks = decode_results(list.out());
  if (!exit.success() || checks.empty()) {
    throw std::runtime_error("lab-check does not tell its checks: " + list.report());
  }
  std::ranges::stable_sort(checks, {}, &Result::suite);
  return checks;
}

void keep_exercises(const std::vector<std::string>& numbers, Kit& kit,
                    std::vector<Result>& checks) {
  const auto has_checks = [&](const Exercise& exercise) {
    return std::ranges::find(checks, exercise.suite(), &Result::suite) != checks.end();
  };
  for (const std::string& number : numbers) {
    if (std::ranges::none_of(kit.exercises, [&](const Exercise& exercise) {
          return exercise.suite() == "exercise-" + number && has_checks(exercise);
        })) {
      throw UsageError("--only: there is no exercise " + number + ", or " + kit.marks.string() +
                       " has switched it off");
    }
  }
  for (std::size_t i = kit.exercises.size(); i-- > 0;) {
    const std::string suite = kit.exercises[i].suite();
    const bool wanted =
        numbers.empty()
            ? has_checks(kit.exercises[i])
            : std::ranges::find(numbers, suite.substr(suite.size() - 2)) != numbers.end();
    if (!wanted) {
      std::erase_if(checks, [&](const Result& check) { return check.suite == suite; });
      kit.exercises.erase(kit.exercises.begin() + static_cast<std::ptrdiff_t>(i));
      kit.shipped.erase(kit.shipped.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }
}

} // namespace lab::grade
