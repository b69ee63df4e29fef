#include "checks/at_once.hpp"

#include "checks/server.hpp"
#include "harness/server.hpp"

#include <csignal>

namespace lab {

void expect_at_once(const std::string& line, const std::function<Seen(Output)>& run) {
  const Seen pipe = run(Output::pipe);
  if (pipe.at_once) {
    return;
  }
  const bool in_a_terminal = run(Output::terminal).at_once;
  if (!pipe.at_the_end && !in_a_terminal) {
    return; // it prints no such line: other checks are about that
  }
  const std::string seen =
      text("through a pipe, ", line,
           pipe.at_the_end ? " came only when the program ended" : " did not come at all");
  if (in_a_terminal) {
    throw Failure(seen + ". In a terminal it came at once. So stdio's buffer keeps it back");
  }
  throw Failure(
      seen + ", and in a terminal it is as late. So the program keeps it back",
      {.means = "a line tells of what has just happened. It is printed then, and not at the end. "
                "If you do print it then, a buffer keeps it: call fflush, or use print_line",
       .look = buffer_look});
}

namespace server {

LAB_SHARED_CHECK(shows_lines_at_once, .sentence = "PROGRAM shows each line at once, also in a pipe",
                 .promise = "G3", .marks = 1, .means = buffer_means, .look = buffer_look,
                 .by_hand = "1: PROGRAM 9190 | cat\n"
                            "2: BIN/lab-scenes many 9190 1",
                 .needs = &returns_from_its_handler) {
  for (const bool gone : {false, true}) { // one process may keep its lines back, and another not
    const std::string line = gone ? "client disconnected" : "connected client";
    expect_at_once("the line `" + line + (gone ? "`" : " ...`"), [&](Output output) {
      Server server(subject.program, {.process = {.output = output}});
      const auto seen = [&] { return server.process().has_line(line); };
      Connection client = server.connect();
      client.exchange("hello\n", soon);
      if (gone) {
        client.close();
      }
      const bool at_once = comes(server.process(), seen);
      client.close();
      server.process().signal(SIGTERM);
      return Seen{.at_once = at_once, .at_the_end = comes_at_the_end(server.process(), seen)};
    });
  }
}

} // namespace server

} // namespace lab
