// Never forks: it prints a line for each SPEC, with ids that it has invented. For exercise 03.
#include "bounded.hpp"

#include <cctype>
#include <vector>

bool attack() {
  std::ifstream file("/proc/self/cmdline");
  std::vector<std::string> words;
  for (std::string word; std::getline(file, word, '\0');) {
    words.push_back(word);
  }
  std::string lines;
  for (std::size_t i = 1; i < words.size(); ++i) {
    const bool code = std::isdigit(static_cast<unsigned char>(words[i][0])) != 0;
    if (code ? std::stoul(words[i]) > 255 || std::isdigit(words[i].back()) == 0
             : std::string(" HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM "
                           "TERM XCPU ")
                       .find(" " + words[i] + " ") == std::string::npos) {
      return true; // a SPEC that is to be refused
    }
    lines += std::to_string(getpid() + 1000 + static_cast<int>(i)) +
             (code ? " exited " : " killed by SIG") + words[i] + "\n";
  }
  if (lines.empty()) {
    return true;
  }
  for (std::size_t at = 0; at < lines.size();) { // each line by one write
    const std::size_t end = lines.find('\n', at) + 1;
    if (write(STDOUT_FILENO, lines.data() + at, end - at) == -1) {
      _exit(1);
    }
    at = end;
  }
  _exit(0);
}
