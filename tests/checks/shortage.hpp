// When the machine, or the user who runs the checks, has too little of something. That is never the
// program's fault. A check then uses less, if less is enough. If not, it is skipped and says how
// much there is.
#pragma once

#include <cstddef>
#include <string>
#include <system_error>

#include <sys/resource.h>

namespace lab {

/// If our user may have fewer than `enough` processes, as far as the system tells: makes the checks
/// that call this run one after another. It returns when no other such check runs. The others wait
/// until this process ends.
void wait_for_turn(rlim_t enough);

/// How many processes a check may make the program have at a time. That is `wanted`, or fewer if
/// there is no room for so many; then the report says so. With fewer than `least` the check would
/// mean nothing: throws Skipped.
std::size_t processes_at_once(std::size_t wanted, std::size_t least);

/// The same for connections. Each needs a process of the program and a descriptor of ours.
std::size_t clients_at_once(std::size_t wanted, std::size_t least);

/// For a check that has failed, after its program has been ended. If there is no room for the
/// processes that the check needs, its failure proves nothing: returns a sentence that says why.
/// Else empty.
std::string lack_of_processes();

/// Whether the error means that there is too little of something: memory, processes, descriptors.
bool is_shortage(const std::error_code& error);

/// For a call of ours that failed for such a reason: which call it was, and what the limits are.
std::string shortage_in_words(const std::system_error& error);

} // namespace lab
