// The checks of steps/07-half-close-client.

#include "checks/common.hpp"
#include "checks/mp_client.hpp"
#include "harness/process.hpp"
#include "harness/programs.hpp"
#include "harness/tcp.hpp"

#include <algorithm>
#include <csignal>
#include <string>

namespace {

/// A server that answers only after it has seen the client's end: what of it does the client print?
std::string answered_after_the_end(lab::Listener& listener, lab::Process& client) {
  lab::Connection peer = listener.accept();
  client.type("one\ntwo\n");
  const std::string lines = peer.receive(8);
  peer.send("at once\n");
  client.wait_for_line("at once");
  client.type("q\n");
  lab::expect(peer.at_eof() || peer.was_reset(), "the client's `q` brings no end; ",
              lab::report_of(client));
  try {
    peer.send(lines);
    peer.close();
  } catch (const lab::Failure&) { // NOLINT(bugprone-empty-catch): reset, which is the lesson
  }
  const lab::Exit end = client.wait();
  lab::expect(end.success(), "the client ended with ", end.text(), "; ", lab::report_of(client));
  return client.out();
}

lab::Process connected_client(const std::string& name, const lab::Listener& listener) {
  return lab::Process(lab::program(name),
                      {.arguments = {"127.0.0.1", std::to_string(listener.port())}});
}

} // namespace

TEST_SUITE("step-07") {

  LAB_CHECK("step-07: prints a line as soon as it has come back", .promise = "C1 G3", .points = 2,
            .means = "TCP hands over bytes as they come, and stdio keeps them when output is no "
                     "terminal: print a line when its newline is there, and flush",
            .look = "steps/07-half-close-client, [4]; steps/support/output.hpp; setvbuf(3)") {
    lab::mp_client::prints_a_line_at_once("echo_mpclient");
  }

  LAB_CHECK("step-07: prints `connected`, and `message from server: LINE` for a line",
            .promise = "C1", .points = 1,
            .means = "the contract fixes these two lines; all other checks take any wording",
            .look = "steps/support/replies.cpp",
            .needs = "step-07: prints a line as soon as it has come back") {
    lab::mp_client::says_that_it_is_connected_and_whose_message_it_prints("echo_mpclient");
  }

  LAB_CHECK("step-07: prints each line once, in whatever pieces it comes", .promise = "C1",
            .points = 3,
            .means = "a read returns any part of the stream: half a line, or two and a half. Only "
                     "the newline tells where a line ends",
            .look = "steps/07-half-close-client, [4]; steps/support/replies.cpp; read(2)",
            .needs = "step-07: prints a line as soon as it has come back") {
    lab::mp_client::prints_each_line_once_in_whatever_pieces("echo_mpclient");
  }

  LAB_CHECK("step-07: prints lines of up to 100,000 bytes whole", .promise = "C1 G6", .points = 2,
            .means =
                "a line may be longer than any buffer, and one as long as the buffer leaves no "
                "room for the NUL after it",
            .look = "steps/support/replies.cpp; steps/07-half-close-client, [4]",
            .needs = "step-07: prints a line as soon as it has come back") {
    lab::mp_client::prints_long_lines("echo_mpclient");
  }

  LAB_CHECK("step-07: prints NUL and all other bytes as they are", .promise = "C1 G6", .points = 1,
            .means = "strlen and printf(\"%s\") end at a NUL: read's result says how much there is",
            .look = "steps/07-half-close-client, [4]; read(2), RETURN VALUE",
            .needs = "step-07: prints a line as soon as it has come back") {
    lab::mp_client::prints_nul_bytes("echo_mpclient");
  }

  LAB_CHECK("step-07: prints a last line that comes without its newline", .promise = "C1 C2",
            .points = 1, .means = "the end of the stream ends a line, too",
            .look = "steps/support/replies.cpp, finish",
            .needs = "step-07: prints a line as soon as it has come back") {
    lab::mp_client::prints_a_last_line_without_newline("echo_mpclient");
  }

  LAB_CHECK("step-07: prints each line by one write with its newline", .promise = "G3", .points = 1,
            .means = "two processes write to one terminal: what takes two writes can be cut in two",
            .look = "steps/support/output.hpp; write(2), pipe(7)",
            .needs = "step-07: prints a line as soon as it has come back") {
    lab::mp_client::prints_each_line_in_one_write("echo_mpclient");
  }

  LAB_CHECK("step-07: sends each line when it is typed, of any length, byte for byte",
            .promise = "C4 G6", .points = 2,
            .means = "a line may be longer than the buffer that fgets fills, and hold a NUL that "
                     "strlen takes for its end",
            .look = "steps/support/input.cpp; steps/07-half-close-client, [2]; fgets(3)") {
    lab::mp_client::sends_what_it_reads("echo_mpclient");
  }

  LAB_CHECK("step-07: `q` half-closes, and what comes back is still printed", .promise = "C2",
            .points = 2,
            .means =
                "shutdown(SHUT_WR) ends the sending of the connection in both processes: close "
                "would take one descriptor away, and the server would see nothing",
            .look = "steps/07-half-close-client, [3]; shutdown(2)") {
    lab::mp_client::half_closes("echo_mpclient", "q\n");
  }

  LAB_CHECK("step-07: a capital `Q` half-closes as well", .promise = "C2", .points = 1,
            .means = "`q` and `Q` are the same to the contract",
            .look = "steps/support/input.cpp") {
    lab::mp_client::half_closes("echo_mpclient", "Q\n");
  }

  LAB_CHECK("step-07: end of file half-closes, and what comes back is still printed",
            .promise = "C2", .points = 2,
            .means = "at end of file fgets returns NULL and leaves the buffer as it was: who does "
                     "not look sends the last line again, for ever",
            .look = "steps/07-half-close-client, [2] and [3]; fgets(3), read(2)") {
    lab::mp_client::half_closes("echo_mpclient", "");
  }

  LAB_CHECK("step-07: takes `qq`, ` q` and `quit` for data", .promise = "C2", .points = 1,
            .means = "only `q` or `Q` alone on a line ends the client",
            .look = "steps/support/input.cpp; strcmp(3)") {
    lab::mp_client::takes_as_data_what_is_not_q_alone("echo_mpclient");
  }

  LAB_CHECK("step-07: takes a `q` at the end of a long line for data", .promise = "C2", .points = 1,
            .means =
                "fgets hands a line that is longer than its buffer over in pieces, and the last "
                "of them may be `q` and a newline",
            .look = "steps/support/input.cpp; fgets(3)") {
    lab::mp_client::takes_as_data_a_q_after_a_full_buffer("echo_mpclient");
  }

  LAB_CHECK("step-07: sends a last line without its newline, once", .promise = "C2", .points = 1,
            .means = "end of file may come in the middle of a line",
            .look = "steps/support/input.cpp; fgets(3)") {
    lab::mp_client::sends_a_last_line_without_newline("echo_mpclient");
  }

  LAB_CHECK("step-07: prints two megabytes that come after the half-close, until the server closes",
            .promise = "C2", .points = 2,
            .means =
                "a half-close is the end of one direction: the other goes on for as long as the "
                "server likes",
            .look = "steps/07-half-close-client, [3] and [4]; shutdown(2); RFC 9293, 3.6") {
    lab::mp_client::prints_what_comes_after_the_half_close("echo_mpclient");
  }

  LAB_CHECK("step-07: the server closes first: a line on standard error, exit status 1",
            .promise = "C3", .points = 2,
            .means = "the writer waits for a line and sees nothing of it: the reader has to end it",
            .look = "steps/07-half-close-client, [6] and [7]; kill(2), waitpid(2)") {
    lab::mp_client::notices_that_the_server_closes_first("echo_mpclient");
  }

  LAB_CHECK("step-07: the server resets: a line on standard error, exit status 1",
            .promise = "C3 G6", .points = 2,
            .means = "read's -1 is an end, too, and not a good one",
            .look = "steps/07-half-close-client, [4] and [7]; read(2), ECONNRESET") {
    lab::mp_client::notices_a_reset("echo_mpclient");
  }

  LAB_CHECK("step-07: the server goes while the writer is blocked in write: the same",
            .promise = "C3 C5", .points = 1,
            .means =
                "a write to a connection that is gone fails with EPIPE, or ends the process by "
                "SIGPIPE: either way both processes have to end",
            .look = "steps/07-half-close-client, [2] and [7]; write(2), EPIPE") {
    lab::mp_client::notices_it_while_its_writer_is_blocked("echo_mpclient");
  }

  LAB_CHECK("step-07: a megabyte piped in comes back whole", .promise = "C4", .points = 2,
            .means = "one process sends while the other receives: neither waits for the other",
            .look = "steps/07-half-close-client, [2] and [4]") {
    lab::mp_client::gets_a_megabyte_back("echo_mpclient");
  }

  LAB_CHECK("step-07: and from a server that reads all of it before it answers", .promise = "C4",
            .points = 1,
            .means = "a client that waits for an answer to each line waits here for ever",
            .look = "steps/07-half-close-client, [2]") {
    lab::mp_client::gets_a_megabyte_back_from_a_server_that_reads_first("echo_mpclient");
  }

  LAB_CHECK("step-07: reads on while the server takes nothing", .promise = "C4", .points = 2,
            .means = "if both sides write and neither reads, both buffers fill up and both wait: "
                     "the reader must not depend on the writer",
            .look = "steps/07-half-close-client, [4] and [5]") {
    lab::mp_client::reads_while_its_writer_is_blocked("echo_mpclient");
  }

  LAB_CHECK("step-07: is two processes over one socket", .promise = "C5", .points = 1,
            .means = "fork gives the child a descriptor of the same socket",
            .look = "steps/07-half-close-client; fork(2)") {
    lab::mp_client::is_two_processes_over_one_socket("echo_mpclient");
  }

  LAB_CHECK("step-07: the child sends, the parent prints, neither waiting for the other",
            .promise = "C4", .points = 2,
            .means = "with one of the two stopped, the other goes on with its part",
            .look = "steps/07-half-close-client, [2] and [4]",
            .needs = "step-07: is two processes over one socket") {
    lab::mp_client::reads_and_writes_in_a_process_each("echo_mpclient");
  }

  LAB_CHECK("step-07: leaves no process behind after `q`", .promise = "C5 G5", .points = 1,
            .means =
                "who ends before its child has, or without having waited for it, leaves it behind",
            .look = "steps/07-half-close-client, [5] and [7]; waitpid(2)") {
    lab::mp_client::leaves_nothing_after("echo_mpclient", lab::mp_client::Way::q);
  }

  LAB_CHECK("step-07: leaves no process behind after end of file", .promise = "C5 G5", .points = 1,
            .means =
                "who ends before its child has, or without having waited for it, leaves it behind",
            .look = "steps/07-half-close-client, [5] and [7]; waitpid(2)") {
    lab::mp_client::leaves_nothing_after("echo_mpclient", lab::mp_client::Way::end_of_file);
  }

  LAB_CHECK("step-07: leaves no process behind when the server closes first", .promise = "C5 G5",
            .points = 2,
            .means = "the writer waits for a line that nobody needs any more, as an orphan",
            .look = "steps/07-half-close-client, [5] and [7]; waitpid(2)") {
    lab::mp_client::leaves_nothing_after("echo_mpclient", lab::mp_client::Way::server_closes);
  }

  LAB_CHECK("step-07: leaves no process behind when the server resets", .promise = "C5 G5",
            .points = 1,
            .means = "the writer waits for a line that nobody needs any more, as an orphan",
            .look = "steps/07-half-close-client, [5] and [7]; waitpid(2)") {
    lab::mp_client::leaves_nothing_after("echo_mpclient", lab::mp_client::Way::server_resets);
  }

  LAB_CHECK(
      "step-07: no zombie stays between `q` and the server's end", .promise = "C5 G5", .points = 2,
      .means = "the writer ends with its half-close, and the server may take hours: who reaps "
               "only at the end keeps a zombie until then",
      .look = "steps/07-half-close-client, [5]; waitpid(2)") {
    lab::mp_client::has_no_zombie_after_its_half_close("echo_mpclient");
  }

  LAB_CHECK("step-07: SIGTERM to the client ends both processes", .promise = "C5", .points = 1,
            .means = "a signal goes to one process: the writer is another",
            .look =
                "steps/07-half-close-client, [2] and [7]; kill(2), prctl(2), PR_SET_PDEATHSIG") {
    lab::mp_client::ends_on("echo_mpclient", SIGTERM);
  }

  LAB_CHECK("step-07: SIGINT to the client ends both processes", .promise = "C5", .points = 1,
            .means = "a signal goes to one process: the writer is another",
            .look =
                "steps/07-half-close-client, [2] and [7]; kill(2), prctl(2), PR_SET_PDEATHSIG") {
    lab::mp_client::ends_on("echo_mpclient", SIGINT);
  }

  LAB_CHECK("step-07: ends when its writer is killed", .promise = "C5 G5", .points = 1,
            .means = "without the writer nobody half-closes, and the server waits for an end that "
                     "does not come: the reader has to notice",
            .look = "steps/07-half-close-client, [5]; poll(2), waitpid(2)") {
    lab::mp_client::ends_when_its_writer_is_killed("echo_mpclient");
  }

  LAB_CHECK("step-07: the writer ends when its reader is killed", .promise = "C5 G5", .points = 1,
            .means = "SIGKILL cannot be handled: the writer has to learn of it from the kernel",
            .look = "steps/07-half-close-client, [2]; prctl(2), PR_SET_PDEATHSIG; pipe(7)") {
    lab::mp_client::ends_when_its_reader_is_killed("echo_mpclient");
  }

  LAB_CHECK("step-07: uses no processor while nobody types and nothing comes", .promise = "G4",
            .points = 1, .means = "a program that waits sleeps in a system call until its event",
            .look = "steps/07-half-close-client, [5]; poll(2)") {
    lab::mp_client::sleeps_while_it_waits("echo_mpclient");
  }

  LAB_CHECK("step-07: uses no processor between its end of file and the server's",
            .promise = "G4 C2", .points = 1,
            .means = "end of file can be read again and again, and poll calls it ready each time: "
                     "stop asking",
            .look = "steps/07-half-close-client, [5]; read(2), poll(2)") {
    lab::mp_client::sleeps_after_its_half_close("echo_mpclient");
  }

  LAB_CHECK("step-07: ends with status 1 when nobody listens", .promise = "G2", .points = 1,
            .means = "a connect that fails is the end, and a script has to see it",
            .look = "steps/support/error.hpp; connect(2)") {
    lab::mp_client::ends_when_it_cannot_connect("echo_mpclient");
  }

  LAB_CHECK("step-07: says `NAME: connect: Connection refused`", .promise = "G2", .points = 1,
            .means = "which call failed, and why: errno knows, and strerror has words for it",
            .look = "steps/support/error.hpp; strerror(3)",
            .needs = "step-07: ends with status 1 when nobody listens") {
    lab::mp_client::says_why_it_cannot_connect("echo_mpclient");
  }

  LAB_CHECK("step-07: ends with status 2 on wrong arguments", .promise = "G1", .points = 1,
            .means = "a port that is no number must not become port 0, as atoi makes it",
            .look = "steps/support/arguments.cpp; strtol(3)") {
    lab::mp_client::refuses_wrong_arguments("echo_mpclient");
  }

  LAB_CHECK("step-07: says `usage: NAME ADDRESS PORT`", .promise = "G1", .points = 1,
            .means = "who typed it wrong wants to know what is right",
            .look = "steps/support/arguments.cpp",
            .needs = "step-07: ends with status 2 on wrong arguments") {
    lab::mp_client::says_how_it_is_used("echo_mpclient");
  }

  LAB_CHECK("step-07: ends with a failure when its output cannot be written", .promise = "G2 C5",
            .points = 1,
            .means = "write fails, and stdio tells of it at fflush: lines that are lost are no "
                     "success",
            .look = "steps/07-half-close-client, [4]; write(2), ENOSPC; full(4)") {
    lab::mp_client::ends_when_its_output_fails("echo_mpclient");
  }

  LAB_CHECK("step-07: ends, both processes, when the reader of its output has gone",
            .promise = "C5 G5", .points = 1,
            .means = "a pipe without a reader is EPIPE, or SIGPIPE to the process that writes: the "
                     "other one has to end as well",
            .look = "steps/07-half-close-client, [4] and [7]; pipe(7), signal(7)") {
    lab::mp_client::ends_when_its_output_is_closed_by_its_reader("echo_mpclient");
  }

  LAB_CHECK("step-07: works at a terminal, with Ctrl-D and Ctrl-C", .promise = "C2 C5", .points = 1,
            .means = "Ctrl-D is end of file, Ctrl-C a SIGINT to both processes at once",
            .look = "steps/07-half-close-client, [7]; termios(3)") {
    lab::mp_client::works_at_a_terminal("echo_mpclient");
  }

  LAB_CHECK("step-07: works over IPv6", .promise = "C1 C2", .points = 1,
            .means = "ADDRESS is a numeric address, IPv4 or IPv6",
            .look = "steps/support/endpoint.hpp; getaddrinfo(3)") {
    lab::mp_client::works_over_ipv6("echo_mpclient");
  }

  LAB_CHECK("step-07: echo_mpclient prints what the server answers after it has seen the end",
            .promise = "C2", .points = 2,
            .means = "shutdown(SHUT_WR) leaves the direction open in which the answer comes",
            .look = "steps/07-half-close-client, [3]; shutdown(2)") {
    lab::Listener listener;
    lab::Process client = connected_client("echo_mpclient", listener);
    const std::string out = answered_after_the_end(listener, client);
    lab::expect(out.find("one\n") != std::string::npos && out.find("two\n") != std::string::npos,
                "the server answered `one` and `two` after the half-close; ",
                lab::report_of(client));
  }

  LAB_CHECK("step-07: close_client loses what the server answers after it has seen the end",
            .promise = "C2", .points = 1,
            .means = "the lesson needs the loss: close ends both directions",
            .look = "steps/07-half-close-client/close_client.cpp, [4]") {
    lab::Listener listener;
    lab::Process client = connected_client("close_client", listener);
    const std::string out = answered_after_the_end(listener, client);
    lab::expect(out.find("one") == std::string::npos && out.find("two") == std::string::npos,
                "what was answered after the end was printed; ", lab::report_of(client));
  }

  LAB_CHECK("step-07: close_client leaves no process behind, whichever way it ends",
            .promise = "C3 C5", .points = 1, .means = "it is echo_mpclient in all but its close",
            .look = "steps/07-half-close-client/close_client.cpp, [3] and [4]") {
    using lab::mp_client::Way;
    for (const Way way : {Way::q, Way::end_of_file, Way::server_closes, Way::server_resets}) {
      lab::mp_client::leaves_nothing_after("close_client", way);
    }
  }
}
