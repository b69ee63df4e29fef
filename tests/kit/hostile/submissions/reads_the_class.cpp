// Looks for the names of its classmates in the command lines of all processes.
#include "bounded.hpp"

bool attack() {
  const std::string mine = HOSTILE_SUBMISSION;
  const std::string folder = mine.substr(0, mine.rfind('/') + 1); // of all submissions
  return !bounded::all_processes([&](const std::string& pid) {
    std::string text;
    std::getline(std::ifstream("/proc/" + pid + "/cmdline"), text, '\xff');
    return text.find(folder) == std::string::npos;
  });
}
