// tool FOLDER HOW: a tool that starts ill-behaved programs by the harness. Prints the pids of all
// that runs on its behalf, then `kill me`, and waits for the end of input; ends as HOW says:
// `return`, or `exit` with the programs still running.
#include "harness/guard.hpp"
#include "harness/process.hpp"
#include "harness/programs.hpp"
#include "say.hpp"

#include <cstdlib>
#include <string_view>

int main(int argc, char** argv) {
  if (argc < 3) {
    return 2;
  }
  lab::guard_descendants();
  lab::set_program_folder(argv[1]);
  lab::Process stubborn("ignores_signals");
  stubborn.wait_for_line("ready");
  lab::Process daemon("leaves_orphan", {.arguments = {"marked"}});
  const std::string orphan = daemon.line();
  daemon.wait();
  lab::Process hopping("hops");
  hopping.wait_for_line("ready");
  say(std::to_string(stubborn.pid()));
  say(orphan);
  say(std::to_string(hopping.pid()));
  say("kill me");
  char byte = 0;
  while (::read(STDIN_FILENO, &byte, 1) > 0) {
  }
  if (std::string_view(argv[2]) == "exit") {
    std::exit(0);
  }
}
