#include "figures.hpp"

#include "tools/drawing/canvas.hpp"

namespace lab::figures {

using namespace drawing;

namespace {

constexpr TextStyle small{.size = 20, .colour = soft};
constexpr TextStyle small_middle{.size = 20, .anchor = Anchor::middle, .colour = soft};
constexpr TextStyle middle{.size = 22, .anchor = Anchor::middle};
constexpr TextStyle bold{.size = 22, .bold = true};

// Step 05: who holds what.

enum class Moment : unsigned char { before_fork, after_fork, after_close };

std::string tables(Moment moment, const std::string& title, const std::string& description) {
  Canvas d(1140, 400, title, description);
  const bool forked = moment == Moment::after_fork || moment == Moment::after_close;
  const bool closed = moment == Moment::after_close;
  const bool twice = moment == Moment::after_fork;

  const Row third{.number = "3", .what = "listener"};
  const Row fourth{.number = "4", .what = "connection"};
  std::vector<Row> both{third, fourth};
  const Box parent =
      d.process({10, 40}, 320, "server", "4711", "S", closed ? std::vector{third} : both);
  Box child;
  if (forked) {
    child = d.process({10, 230}, 320, "child", "4720", "S", closed ? std::vector{fourth} : both);
  }

  d.text({590, 24}, "the kernel counts", small_middle);
  const Box listener =
      d.kernel({470, 50}, 240, 86, {"listener", twice ? "2 descriptors" : "1 descriptor"});
  const Box connection =
      d.kernel({470, 250}, 240, 86, {"connection", twice ? "2 descriptors" : "1 descriptor"});
  const Box client = d.process({900, 250}, 230, "client", "4699", "S", {{"3", "connection"}});
  d.socket({connection.right(), client.row_left(0)});
  d.text({805, 255}, "network", small_middle);

  d.socket({parent.row_right(0), listener.left()}, twice);
  if (!closed) {
    d.socket({parent.row_right(1), connection.left()}, twice);
  }
  if (twice) {
    d.socket({child.row_right(0), listener.left()}, true);
    d.socket({child.row_right(1), connection.left()}, true);
  } else if (closed) {
    d.socket({child.row_right(0), connection.left()});
  }
  return d.svg();
}

std::string before_fork() {
  return tables(Moment::before_fork, "Before fork: one table, two sockets",
                "The server, process 4711, has descriptor 3 for the listener and 4 for the "
                "connection to a client. The kernel counts one descriptor for each.");
}

std::string after_fork() {
  return tables(Moment::after_fork, "After fork: both processes hold both sockets",
                "The server 4711 and its child 4720 have the same table: 3 is the listener, 4 the "
                "connection. The kernel counts two descriptors for each socket; all four lines "
                "are thick and red.");
}

std::string after_close() {
  return tables(Moment::after_close, "After the two closes: each holds what it uses",
                "The server 4711 holds the listener alone, its child 4720 the connection alone. "
                "The kernel counts one descriptor for each socket again.");
}

// What fork copies besides descriptors.
std::string stdio_copies() {
  Canvas d(1140, 360, "Each child has a copy of every line that the parent has not written yet",
           "Five children, forked one after the other. The buffer of the first holds the line of "
           "client 1, that of the second those of clients 1 and 2, and so on, until the fifth "
           "holds five lines. Each child writes its buffer when it exits: 15 lines for 5 clients.");
  d.text({570, 26}, "stdio's buffer in each child, written when it exits", small_middle);
  for (int child = 1; child <= 5; ++child) {
    std::vector<Row> rows;
    for (int client = 1; client <= child; ++client) {
      rows.push_back({"", "connected " + std::to_string(client)});
    }
    d.process({5 + 228.0 * (child - 1), 46}, 212, "child " + std::to_string(child), "", "", rows);
    d.text({111 + 228.0 * (child - 1), 322}, (child == 1 ? "" : "+ ") + std::to_string(child),
           {.size = 26, .anchor = Anchor::middle, .bold = true});
  }
  d.text({1135, 354}, "= 15 lines for 5 clients",
         {.size = 24, .anchor = Anchor::end, .bold = true, .colour = held_twice});
  return d.svg();
}

// Step 07: half-close in time.

/// Two lines of life, and messages between them.
class Sequence {
public:
  Sequence(Canvas& d, double left, double right, double top, double bottom)
      : d_(d), left_(left), right_(right) {
    d.time({left, top}, {left, bottom});
    d.time({right, top}, {right, bottom});
  }

  void left_says(double y, const std::string& words) {
    d_.text({left_ - 18, y}, words, {.size = 20, .anchor = Anchor::end, .mono = true});
  }

  void right_says(double y, const std::string& words) {
    d_.text({right_ + 18, y}, words, {.size = 20, .mono = true});
  }

  void to_right(double y, const std::string& words, bool bad = false) {
    message({left_, y}, {right_, y + 26}, words, bad);
  }

  void to_left(double y, const std::string& words, bool bad = false) {
    message({right_, y}, {left_, y + 26}, words, bad);
  }

private:
  void message(Point from, Point to, const std::string& words, bool bad) {
    d_.line({from, to},
            {.colour = bad ? held_twice : socket_stroke, .width = bad ? 5.0 : 3.0, .arrow = true});
    d_.text({(left_ + right_) / 2, from.y + 2}, words,
            {.size = 20, .anchor = Anchor::middle, .bold = bad});
  }

  Canvas& d_;
  double left_;
  double right_;
};

std::string half_close() {
  Canvas d(1140, 440, "Half-close: no more from me, and I go on reading",
           "A sequence in time. The client sends its last line and calls shutdown with SHUT_WR; "
           "FIN goes to the server. The two echoes that are under way still reach the client. "
           "Then the server's read returns 0, it closes, its FIN arrives, and the client's read "
           "returns 0.");
  d.process({190, 6}, 200, "client", "", "");
  d.process({750, 6}, 200, "server", "", "");
  Sequence s(d, 290, 850, 48, 434);
  s.left_says(82, "write");
  s.to_right(76, "last line");
  s.left_says(132, "SHUT_WR");
  s.to_right(126, "FIN: no more from me");
  s.to_left(186, "echo");
  s.left_says(218, "read");
  s.right_says(192, "write");
  s.to_left(242, "echo of the last line");
  s.left_says(274, "read");
  s.right_says(248, "write");
  s.right_says(281, "read: 0");
  s.to_left(308, "FIN");
  s.right_says(314, "close");
  s.left_says(340, "read: 0");
  d.line({{306, 152}, {306, 334}}, {.colour = process_stroke, .width = 8});
  d.text({326, 400}, "half-closed: this direction still works", {.size = 20, .colour = soft});
  d.line({{316, 384}, {306, 340}}, {.colour = soft, .width = 1.5});
  return d.svg();
}

std::string close_loses() {
  Canvas d(1140, 400, "Close: the echoes under way meet a closed socket",
           "A sequence in time. The client sends its last line and closes. FIN goes to the "
           "server. The server's echoes arrive at a socket that is gone: the client's kernel "
           "answers with a reset, and the echoes are lost.");
  d.process({190, 6}, 200, "client", "", "");
  d.process({750, 6}, 200, "server", "", "");
  Sequence s(d, 290, 850, 48, 330);
  s.left_says(82, "write");
  s.to_right(76, "last line");
  s.left_says(132, "close");
  s.to_right(126, "FIN");
  s.right_says(192, "write");
  s.to_left(186, "echo of the last line");
  d.text({272, 218}, "nobody reads", {.size = 20, .anchor = Anchor::end, .colour = soft});
  s.to_right(254, "RST: that socket is gone", true);
  s.right_says(286, "ECONNRESET");
  d.text({570, 378}, "The server has served the line. Nobody is there to take the echo.", middle);
  return d.svg();
}

// Step 04: signals.

std::string coalescing() {
  Canvas d(1140, 430, "Fifty children end, one SIGCHLD is delivered",
           "Time runs to the right. Fifty children end, one after the other, while SIGCHLD is "
           "blocked. Each sets the bit pending, which is set already after the first. When the "
           "signal is unblocked, the bit is cleared and the handler runs once. With one waitpid it "
           "reaps one child, and 49 zombies are left; with waitpid in a loop none is left.");
  constexpr double label = 190;
  d.text({label, 44}, "children", {.size = 22, .anchor = Anchor::end, .bold = true});

  struct Child {
    double x;
    const char* number;
  };

  for (const auto& [x, number] : {Child{218, "1"}, {300, "2"}, {382, "3"}, {540, "50"}}) {
    d.zombie({x, 16}, 74, number, "");
    d.line({{x + 37, 58}, {x + 37, 122}}, {.width = 2, .arrow = true});
  }
  d.text({498, 46}, "...", {.size = 26, .anchor = Anchor::middle, .bold = true});
  d.text({624, 46}, "each sends SIGCHLD", small);

  d.text({label, 160}, "the bit", {.size = 22, .anchor = Anchor::end, .bold = true});
  d.text({label, 186}, "\"pending\"", {.size = 20, .anchor = Anchor::end, .colour = soft});
  d.line({{210, 182}, {258, 182}, {258, 134}, {720, 134}, {720, 182}, {1110, 182}}, {.width = 3.5});
  d.text({234, 172}, "0", middle);
  d.text({480, 170}, "1, however many", middle);
  d.text({915, 172}, "0", middle);

  d.text({label, 262}, "the parent", {.size = 22, .anchor = Anchor::end, .bold = true});
  d.activity({210, 228}, 510, 52, "busy: SIGCHLD is blocked");
  d.activity({720, 228}, 150, 52, "handler");
  d.activity({870, 228}, 240, 52, "goes on");
  d.line({{720, 196}, {720, 226}}, {.colour = held_twice, .width = 4, .arrow = true});
  d.text({736, 214}, "delivered once", {.size = 20, .bold = true, .colour = held_twice});
  d.time({210, 300}, {1115, 300});

  d.text({label, 352}, "reap_once",
         {.size = 22, .anchor = Anchor::end, .bold = true, .mono = true});
  d.text({210, 352}, "if (waitpid(...) > 0)", {.size = 20, .mono = true});
  d.zombie({720, 326}, 66, "", "");
  d.text({800, 354}, "49 zombies are left", bold);
  d.text({label, 408}, "reap_all", {.size = 22, .anchor = Anchor::end, .bold = true, .mono = true});
  d.text({210, 408}, "while (waitpid(...) > 0)", {.size = 20, .mono = true});
  d.text({800, 408}, "none is left", bold);
  return d.svg();
}

std::string signal_vs_sigaction() {
  Canvas d(1140, 356, "signal may forget its handler, sigaction does not",
           "Two lines of time. With the one-shot signal of System V the handler runs for the "
           "first SIGCHLD and the disposition is then the default: the second and third child "
           "stay zombies. With sigaction the handler stays, and runs for each.");
  const auto lane = [&](double top, const char* name, const char* meaning, bool stays) {
    d.text({10, top + 26}, name, {.size = 24, .bold = true, .mono = true});
    d.text({10, top + 56}, meaning, small);
    d.line({{260, top + 96}, {1120, top + 96}}, {.colour = soft, .width = 2, .arrow = true});
    bool handled = true; // the first one, in any case
    for (const double x : {400.0, 640.0, 880.0}) {
      d.text({x, top + 20}, "SIGCHLD", {.size = 20, .anchor = Anchor::middle, .mono = true});
      d.line({{x, top + 28}, {x, top + 68}}, {.width = 3, .arrow = true});
      if (handled) {
        d.activity({x - 70, top + 72}, 140, 48, "handler");
        d.text({x, top + 148}, "reaped", small_middle);
      } else {
        d.text({x + 14, top + 62}, "default: ignored", {.size = 20, .colour = soft});
        d.zombie({x - 33, top + 76}, 66, "", "");
        d.text({x, top + 148}, "stays", {.size = 20, .anchor = Anchor::middle, .bold = true});
      }
      handled = stays;
    }
    if (!stays) {
      d.line({{505, top + 46}, {505, top + 150}},
             {.colour = held_twice, .width = 4, .dashed = true});
      d.text({515, top + 66}, "set back", {.size = 20, .bold = true, .colour = held_twice});
    }
  };
  lane(6, "sysv_signal", "once", false);
  lane(194, "sigaction", "until you change it", true);
  return d.svg();
}

std::string eintr() {
  Canvas d(1140, 300, "A handler interrupts a call that blocks",
           "Two lines of time. Without SA_RESTART a read that blocks is broken by SIGALRM: the "
           "handler runs, and read returns minus one with EINTR. With SA_RESTART the handler "
           "runs just the same, and then read goes on until there is something to read.");
  const auto lane = [&](double top, const char* name, bool restarts) {
    d.text({10, top + 70}, name, {.size = 24, .bold = true, .mono = true});
    d.activity({250, top + 44}, 230, 48, "read waits");
    d.text({480, top + 4}, "SIGALRM", {.size = 20, .anchor = Anchor::middle, .mono = true});
    d.line({{480, top + 10}, {480, top + 42}}, {.width = 3, .arrow = true});
    d.activity({480, top + 44}, 130, 48, "handler");
    if (restarts) {
      d.activity({610, top + 44}, 230, 48, "read waits on");
      d.text({840, top + 4}, "data", {.size = 20, .anchor = Anchor::middle});
      d.line({{840, top + 10}, {840, top + 42}}, {.width = 3, .arrow = true});
      d.text({856, top + 76}, "returns 5", {.size = 22, .bold = true, .mono = true});
    } else {
      d.text({626, top + 62}, "returns -1,", {.size = 22, .bold = true, .mono = true});
      d.text({626, top + 90}, "errno is EINTR", {.size = 22, .bold = true, .mono = true});
    }
    d.line({{250, top + 112}, {1120, top + 112}}, {.colour = soft, .width = 2, .arrow = true});
  };
  lane(22, "flags 0", false);
  lane(178, "SA_RESTART", true);
  return d.svg();
}

// Steps 02 and 03: the states of a child.

std::string child_states() {
  Canvas d(1140, 400, "The states of a child, from fork to reaped",
           "fork makes a child that runs. By _exit or a signal it becomes a zombie, of which only "
           "the process id and the status are left. waitpid by its parent makes it go. If the "
           "parent ends first, the child is adopted by process 1, which reaps it.");
  const Box runs =
      d.process({150, 60}, 250, "child", "4712", "R/S", {{"", "memory"}, {"", "files"}});
  d.zombie({560, 92}, 250, "child", "4712");
  d.text({685, 166}, "id and status, no more", small_middle);
  d.text({10, 124}, "fork", {.size = 24, .bold = true, .mono = true});
  d.line({{80, 116}, {146, 116}}, {.width = 3, .arrow = true});
  d.line({{404, 114}, {556, 114}}, {.width = 3, .arrow = true});
  d.text({480, 100}, "_exit,", {.size = 20, .anchor = Anchor::middle, .mono = true});
  d.text({480, 142}, "a signal", {.size = 20, .anchor = Anchor::middle});
  d.line({{814, 114}, {1000, 114}}, {.width = 3, .arrow = true});
  d.text({906, 100}, "waitpid", {.size = 20, .anchor = Anchor::middle, .mono = true});
  d.text({1060, 122}, "gone", {.size = 24, .anchor = Anchor::middle, .bold = true});
  d.text({685, 50}, "for as long as the parent lives and does not ask", small_middle);

  const Box orphan = d.process({150, 276}, 250, "child", "4712", "R/S", {{"", "parent: 1"}});
  d.line({runs.bottom(), orphan.top()}, {.width = 3, .arrow = true});
  d.text({290, 230}, "the parent ends first", {.size = 20});
  d.text({290, 256}, "adopted: an orphan", {.size = 20, .bold = true});
  d.zombie({560, 296}, 250, "child", "4712");
  d.line({orphan.right(), {556, 317}}, {.width = 3, .arrow = true});
  d.line({{814, 317}, {1000, 317}}, {.width = 3, .arrow = true});
  d.text({906, 303}, "1 reaps it", {.size = 20, .anchor = Anchor::middle});
  d.text({1060, 325}, "gone", {.size = 24, .anchor = Anchor::middle, .bold = true});
  d.line({{640, 182}, {640, 292}}, {.width = 3, .dashed = true, .arrow = true});
  d.text({656, 244}, "the parent ends", {.size = 20});
  return d.svg();
}

// Step 07: the client's two processes.

std::string client_processes() {
  Canvas d(1140, 400, "The client: two processes over one socket",
           "The child 4720 reads lines from standard input and writes them to the socket. The "
           "parent 4711 reads the echoes from the same socket and prints them. Both hold the "
           "socket as descriptor 3. At the other end is the server.");
  const Box child =
      d.process({240, 20}, 300, "child: writes", "4720", "", {{"0", "stdin"}, {"3", "connection"}});
  const Box parent = d.process({240, 240}, 300, "parent: reads", "4711", "",
                               {{"1", "stdout"}, {"3", "connection"}});
  const Box connection = d.kernel({690, 140}, 180, 100, {"connection", "2 descriptors"});
  const Box server = d.process({960, 169}, 170, "server", "", "");
  d.socket({connection.right(), server.left()});
  d.socket({child.row_right(1), connection.left()}, true);
  d.socket({parent.row_right(1), connection.left()}, true);
  d.text({10, child.rows[0] + 7}, "your lines", {.size = 22});
  d.line({{130, child.rows[0]}, {236, child.rows[0]}}, {.width = 3, .arrow = true});
  d.text({10, parent.rows[0] + 7}, "their echo", {.size = 22});
  d.line({{236, parent.rows[0]}, {130, parent.rows[0]}}, {.width = 3, .arrow = true});
  d.text({640, 76}, "lines out", small_middle);
  d.text({640, 330}, "echoes in", small_middle);
  d.text({780, 280}, "SHUT_WR acts on this,", small_middle);
  d.text({780, 306}, "for both", small_middle);
  return d.svg();
}

// Step 01: the queue.

std::string accept_queue() {
  Canvas d(1140, 400, "One process: the second client is connected, and waits",
           "Three clients. The server, one process, serves the first by descriptor 4. The second "
           "and third are connected too: the kernel has answered them and keeps their "
           "connections in the queue of the listener, until the server calls accept again.");
  const Box server =
      d.process({800, 40}, 330, "echo_server", "4711", "", {{"3", "listener"}, {"4", "client 1"}});
  const Box one = d.process({10, 40}, 200, "client 1", "", "");
  const Box two = d.process({10, 210}, 200, "client 2", "", "");
  const Box three = d.process({10, 290}, 200, "client 3", "", "");
  const Box connection = d.kernel({340, 30}, 270, 62, {"connection 1"});
  d.socket({one.right(), connection.left()});
  d.socket({connection.right(), server.row_left(1)});
  d.text({475, 176}, "queue of the listener", {.size = 22, .anchor = Anchor::middle, .bold = true});
  const Box second = d.kernel({340, 196}, 270, 62, {"connection 2"});
  const Box third = d.kernel({340, 276}, 270, 62, {"connection 3"});
  d.line({{325, 186}, {625, 186}, {625, 352}, {325, 352}, {325, 186}},
         {.colour = soft, .width = 2, .dashed = true});
  d.socket({two.right(), second.left()});
  d.socket({three.right(), third.left()});
  d.line({{630, 250}, {900, 250}, {900, 172}},
         {.colour = soft, .width = 3, .dashed = true, .arrow = true});
  d.text({650, 284}, "accept, once client 1 is gone", small);
  d.text({475, 384}, "ESTABLISHED: the kernel has answered, the server has not", small_middle);
  return d.svg();
}

// Step 06: the full server.

std::string mp_server() {
  Canvas d(1140, 430, "The full server: a child for each client, a parent that holds the listener",
           "The parent 4711 holds the listener alone. Children 4720, 4721 and 4722 hold the "
           "connection to one client each. A fourth, 4719, has ended and is a zombie for the "
           "moment, until the handler of SIGCHLD reaps it.");
  const Box parent = d.process({10, 150}, 300, "echo_mpserver", "4711", "", {{"3", "listener"}});
  double y = 8;
  int number = 0;
  for (const char* const pid : {"4720", "4721", "4722"}) {
    ++number;
    const Box child = d.process({440, y}, 300, "child", pid, "S", {{"4", "connection"}});
    d.line({parent.right(), child.left()}, {.colour = process_stroke, .width = 2});
    const Box client = d.process({930, y + 40}, 200, "client " + std::to_string(number), "", "");
    d.socket({child.row_right(0), client.left()});
    y += 104;
  }
  const Box ended = d.zombie({440, 340}, 300, "child", "4719");
  d.line({parent.right(), ended.left()}, {.colour = process_stroke, .width = 2, .dashed = true});
  d.text({756, 368}, "SIGCHLD, waitpid: gone", small);
  return d.svg();
}

std::string signal_gap() {
  Canvas d(1140, 420, "A signal between the test and the wait",
           "Two lines of time. Above, the loop tests the flag and finds 0; SIGTERM comes, its "
           "handler sets the flag; then the loop waits for a client, and nobody looks at the flag. "
           "Below, SIGTERM is blocked and stays pending; ppoll lets it in, the handler sets the "
           "flag, ppoll returns, and the loop ends.");
  const auto signal = [&](double top, const char* what) {
    d.text({430, top + 4}, "SIGTERM", {.size = 20, .anchor = Anchor::middle, .mono = true});
    d.line({{430, top + 10}, {430, top + 42}}, {.colour = held_twice, .width = 4, .arrow = true});
    d.text({500, top + 4}, what, small);
    d.line({{10, top + 112}, {1125, top + 112}}, {.colour = soft, .width = 2, .arrow = true});
  };
  d.text({10, 56}, "not blocked", {.size = 24, .bold = true});
  signal(48, "");
  d.activity({220, 92}, 205, 48, "flag is 0: go on");
  d.activity({435, 92}, 190, 48, "handler: flag is 1");
  d.activity({635, 92}, 290, 48, "waits for a client ...");
  d.text({945, 122}, "for hours", {.size = 22, .bold = true, .colour = held_twice});

  d.text({10, 266}, "blocked", {.size = 24, .bold = true});
  signal(258, "pending: it waits until it is unblocked");
  d.activity({220, 302}, 205, 48, "flag is 0: go on");
  d.activity({435, 302}, 80, 48, "ppoll");
  d.activity({525, 302}, 190, 48, "handler: flag is 1");
  d.activity({725, 302}, 200, 48, "ppoll returns");
  d.text({945, 332}, "flag is 1: stop", bold);
  return d.svg();
}

std::string client_leftovers() {
  Canvas d(1140, 330, "What the textbook's client leaves behind",
           "Left: the writer has ended after q, and the reader, which does not wait for it, reads "
           "on until the server closes: until then the writer is a zombie. Right: the server has "
           "closed first and the reader has exited; the writer stays, its parent is process 1, "
           "and it still reads the keyboard.");
  d.text({265, 28}, "after q, until the server closes",
         {.size = 22, .anchor = Anchor::middle, .bold = true});
  const Box reader = d.process({60, 56}, 410, "parent: reads", "5001", "S", {{"3", "connection"}});
  const Box writer = d.zombie({60, 206}, 410, "child: writes", "5002");
  d.line({reader.bottom(), writer.top()}, {.colour = process_stroke, .width = 2});
  d.text({265, 284}, "nobody asks how it ended", small_middle);
  d.line({{570, 10}, {570, 320}}, {.colour = soft, .width = 1.5, .dashed = true});
  d.text({875, 28}, "the server closes first",
         {.size = 22, .anchor = Anchor::middle, .bold = true});
  d.text({875, 86}, "parent 5011: has exited, the prompt is back", small_middle);
  d.process({670, 150}, 410, "child: writes", "5012", "S",
            {{"", "parent: 1"}, {"0", "stdin"}, {"3", "connection"}});
  d.line({{875, 104}, {875, 146}}, {.colour = process_stroke, .width = 2, .dashed = true});
  return d.svg();
}

// The map.

/// With the step that comes next, if there is one.
std::string map(std::string_view next = "") {
  Canvas d(1140, 380, "The map of the lab",
           "Step 01, an echo server in one process, and steps 02 zombie, 03 wait and 04 signals "
           "lead to 05, descriptors. From there to 06, the full server, and 07, the client of "
           "two processes.");
  const auto step = [&](double x, double y, const char* number, const char* name,
                        const char* more) {
    Box box{.x = x, .y = y, .width = 210, .height = 92};
    const bool comes_next = number == next;
    d.rectangle(box, {.fill = comes_next ? kernel_fill : process_fill,
                      .stroke = comes_next ? socket_stroke : process_stroke,
                      .width = comes_next ? 6.0 : 2.0});
    d.text({x + 14, y + 32}, number, {.size = 22, .bold = true, .colour = process_stroke});
    d.text({x + 50, y + 32}, name, bold);
    d.text({x + 14, y + 70}, more, small);
    return box;
  };
  const Box one = step(10, 20, "01", "echo server", "one process");
  const Box two = step(10, 220, "02", "zombie", "fork, _exit");
  const Box three = step(245, 220, "03", "wait", "status");
  const Box four = step(480, 220, "04", "signals", "sigaction");
  const Box five = step(480, 20, "05", "descriptors", "who closes");
  const Box six = step(715, 20, "06", "the server", "all together");
  const Box seven = step(920, 220, "07", "the client", "half-close");
  const LineStyle arrow{.colour = process_stroke, .width = 3, .arrow = true};
  d.line({one.right(), five.left()}, arrow);
  d.line({two.right(), three.left()}, arrow);
  d.line({three.right(), four.left()}, arrow);
  d.line({four.top(), five.bottom()}, arrow);
  d.line({five.right(), six.left()}, arrow);
  d.line({six.right(), {1025, 66}, seven.top()}, arrow);
  d.text({300, 352}, "processes: how they end, and who asks", small_middle);
  d.text({1130, 352}, "two processes, one socket",
         {.size = 20, .anchor = Anchor::end, .colour = soft});
  return d.svg();
}

} // namespace

std::map<std::string, std::string> all() {
  std::map<std::string, std::string> figures{
      {"accept-queue.svg", accept_queue()},
      {"child-states.svg", child_states()},
      {"client-leftovers.svg", client_leftovers()},
      {"client-processes.svg", client_processes()},
      {"close-loses-echoes.svg", close_loses()},
      {"coalescing.svg", coalescing()},
      {"eintr-restart.svg", eintr()},
      {"half-close.svg", half_close()},
      {"map.svg", map()},
      {"map-next-02.svg", map("02")},
      {"map-next-06.svg", map("06")},
      {"map-next-07.svg", map("07")},
      {"mp-server.svg", mp_server()},
      {"signal-gap.svg", signal_gap()},
      {"signal-vs-sigaction.svg", signal_vs_sigaction()},
      {"stdio-copies.svg", stdio_copies()},
      {"tables-after-close.svg", after_close()},
      {"tables-after-fork.svg", after_fork()},
      {"tables-before-fork.svg", before_fork()},
  };
  figures.merge(first_steps());
  return figures;
}

} // namespace lab::figures
