#include "checks/exercise_server.hpp"

#include "checks/at_once.hpp"
#include "checks/probed.hpp"
#include "harness/probe/probe.hpp"

namespace lab::exercise_server {

LAB_SHARED_CHECK(
    takes_its_place,
    .sentence = "PROGRAM binds 127.0.0.1 or the address it is given, and again right after its end",
    .promise = "S1 S3", .marks = 1,
    .means = "a server that listens on every address is open to the network. A port with a "
             "connection in TIME_WAIT is free only for a server that sets SO_REUSEADDR",
    .look = "steps/01-echo-server, [1] and [3]; ip(7); socket(7), SO_REUSEADDR",
    .needs = &server::echoes_a_line) {
  server::listens_on_loopback_alone.body(subject);
  server::listens_on_an_address.body(subject);
  server::listens_on_a_port_of_the_kernel.body(subject);
  server::restarts_at_once.body(subject);
}

LAB_SHARED_CHECK(
    says_what_is_wrong,
    .sentence = "PROGRAM says how it is used, where it listens, and which call has failed and why",
    .promise = "G1 G2 S2", .marks = 1,
    .means = "the user reads `usage: NAME ARGS`, `listening on ADDRESS:PORT` or `NAME: CALL: "
             "REASON`. strerror gives the reason for an errno",
    .look = "steps/support/error.hpp; strerror(3), getsockname(2)", .needs = &server::listens) {
  server::says_how_it_is_used.body(subject);
  server::says_where_it_listens.body(subject);
  server::ends_when_it_cannot_bind.body(subject);
  server::names_the_call_that_failed.body(subject);
}

LAB_SHARED_CHECK(returns_every_byte_until_the_end,
                 .sentence = "PROGRAM returns every byte in order whatever the sizes of the writes",
                 .promise = "S5", .marks = 1,
                 .means = "TCP carries bytes, not messages: a read may return any part of what was "
                          "sent. A half-close ends what the client sends, not what it receives",
                 .look = "steps/01-echo-server, [5]; read(2), RETURN VALUE; tcp(7)",
                 .needs = &server::echoes_a_line) {
  server::returns_every_byte.body(subject);
  if (!subject.end_is_another_matter) {
    server::closes_for_an_early_half_close.body(subject);
    server::returns_what_is_under_way.body(subject);
  }
}

LAB_SHARED_CHECK(
    is_quick_and_idle,
    .sentence = "PROGRAM answers a small message at once, and uses no processor while it waits",
    .promise = "S5 G4", .marks = 1,
    .means = "a message written in pieces waits 40 ms for an acknowledgement (Nagle's algorithm). "
             "A process that waits sleeps in a system call",
    .look = "steps/01-echo-server, [2] and [5]; tcp(7), TCP_NODELAY; accept(2), EAGAIN",
    .needs = &server::serves_a_second_client) {
  server::does_not_stall.body(subject);
  server::uses_no_processor_while_it_waits.body(subject);
}

LAB_SHARED_CHECK(
    survives_bad_clients, .sentence = "PROGRAM goes on after clients that reset at any point",
    .promise = "G6 S6", .marks = 1,
    .means = "accept, read and write may all fail because a client has gone (write with EPIPE, "
             "and with SIGPIPE): that is the end of that client, not of the server",
    .look = "steps/01-echo-server, [4] and [5]; accept(2) and read(2), ERRORS; signal(7)",
    .needs = &server::serves_a_second_client) {
  server::survives_resets.body(subject);
  server::survives_a_reset_while_it_writes.body(subject);
  if (subject.forks) {
    server::serves_beside_bad_clients.body(subject);
  } else {
    server::serves_after_a_stalled_client.body(subject);
  }
  if (!subject.end_is_another_matter && !Probe::cannot_probe(subject.program)) {
    probed::tells_an_error_from_data(subject);
  }
}

LAB_SHARED_CHECK(
    ends_on_signals,
    .sentence = "PROGRAM ends with status 0 on SIGINT and SIGTERM, whatever its clients do",
    .promise = "S7 G5", .marks = 1,
    .means = "a read that waits for a client must not keep the server from ending, and its process "
             "must end with the server",
    .look = "steps/support/stop_signals.cpp; steps/06-mp-server, [2] and [6]",
    .needs = &server::serves_a_second_client) {
  server::ends_while_it_waits.body(subject);
  if (!Probe::cannot_probe(subject.program)) {
    server::ends_when_it_is_about_to_wait.body(subject);
  }
  server::ends_with_a_silent_client.body(subject);
  server::ends_with_a_client_that_does_not_read.body(subject);
  if (subject.forks) {
    server::ends_with_fifty_clients.body(subject);
  }
}

LAB_SHARED_CHECK(
    writes_lines,
    .sentence = "PROGRAM writes each line at once, whole and once, into a pipe and into a file",
    .promise = "G3 S4", .marks = 1,
    .means = "stdio keeps lines back when output is no terminal, and fork copies "
             "what it keeps",
    .look = "steps/support/output.hpp; setvbuf(3), write(2), pipe(7)",
    .needs = &server::shows_lines_at_once) {
  server::writes_each_line_at_once.body(subject);
  server::writes_each_line_once.body(subject);
}

} // namespace lab::exercise_server
