// The checks of a server with a child for each client (step_06.cpp), for other suites.
#pragma once

#include "checks/check.hpp"

namespace lab::mp_server {

extern const Check handles_signals_safely;
extern const Check keeps_errno;
extern const Check outlives_a_failing_accept;
extern const Check prints_each_child_removed;
extern const Check reaps_children_that_end_together;
extern const Check reaps_children_that_ended_while_it_was_stopped;
extern const Check serves_500_at_once;
extern const Check shares_out_the_descriptors;
extern const Check survives_a_storm;

} // namespace lab::mp_server
