// The checks of steps/06-mp-server, a server's and those of the full server alone.

#include "checks/check.hpp"
#include "checks/mp_server.hpp"
#include "checks/server_checks.hpp"

TEST_SUITE("step-06") {

  LAB_SERVER_CHECKS("step-06", "echo_mpserver", .forks = true)
  LAB_FORKING_SERVER_CHECKS("step-06", "echo_mpserver", .forks = true)
  LAB_SERVER_WORDING_CHECKS("step-06", "echo_mpserver", .forks = true)

  LAB_CHECK("step-06: gives each client a child of its own", .promise = "M1", .points = 2,
            .means = "one process that serves two clients makes one of them wait for the other",
            .look = "steps/06-mp-server, [6]; fork(2)") {
    lab::mp_server::has_a_child_for_each_client("echo_mpserver");
  }

  LAB_CHECK("step-06: serves 500 clients at once, none waiting for another", .promise = "M1",
            .points = 3,
            .means = "a client that connects later is served while all before it stay: no limit, "
                     "no queue, no table that fills up",
            .look = "steps/06-mp-server, [6]") {
    lab::mp_server::serves_500_at_once("echo_mpserver");
  }

  LAB_CHECK("step-06: the parent holds the listener alone, a child its client's socket alone",
            .promise = "M2", .points = 3,
            .means =
                "fork copies the table of descriptors: a socket is closed when the last of its "
                "descriptors is, in whichever process",
            .look = "steps/05-descriptors, [2] and [4]; steps/06-mp-server, [6]; fork(2)") {
    lab::mp_server::shares_out_the_descriptors("echo_mpserver");
  }

  LAB_CHECK("step-06: keeps no descriptor of clients that have gone", .promise = "M2 G5",
            .points = 2,
            .means = "a table that grows with every client is full one day, and then accept fails",
            .look = "steps/05-descriptors, [4]; ls -l /proc/PID/fd") {
    lab::mp_server::keeps_no_descriptor_of_clients_gone("echo_mpserver");
  }

  LAB_CHECK("step-06: reaps all 50 children that ended while it was stopped", .promise = "M3",
            .points = 3, .means = "SIGCHLD is not queued: one delivery can stand for many exits",
            .look = "steps/04-signal-vs-sigaction/reap_all.cpp, [1]; steps/06-mp-server, [1]; "
                    "waitpid(2), WNOHANG") {
    lab::mp_server::reaps_children_that_ended_while_it_was_stopped("echo_mpserver");
  }

  LAB_CHECK("step-06: reaps every child when 50 clients leave at once", .promise = "M3",
            .points = 3, .means = "SIGCHLD is not queued: one delivery can stand for many exits",
            .look = "steps/04-signal-vs-sigaction/reap_all.cpp, [1]; steps/06-mp-server, [1]; "
                    "waitpid(2), WNOHANG") {
    lab::mp_server::reaps_children_that_end_together("echo_mpserver");
  }

  LAB_CHECK("step-06: reaps every child while other clients keep coming", .promise = "M3",
            .points = 2,
            .means = "a busy server has its children end in the middle of accept and fork, too",
            .look = "steps/06-mp-server, [5]; sigaction(2)") {
    lab::mp_server::reaps_children_while_clients_come("echo_mpserver");
  }

  LAB_CHECK("step-06: reaps a child as soon as its client has left", .promise = "M3", .points = 1,
            .means = "who reaps only at the next client leaves a zombie until one comes",
            .look = "steps/06-mp-server, [1] and [3]; signal(7)") {
    lab::mp_server::reaps_children_one_by_one("echo_mpserver");
  }

  LAB_CHECK("step-06: reaps a child that was killed, and serves on", .promise = "M3 G5",
            .points = 1,
            .means = "a child may end in many ways, and is a zombie after each of them",
            .look = "steps/03-wait; wait(2)") {
    lab::mp_server::reaps_children_that_were_killed("echo_mpserver");
  }

  LAB_CHECK("step-06: prints `removed proc id: PID` once for each child", .promise = "M3",
            .points = 2,
            .means = "the line stands for a waitpid that returned that child: each child has one, "
                     "however many ended together, and however they ended",
            .look = "steps/06-mp-server, [1]; waitpid(2)") {
    lab::mp_server::prints_each_child_removed("echo_mpserver");
  }

  LAB_CHECK("step-06: prints `removed proc id: PID` at once and once into a file, too",
            .promise = "M3 G3", .points = 1,
            .means =
                "stdio keeps what is printed into a file in a buffer, and fork copies the buffer",
            .look = "steps/support/output.hpp; steps/06-mp-server, [1] and [7]; setvbuf(3)") {
    lab::mp_server::prints_each_child_removed_into_a_file("echo_mpserver");
  }

  LAB_CHECK("step-06: a signal breaks no accept of the parent", .promise = "M4", .points = 2,
            .means = "a handler that runs makes the call it came into return EINTR, unless it was "
                     "installed with SA_RESTART; and waitpid in it must not wait",
            .look = "steps/06-mp-server, [3] and [4]; signal(7), Interruption of system calls") {
    lab::mp_server::accepts_through_signals("echo_mpserver");
  }

  LAB_CHECK("step-06: a signal breaks no read of a child", .promise = "M4", .points = 2,
            .means = "read's -1 with EINTR is neither the end nor a number of bytes; the child has "
                     "inherited the parent's handlers",
            .look = "steps/06-mp-server, [3]; steps/01-echo-server, [5]; read(2)") {
    lab::mp_server::reads_through_signals("echo_mpserver");
  }

  LAB_CHECK("step-06: a signal breaks no write of a child", .promise = "M4", .points = 2,
            .means =
                "a write that a signal breaks has taken some of its bytes, or none: the rest is "
                "still to be written, from where it stopped",
            .look = "steps/01-echo-server, [6]; steps/06-mp-server, [3]; write(2)") {
    lab::mp_server::writes_through_signals("echo_mpserver");
  }

  LAB_CHECK("step-06: loses no byte and no process in a storm of signals", .promise = "M4",
            .points = 2,
            .means = "a signal comes between any two instructions, not only where one expects it",
            .look = "steps/06-mp-server, [3], [4] and [5]; signal(7), sigprocmask(2)") {
    lab::mp_server::survives_a_storm("echo_mpserver");
  }

  LAB_CHECK("step-06: fork failing costs one client its connection, nothing else", .promise = "M5",
            .points = 2,
            .means = "fork returns -1 where the processes are used up: the parent goes on, closes "
                     "that client's socket, and says so on standard error",
            .look = "steps/06-mp-server, [6]; fork(2), EAGAIN") {
    lab::mp_server::outlives_a_failing_fork("echo_mpserver");
  }

  LAB_CHECK("step-06: accept failing for want of descriptors costs nobody anything",
            .promise = "M5", .points = 2,
            .means =
                "the client stays in the backlog, and accept fails again at once: who does not "
                "pause spins, who exits takes all clients along",
            .look = "steps/06-mp-server, [5] and [8]; accept(2), EMFILE") {
    lab::mp_server::outlives_a_failing_accept("echo_mpserver");
  }

  LAB_CHECK("step-06: goes on after accept has failed with ECONNABORTED, EMFILE or ENFILE",
            .promise = "M5", .points = 1,
            .means = "some errors of accept are one client's affair, others pass: none of them is "
                     "the server's end",
            .look = "steps/06-mp-server, [8]; accept(2), ERRORS") {
    lab::mp_server::outlives_errors_of_accept("echo_mpserver");
  }

  LAB_CHECK("step-06: clients that are gone before accept cost nobody anything", .promise = "M5 S6",
            .points = 1,
            .means =
                "a connection may be reset before it is accepted: accept may fail, or the first "
                "read of the child does",
            .look = "steps/06-mp-server, [8]; accept(2), ECONNABORTED") {
    lab::mp_server::outlives_clients_gone_before_accept("echo_mpserver");
  }

  LAB_CHECK("step-06: its handlers call async-signal-safe functions alone", .promise = "M6",
            .points = 2,
            .means = "a handler may break into printf or malloc, and call it again within itself: "
                     "a lock is taken twice, a list is half changed",
            .look = "steps/06-mp-server, [1] and [2]; signal-safety(7)") {
    lab::mp_server::handles_signals_safely("echo_mpserver");
  }

  LAB_CHECK("step-06: parent and children use no processor while their clients are silent",
            .promise = "G4", .points = 1,
            .means = "a program that waits sleeps in a system call until its event",
            .look = "steps/06-mp-server, [5]; poll(2)") {
    lab::mp_server::sleeps_while_its_clients_do("echo_mpserver");
  }
}
