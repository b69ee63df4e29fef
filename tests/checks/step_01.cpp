// The checks of steps/01-echo-server: the server in one process, and the client in one process.

#include "checks/common.hpp"
#include "checks/server.hpp"
#include "checks/settle.hpp"
#include "harness/programs.hpp"
#include "harness/server.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <future>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace lab::step_01 {

namespace {

constexpr Suite suite{.name = "step-01", .subject = {.program = "echo_server"}};

// echo_client, connected to us.
struct Client {
  Process process;
  Connection connection;
};

Client start(Listener& listener, const std::string& address = "127.0.0.1") {
  Process process(lab::program("echo_client"),
                  {.arguments = {address, std::to_string(listener.port())}});
  Connection connection = listener.accept(soon);
  return {.process = std::move(process), .connection = std::move(connection)};
}

// Sends `size` bytes back as they come.
std::string echo(Connection& connection, std::size_t size) {
  std::string all;
  while (all.size() < size) {
    const std::string piece = connection.receive_some(65536, soon);
    expect(!piece.empty(), "the client closed after ", all.size(), " of ", size, " bytes");
    connection.send(piece, soon);
    all += piece;
  }
  return all;
}

// The same, but what the client has sent by the time it waits for the echo is there all at once, so
// that one read may take as much as it asks for.
std::string echo_at_once(Client& client, std::size_t size) {
  constexpr std::size_t much = 16384;
  std::string all;
  while (all.size() < size) {
    std::string piece = client.connection.receive_some(65536, soon);
    expect(!piece.empty(), "the client closed after ", all.size(), " of ", size, " bytes");
    for (bool waits = false; !waits && all.size() + piece.size() < size;) {
      const auto info = process_info(client.process.pid()); // asked first
      waits = !client.connection.has_something(std::chrono::milliseconds(1));
      if (!waits) {
        piece += client.connection.receive_some(65536, soon);
      }
      waits = waits && (!info || info->state == 'S');
    }
    client.process.stop();
    const std::size_t sent = client.connection.send_some_nonblocking(piece);
    const Deadline deadline(promptly); // its buffer may be smaller
    wait_until("the echo to be there", [&] {
      const auto end = server_end(client.connection);
      return !end || end->receive_queue >= std::min(sent, much) || deadline.passed();
    });
    client.process.resume();
    client.connection.send(std::string_view(piece).substr(sent), soon);
    all += piece;
  }
  return all;
}

bool has_printed(const Process& process, std::string_view line) {
  return std::ranges::any_of(process.lines(),
                             [&](const std::string& one) { return one.ends_with(line); });
}

// Closes the connection, and waits for the end of the program, which other checks are about.
void let_it_end(Client& client) {
  client.connection.close();
  try {
    settle(client.process.pid(), "it to end", [&] { return client.process.poll_exit(); });
    client.process.wait(soon);
  } catch (const Failure&) { // NOLINT(bugprone-empty-catch): then it is what it has printed by now
  }
}

// The lines have come out by the end of the program, after whatever it puts before them. That it
// prints nothing at all is for client_prints_the_echo to say.
void expect_printed_by_its_end(Client& client, const std::vector<std::string>& lines) {
  client.process.close_input();
  let_it_end(client);
  if (client.process.lines().size() > 1) { // one says that it is connected
    for (const std::string& line : lines) {
      expect(has_printed(client.process, line), "this line came back and was not printed:\n",
             shown(line, 200));
    }
  }
}

void expect_success(Process& process, std::string_view after) {
  const Exit exit = ended(process, after);
  expect(exit.success(), after, ": it ended with ", exit.text(), " instead of exit status 0");
  expect_nothing_left(process, after);
  expect_clean(process);
}

// It says so on standard error, and its status tells that not all went well.
void expect_error_end(Process& process, std::string_view after) {
  const Exit exit = ended(process, after);
  expect(exit.exited && exit.code == 1, after, ": it ended with ", exit.text(),
         " instead of exit status 1");
  expect(!process.error_lines().empty(), after, ": nothing on standard error");
  expect_nothing_left(process, after);
  expect_clean(process);
}

std::vector<Wrong> wrong_arguments() {
  const std::string port = "9";
  return {
      {.arguments = {}, .why = "no argument"},
      {.arguments = {"127.0.0.1"}, .why = "no port"},
      {.arguments = {"127.0.0.1", port, "1"}, .why = "one argument too many"},
      {.arguments = {"127.0.0.1", "abc"}, .why = "no number"},
      {.arguments = {"127.0.0.1", "-1"}, .why = "below 0"},
      {.arguments = {"127.0.0.1", "65536"}, .why = "above 65535"},
      {.arguments = {"127.0.0.1", "+80"}, .why = "a sign is no digit"},
      {.arguments = {"127.0.0.1", "80x"}, .why = "a number and more"},
      {.arguments = {"127.0.0.1", ""}, .why = "empty"},
      {.arguments = {"nonsense", port}, .why = "no address"},
      {.arguments = {"256.0.0.1", port}, .why = "no byte of an address is 256"},
  };
}

} // namespace

LAB_EVERY_SERVER(LAB_TAKE_SERVER)
LAB_STOPPED_SERVER(LAB_TAKE_SERVER)
LAB_TIDY_SERVER(LAB_TAKE_SERVER)
LAB_SERVER_WORDING(LAB_TAKE_SERVER)

LAB_CHECK(second_client_waits,
          .sentence = "echo_server's second client connects and waits until the first has gone",
          .promise = "S1", .marks = 2,
          .means = "the kernel accepts for the program, into the backlog; one process serves one "
                   "client at a time",
          .look = "steps/01-echo-server, [3], [4] and [7]; listen(2)", .needs = &server::listens) {
  Server server("echo_server");
  Connection first = server.connect();
  first.exchange("hello\n", soon);
  Connection second = server.connect();
  second.send("and I?\n");
  // When it has answered the first one again and sleeps, it has done all it does for the second.
  first.exchange("hello again\n", soon);
  wait_until("the server to sleep", [&] {
    const auto all = server.process().processes();
    return std::ranges::all_of(all,
                               [](const ProcessInfo& process) { return process.state == 'S'; });
  });
  first.exchange("and again\n", soon);
  const auto end = server_end(second);
  expect(end.has_value(), "the second client has lost its connection");
  expect(end->inode == 0 && server.children().empty(),
         "the second client has been accepted while the first is being served: ", describe(*end));
  first.close();
  const std::string back = second.receive(7, soon);
  expect(back == "and I?\n", "the second client's turn has come, and it got\n", shown(back));
}

LAB_CHECK(client_sends_a_line, .sentence = "echo_client connects and sends a line when it is typed",
          .promise = "S5", .marks = 1,
          .means = "all that the client does begins with its connection and a line",
          .look = "steps/01-echo-server/echo_client.cpp, [1]; connect(2), write(2)") {
  Listener listener;
  Client client = start(listener);
  client.process.type("hello\n");
  const std::string sent = client.connection.receive(6, soon);
  expect(sent == "hello\n", "typed `hello`, and the server got\n", shown(sent));
}

LAB_CHECK(client_prints_the_echo,
          .sentence = "echo_client sends a line and prints the line that comes back",
          .promise = "G3", .marks = 1,
          .means = "the client prints the echo of a line at once, not when the program ends",
          .look = "steps/01-echo-server/echo_client.cpp, [1] and [2]; setvbuf(3)",
          .needs = &client_sends_a_line) {
  Listener listener;
  Client client = start(listener);
  client.process.type("hello\n");
  client.connection.receive(6, soon);
  client.connection.send("HELLO\n"); // so that the program cannot print what it sent
  try {
    settle(client.process.pid(), "its output to show `HELLO`, the line that came back",
           [&] { return has_printed(client.process, "HELLO"); });
  } catch (const Failure&) {
    client.process.close_input();
    let_it_end(client);
    expect(!has_printed(client.process, "HELLO"),
           "the line came only when the program ended: it was in stdio's buffer, or in one of the "
           "program. (In a terminal stdio shows each line at once. This test reads the output "
           "through a pipe.)");
    throw;
  }
  client.process.type("one\ntwo\n\nfour\n"); // typed ahead, with an empty line
  echo(client.connection, 14);
  settle(client.process.pid(), "its output to show `four`, the last line that came back",
         [&] { return has_printed(client.process, "four"); });
  const auto lines = client.process.lines();
  for (const char* const line : {"HELLO", "one", "two", "four"}) {
    const auto count =
        std::ranges::count_if(lines, [&](const std::string& one) { return one.ends_with(line); });
    expect(count == 1, "`", line, "` came back once, and is printed ", count, " times");
  }
  expect_whole_lines(client.process);
}

LAB_CHECK(client_joins_pieces,
          .sentence = "echo_client puts a line together from the pieces it comes in",
          .promise = "S5 G3", .marks = 1,
          .means = "TCP carries bytes, not messages: a read may return half a line",
          .look = "steps/01-echo-server/echo_client.cpp, [2]; read(2), RETURN VALUE",
          .needs = &client_sends_a_line) {
  Listener listener;
  Client client = start(listener);
  client.process.type("in pieces\n");
  client.connection.receive(10, soon);
  for (const char byte : std::string_view("in pieces")) {
    client.connection.send(std::string(1, byte));
    // Until the program has read it: then the next byte is a piece of its own.
    wait_until("the client to read a byte", [&] {
      const auto end = server_end(client.connection);
      return end && end->receive_queue == 0;
    });
  }
  client.connection.send("\n");
  expect_printed_by_its_end(client, {"in pieces"});
}

LAB_CHECK(client_ends_on_q_and_end_of_file,
          .sentence = "echo_client ends with status 0 on q and Q and end of file", .promise = "G1",
          .marks = 2, .means = "the server sees end of file, and no q: the q was for the client",
          .look = "steps/support/input.cpp; read(2), RETURN VALUE", .needs = &client_sends_a_line) {
  for (const std::string_view last : {"q\n", "Q\n", ""}) {
    Listener listener;
    Client client = start(listener);
    client.process.type("quit, or not\nq?\n qq\n");
    echo(client.connection, 20);
    client.process.type(last);
    if (last.empty()) {
      client.process.close_input();
    }
    const std::string more = client.connection.receive_until_eof(soon);
    expect(more.empty(), "at its end it sent\n", shown(more));
    client.connection.close();
    expect_success(client.process, last.empty() ? "end of file" : "q");
  }
}

LAB_CHECK(client_sends_a_last_line_without_newline,
          .sentence = "echo_client sends a last line that has no newline", .promise = "G6",
          .marks = 1,
          .means = "a file may end without a newline: its last bytes have to be sent, too",
          .look = "steps/support/input.cpp; fgets(3), feof(3)", .needs = &client_sends_a_line) {
  Listener listener;
  {
    Client client = start(listener);
    client.process.type("bye");
    client.process.close_input();
    echo(client.connection, 3);
    expect(client.connection.receive_until_eof(soon).empty(), "it sent more than was typed");
    client.connection.close();
    expect_success(client.process, "end of file");
    expect_printed_by_its_end(client, {"bye"});
  }
  Client client = start(listener); // and end of file before the first byte
  client.process.close_input();
  expect(client.connection.receive_until_eof(soon).empty(), "it sent what nobody has typed");
  client.connection.close();
  expect_success(client.process, "end of file before the first line");
}

LAB_CHECK(client_takes_any_bytes,
          .sentence = "echo_client takes NUL bytes and lines of 100000 bytes", .promise = "G6",
          .marks = 2,
          .means = "strlen ends at a NUL, and fgets at the end of its buffer: only read's result "
                   "says how much there is",
          .look = "steps/01-echo-server/echo_client.cpp, [1]; steps/support/input.cpp; read(2)",
          .needs = &client_sends_a_line) {
  Listener listener;
  Client client = start(listener);
  const std::vector<std::string> lines{std::string(100'000, 'x'), std::string("a\0b\0\0c", 6),
                                       std::string(70'000, '\0'), std::string(30, 'y'),
                                       std::string(69, 'z'),      std::string(1024, 'w')};
  for (const std::string& line : lines) {
    const std::string text = line + "\n";
    const std::string_view first = std::string_view(text).substr(0, 8192); // a pipe has room for it
    client.process.stop(); // so that one read may take all of that
    client.process.type(first);
    client.process.resume();
    // Beside each other: the pipe may hold less than the line, and the client waits for its echo.
    auto typed =
        std::async(std::launch::async, [&] { client.process.type(text.substr(first.size())); });
    std::string sent;
    try {
      sent = echo_at_once(client, text.size());
    } catch (const Failure&) {
      client.process.kill_all(); // or the typing would wait for it
      throw;
    }
    typed.get();
    expect(sent == text, "a line of ", line.size(), " bytes did not go out as it was");
  }
  client.process.close_input();
  expect(client.connection.receive_until_eof(soon).empty(), "it sent more than was typed");
  expect_printed_by_its_end(client, lines);
  expect_success(client.process, "end of file");
}

LAB_CHECK(client_notices_that_the_server_has_gone,
          .sentence = "echo_client ends with status 1 when the server has gone", .promise = "G2 G6",
          .marks = 2,
          .means = "read's 0 is no echo, and neither is an error of write: say so, do not wait, "
                   "and do not die of SIGPIPE",
          .look = "steps/01-echo-server/echo_client.cpp, [2]; signal(7), SIGPIPE; read(2)",
          .needs = &client_sends_a_line) {
  Listener listener;
  {
    Client client = start(listener); // the line is taken and the connection closed
    client.process.type("hello\n");
    client.connection.receive(6, soon);
    client.connection.close();
    expect_error_end(client.process, "the server closed instead of echoing a line");
  }
  {
    Client client = start(listener); // half of the echo
    client.process.type("hello\n");
    client.connection.receive(6, soon);
    client.connection.send("hel");
    client.connection.close();
    expect_error_end(client.process, "the server closed in the middle of a line's echo");
  }
  {
    Client client = start(listener);
    client.process.type("hello\n");
    client.connection.receive(6, soon);
    client.connection.reset();
    expect_error_end(client.process, "the server reset the connection instead of echoing a line");
  }
  // It has gone before the line is typed: by its end of file and a reset, write gets EPIPE.
  Client client = start(listener);
  client.process.type("hello\n");
  echo(client.connection, 6);
  client.connection.half_close();
  client.connection.reset();
  client.process.type("anybody there?\n");
  expect_error_end(client.process, "a line was typed after the server had reset the connection");
}

LAB_CHECK(client_refuses_wrong_arguments,
          .sentence = "echo_client ends with status 2 on wrong arguments", .promise = "G1",
          .marks = 1, .means = "a typing error must not lead to some other server",
          .look = "steps/support/arguments.cpp; strtol(3), endptr and ERANGE",
          .needs = &client_sends_a_line) {
  expect_refused("echo_client", wrong_arguments());
}

LAB_CHECK(client_says_how_it_is_used,
          .sentence = "echo_client says how it is used on wrong arguments", .promise = "G1",
          .marks = 1, .means = "`usage: NAME ARGS` on standard error tells what to type instead",
          .look = "steps/support/arguments.cpp; stderr(3)", .needs = &client_sends_a_line) {
  expect_usage("echo_client", wrong_arguments());
}

LAB_CHECK(client_says_why_it_cannot_connect,
          .sentence = "echo_client names connect and the reason when no server listens",
          .promise = "G2", .marks = 1,
          .means = "`NAME: CALL: REASON` on standard error, and status 1, say what failed and why",
          .look = "steps/support/error.hpp; connect(2), ECONNREFUSED; perror(3)",
          .needs = &client_sends_a_line) {
  const Port port = reserve_port();
  Process process(lab::program("echo_client"),
                  {.arguments = {"127.0.0.1", std::to_string(port.number())}});
  const Exit exit = ended(process, "no server listens on its port");
  expect(exit.exited && exit.code == 1, "no server listens on its port, and it ended with ",
         exit.text(), " instead of exit status 1");
  const std::string line = text("echo_client: connect: ", std::strerror(ECONNREFUSED));
  const auto lines = process.error_lines();
  expect(std::ranges::find(lines, line) != lines.end(), "standard error has no line `", line, "`");
}

LAB_CHECK(client_connects_over_ipv6, .sentence = "echo_client connects over IPv6", .promise = "S1",
          .marks = 1, .means = "ADDRESS is a numeric address of either family",
          .look = "steps/support/endpoint.hpp; getaddrinfo(3); ipv6(7)",
          .needs = &client_sends_a_line) {
  needs_ipv6();
  Listener listener("::1");
  Client client = start(listener, "::1");
  client.process.type("hello\n");
  echo(client.connection, 6);
  expect_printed_by_its_end(client, {"hello"});
}

LAB_CHECK(client_sleeps_while_it_waits, .sentence = "echo_client uses no processor while it waits",
          .promise = "G4", .marks = 1,
          .means = "a program that waits for a line, or for its echo, sleeps in read",
          .look = "steps/01-echo-server/echo_client.cpp; read(2)", .needs = &client_sends_a_line) {
  Listener listener;
  const Client typing = start(listener);
  Client waiting = start(listener);
  waiting.process.type("hello\n");
  waiting.connection.receive(6, soon);
  Client partly = start(listener);
  partly.process.type("hello\n");
  partly.connection.receive(6, soon);
  partly.connection.send("hel");
  expect_all_idle({{typing.process.pid(), "a client with nothing typed"},
                   {waiting.process.pid(), "a client that waits for an echo"},
                   {partly.process.pid(), "a client that has got half of an echo"}});
}

} // namespace lab::step_01
