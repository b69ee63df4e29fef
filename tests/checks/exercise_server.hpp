// The promises of every server that an exercise's server is held to: those that a student's change
// can break. A mark each; the exercise's own checks weigh more. What the steps' suites ask one by
// one stands here in one check where it is about one thing.
#pragma once

#include "checks/server.hpp"

namespace lab::exercise_server {

extern const Check takes_its_place;
extern const Check says_what_is_wrong;
extern const Check returns_every_byte_until_the_end;
extern const Check is_quick_and_idle;
extern const Check survives_bad_clients;
extern const Check ends_on_signals;
extern const Check writes_lines;

} // namespace lab::exercise_server

// NOLINTBEGIN(cppcoreguidelines-macro-usage): doctest registers test cases by macros
#define LAB_TAKE_EXERCISE_GATE(CHECK) LAB_TAKE_FOR(::lab::server::CHECK, 0)
#define LAB_TAKE_EXERCISE_SERVER                                                                   \
  LAB_TAKE_FOR(::lab::server::listens, 1)                                                          \
  LAB_TAKE_FOR(::lab::server::echoes_a_line, 0)                                                    \
  LAB_TAKE_FOR(::lab::exercise_server::takes_its_place, 1)                                         \
  LAB_TAKE_FOR(::lab::server::refuses_wrong_arguments, 1)                                          \
  LAB_TAKE_FOR(::lab::exercise_server::says_what_is_wrong, 1)                                      \
  LAB_TAKE_FOR(::lab::exercise_server::returns_every_byte_until_the_end, 1)                        \
  LAB_TAKE_FOR(::lab::server::waits_for_a_slow_reader, 1)                                          \
  LAB_TAKE_FOR(::lab::exercise_server::is_quick_and_idle, 1)                                       \
  LAB_TAKE_FOR(::lab::exercise_server::survives_bad_clients, 1)                                    \
  LAB_TAKE_FOR(::lab::exercise_server::ends_on_signals, 1)                                         \
  LAB_TAKE_FOR(::lab::server::names_each_client, 1)                                                \
  LAB_TAKE_FOR(::lab::exercise_server::writes_lines, 1)
// NOLINTEND(cppcoreguidelines-macro-usage)
