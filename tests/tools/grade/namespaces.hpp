// The namespaces that a job is started in: namespaces(7).
#pragma once

#include "tools/grade/protections.hpp"

#include <sys/types.h>

namespace lab::grade {

/// The flags of clone(2) for those that a job can have of its own here.
unsigned long namespaces_of(const Protections& protections);

/// As fork(2), into new namespaces.
pid_t fork_into(unsigned long namespaces);

/// Maps users and groups into the user namespace of the child `pid`, each to its own number: all of
/// them where we may. Throws std::system_error.
void map_users(pid_t pid);

/// Loopback is down in a new network namespace. Throws std::system_error.
void raise_loopback();

} // namespace lab::grade
