// The promises of every server that the server of an exercise has to keep as well: those that a
// student's change can break. The exercise as shipped keeps them, so they give no marks: each costs
// one if it does not pass, but for those that only have to pass first. Where several checks of
// checks/server.hpp are about one thing, one check here runs them all.
#pragma once

#include "checks/server.hpp"

namespace lab::exercise_server {

extern const Check takes_its_place;
extern const Check says_what_is_wrong;
extern const Check is_quick_and_idle;
extern const Check survives_bad_clients;
extern const Check ends_on_signals;
extern const Check writes_lines;

} // namespace lab::exercise_server

// NOLINTBEGIN(cppcoreguidelines-macro-usage): doctest registers test cases by macros
#define LAB_TAKE_EXERCISE_GATE(CHECK) LAB_TAKE_FOR(::lab::server::CHECK, 0)

/// What all others need. Then come LAB_FORKING_GATES, if a child serves each client.
#define LAB_TAKE_EXERCISE_GATES                                                                    \
  LAB_TAKE_FOR(::lab::server::listens, -1)                                                         \
  LAB_TAKE_EXERCISE_GATE(echoes_a_line)                                                            \
  LAB_TAKE_EXERCISE_GATE(serves_the_next_client)

/// The bytes, and the end that a client sees.
#define LAB_TAKE_EXERCISE_BYTES                                                                    \
  LAB_TAKE_EXERCISE_GATE(closes_for_an_early_half_close)                                           \
  LAB_TAKE_EXERCISE_GATE(returns_every_byte)                                                       \
  LAB_TAKE_FOR(::lab::server::returns_what_is_under_way, -1)

#define LAB_TAKE_EXERCISE_SERVER                                                                   \
  LAB_TAKE(::lab::exercise_server::takes_its_place)                                                \
  LAB_TAKE_FOR(::lab::server::refuses_wrong_arguments, -1)                                         \
  LAB_TAKE(::lab::exercise_server::says_what_is_wrong)                                             \
  LAB_TAKE_FOR(::lab::server::waits_for_a_slow_reader, -1)                                         \
  LAB_TAKE(::lab::exercise_server::is_quick_and_idle)                                              \
  LAB_TAKE(::lab::exercise_server::survives_bad_clients)                                           \
  LAB_TAKE(::lab::exercise_server::ends_on_signals)                                                \
  LAB_TAKE_FOR(::lab::server::names_each_client, -1)                                               \
  LAB_TAKE(::lab::exercise_server::writes_lines)
// NOLINTEND(cppcoreguidelines-macro-usage)
