// What checks need of the probe (harness/probe): helpers, and whole checks that look into a program
// or make its calls fail. The latter are functions: a suite calls them from a LAB_CHECK of its own.
// If a program cannot be probed (a static one, for example), the check is skipped, and no marks are
// lost.
#pragma once

#include "checks/server.hpp"
#include "harness/probe/probe.hpp"
#include "harness/server.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace lab::probed {

/// Throws Skipped where the program cannot be probed.
void needs_probe(const std::string& program);

/// Throws Failure if the probe has made no call of this group (`fork`, `write`) fail. A program
/// that makes such calls without their functions would not be checked at all.
void expect_faults(const Probe& probe, std::string_view group);

/// Throws Failure if the probe has seen no handler run, in a program that has to have one: then it
/// could not look into it.
void expect_handlers(const Probe& probe);

/// For a message: the last events that the probe recorded, a line each.
std::string what_happened(const Probe& probe, std::size_t lines = 24);

/// M6, for all that has run so far: throws Failure with the calls that a handler may not make. If
/// the signal is blocked except in the call that waits for it (ppoll, for example), the handler
/// interrupts no other code, and its calls do no harm. Then they count only with
/// `even_while_waiting`: for a program whose contract forbids them all the same.
void expect_safe_handlers(const Probe& probe, bool even_while_waiting = false);

/// M6 as well: throws Failure if a handler returned with another errno than it found. With
/// `even_while_waiting` a handler counts that interrupts no other code, too.
void expect_errno_kept(const Probe& probe, bool even_while_waiting = false);

/// What the probe has seen of a program that ends by itself.
std::unique_ptr<Probe> run_to_the_end(const std::string& program,
                                      const std::vector<std::string>& arguments);

/// What the probe has seen of a server whose handlers have run: its clients leave, first some
/// together and then one by one. Then it is asked to stop.
std::unique_ptr<Probe> server_with_busy_handlers(const std::string& program,
                                                 ServerOptions options = {});

/// S5: write takes 7 bytes at most, and signals break reads and writes where they could.
void echoes_through_short_writes(const Subject& subject);

/// S6, M5: accept fails because one client has gone. The next client is served.
void outlives_an_aborted_accept(const Subject& subject);

/// A read fails. That is the end of this client: nothing more is sent to it. If the program reads
/// by calls that the probe cannot make fail, this passes.
void tells_an_error_from_data(const Subject& subject);

/// M5: accept fails three times because there is no free descriptor. Then the server goes on.
void outlives_a_shortage(const Subject& subject);

/// The server goes on after fork has failed.
void expect_outlived(Server& server);

/// M5, M2: fork fails once. One client loses its connection, and the parent closes its socket.
void outlives_one_failing_fork(const Subject& subject);

} // namespace lab::probed
