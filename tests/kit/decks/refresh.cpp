// lab-refresh-slides: puts into every deck the code that its blocks name.

#include "kit/decks/deck.hpp"
#include "kit/lessons/lesson.hpp"
#include "tools/text/text.hpp"

#include <cstddef>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

namespace lessons = lab::lessons;

/// The deck at `file` as it has to be. Throws std::runtime_error where a block names no region.
std::string refreshed(const std::filesystem::path& file, const std::filesystem::path& root) {
  const std::string text = lessons::contents(file);
  const lessons::Lesson lesson = lessons::parse(text, lessons::Form::deck);
  const std::vector<std::string> lines = lab::lines_of(text);
  std::string result;
  std::size_t at = 0;
  for (const lessons::Quote& quote : lesson.quotes) {
    try {
      const auto first =
          static_cast<std::size_t>(quote.line); // after the fence, whose line this is
      for (; at < first; ++at) {
        result += lines.at(at) + '\n';
      }
      for (const std::string& line : lessons::region(quote, root)) {
        result += line + '\n';
      }
      at += quote.text.size();
    } catch (const std::runtime_error& error) {
      throw std::runtime_error(file.string() + ":" + std::to_string(quote.line) + ": " +
                               error.what());
    }
  }
  for (; at < lines.size(); ++at) {
    result += lines[at] + '\n';
  }
  return result;
}

} // namespace

int main() {
  const std::filesystem::path root = LAB_SOURCE_FOLDER;
  int status = 0;
  for (const auto& file : lab::slides::decks_in(root)) {
    try {
      const std::string text = refreshed(file, root);
      if (text != lessons::contents(file)) {
        std::ofstream out(file, std::ios::binary);
        out << text;
        out.close();
        if (!out) {
          throw std::runtime_error("cannot write " + file.string());
        }
        std::cout << file.string() << ": refreshed\n";
      }
    } catch (const std::exception& error) {
      std::cerr << "lab-refresh-slides: " << error.what() << '\n';
      status = 1;
    }
  }
  return status;
}
