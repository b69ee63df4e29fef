// The checks of servers: the promises G1 to G6 and S1 to S7. There is a list of checks for each
// kind of server. A suite takes the lists that fit its server, with a line for each. The leaky
// server of step 05, for example, does not take LAB_TIDY_SERVER. The tidy one does:
//
//   constexpr Suite suite{.name = "step-05", .subject = {.program = "tidy_server", .forks = true}};
//   LAB_EVERY_SERVER(LAB_TAKE_SERVER)
//   LAB_STOPPED_SERVER(LAB_TAKE_SERVER)
//   LAB_TIDY_SERVER(LAB_TAKE_SERVER)
//
// Only the checks of LAB_SERVER_WORDING read the lines that the server prints. All others know what
// the server does from its sockets and from /proc.
#pragma once

#include "checks/check.hpp"

// Lists of names: TAKE is LAB_TAKE_SERVER in a suite, and LAB_DECLARE below.
// NOLINTBEGIN(cppcoreguidelines-macro-usage)

/// What every server promises.
#define LAB_EVERY_SERVER(TAKE)                                                                     \
  TAKE(listens)                                                                                    \
  TAKE(echoes_a_line)                                                                              \
  TAKE(serves_the_next_client)                                                                     \
  TAKE(refuses_wrong_arguments)                                                                    \
  TAKE(ends_when_it_cannot_bind)                                                                   \
  TAKE(listens_on_loopback_alone)                                                                  \
  TAKE(listens_on_an_address)                                                                      \
  TAKE(listens_on_a_port_of_the_kernel)                                                            \
  TAKE(restarts_at_once)                                                                           \
  TAKE(returns_every_byte)                                                                         \
  TAKE(returns_single_bytes)                                                                       \
  TAKE(waits_for_a_slow_reader)                                                                    \
  TAKE(does_not_stall)                                                                             \
  TAKE(uses_no_processor_while_it_waits)                                                           \
  TAKE(leaves_no_file)                                                                             \
  TAKE(echoes_any_bytes)                                                                           \
  TAKE(echoes_64_mebibytes)                                                                        \
  TAKE(survives_resets)                                                                            \
  TAKE(survives_a_reset_while_it_writes)                                                           \
  TAKE(ends_while_it_waits)                                                                        \
  TAKE(ends_with_a_silent_client)                                                                  \
  TAKE(ends_with_a_client_that_does_not_read)

/// What a server promises besides if it loses no signal. The flag_server of step 06 does.
#define LAB_STOPPED_SERVER(TAKE) TAKE(ends_when_it_is_about_to_wait)

/// What a server promises besides if it closes its clients' sockets. A leaky one does not.
#define LAB_TIDY_SERVER(TAKE)                                                                      \
  TAKE(closes_for_an_early_half_close)                                                             \
  TAKE(returns_what_is_under_way)                                                                  \
  TAKE(keeps_nothing_of_a_client)                                                                  \
  TAKE(serves_after_a_stalled_client)

/// What a server with a child for each client has to do first: each needs the one before it, and
/// all that is about children needs the last.
#define LAB_FORKING_GATES(TAKE)                                                                    \
  TAKE(serves_a_second_client)                                                                     \
  TAKE(has_a_child_for_each_client)                                                                \
  TAKE(returns_from_its_handler)

/// What a server with a child for each client promises besides.
#define LAB_FORKING_SERVER(TAKE)                                                                   \
  LAB_FORKING_GATES(TAKE)                                                                          \
  TAKE(serves_beside_bad_clients)                                                                  \
  TAKE(ends_with_fifty_clients)

/// The lines that the contract fixes.
#define LAB_SERVER_WORDING(TAKE)                                                                   \
  TAKE(shows_lines_at_once)                                                                        \
  TAKE(says_how_it_is_used)                                                                        \
  TAKE(names_the_call_that_failed)                                                                 \
  TAKE(says_where_it_listens)                                                                      \
  TAKE(names_each_client)                                                                          \
  TAKE(names_clients_of_ipv6)                                                                      \
  TAKE(writes_each_line_at_once)                                                                   \
  TAKE(writes_each_line_once)

#define LAB_TAKE_SERVER(CHECK) LAB_TAKE(::lab::server::CHECK)
#define LAB_DECLARE(CHECK) extern const Check CHECK;

namespace lab::server {

LAB_EVERY_SERVER(LAB_DECLARE)
LAB_STOPPED_SERVER(LAB_DECLARE)
LAB_TIDY_SERVER(LAB_DECLARE)
LAB_FORKING_SERVER(LAB_DECLARE)
LAB_SERVER_WORDING(LAB_DECLARE)

} // namespace lab::server

// NOLINTEND(cppcoreguidelines-macro-usage)
