// lab-figures FOLDER: draws the figures of the decks into FOLDER.

#include "figures.hpp"

#include <filesystem>
#include <fstream>
#include <iostream>

int main(int argc, char** argv) {
  if (argc != 2 || !std::filesystem::is_directory(argv[1])) {
    std::cerr << "usage: lab-figures FOLDER\n";
    return 2;
  }
  for (const auto& [name, svg] : lab::figures::all()) {
    const std::filesystem::path file = std::filesystem::path(argv[1]) / name;
    std::ofstream out(file, std::ios::binary);
    out << svg;
    out.close();
    if (!out) {
      std::cerr << "lab-figures: cannot write " << file.string() << '\n';
      return 1;
    }
  }
  return 0;
}
