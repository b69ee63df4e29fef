#include "checks/exercise_server.hpp"

#include "checks/at_once.hpp"
#include "checks/probed.hpp"
#include "harness/probe/probe.hpp"

namespace lab::exercise_server {

LAB_SHARED_CHECK(
    takes_its_place,
    .sentence = "PROGRAM binds 127.0.0.1 or the address it is given, and again right after its end",
    .promise = "S1 S3", .marks = -1,
    .means = "a server that listens on every address is open to the network. A port with a "
             "connection in TIME_WAIT is free only for a server that sets SO_REUSEADDR",
    .look = "steps/01-echo-server, [1] and [3]; ip(7); socket(7), SO_REUSEADDR",
    .by_hand = "2: BIN/lab-scenes many 9190 1\n"
               "3: ss -tlnp sport = :9190\n"
               "3: kill -TERM PID\n"
               "1: PROGRAM 9190",
    .needs = &server::serves_the_next_client) {
  run_part(server::listens_on_loopback_alone, subject);
  run_part(server::listens_on_an_address, subject);
  run_part(server::listens_on_a_port_of_the_kernel, subject);
  run_part(server::restarts_at_once, subject);
}

LAB_SHARED_CHECK(
    says_what_is_wrong,
    .sentence = "PROGRAM says how it is used, where it listens, and which call has failed and why",
    .promise = "G1 G2 S2", .marks = -1,
    .means = "the user reads `usage: NAME ARGS`, `listening on ADDRESS:PORT` or `NAME: CALL: "
             "REASON`. strerror gives the reason for an errno",
    .look = "steps/support/error.hpp; strerror(3), getsockname(2)",
    .by_hand = "1: PROGRAM\n"
               "1: PROGRAM 9190\n"
               "2: PROGRAM 9190",
    .needs = &server::listens) {
  run_part(server::says_how_it_is_used, subject);
  run_part(server::says_where_it_listens, subject);
  run_part(server::ends_when_it_cannot_bind, subject);
  run_part(server::names_the_call_that_failed, subject);
}

LAB_SHARED_CHECK(
    is_quick_and_idle,
    .sentence = "PROGRAM answers a small message at once, and uses no processor while it waits",
    .promise = "S5 G4", .marks = -1,
    .means = "a message written in pieces waits 40 ms for an acknowledgement (Nagle's algorithm). "
             "A process that waits sleeps in a system call",
    .look = "steps/01-echo-server, [2] and [5]; tcp(7), TCP_NODELAY; accept(2), EAGAIN",
    .by_hand = "2: BIN/lab-scenes bytes 9190\n"
               "3: ps -o pid,stat,time,comm -p PID --ppid PID",
    .needs = &server::serves_a_second_client, .waits = true) {
  run_part(server::does_not_stall, subject);
  run_part(server::uses_no_processor_while_it_waits, subject);
}

LAB_SHARED_CHECK(
    survives_bad_clients, .sentence = "PROGRAM goes on after clients that reset at any point",
    .promise = "G6 S6", .marks = -1,
    .means = "accept, read and write may all fail because a client has gone (write with EPIPE, "
             "and with SIGPIPE): that is the end of that client, not of the server",
    .look = "steps/01-echo-server, [4] and [5]; accept(2) and read(2), ERRORS; signal(7)",
    .by_hand = "2: BIN/lab-scenes reset 9190\n"
               "2: BIN/lab-scenes leave 9190\n"
               "2: BIN/lab-scenes many 9190 1",
    .needs = {&server::returns_from_its_handler, &server::returns_every_byte,
              &server::closes_for_an_early_half_close}) {
  run_part(server::survives_resets, subject);
  run_part(server::survives_a_reset_while_it_writes, subject);
  if (subject.forks) {
    run_part(server::serves_beside_bad_clients, subject);
  } else {
    run_part(server::serves_after_a_stalled_client, subject);
  }
  if (!subject.end_is_another_matter && !Probe::cannot_probe(subject.program)) {
    advised({.means = "read's -1 is an error, and no number of bytes: nothing is sent for it. Its "
                      "client has gone, and the server closes the socket",
             .look = "steps/01-echo-server, [5]; read(2), RETURN VALUE"},
            [&] { probed::tells_an_error_from_data(subject); });
  }
}

LAB_SHARED_CHECK(
    ends_on_signals,
    .sentence = "PROGRAM ends with status 0 on SIGINT and SIGTERM, whatever its clients do",
    .promise = "S7 G5", .marks = -1,
    .means = "a read that waits for a client must not keep the server from ending, and its process "
             "must end with the server",
    .look = "steps/support/stop_signals.cpp; steps/06-mp-server, [2] and [6]",
    .by_hand = "2: BIN/lab-scenes many 9190 1\n"
               "3: kill -TERM PID\n"
               "1: echo $?",
    .needs = &server::serves_a_second_client, .waits = true) {
  run_part(server::ends_while_it_waits, subject);
  if (!Probe::cannot_probe(subject.program)) {
    run_part(server::ends_when_it_is_about_to_wait, subject);
  }
  run_part(server::ends_with_a_silent_client, subject);
  run_part(server::ends_with_a_client_that_does_not_read, subject);
  if (subject.forks) {
    run_part(server::ends_with_fifty_clients, subject);
  }
}

LAB_SHARED_CHECK(
    writes_lines,
    .sentence = "PROGRAM writes each line at once, whole and once, into a pipe and into a file",
    .promise = "G3 S4", .marks = -1,
    .means = "stdio keeps lines back when output is no terminal, and fork copies "
             "what it keeps",
    .look = "steps/support/output.hpp; setvbuf(3), write(2), pipe(7)",
    .by_hand = "1: PROGRAM 9190 > lines\n"
               "2: BIN/lab-scenes many 9190 12\n"
               "2: Enter\n"
               "3: cat lines",
    .needs = &server::names_each_client) {
  run_part(server::writes_each_line_at_once, subject);
  run_part(server::writes_each_line_once, subject);
}

} // namespace lab::exercise_server
