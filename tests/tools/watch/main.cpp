// lab-watch [NN]
//
// The student's loop: builds and checks an exercise at each save, and shows the first thing to
// mend. It also answers the presets progress and reset-exercise-NN.

#include "harness/guard.hpp"
#include "harness/output.hpp"
#include "tools/drawing/terminal.hpp"
#include "tools/watch/watch.hpp"

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace {

constexpr std::string_view usage =
    "usage: lab-watch [--build DIR] [NN]\n"
    "       lab-watch [--build DIR] --progress\n"
    "       lab-watch [--build DIR] --reset NN\n"
    "  NN            the number of an exercise, 02 for example; by default the first that is not "
    "solved\n"
    "  --progress    your marks, as the last runs gave them; no check is run\n"
    "  --reset NN    the exercise as it was shipped; your file stays beside it\n"
    "  --build DIR   the folder of the build; by default the one that lab-watch is in\n";

int complain(const std::string& what) {
  std::cerr << "lab-watch: " << what << '\n' << usage;
  return 2;
}

int show_progress(const lab::Kit& kit) {
  const lab::Style style = lab::style_for(STDOUT_FILENO);
  for (const lab::Line& line :
       lab::list_of(lab::standings(kit), nullptr, lab::columns_of(STDOUT_FILENO))) {
    std::cout << lab::text_of(line, style) << '\n';
  }
  return 0;
}

int reset(const lab::Kit& kit, const lab::Exercise& exercise) {
  const bool there = std::filesystem::exists(kit.root() / exercise.source());
  const std::string kept = kit.reset(exercise);
  if (!kept.empty()) {
    std::cout << exercise.source() << " is as it was shipped. Your file is " << kept << '\n';
  } else {
    std::cout << exercise.source() << (there ? " is" : " was not there. It is now")
              << " as it was shipped\n";
  }
  return 0;
}

int run(const std::vector<std::string>& arguments) {
  std::filesystem::path build =
      std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path();
  std::string number;
  bool progress = false;
  bool to_reset = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument == "--help" || argument == "-h") {
      std::cout << usage;
      return 0;
    }
    if (argument == "--progress") {
      progress = true;
    } else if (argument == "--reset") {
      to_reset = true;
    } else if (argument == "--build" && i + 1 < arguments.size()) {
      build = std::filesystem::absolute(arguments[++i]);
    } else if (number.empty() && argument.size() <= 2 && !argument.empty() &&
               argument.find_first_not_of("0123456789") == std::string::npos) {
      number = (argument.size() == 1 ? "0" : "") + argument;
    } else {
      return complain("what is '" + argument + "'?");
    }
  }
  // A build may have started us: what it tells its own make is not for ours.
  for (const char* variable : {"MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES"}) {
    ::unsetenv(variable); // NOLINT(concurrency-mt-unsafe): there is no thread yet
  }
  const lab::Kit kit(build);
  const auto exercise = std::ranges::find(kit.exercises(), number, &lab::Exercise::number);
  if ((!number.empty() || to_reset) && exercise == kit.exercises().end()) {
    return complain(number.empty() ? "--reset takes the number of an exercise"
                                   : "there is no exercise " + number);
  }
  if (to_reset) {
    lab::guard_descendants();
    return reset(kit, *exercise);
  }
  if (progress) {
    lab::guard_descendants();
    return show_progress(kit);
  }
  if (::isatty(STDIN_FILENO) != 1 && ::isatty(STDOUT_FILENO) == 1) {
    // cmake --workflow gives no terminal as input. It is there all the same.
    if (const int fd = ::open("/dev/tty", O_RDWR | O_CLOEXEC); fd != -1) {
      ::dup2(fd, STDIN_FILENO);
      ::close(fd);
    }
  }
  const char* const terminal = std::getenv("TERM"); // NOLINT(concurrency-mt-unsafe)
  if (::isatty(STDIN_FILENO) != 1 || ::isatty(STDOUT_FILENO) != 1 || terminal == nullptr ||
      std::string_view(terminal) == "dumb") {
    std::cerr << "lab-watch: it draws on a terminal and reads keys, and there is no terminal here. "
                 "Without one:\n"
                 "  cmake --workflow --preset exercise-"
              << (number.empty() ? kit.exercises().front().number : number)
              << "   builds the exercise and shows its report\n"
                 "  cmake --workflow --preset progress      shows your marks\n";
    return 2;
  }
  lab::guard_descendants();
  lab::watch_exercises(kit, number);
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  int status = EXIT_FAILURE;
  try {
    status = run({argv + std::min(argc, 1), argv + argc});
  } catch (const std::exception& error) {
    std::cerr << "lab-watch: " << error.what() << '\n';
  }
  return lab::status_after_output("lab-watch", status);
}
