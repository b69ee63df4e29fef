// What makes the pictures of lessons and slides from live processes: lab-xray-pictures and
// lab-film-pictures.
#pragma once

#include <functional>
#include <map>
#include <string>

namespace lab {

/// The pictures of this run, as SVG, by the name of their file.
using Pictures = std::map<std::string, std::string>;

/// How one such program differs from the other.
struct LivePictures {
  std::string name;   ///< of the program, for its messages
  std::string target; ///< the target that makes the files anew
  std::string probed; ///< a program of the steps: where it cannot be probed, nothing can be made
  std::function<Pictures()> make;
};

/// The main of `PROGRAM [--check] FOLDER`. Writes the pictures into FOLDER, or with --check says
/// which file is another one. Returns the exit status: 1 where a file cannot be written or is
/// another one, 2 for wrong arguments, 77 where this machine cannot make them.
int make_live_pictures(int argc, char** argv, const LivePictures& pictures);

} // namespace lab
