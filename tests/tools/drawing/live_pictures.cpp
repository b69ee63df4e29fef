#include "tools/drawing/live_pictures.hpp"

#include "harness/guard.hpp"
#include "harness/probe/probe.hpp"

#include <algorithm>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>
#include <string_view>
#include <vector>

namespace lab {

namespace {

std::string contents(const std::filesystem::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// The first line in which they differ, of each.
std::string first_difference(const std::string& file, const std::string& now) {
  std::istringstream in_file(file);
  std::istringstream in_run(now);
  std::string of_file;
  std::string of_run;
  do {
    of_file.clear();
    of_run.clear();
    std::getline(in_file, of_file);
    std::getline(in_run, of_run);
  } while (of_file == of_run && (in_file || in_run));
  return "  file: " + of_file + "\n  now:  " + of_run + "\n";
}

int run(const LivePictures& pictures, const std::filesystem::path& folder, bool check_only) {
  if (const auto reason = Probe::cannot_probe(pictures.probed)) {
    std::cerr << pictures.name << ": not made here: " << *reason << '\n';
    return 77;
  }
  bool same = true;
  for (const auto& [name, svg] : pictures.make()) {
    const auto file = folder / name;
    if (!check_only) {
      std::ofstream out(file);
      if (!(out << svg) || !out.flush()) {
        std::cerr << pictures.name << ": cannot write " << file.string() << '\n';
        return 1;
      }
    } else if (const std::string there = contents(file); there != svg) {
      std::cerr << file.string() << " is not what the processes show now:\n"
                << first_difference(there, svg) << "If that is right: cmake --build build --target "
                << pictures.target << '\n';
      same = false;
    }
  }
  return same ? 0 : 1;
}

} // namespace

int make_live_pictures(int argc, char** argv, const LivePictures& pictures) {
  const std::vector<std::string_view> words(argv + std::min(argc, 1), argv + argc);
  const bool check_only = !words.empty() && words.front() == "--check";
  if (words.size() != (check_only ? 2U : 1U)) {
    std::cerr << "usage: " << pictures.name << " [--check] FOLDER\n";
    return 2;
  }
  try {
    guard_descendants();
    return run(pictures, words.back(), check_only);
  } catch (const std::exception& error) {
    std::cerr << pictures.name << ": " << error.what() << '\n';
    return 1;
  }
}

} // namespace lab
