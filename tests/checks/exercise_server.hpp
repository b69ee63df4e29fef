// The promises of every server that an exercise's server is held to: those that a student's change
// can break. A mark each; the exercise's own checks weigh more.
#pragma once

#include "checks/server_checks.hpp"

// NOLINTBEGIN(cppcoreguidelines-macro-usage): doctest registers test cases by macros
#define LAB_EXERCISE_SERVER_CHECKS(SUITE, PROGRAM, ...)                                            \
  LAB_SERVER_CHECK(SUITE, PROGRAM, (__VA_ARGS__), listens, "listens on the port it is given",      \
                   .promise = "S2", .points = 1,                                                   \
                   .means =                                                                        \
                       "socket, bind and listen make a server: without them nobody can connect",   \
                   .look = "steps/01-echo-server, [3]; bind(2), listen(2)")                        \
  LAB_SERVER_CHECK(SUITE, PROGRAM, (__VA_ARGS__), refuses_wrong_arguments,                         \
                   "ends with status 2 on wrong arguments and starts nothing", .promise = "G1",    \
                   .points = 1, .means = "a typing error must not open some other port",           \
                   .look = "steps/support/arguments.cpp; strtol(3), endptr and ERANGE")            \
  LAB_SERVER_CHECK(SUITE, PROGRAM, (__VA_ARGS__), returns_every_byte,                              \
                   "returns every byte in order whatever the sizes of the writes",                 \
                   .promise = "S5", .points = 1,                                                   \
                   .means =                                                                        \
                       "TCP carries bytes, not messages: a read may return any part of what was "  \
                       "sent",                                                                     \
                   .look = "steps/01-echo-server, [5]; read(2), RETURN VALUE; tcp(7)",             \
                   .needs = LAB_SERVER_LISTENS(SUITE, PROGRAM))                                    \
  LAB_SERVER_CHECK(SUITE, PROGRAM, (__VA_ARGS__), waits_for_a_slow_reader,                         \
                   "loses nothing when the client reads slowly", .promise = "S5", .points = 1,     \
                   .means =                                                                        \
                       "write may take less than it was given: the rest has to be written too",    \
                   .look = "steps/01-echo-server, [6]; write(2), RETURN VALUE",                    \
                   .needs = LAB_SERVER_LISTENS(SUITE, PROGRAM))                                    \
  LAB_SERVER_CHECK(                                                                                \
      SUITE, PROGRAM, (__VA_ARGS__), survives_resets,                                              \
      "goes on after clients that reset at any point", .promise = "G6 S6", .points = 1,            \
      .means = "accept, read and write may all fail because a client has gone: that is "           \
               "the end of that client, not of the server",                                        \
      .look = "steps/01-echo-server, [4] and [5]; accept(2) and read(2), ERRORS",                  \
      .needs = LAB_SERVER_LISTENS(SUITE, PROGRAM))                                                 \
  LAB_SERVER_CHECK(SUITE, PROGRAM, (__VA_ARGS__), ends_with_a_silent_client,                       \
                   "ends with status 0 on SIGINT and SIGTERM with a silent client",                \
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
  LAB_SERVER_CHECK(SUITE, PROGRAM, (__VA_ARGS__), writes_each_line_at_once,                        \
                   "writes each line at once and whole into a pipe", .promise = "G3 S4",           \
                   .points = 1,                                                                    \
                   .means = "stdio keeps lines back when output is no terminal, and fork copies "  \
                            "what it keeps",                                                       \
                   .look = "steps/support/output.hpp; setvbuf(3), write(2), pipe(7)",              \
                   .needs = LAB_SERVER_LISTENS(SUITE, PROGRAM))
// NOLINTEND(cppcoreguidelines-macro-usage)
