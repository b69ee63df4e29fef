// The figures of the decks 01 to 03 that no other deck shows.

#include "figures.hpp"
#include "tools/drawing/canvas.hpp"

#include <string>

namespace lab::figures {

using namespace drawing;

namespace {

constexpr TextStyle large{.size = 24, .anchor = Anchor::middle};
constexpr TextStyle in_passing{.size = 24, .anchor = Anchor::middle, .colour = soft};

/// Deck 01: the listener has a port, a connection carries bytes.
std::string two_sockets() {
  Canvas canvas(1140, 390, "The two sockets of a server",
                "The server's process, 4711, holds the listener as descriptor 3 and the client's "
                "connection as descriptor 4. The connection's other end is descriptor 3 of the "
                "client's process, 4720. Only the connection carries bytes.");
  const Box client =
      canvas.process({10, 142}, 270, "echo_client", "4720", "", {{"3", "connection"}});
  const Box server = canvas.process({590, 70}, 270, "echo_server", "4711", "",
                                    {{"0-2", "terminal"}, {"3", "listener"}, {"4", "connection"}});
  const Box connection = canvas.kernel({345, 168}, 180, 74, {"connection"});
  const Box listener = canvas.kernel({925, 132}, 205, 74, {"listener", "127.0.0.1:9190"});
  canvas.socket({server.row_right(1), listener.left()});
  canvas.socket({client.row_right(0), connection.left()});
  canvas.socket({connection.right(), server.row_left(2)});
  canvas.text({client.bottom().x, 310}, "one socket", large);
  canvas.text({connection.bottom().x, 310}, "bytes,", large);
  canvas.text({connection.bottom().x, 342}, "both ways", large);
  canvas.text({server.bottom().x, 310}, "one for the port, and", large);
  canvas.text({server.bottom().x, 342}, "one for each client", large);
  canvas.text({listener.bottom().x, 310}, "no bytes:", large);
  canvas.text({listener.bottom().x, 342}, "clients", large);
  return canvas.svg();
}

/// Deck 01: Nagle's algorithm against the delayed acknowledgement.
std::string nagle() {
  constexpr double client = 330;
  constexpr double server = 810;
  Canvas canvas(1140, 520, "Nagle's algorithm and the delayed acknowledgement",
                "Time runs downwards, the client's kernel on the left, the server's on the "
                "right. The client sends 64 bytes. The server writes 30 bytes, which are sent at "
                "once. It writes 30 and 4 more, which its kernel holds back until the first 30 "
                "are acknowledged. The client's kernel delays the acknowledgement for 40 "
                "milliseconds, in case there is data to send with it. Then the rest comes.");
  canvas.text({client, 26}, "client's kernel",
              {.size = 22, .anchor = Anchor::middle, .bold = true});
  canvas.text({server, 26}, "server's kernel",
              {.size = 22, .anchor = Anchor::middle, .bold = true});
  canvas.time({client, 40}, {client, 512});
  canvas.time({server, 40}, {server, 512});
  constexpr LineStyle packet{.colour = socket_stroke, .width = 3, .arrow = true};
  constexpr double between = (client + server) / 2;

  canvas.line({{client, 66}, {server, 92}}, packet);
  canvas.text({between, 68}, "64 bytes", large);
  canvas.line({{server, 124}, {client + 13, 150}}, packet);
  canvas.text({between, 126}, "30 bytes", large);
  canvas.line({{client + 13, 400}, {server - 13, 426}}, packet);
  canvas.text({between, 402}, "acknowledged: 30", large);
  canvas.line({{server, 452}, {client, 478}}, packet);
  canvas.text({between, 454}, "34 bytes", large);

  canvas.activity({client - 13, 150}, 26, 250);
  canvas.text({client - 28, 232},
              "delayed ACK:", {.size = 24, .anchor = Anchor::end, .bold = true});
  canvas.text({client - 28, 264}, "is there data", {.size = 24, .anchor = Anchor::end});
  canvas.text({client - 28, 294}, "that it could go with?", {.size = 24, .anchor = Anchor::end});
  canvas.activity({server - 13, 150}, 26, 276);
  canvas.text({server + 28, 232}, "Nagle:", {.size = 24, .bold = true});
  canvas.text({server + 28, 264}, "no small packet while", {.size = 24});
  canvas.text({server + 28, 294}, "one is on its way", {.size = 24});
  canvas.text({server + 28, 130}, "write 30", {.size = 22, .mono = true});
  canvas.text({server + 28, 170}, "write 30, write 4", {.size = 22, .mono = true});
  canvas.text({between, 270}, "40 ms", {.size = 40, .anchor = Anchor::middle, .bold = true});
  canvas.text({between, 306}, "nobody works", in_passing);
  return canvas.svg();
}

/// Deck 02: fork is called once and returns twice.
std::string fork_returns_twice() {
  Canvas canvas(1140, 430, "One process before fork, two after it",
                "Before fork there is one process, 4711. After it there are two: the parent, "
                "4711, in which fork returned 4712, and the child, 4712, in which fork returned "
                "0. Both go on at the same line, and descriptors 0, 1 and 2 of both lead to the "
                "same terminal.");
  constexpr double width = 300;
  const Row terminal{"0-2", "the terminal"};
  const Box before = canvas.process({10, 160}, width, "zombie", "4711", "R", {terminal});
  canvas.text({before.top().x, 140}, "before", in_passing);
  const Box parent = canvas.process({500, 60}, width, "zombie", "4711", "R", {terminal});
  const Box child = canvas.process({500, 260}, width, "zombie", "4712", "R", {terminal});
  canvas.text({parent.top().x, 40}, "after: the parent", in_passing);
  canvas.text({child.top().x, 240}, "and the child", in_passing);
  canvas.text({parent.x + width / 2, parent.bottom().y + 30}, "fork() returned 4712",
              {.size = 22, .anchor = Anchor::middle, .mono = true});
  canvas.text({child.x + width / 2, child.bottom().y + 30}, "fork() returned 0",
              {.size = 22, .anchor = Anchor::middle, .mono = true});
  canvas.line({{325, 195}, {400, 195}, {400, 105}, {490, 105}}, {.width = 3, .arrow = true});
  canvas.line({{400, 195}, {400, 305}, {490, 305}}, {.width = 3, .arrow = true});
  canvas.text({336, 180}, "fork", {.size = 22, .bold = true, .mono = true});
  canvas.kernel({910, 166}, 220, 72, {"the terminal", "there is one"});
  canvas.line({parent.row_right(0), {860, parent.rows[0]}, {860, 190}, {910, 190}}, {.width = 2.5});
  canvas.line({child.row_right(0), {860, child.rows[0]}, {860, 214}, {910, 214}}, {.width = 2.5});
  return canvas.svg();
}

/// Deck 02: what goes at the end of a child, and what stays until the question.
std::string zombie_in_time() {
  Canvas canvas(1140, 400, "From the end of a child to the question",
                "Time runs to the right. The child 4712 runs until it calls _exit(7). Its memory "
                "and its descriptors go at once. Its process id and its status stay: it is a "
                "zombie, in state Z, until its parent calls waitpid. Then these are gone too.");
  canvas.text({10, 76}, "child", {.size = 22, .bold = true});
  canvas.text({10, 102}, "4712", {.mono = true});
  canvas.time({110, 86}, {1130, 86});
  canvas.activity({120, 62}, 300, 48);
  canvas.text({270, 94}, "runs", large);
  const Box zombie = canvas.zombie({420, 65}, 380, "id 4712, status 7", "");
  canvas.text({zombie.x, 44}, "_exit(7)", {.size = 22, .anchor = Anchor::middle, .mono = true});
  canvas.text({960, 74}, "gone", in_passing);
  canvas.line({{zombie.x, 114}, {zombie.x, 160}}, {.width = 2.5, .arrow = true});
  canvas.text({zombie.x - 14, 190}, "gone at once:", {.size = 24, .anchor = Anchor::end});
  canvas.text({zombie.x - 14, 222}, "memory, descriptors",
              {.size = 24, .anchor = Anchor::end, .bold = true});
  canvas.text({zombie.x + 14, 190}, "kept for the parent:", {.size = 24});
  canvas.text({zombie.x + 14, 222}, "id and status", {.size = 24, .bold = true});
  canvas.text({10, 322}, "parent", {.size = 22, .bold = true});
  canvas.text({10, 348}, "4711", {.mono = true});
  canvas.time({110, 332}, {1130, 332});
  canvas.line({{zombie.x + zombie.width, 332}, {zombie.x + zombie.width, 118}},
              {.width = 2.5, .arrow = true});
  canvas.text({zombie.x + zombie.width + 14, 262}, "waitpid", {.size = 22, .mono = true});
  canvas.text({zombie.x + zombie.width / 2, 372}, "lives, and does not ask", in_passing);
  return canvas.svg();
}

/// A status of 16 bits, and what the macros make of it.
struct Status {
  const char* how;
  const char* by;
  const char* upper;
  const char* upper_means;
  const char* lower;
  const char* lower_means;
  const char* value;
  const char* macro;
};

void draw(Canvas& canvas, double y, const Status& status) {
  constexpr double x = 240;
  constexpr double width = 270;
  canvas.text({10, y + 28}, status.how, {.size = 24, .bold = true});
  canvas.text({10, y + 58}, status.by, {.size = 22, .mono = true});
  const Box high = canvas.activity({x, y}, width, 66);
  const Box low = canvas.activity({x + width, y}, width, 66);
  constexpr TextStyle bits{.size = 30, .anchor = Anchor::middle, .mono = true};
  canvas.text({high.bottom().x, y + 43}, status.upper, bits);
  canvas.text({low.bottom().x, y + 43}, status.lower, bits);
  canvas.text({high.bottom().x, y + 100}, status.upper_means, large);
  canvas.text({low.bottom().x, y + 100}, status.lower_means, large);
  canvas.text({x + 2 * width + 28, y + 44}, status.value, {.size = 30, .bold = true});
  canvas.text({x + 2 * width + 28, y + 100}, status.macro, {.size = 24});
}

/// Deck 03: the status of wait.
std::string status_word() {
  Canvas canvas(1140, 410, "What is in a status",
                "Two statuses of 16 bits. Of a child that ended by _exit(7): the upper byte "
                "is the exit code, 7, the lower byte 0: as a number 1792. Of a child that "
                "SIGTERM killed: the upper byte is 0, the lower byte the signal, 15: as a number "
                "15. WIFEXITED is true of the first, WIFSIGNALED of the second.");
  draw(canvas, 20,
       {"ended by itself", "_exit(7)", "00000111", "WEXITSTATUS: 7", "00000000", "no signal",
        "= 7 · 256 = 1792", "WIFEXITED is true"});
  draw(canvas, 210,
       {"was killed", "SIGTERM", "00000000", "means nothing", "00001111", "WTERMSIG: 15", "= 15",
        "WIFSIGNALED is true"});
  canvas.text({10, 390}, "The layout is Linux's. The macros are POSIX's: a program asks those.",
              {.size = 24, .colour = soft});
  return canvas.svg();
}

/// Deck 03: the three answers of waitpid.
std::string three_answers() {
  Canvas canvas(1140, 430, "The three answers of waitpid",
                "Time runs to the right. While the child 4712 runs, waitpid with WNOHANG returns "
                "0: not yet. The child calls _exit(7) and is a zombie. Now waitpid returns 4712: "
                "this one, and its status. With that the child is gone, and waitpid returns -1 "
                "with ECHILD: never.");
  canvas.text({10, 76}, "child", {.size = 22, .bold = true});
  canvas.text({10, 102}, "4712", {.mono = true});
  canvas.time({110, 86}, {1130, 86});
  canvas.activity({120, 62}, 310, 48);
  canvas.text({275, 94}, "runs", large);
  const Box zombie = canvas.zombie({430, 65}, 240, "status 7", "");
  canvas.text({430, 44}, "_exit(7)", {.size = 22, .anchor = Anchor::middle, .mono = true});
  canvas.text({840, 74}, "gone", in_passing);
  canvas.text({10, 236}, "parent", {.size = 22, .bold = true});
  canvas.text({10, 262}, "4711", {.mono = true});
  canvas.time({110, 246}, {1130, 246});
  constexpr LineStyle question{.width = 2.5, .arrow = true};
  const auto answer = [&](double x, const char* value, const char* meaning, const char* more) {
    canvas.line({{x, 246}, {x, 116}}, question);
    canvas.text({x + 14, 190}, "waitpid", {.size = 22, .mono = true});
    canvas.text({x, 300}, value,
                {.size = 32, .anchor = Anchor::middle, .bold = true, .mono = true});
    canvas.text({x, 340}, meaning, {.size = 28, .anchor = Anchor::middle, .bold = true});
    canvas.text({x, 376}, more, {.size = 24, .anchor = Anchor::middle});
  };
  answer(275, "0", "not yet", "with WNOHANG alone");
  answer(zombie.x + zombie.width, "4712", "this one", "with its status");
  answer(990, "-1, ECHILD", "never", "no such child");
  return canvas.svg();
}

/// Deck 03: where a server could wait for its children.
std::string where_to_wait() {
  Canvas canvas(1140, 490, "Where could a server wait?",
                "A server's loop: accept, fork, close the connection, and back to accept. If it "
                "waits after fork, the next client waits until this one has gone. If it asks "
                "with WNOHANG before accept, zombies stay until the next client comes. If it "
                "asks and sleeps, as the textbook's example does, it hears up to three seconds "
                "late and wakes up for nothing.");
  constexpr double x = 50;
  constexpr double width = 240;
  const auto call = [&](double y, const char* words) {
    Box box = canvas.activity({x, y}, width, 50);
    canvas.text({x + width / 2, y + 33}, words,
                {.size = 24, .anchor = Anchor::middle, .mono = true});
    return box;
  };
  const Box accept = call(110, "accept");
  const Box fork = call(210, "fork");
  const Box close = call(310, "close");
  constexpr LineStyle next{.width = 3, .arrow = true};
  canvas.line({accept.bottom(), fork.top()}, next);
  canvas.line({fork.bottom(), close.top()}, next);
  canvas.line({close.left(), {16, close.left().y}, {16, 60}, {accept.top().x, 60}, accept.top()},
              next);
  const auto place = [&](Point at, double y, const char* question, const char* consequence,
                         const char* more) {
    canvas.line({{430, at.y}, at},
                {.colour = held_twice, .width = 2.5, .dashed = true, .arrow = true});
    canvas.text({444, y - 6}, question, {.size = 24, .bold = true, .mono = true});
    canvas.text({444, y + 26}, consequence, {.size = 24});
    canvas.text({444, y + 56}, more, {.size = 24, .colour = soft});
  };
  place({accept.top().x + 12, 84}, 64, "waitpid(-1, &status, WNOHANG)",
        "zombies stay until the next client comes", "perhaps all night");
  place({fork.bottom().x + 12, 284}, 246, "wait(&status)",
        "the next client waits until this one has gone", "as in step 01");
  canvas.text({444, 404}, "ask, sleep(3), ask again", {.size = 24, .bold = true, .mono = true});
  canvas.text({444, 436}, "the textbook's example: up to 3 seconds late,", {.size = 24});
  canvas.text({444, 466}, "and awake for nothing all the other times",
              {.size = 24, .colour = soft});
  return canvas.svg();
}

} // namespace

std::map<std::string, std::string> first_steps() {
  return {{"server-two-sockets.svg", two_sockets()},        {"nagle-delayed-ack.svg", nagle()},
          {"fork-returns-twice.svg", fork_returns_twice()}, {"status-word.svg", status_word()},
          {"waitpid-three-answers.svg", three_answers()},   {"where-to-wait.svg", where_to_wait()},
          {"zombie-in-time.svg", zombie_in_time()}};
}

} // namespace lab::figures
