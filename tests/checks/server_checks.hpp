// The checks that every server of the kit has to pass, whoever wrote it: the promises G1 to G6 and
// S1 to S7. A suite registers them with a line for each kind that its server is of:
//
//   TEST_SUITE("step-05") {
//   LAB_SERVER_CHECKS("step-05", "tidy_server", .forks = true)
//   LAB_FORKING_SERVER_CHECKS("step-05", "tidy_server", .forks = true)
//   LAB_SERVER_WORDING_CHECKS("step-05", "tidy_server", .forks = true)
//   }
//
// Only the wording checks need lines of output to be as the contract says; all others know what the
// server does from its sockets and from /proc.
#pragma once

#include "checks/check.hpp"

#include <string>

namespace lab {

/// A server under test, and what it promises beyond or short of the others.
struct ServerKind {
  std::string program;
  /// A child serves each client; otherwise one process serves one client after another.
  bool forks = false;
  /// `NAME PORT [ADDRESS]` takes two; exercise 06 takes a third.
  int most_arguments = 2;
  /// That the client sees an end is what exercise 05 is about: its other checks do not ask for it.
  bool end_is_another_matter = false;
};

} // namespace lab

/// Each returns when the server keeps the promise and throws Failure when it does not.
namespace lab::server_checks {

// Behaviour: no line of output is needed.

void listens(const ServerKind& kind);                               // S2
void refuses_wrong_arguments(const ServerKind& kind);               // G1
void ends_when_it_cannot_bind(const ServerKind& kind);              // G2
void listens_on_loopback_alone(const ServerKind& kind);             // S1
void listens_on_an_address(const ServerKind& kind);                 // S1
void listens_on_a_port_of_the_kernel(const ServerKind& kind);       // S1
void restarts_at_once(const ServerKind& kind);                      // S3
void returns_every_byte(const ServerKind& kind);                    // S5
void returns_single_bytes(const ServerKind& kind);                  // S5
void waits_for_a_slow_reader(const ServerKind& kind);               // S5
void closes_for_an_early_half_close(const ServerKind& kind);        // S5
void returns_what_is_under_way(const ServerKind& kind);             // S5
void does_not_stall(const ServerKind& kind);                        // S5
void uses_no_processor_while_it_waits(const ServerKind& kind);      // G4
void keeps_nothing_of_a_client(const ServerKind& kind);             // G5
void leaves_no_file(const ServerKind& kind);                        // G5
void echoes_any_bytes(const ServerKind& kind);                      // G6
void echoes_64_mebibytes(const ServerKind& kind);                   // G6
void survives_resets(const ServerKind& kind);                       // G6 S6
void survives_a_reset_while_it_writes(const ServerKind& kind);      // S6
void serves_after_a_stalled_client(const ServerKind& kind);         // S6
void ends_while_it_waits(const ServerKind& kind);                   // S7 G5
void ends_with_a_silent_client(const ServerKind& kind);             // S7 G5
void ends_with_a_client_that_does_not_read(const ServerKind& kind); // S7 G5

// The same, of servers with a child for each client.

void serves_beside_bad_clients(const ServerKind& kind); // S6
void ends_with_fifty_clients(const ServerKind& kind);   // S7 G5

// Wording: lines that the contract fixes.

void says_how_it_is_used(const ServerKind& kind);        // G1
void names_the_call_that_failed(const ServerKind& kind); // G2
void says_where_it_listens(const ServerKind& kind);      // S2 S1
void names_each_client(const ServerKind& kind);          // S4
void names_clients_of_ipv6(const ServerKind& kind);      // S4
void writes_each_line_at_once(const ServerKind& kind);   // G3, into a pipe
void writes_each_line_once(const ServerKind& kind);      // G3, into a file

} // namespace lab::server_checks

// NOLINTBEGIN(cppcoreguidelines-macro-usage): doctest registers test cases by macros

/// One check: SENTENCE goes on after the program's name. Further arguments are fields of a Hint.
/// KIND is `(fields of a ServerKind but its program)`, in brackets.
#define LAB_SERVER_CHECK(SUITE, PROGRAM, KIND, CHECK, SENTENCE, ...)                               \
  LAB_CHECK(SUITE ": " PROGRAM " " SENTENCE, __VA_ARGS__) {                                        \
    ::lab::server_checks::CHECK(::lab::ServerKind{.program = PROGRAM, LAB_SERVER_FIELDS KIND});    \
  }
#define LAB_SERVER_FIELDS(...) __VA_ARGS__
#define LAB_SERVER_LISTENS(SUITE, PROGRAM) SUITE ": " PROGRAM " listens on the port it is given"

/// What every server promises, a leaky one included.
#define LAB_EVERY_SERVER_CHECKS(SUITE, PROGRAM, ...)                                               \
  LAB_SERVER_CHECK(SUITE, PROGRAM, (__VA_ARGS__), listens, "listens on the port it is given",      \
                   .promise = "S2", .points = 1,                                                   \
                   .means =                                                                        \
                       "socket, bind and listen make a server: without them nobody can connect",   \
                   .look = "steps/01-echo-server, [3]; bind(2), listen(2)")                        \
  LAB_SERVER_CHECK(                                                                                \
      SUITE, PROGRAM, (__VA_ARGS__), refuses_wrong_arguments,                                      \
      "ends with status 2 on wrong arguments and starts nothing", .promise = "G1", .points = 1,    \
      .means = "a typing error must not open some other port: atoi turns 'abc' into 0, and htons " \
               "65536 into 0",                                                                     \
      .look = "steps/support/arguments.cpp; strtol(3), endptr and ERANGE")                         \
  LAB_SERVER_CHECK(                                                                                \
      SUITE, PROGRAM, (__VA_ARGS__), ends_when_it_cannot_bind,                                     \
      "ends with status 1 when it cannot bind", .promise = "G2", .points = 1,                      \
      .means = "a call that fails for good ends the program with a status that a script can see",  \
      .look = "steps/support/error.hpp; bind(2), ERRORS",                                          \
      .needs = LAB_SERVER_LISTENS(SUITE, PROGRAM))                                                 \
  LAB_SERVER_CHECK(                                                                                \
      SUITE, PROGRAM, (__VA_ARGS__), listens_on_loopback_alone,                                    \
      "listens on 127.0.0.1 alone when no address is given", .promise = "S1", .points = 1,         \
      .means = "INADDR_ANY opens the port to the whole network: that has to be asked for",         \
      .look = "steps/01-echo-server; ip(7), INADDR_LOOPBACK",                                      \
      .needs = LAB_SERVER_LISTENS(SUITE, PROGRAM))                                                 \
  LAB_SERVER_CHECK(                                                                                \
      SUITE, PROGRAM, (__VA_ARGS__), listens_on_an_address,                                        \
      "listens on the address it is given: 0.0.0.0 or ::1 or ::", .promise = "S1", .points = 1,    \
      .means = "ADDRESS is any numeric address of this machine, and IPv6 is a family of its own",  \
      .look = "steps/support/endpoint.hpp; getaddrinfo(3), AI_NUMERICHOST; ipv6(7)",               \
      .needs = LAB_SERVER_LISTENS(SUITE, PROGRAM))                                                 \
  LAB_SERVER_CHECK(SUITE, PROGRAM, (__VA_ARGS__), listens_on_a_port_of_the_kernel,                 \
                   "lets the kernel choose when the port is 0", .promise = "S1", .points = 1,      \
                   .means = "port 0 is how a program asks for a port that is free",                \
                   .look = "ip(7), ip_local_port_range; getsockname(2)",                           \
                   .needs = LAB_SERVER_LISTENS(SUITE, PROGRAM))                                    \
  LAB_SERVER_CHECK(                                                                                \
      SUITE, PROGRAM, (__VA_ARGS__), restarts_at_once,                                             \
      "restarts at once on a port with a connection in TIME_WAIT", .promise = "S3", .points = 2,   \
      .means =                                                                                     \
          "who closes first keeps the port in TIME_WAIT for a minute: only SO_REUSEADDR, set "     \
          "before bind, lets a new server have it meanwhile",                                      \
      .look = "steps/01-echo-server, [1]; socket(7), SO_REUSEADDR; RFC 9293, 3.3.2",               \
      .needs = LAB_SERVER_LISTENS(SUITE, PROGRAM))                                                 \
  LAB_SERVER_CHECK(                                                                                \
      SUITE, PROGRAM, (__VA_ARGS__), returns_every_byte,                                           \
      "returns every byte in order whatever the sizes of the writes", .promise = "S5",             \
      .points = 2,                                                                                 \
      .means = "TCP carries bytes, not messages: a read may return any part of what was sent",     \
      .look = "steps/01-echo-server, [5]; read(2), RETURN VALUE; tcp(7)",                          \
      .needs = LAB_SERVER_LISTENS(SUITE, PROGRAM))                                                 \
  LAB_SERVER_CHECK(                                                                                \
      SUITE, PROGRAM, (__VA_ARGS__), returns_single_bytes,                                         \
      "returns single bytes before a line is complete", .promise = "S5", .points = 1,              \
      .means = "an echo by line keeps a byte back until a newline comes, which may be never",      \
      .look = "steps/01-echo-server, [5]; read(2)", .needs = LAB_SERVER_LISTENS(SUITE, PROGRAM))   \
  LAB_SERVER_CHECK(SUITE, PROGRAM, (__VA_ARGS__), waits_for_a_slow_reader,                         \
                   "loses nothing when the client reads slowly", .promise = "S5", .points = 2,     \
                   .means =                                                                        \
                       "write may take less than it was given: the rest has to be written too",    \
                   .look = "steps/01-echo-server, [6]; write(2), RETURN VALUE",                    \
                   .needs = LAB_SERVER_LISTENS(SUITE, PROGRAM))                                    \
  LAB_SERVER_CHECK(                                                                                \
      SUITE, PROGRAM, (__VA_ARGS__), does_not_stall,                                               \
      "answers small messages without a stall of 40 ms", .promise = "S5", .points = 2,             \
      .means = "an answer in pieces waits: Nagle's algorithm holds the second piece until the "    \
               "client's delayed ACK, 40 ms later",                                                \
      .look = "steps/01-echo-server, [2] and [5]; tcp(7), TCP_NODELAY; a larger buffer",           \
      .needs = LAB_SERVER_LISTENS(SUITE, PROGRAM))                                                 \
  LAB_SERVER_CHECK(                                                                                \
      SUITE, PROGRAM, (__VA_ARGS__), uses_no_processor_while_it_waits,                             \
      "uses no processor while it waits", .promise = "G4", .points = 2,                            \
      .means = "a program that waits sleeps in the kernel: who asks again and again takes the "    \
               "processor from the others",                                                        \
      .look = "steps/01-echo-server, [4]; accept(2), ERRORS; poll(2)",                             \
      .needs = LAB_SERVER_LISTENS(SUITE, PROGRAM))                                                 \
  LAB_SERVER_CHECK(SUITE, PROGRAM, (__VA_ARGS__), leaves_no_file, "leaves no file behind",         \
                   .promise = "G5", .points = 1,                                                   \
                   .means = "a temporary file outlives the program that forgets it",               \
                   .look = "unlink(2); pipe(2) needs no file at all",                              \
                   .needs = LAB_SERVER_LISTENS(SUITE, PROGRAM))                                    \
  LAB_SERVER_CHECK(                                                                                \
      SUITE, PROGRAM, (__VA_ARGS__), echoes_any_bytes,                                             \
      "echoes NUL bytes and lines of 100000 bytes", .promise = "G6", .points = 1,                  \
      .means = "strlen ends at a NUL, and a buffer at its size: only read's result says how much " \
               "there is",                                                                         \
      .look = "steps/01-echo-server, [5]; read(2), RETURN VALUE",                                  \
      .needs = LAB_SERVER_LISTENS(SUITE, PROGRAM))                                                 \
  LAB_SERVER_CHECK(SUITE, PROGRAM, (__VA_ARGS__), echoes_64_mebibytes,                             \
                   "echoes 64 MiB of random bytes", .promise = "G6 S5", .points = 1,               \
                   .means = "what holds for a line has to hold for any amount",                    \
                   .look = "steps/01-echo-server, [5] and [6]",                                    \
                   .needs = LAB_SERVER_LISTENS(SUITE, PROGRAM))                                    \
  LAB_SERVER_CHECK(                                                                                \
      SUITE, PROGRAM, (__VA_ARGS__), survives_resets,                                              \
      "goes on after clients that reset at any point", .promise = "G6 S6", .points = 2,            \
      .means =                                                                                     \
          "accept, read and write may all fail because a client has gone: that is the end of "     \
          "that client, not of the server",                                                        \
      .look = "steps/01-echo-server, [4] and [5]; accept(2) and read(2), ERRORS",                  \
      .needs = LAB_SERVER_LISTENS(SUITE, PROGRAM))                                                 \
  LAB_SERVER_CHECK(                                                                                \
      SUITE, PROGRAM, (__VA_ARGS__), survives_a_reset_while_it_writes,                             \
      "goes on after a client that resets while it writes", .promise = "S6", .points = 2,          \
      .means = "a write to a client that has gone raises SIGPIPE, whose default ends the process", \
      .look = "steps/support/stop_signals.hpp; signal(7), SIGPIPE; write(2), EPIPE",               \
      .needs = LAB_SERVER_LISTENS(SUITE, PROGRAM))                                                 \
  LAB_SERVER_CHECK(                                                                                \
      SUITE, PROGRAM, (__VA_ARGS__), ends_while_it_waits,                                          \
      "ends with status 0 on SIGINT and SIGTERM while it waits for a client", .promise = "S7 G5",  \
      .points = 1,                                                                                 \
      .means = "being asked to stop is not an error: stop listening, leave nothing, return 0",     \
      .look = "steps/support/stop_signals.cpp; steps/06-mp-server, [2] and [9]; sigaction(2)",     \
      .needs = LAB_SERVER_LISTENS(SUITE, PROGRAM))                                                 \
  LAB_SERVER_CHECK(                                                                                \
      SUITE, PROGRAM, (__VA_ARGS__), ends_with_a_silent_client,                                    \
      "ends with status 0 on SIGINT and SIGTERM with a silent client", .promise = "S7 G5",         \
      .points = 1,                                                                                 \
      .means = "a read that waits for a client must not keep the server from ending, nor outlive " \
               "it",                                                                               \
      .look = "steps/support/stop_signals.cpp; steps/06-mp-server, [2] and [9]; signal(7), EINTR", \
      .needs = LAB_SERVER_LISTENS(SUITE, PROGRAM))                                                 \
  LAB_SERVER_CHECK(                                                                                \
      SUITE, PROGRAM, (__VA_ARGS__), ends_with_a_client_that_does_not_read,                        \
      "ends with status 0 on SIGINT and SIGTERM while a write blocks", .promise = "S7 G5",         \
      .points = 1,                                                                                 \
      .means =                                                                                     \
          "a client that does not read blocks write for as long as it likes: the end must not "    \
          "wait for it",                                                                           \
      .look = "steps/support/stop_signals.cpp; steps/06-mp-server, [2] and [9]; signal(7), EINTR", \
      .needs = LAB_SERVER_LISTENS(SUITE, PROGRAM))

/// What every server promises that closes its clients' sockets: not a leaky one.
#define LAB_SERVER_CHECKS(SUITE, PROGRAM, ...)                                                     \
  LAB_EVERY_SERVER_CHECKS(SUITE, PROGRAM, __VA_ARGS__)                                             \
  LAB_SERVER_CHECK(                                                                                \
      SUITE, PROGRAM, (__VA_ARGS__), closes_for_an_early_half_close,                               \
      "closes when a client half-closes before its first byte", .promise = "S5 G6", .points = 1,   \
      .means =                                                                                     \
          "read's 0 is the client's end of file: close the socket, in every process that has "     \
          "it, or the client waits for ever",                                                      \
      .look = "steps/01-echo-server, [5] and [7]; steps/05-descriptors, [3] and [4]; shutdown(2)", \
      .needs = LAB_SERVER_LISTENS(SUITE, PROGRAM))                                                 \
  LAB_SERVER_CHECK(                                                                                \
      SUITE, PROGRAM, (__VA_ARGS__), returns_what_is_under_way,                                    \
      "returns all that is under way after a half-close and then closes", .promise = "S5",         \
      .points = 2,                                                                                 \
      .means = "a half-close says that no more will come: what has come is still owed",            \
      .look = "steps/01-echo-server, [5] and [6]; steps/07-half-close-client; shutdown(2)",        \
      .needs = LAB_SERVER_LISTENS(SUITE, PROGRAM))                                                 \
  LAB_SERVER_CHECK(                                                                                \
      SUITE, PROGRAM, (__VA_ARGS__), keeps_nothing_of_a_client,                                    \
      "keeps no descriptor and no process of a client that has gone", .promise = "G5",             \
      .points = 2,                                                                                 \
      .means = "what is kept of each client is missing after a thousand of them: EMFILE, or no "   \
               "process left",                                                                     \
      .look = "steps/05-descriptors, [4]; steps/04-signal-vs-sigaction; close(2), waitpid(2)",     \
      .needs = LAB_SERVER_LISTENS(SUITE, PROGRAM))                                                 \
  LAB_SERVER_CHECK(                                                                                \
      SUITE, PROGRAM, (__VA_ARGS__), serves_after_a_stalled_client,                                \
      "serves the next client once one that never read has gone", .promise = "S6", .points = 1,    \
      .means = "a blocked write ends with an error when the client resets: then it is the next "   \
               "one's turn",                                                                       \
      .look = "steps/01-echo-server, [5] and [6]; write(2), ERRORS",                               \
      .needs = LAB_SERVER_LISTENS(SUITE, PROGRAM))

/// What a server with a child for each client promises beyond that, a leaky one included.
#define LAB_FORKING_SERVER_CHECKS(SUITE, PROGRAM, ...)                                             \
  LAB_SERVER_CHECK(                                                                                \
      SUITE, PROGRAM, (__VA_ARGS__), serves_beside_bad_clients,                                    \
      "serves others beside clients that stall or flood or reset", .promise = "S6", .points = 2,   \
      .means = "each client has a process of its own, so none has to wait for another",            \
      .look = "steps/06-mp-server, [6]; fork(2)", .needs = LAB_SERVER_LISTENS(SUITE, PROGRAM))     \
  LAB_SERVER_CHECK(                                                                                \
      SUITE, PROGRAM, (__VA_ARGS__), ends_with_fifty_clients,                                      \
      "ends with status 0 on SIGTERM with fifty clients and leaves no process",                    \
      .promise = "S7 G5", .points = 2,                                                             \
      .means =                                                                                     \
          "a signal goes to one process: the parent has to pass it on to its children, and to "    \
          "reap them",                                                                             \
      .look = "steps/06-mp-server, [9]; kill(2), waitpid(2)",                                      \
      .needs = LAB_SERVER_LISTENS(SUITE, PROGRAM))

/// The lines that the contract fixes.
#define LAB_SERVER_WORDING_CHECKS(SUITE, PROGRAM, ...)                                             \
  LAB_SERVER_CHECK(SUITE, PROGRAM, (__VA_ARGS__), says_how_it_is_used,                             \
                   "says how it is used on wrong arguments", .promise = "G1", .points = 1,         \
                   .means = "`usage: NAME ARGS` on standard error tells what to type instead",     \
                   .look = "steps/support/arguments.cpp; stderr(3)")                               \
  LAB_SERVER_CHECK(                                                                                \
      SUITE, PROGRAM, (__VA_ARGS__), names_the_call_that_failed,                                   \
      "names the call that failed and the reason", .promise = "G2", .points = 1,                   \
      .means =                                                                                     \
          "`bind() error` leaves out why: `NAME: CALL: REASON` on standard error says it all",     \
      .look = "steps/support/error.hpp; errno(3), strerror(3), perror(3)",                         \
      .needs = LAB_SERVER_LISTENS(SUITE, PROGRAM))                                                 \
  LAB_SERVER_CHECK(                                                                                \
      SUITE, PROGRAM, (__VA_ARGS__), says_where_it_listens,                                        \
      "prints the address and port it listens on", .promise = "S2 S1", .points = 1,                \
      .means = "`listening on ADDRESS:PORT` comes after listen, with what the kernel has bound: "  \
               "with port 0 nobody else knows the port",                                           \
      .look = "steps/support/endpoint.cpp; getsockname(2)",                                        \
      .needs = LAB_SERVER_LISTENS(SUITE, PROGRAM))                                                 \
  LAB_SERVER_CHECK(SUITE, PROGRAM, (__VA_ARGS__), names_each_client,                               \
                   "prints each client's address and port and when it has gone", .promise = "S4",  \
                   .points = 2,                                                                    \
                   .means = "accept hands over the client's address, and ntohs its port, for "     \
                            "`connected client IP: IP port: PORT`; later `client disconnected`",   \
                   .look = "steps/01-echo-server, [4]; accept(2), inet_ntop(3), ntohs(3)",         \
                   .needs = LAB_SERVER_LISTENS(SUITE, PROGRAM))                                    \
  LAB_SERVER_CHECK(                                                                                \
      SUITE, PROGRAM, (__VA_ARGS__), names_clients_of_ipv6,                                        \
      "prints the address and port of a client over IPv6", .promise = "S4 S1", .points = 1,        \
      .means = "an IPv6 address does not fit into a sockaddr_in: sockaddr_storage holds either",   \
      .look = "steps/support/endpoint.hpp; ipv6(7), inet_ntop(3)",                                 \
      .needs = LAB_SERVER_LISTENS(SUITE, PROGRAM))                                                 \
  LAB_SERVER_CHECK(                                                                                \
      SUITE, PROGRAM, (__VA_ARGS__), writes_each_line_at_once,                                     \
      "writes each line at once and whole into a pipe", .promise = "G3 S4", .points = 2,           \
      .means = "stdio keeps lines back when output is no terminal, and fork copies what it keeps", \
      .look = "steps/support/output.hpp; setvbuf(3), write(2), pipe(7)",                           \
      .needs = LAB_SERVER_LISTENS(SUITE, PROGRAM))                                                 \
  LAB_SERVER_CHECK(                                                                                \
      SUITE, PROGRAM, (__VA_ARGS__), writes_each_line_once,                                        \
      "writes each line once and at once into a file", .promise = "G3 S4", .points = 2,            \
      .means = "stdio keeps lines back when output is no terminal, and fork copies what it keeps", \
      .look = "steps/support/output.hpp; setvbuf(3), fflush(3), fork(2)",                          \
      .needs = LAB_SERVER_LISTENS(SUITE, PROGRAM))

// NOLINTEND(cppcoreguidelines-macro-usage)
