// The checks of a client of two processes over one socket (the contract's C promises), each as a
// function of the program's name: step 07 and the exercise that builds on it call them.
//
// The server is played by the check itself. Only the checks under "wording" need lines as the
// contract has them; the others learn from the first line that comes back how a client prints one.
#pragma once

#include <string>

namespace lab::mp_client {

// C1
void prints_a_line_at_once(const std::string& program);
void prints_each_line_once_in_whatever_pieces(const std::string& program);
void prints_long_lines(const std::string& program);
void prints_nul_bytes(const std::string& program);
void prints_a_last_line_without_newline(const std::string& program);
void prints_each_line_in_one_write(const std::string& program);

// C2
void sends_what_it_reads(const std::string& program);
void half_closes(const std::string& program, const std::string& last_input); // "": end of file
void takes_as_data_what_is_not_q_alone(const std::string& program);
void takes_as_data_a_q_after_a_full_buffer(const std::string& program);
void sends_a_last_line_without_newline(const std::string& program);
void prints_what_comes_after_the_half_close(const std::string& program);

// C3
void notices_that_the_server_closes_first(const std::string& program);
void notices_a_reset(const std::string& program);
void notices_it_while_its_writer_is_blocked(const std::string& program);

// C4
void gets_a_megabyte_back(const std::string& program);
void gets_a_megabyte_back_from_a_server_that_reads_first(const std::string& program);
void reads_while_its_writer_is_blocked(const std::string& program);

// C5, G5
void is_two_processes_over_one_socket(const std::string& program);
void reads_and_writes_in_a_process_each(const std::string& program);
enum class Way { q, end_of_file, server_closes, server_resets };
void leaves_nothing_after(const std::string& program, Way way);
void has_no_zombie_after_its_half_close(const std::string& program);
void ends_on(const std::string& program, int signal);
void ends_when_its_writer_is_killed(const std::string& program);
void ends_when_its_reader_is_killed(const std::string& program);

// G2, G3, G4, at a terminal, over IPv6
void ends_when_it_cannot_connect(const std::string& program);
void refuses_wrong_arguments(const std::string& program);
void ends_when_its_output_fails(const std::string& program);
void ends_when_its_output_is_closed_by_its_reader(const std::string& program);
void sleeps_while_it_waits(const std::string& program);
void sleeps_after_its_half_close(const std::string& program);
void works_at_a_terminal(const std::string& program);
void works_over_ipv6(const std::string& program);

// Wording
void says_that_it_is_connected_and_whose_message_it_prints(const std::string& program);
void says_why_it_cannot_connect(const std::string& program);
void says_how_it_is_used(const std::string& program);

} // namespace lab::mp_client
