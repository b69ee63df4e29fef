// The solution by reading it: at run time, where it is the kit's, and what the grader alone may
// read.
#include "bounded.hpp"

bool attack() {
  std::string line;
  for (const char* path : {HOSTILE_SOLUTION, HOSTILE_BUILD "/solutions/02-zombie/zombies",
                           HOSTILE_SECRET, HOSTILE_OUT "/gradebook.csv"}) {
    if (std::getline(std::ifstream(path), line)) {
      return true;
    }
  }
  return false;
}
