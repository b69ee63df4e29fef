// The checks of a client of two processes over one socket (step_07.cpp), for other suites.
#pragma once

#include "checks/check.hpp"
#include "harness/process.hpp"
#include "harness/tcp.hpp"

#include <string>

namespace lab::mp_client {

/// What the client sends until the server sees an end, or until it has come to rest without one:
/// whether it half-closes is for q_half_closes to say. Then its processes sleep, or have ended.
std::string rest_of_sending(Process& client, Connection& peer);

/// Whether this rest is that of a client that never stops.
bool sends_on(const std::string& more);

/// The client has sent more than was typed: throws Failure, which tells why.
[[noreturn]] void throw_sends_more(const std::string& more);

extern const Check capital_q_half_closes;
extern const Check connects;
extern const Check converses;
extern const Check end_of_file_half_closes;
extern const Check ends_when_it_cannot_connect;
extern const Check ends_when_its_reader_is_killed;
extern const Check ends_when_its_writer_is_killed;
extern const Check has_no_zombie_after_its_half_close;
extern const Check leaves_nothing_after_end_of_file;
extern const Check leaves_nothing_after_q;
extern const Check leaves_nothing_when_the_server_closes;
extern const Check leaves_nothing_when_the_server_resets;
extern const Check notices_a_reset;
extern const Check notices_it_while_its_writer_is_blocked;
extern const Check notices_that_the_server_closes_first;
extern const Check prints_a_line_at_once;
extern const Check prints_each_line_in_one_write;
extern const Check prints_each_line_once_in_whatever_pieces;
extern const Check prints_long_lines;
extern const Check prints_nul_bytes;
extern const Check prints_what_comes_after_the_half_close;
extern const Check prints_what_comes_back;
extern const Check q_half_closes;
extern const Check reads_and_writes_in_a_process_each;
extern const Check reads_while_its_writer_is_blocked;
extern const Check refuses_wrong_arguments;
extern const Check says_how_it_is_used;
extern const Check says_that_it_is_connected_and_whose_message_it_prints;
extern const Check says_why_it_cannot_connect;
extern const Check sends_a_last_line_without_newline;
extern const Check sleeps_after_its_half_close;
extern const Check sleeps_while_it_waits;
extern const Check takes_as_data_what_is_not_q_alone;

} // namespace lab::mp_client
