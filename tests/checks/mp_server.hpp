// The checks of a server with a child for each client (the contract's M promises), each as a
// function of the program's name: step 06 and the exercises that build on it call them.
//
// None needs a line of output, except the two of prints_each_child_removed.
#pragma once

#include <string>

namespace lab::mp_server {

// M1
void has_a_child_for_each_client(const std::string& program);
void serves_500_at_once(const std::string& program);

// M2
void shares_out_the_descriptors(const std::string& program);
void keeps_no_descriptor_of_clients_gone(const std::string& program);

// M3
void reaps_children_that_ended_while_it_was_stopped(const std::string& program);
void reaps_children_that_end_together(const std::string& program);
void reaps_children_while_clients_come(const std::string& program);
void reaps_children_one_by_one(const std::string& program);
void reaps_children_that_were_killed(const std::string& program);
void prints_each_child_removed(const std::string& program);
void prints_each_child_removed_into_a_file(const std::string& program);

// M4
void accepts_through_signals(const std::string& program);
void reads_through_signals(const std::string& program);
void writes_through_signals(const std::string& program);
void survives_a_storm(const std::string& program);

// M5
void outlives_a_failing_fork(const std::string& program);
void outlives_a_failing_accept(const std::string& program);
void outlives_errors_of_accept(const std::string& program);
void outlives_clients_gone_before_accept(const std::string& program);

// M6
void handles_signals_safely(const std::string& program);

// G4
void sleeps_while_its_clients_do(const std::string& program);

} // namespace lab::mp_server
