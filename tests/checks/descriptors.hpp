// The checks of who holds which descriptor in a server with a child for each client, as functions
// of the program's name: step 05 and the exercise that mends such a server call them. None needs a
// line of output.
#pragma once

#include <string>

namespace lab::descriptors {

/// Parent {0, 1, 2, listener}, child {0, 1, 2, client}, with several clients at a time.
void are_shared_out_exactly(const std::string& program);

/// The parent's table is the same after many clients as before them.
void do_not_grow(const std::string& program);

/// After its half-close a client gets back what is under way, and then end of file.
void let_the_client_see_the_end(const std::string& program);

/// A parent that is killed leaves its port free, though a child still serves a client.
void leave_the_port_free(const std::string& program);

} // namespace lab::descriptors
