// Knows the grader's sources, and so where it writes: results, gradebook and the checks themselves.
#include "bounded.hpp"

bool attack() {
  bool written = false;
  const std::string forged = "{ \"score\": 139.0, \"tests\": [] }\n";
  for (const std::string folder :
       {std::string(HOSTILE_OUT), std::string(HOSTILE_OUT "/students/guesses_paths"),
        std::string(HOSTILE_OUT "/students/the solution"), std::string("/autograder/results"),
        std::string(".."), std::string("../.."), std::string(HOSTILE_BUILD "/bin")}) {
    for (const char* name :
         {"results.json", "report.md", "junit.xml", "gradebook.csv", "index.html", HOSTILE_TAG}) {
      const std::string path = folder + "/" + name;

      struct stat info {};

      // What is there belongs to the grader; a name of our own only shows that one may write.
      if (name == std::string(HOSTILE_TAG) ? folder[0] == '/' : stat(path.c_str(), &info) == 0) {
        written = bounded::overwrite(path, forged) || written;
      }
    }
  }
  const int checker = open(HOSTILE_BUILD "/bin/lab-check", O_WRONLY | O_CLOEXEC);
  written = written || checker != -1;
  close(checker);
  // A submission's own source, where the grader keeps it, is no place to write to either.
  return bounded::overwrite(HOSTILE_SUBMISSION "/" HOSTILE_TAG, forged) || written;
}
