// What the machine, or the user who checks, has too little of: that is never the program's fault.
// The checks do with less where they can, and are skipped, with the number, where they cannot.
#pragma once

#include <cstddef>
#include <string>
#include <system_error>

#include <sys/resource.h>

namespace lab {

/// Where our user may have fewer than `enough` processes, as far as the system tells: waits until
/// no other check runs that has called this, and keeps them waiting until the end of this process.
void wait_for_turn(rlim_t enough);

/// How many processes the program may be made to have at a time: `wanted`, or as many as there is
/// room for, which the report then says. Throws Skipped where these are fewer than `least`: then
/// the check would mean nothing.
std::size_t processes_at_once(std::size_t wanted, std::size_t least);

/// The same of connections that each have a process of the program, and a descriptor of ours.
std::size_t clients_at_once(std::size_t wanted, std::size_t least);

/// To be asked when a check has failed, and its program has been ended: why it proves nothing, in a
/// sentence, where there is no room for as many processes as it needs; else empty.
std::string lack_of_processes();

/// Whether the error says that the caller has come short of something.
bool is_shortage(const std::error_code& error);

/// Of a call of ours that has failed for such a reason: what it was, and what the limits are.
std::string shortage_in_words(const std::system_error& error);

} // namespace lab
