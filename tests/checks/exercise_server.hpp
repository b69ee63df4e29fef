// The promises of every server that an exercise's server is held to: those that a student's change
// can break. A mark each; the exercise's own checks weigh more.
#pragma once

#include "checks/probed.hpp"
#include "checks/server_checks.hpp"
#include "harness/probe/probe.hpp"

namespace lab::server_checks {

// What the steps' suites ask one by one, in one check where it is about one thing.

inline void takes_its_place(const ServerKind& kind) {
  listens_on_loopback_alone(kind);
  listens_on_an_address(kind);
  listens_on_a_port_of_the_kernel(kind);
  restarts_at_once(kind);
}

inline void says_what_is_wrong(const ServerKind& kind) {
  says_how_it_is_used(kind);
  says_where_it_listens(kind);
  ends_when_it_cannot_bind(kind);
  names_the_call_that_failed(kind);
}

inline void returns_every_byte_until_the_end(const ServerKind& kind) {
  returns_every_byte(kind);
  if (!kind.end_is_another_matter) {
    closes_for_an_early_half_close(kind);
    returns_what_is_under_way(kind);
  }
}

inline void is_quick_and_idle(const ServerKind& kind) {
  does_not_stall(kind);
  uses_no_processor_while_it_waits(kind);
}

inline void survives_bad_clients(const ServerKind& kind) {
  survives_resets(kind);
  survives_a_reset_while_it_writes(kind);
  if (kind.forks) {
    serves_beside_bad_clients(kind);
  } else {
    serves_after_a_stalled_client(kind);
  }
  if (!kind.end_is_another_matter && !Probe::cannot_probe(kind.program)) {
    probed::tells_an_error_from_data(kind);
  }
}

inline void ends_on_signals(const ServerKind& kind) {
  ends_while_it_waits(kind);
  ends_with_a_silent_client(kind);
  ends_with_a_client_that_does_not_read(kind);
  if (kind.forks) {
    ends_with_fifty_clients(kind);
  }
}

inline void writes_lines(const ServerKind& kind) {
  writes_each_line_at_once(kind);
  writes_each_line_once(kind);
}

} // namespace lab::server_checks

// NOLINTBEGIN(cppcoreguidelines-macro-usage): doctest registers test cases by macros
#define LAB_EXERCISE_SERVER_CHECKS(SUITE, PROGRAM, ...)                                            \
  LAB_SERVER_CHECK(SUITE, PROGRAM, (__VA_ARGS__), listens, "listens on the port it is given",      \
                   .promise = "S2", .points = 1,                                                   \
                   .means =                                                                        \
                       "socket, bind and listen make a server: without them nobody can connect",   \
                   .look = "steps/01-echo-server, [3]; bind(2), listen(2)")                        \
  LAB_SERVER_CHECK(SUITE, PROGRAM, (__VA_ARGS__), takes_its_place,                                 \
                   "binds 127.0.0.1 or the address it is given, and again right after its end",    \
                   .promise = "S1 S3", .points = 1,                                                \
                   .means =                                                                        \
                       "who listens on every address is open to the network; and a port with a "   \
                       "connection in TIME_WAIT is free for those alone who set SO_REUSEADDR",     \
                   .look = "steps/01-echo-server, [1] and [3]; ip(7); socket(7), SO_REUSEADDR",    \
                   .needs = LAB_SERVER_LISTENS(SUITE, PROGRAM))                                    \
  LAB_SERVER_CHECK(SUITE, PROGRAM, (__VA_ARGS__), refuses_wrong_arguments,                         \
                   "ends with status 2 on wrong arguments and starts nothing", .promise = "G1",    \
                   .points = 1, .means = "a typing error must not open some other port",           \
                   .look = "steps/support/arguments.cpp; strtol(3), endptr and ERANGE")            \
  LAB_SERVER_CHECK(SUITE, PROGRAM, (__VA_ARGS__), says_what_is_wrong,                              \
                   "says how it is used, where it listens, and which call has failed and why",     \
                   .promise = "G1 G2 S2", .points = 1,                                             \
                   .means = "who starts it reads `usage: NAME ARGS`, `listening on ADDRESS:PORT` " \
                            "or `NAME: CALL: REASON`; errno's reason is strerror's",               \
                   .look = "steps/support/error.hpp; strerror(3), getsockname(2)",                 \
                   .needs = LAB_SERVER_LISTENS(SUITE, PROGRAM))                                    \
  LAB_SERVER_CHECK(SUITE, PROGRAM, (__VA_ARGS__), returns_every_byte_until_the_end,                \
                   "returns every byte in order whatever the sizes of the writes",                 \
                   .promise = "S5", .points = 1,                                                   \
                   .means =                                                                        \
                       "TCP carries bytes, not messages: a read may return any part of what was "  \
                       "sent; and a client's half-close ends its sending, not what it is sent",    \
                   .look = "steps/01-echo-server, [5]; read(2), RETURN VALUE; tcp(7)",             \
                   .needs = LAB_SERVER_LISTENS(SUITE, PROGRAM))                                    \
  LAB_SERVER_CHECK(SUITE, PROGRAM, (__VA_ARGS__), waits_for_a_slow_reader,                         \
                   "loses nothing when the client reads slowly", .promise = "S5", .points = 1,     \
                   .means =                                                                        \
                       "write may take less than it was given: the rest has to be written too",    \
                   .look = "steps/01-echo-server, [6]; write(2), RETURN VALUE",                    \
                   .needs = LAB_SERVER_LISTENS(SUITE, PROGRAM))                                    \
  LAB_SERVER_CHECK(                                                                                \
      SUITE, PROGRAM, (__VA_ARGS__), is_quick_and_idle,                                            \
      "answers a small message at once, and uses no processor while it waits", .promise = "S5 G4", \
      .points = 1,                                                                                 \
      .means = "a message written in pieces waits 40 ms for an acknowledgement (Nagle's "          \
               "algorithm); and who waits sleeps in the call that waits",                          \
      .look = "steps/01-echo-server, [2] and [5]; tcp(7), TCP_NODELAY; accept(2), EAGAIN",         \
      .needs = LAB_SERVER_LISTENS(SUITE, PROGRAM))                                                 \
  LAB_SERVER_CHECK(                                                                                \
      SUITE, PROGRAM, (__VA_ARGS__), survives_bad_clients,                                         \
      "goes on after clients that reset at any point", .promise = "G6 S6", .points = 1,            \
      .means = "accept, read and write may all fail because a client has gone (write with EPIPE, " \
               "and with SIGPIPE): that is the end of that client, not of the server",             \
      .look = "steps/01-echo-server, [4] and [5]; accept(2) and read(2), ERRORS; signal(7)",       \
      .needs = LAB_SERVER_LISTENS(SUITE, PROGRAM))                                                 \
  LAB_SERVER_CHECK(SUITE, PROGRAM, (__VA_ARGS__), ends_on_signals,                                 \
                   "ends with status 0 on SIGINT and SIGTERM, whatever its clients do",            \
                   .promise = "S7 G5", .points = 1,                                                \
                   .means = "a read that waits for a client must not keep the server from "        \
                            "ending, nor outlive it",                                              \
                   .look = "steps/support/stop_signals.cpp; steps/06-mp-server, [2] and [9]",      \
                   .needs = LAB_SERVER_LISTENS(SUITE, PROGRAM))                                    \
  LAB_SERVER_CHECK(SUITE, PROGRAM, (__VA_ARGS__), names_each_client,                               \
                   "prints each client's address and port and when it has gone", .promise = "S4",  \
                   .points = 1,                                                                    \
                   .means = "accept hands over the client's address, and ntohs its port, for "     \
                            "`connected client IP: IP port: PORT`; later `client disconnected`",   \
                   .look = "steps/01-echo-server, [4]; accept(2), inet_ntop(3), ntohs(3)",         \
                   .needs = LAB_SERVER_LISTENS(SUITE, PROGRAM))                                    \
  LAB_SERVER_CHECK(SUITE, PROGRAM, (__VA_ARGS__), writes_lines,                                    \
                   "writes each line at once, whole and once, into a pipe and into a file",        \
                   .promise = "G3 S4", .points = 1,                                                \
                   .means = "stdio keeps lines back when output is no terminal, and fork copies "  \
                            "what it keeps",                                                       \
                   .look = "steps/support/output.hpp; setvbuf(3), write(2), pipe(7)",              \
                   .needs = LAB_SERVER_LISTENS(SUITE, PROGRAM))
// NOLINTEND(cppcoreguidelines-macro-usage)
