// The namespaces that a job is started in: namespaces(7).
#pragma once

#include "tools/grade/protections.hpp"

#include <sys/types.h>

namespace lab::grade {

/// The flags of clone(2) for the namespaces that a job can have of its own on this machine.
unsigned long namespaces_of(const Protections& protections);

/// As fork(2), into new namespaces.
pid_t fork_into(unsigned long namespaces);

/// Maps users and groups into the user namespace of the child `pid`, each to the same number. If we
/// may, it maps all of them. Throws std::system_error.
void map_users(pid_t pid);

/// Brings loopback up: it is down in a new network namespace. Throws std::system_error.
void raise_loopback();

} // namespace lab::grade
