// Checks that look into a program, or make its calls fail, by the probe: each as a function of the
// program's name. A program that cannot be probed, a static one, is skipped at no cost.
#pragma once

#include "checks/server.hpp"
#include "harness/probe/probe.hpp"
#include "harness/server.hpp"

#include <memory>
#include <string>
#include <vector>

namespace lab::probed {

/// Throws Skipped where the program cannot be probed.
void needs_probe(const std::string& program);

/// The last of what happened, in a message.
std::string what_happened(const Probe& probe, std::size_t lines = 24);

/// M6, of what has run so far: throws Failure with the calls that no handler may make. Where the
/// signal is blocked but in the one call that waits for it, it breaks into nothing: such calls
/// count only where the contract says that there be none, `even_while_waiting`.
void expect_safe_handlers(const Probe& probe, bool even_while_waiting = false);

/// The same of a handler that returns with another errno than it found.
void expect_errno_kept(const Probe& probe, bool even_while_waiting = false);

/// Runs a program that ends by itself, and holds its handlers to M6. Where `keeps_errno`, to that.
void has_safe_handlers(const std::string& program, const std::vector<std::string>& arguments,
                       bool keeps_errno = false);

/// What is seen of a server whose clients leave together and one by one, and that is then asked to
/// stop: its handlers have run.
std::unique_ptr<Probe> server_with_busy_handlers(const std::string& program,
                                                 ServerOptions options = {});

/// S5: write takes 7 bytes at most, and signals break reads and writes where they could.
void echoes_through_short_writes(const Subject& subject);

/// S6, M5: accept fails because one client has gone, and the next is served.
void outlives_an_aborted_accept(const Subject& subject);

/// A read that fails is the end of that client: nothing is sent for it. Passes where nothing is
/// read by a call that the probe can make fail.
void tells_an_error_from_data(const Subject& subject);

/// M5: accept fails for want of descriptors, three times on end, and then serves.
void outlives_a_shortage(const Subject& subject);

/// M5, M2: fork fails once. One client loses its connection, the parent keeps nothing of it.
void outlives_one_failing_fork(const Subject& subject);

} // namespace lab::probed
