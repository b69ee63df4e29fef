// The checks of a server that closes what it does not use (step_05.cpp), for other suites.
#pragma once

#include "checks/check.hpp"

namespace lab::tidy {

extern const Check are_shared_out_exactly;
extern const Check do_not_grow;
extern const Check let_the_client_see_the_end;
extern const Check leave_the_port_free;

} // namespace lab::tidy
