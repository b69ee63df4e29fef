// The checks of exercises/05-descriptors: a server with a child for each client, in which each
// process holds what it uses and nothing else.

#include "checks/common.hpp"
#include "checks/exercise_server.hpp"
#include "checks/mp_server.hpp"
#include "checks/probed.hpp"
#include "checks/settle.hpp"
#include "checks/tidy_server.hpp"
#include "harness/programs.hpp"
#include "harness/server.hpp"
#include "tools/drawing/picture.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include <sys/syscall.h>
#include <unistd.h>

namespace lab::exercise_05 {

namespace {

constexpr Suite suite{
    .name = "exercise-05",
    .subject = {.program = "descriptor_server", .forks = true, .end_is_another_matter = true}};

// What the process holds above 2 that is no TCP socket, as `9 -> /dev/null`.
std::string inherited(pid_t pid) {
  std::string found;
  for (const DescriptorInfo& descriptor : descriptors_of(pid)) {
    if (descriptor.fd > 2 && descriptor.kind != DescriptorInfo::Kind::socket) {
      found += text("\n  ", descriptor.fd, " -> ", descriptor.target);
    }
  }
  return found;
}

} // namespace

LAB_TAKE_EXERCISE_GATES
LAB_FORKING_GATES(LAB_TAKE_EXERCISE_GATE)
LAB_TAKE_FOR(server::returns_every_byte, -1)
LAB_TAKE_EXERCISE_GATE(shows_lines_at_once)
LAB_TAKE_EXERCISE_SERVER

LAB_CHECK(child_holds_no_listener, .sentence = "a child holds no listener", .promise = "M2",
          .marks = 4,
          .means = "the child accepts no client. If it keeps the listener, the port stays taken "
                   "until its client leaves, even when the parent has ended",
          .look = "TODO 2; steps/05-descriptors, [2]; ls -l /proc/PID/fd",
          .by_hand = "2: BIN/lab-scenes many 9190 1\n"
                     "3: BIN/lab-xray PID",
          .needs = &server::returns_from_its_handler) {
  Server server("descriptor_server");
  const Connection first = server.connect();
  Connection second = server.connect();
  second.exchange("hello\n");
  const pid_t child = server.child_serving(second);
  settle(
      server.pid(), "the child to close its copy of the listener",
      [&] { return !listening_socket_of(child).has_value(); },
      [&] { return "the child holds\n" + xray_of(child); });
}

LAB_CHECK(lets_the_client_see_the_end,
          .sentence = "the client sees end of file after its half-close", .promise = "M2 S5",
          .marks = 3,
          .means = "a connection ends when the last of its descriptors is closed. While the parent "
                   "keeps one, the child's is not the last",
          .look = "TODO 3; steps/05-descriptors, [3] and [4]; close(2), shutdown(2)",
          .by_hand = "2: BIN/lab-scenes silent 9190", .needs = &server::returns_from_its_handler) {
  run_part(tidy::let_the_client_see_the_end, subject);
  run_part(server::closes_for_an_early_half_close, subject);
  run_part(server::returns_what_is_under_way, subject);
}

LAB_CHECK(shares_out_the_descriptors,
          .sentence = "parent {0, 1, 2, listener}, child {0, 1, 2, client}, with three clients",
          .promise = "M2", .marks = 2,
          .means = "fork copies the table of descriptors: each process closes what it does not "
                   "use",
          .look = "TODO 2 and 3; steps/05-descriptors, [1], [2] and [4]; ls -l /proc/PID/fd",
          .by_hand = "2: BIN/lab-scenes many 9190 3\n"
                     "3: BIN/lab-xray PID",
          .needs = {&child_holds_no_listener, &lets_the_client_see_the_end}) {
  run_part(tidy::are_shared_out_exactly, subject);
}

LAB_CHECK(parents_table_does_not_grow,
          .sentence = "the parent's table does not grow with its clients", .promise = "M2 G5",
          .marks = 2,
          .means = "a table that grows with every client is full one day, and then accept fails",
          .look = "TODO 3; steps/05-descriptors, [4]; ls -l /proc/PID/fd",
          .by_hand = "2: BIN/lab-scenes many 9190 10\n"
                     "2: Enter\n"
                     "3: ls -l /proc/PID/fd",
          .needs = &lets_the_client_see_the_end) {
  run_part(tidy::do_not_grow, subject);
}

LAB_CHECK(
    leaves_the_port_free, .sentence = "the port is free when the parent has been killed",
    .promise = "M2 S3", .marks = 2,
    .means = "a child that keeps the listener keeps the port, for as long as its client stays",
    .look = "TODO 2; steps/05-descriptors, [2]; bind(2), EADDRINUSE",
    .by_hand = "2: BIN/lab-scenes many 9190 1\n"
               "3: kill -KILL PID\n"
               "1: PROGRAM 9190",
    .needs = &child_holds_no_listener) {
  run_part(tidy::leave_the_port_free, subject);
}

LAB_CHECK(
    holds_nothing_inherited, .sentence = "holds nothing that was open when it was started",
    .promise = "E5", .marks = 8,
    .means = "exec closes only descriptors with the close-on-exec flag. If the program that starts "
             "the server has a lock or a pipe open, it stays open for as long as the server runs",
    .look = "TODO 1; closefrom, close_range(2); execve(2), FD_CLOEXEC; ls -l /proc/PID/fd",
    .by_hand = "1: PROGRAM 9190 9< /etc/hostname\n"
               "2: ls -l /proc/PID/fd",
    .needs = &server::returns_from_its_handler) {
  // The shell leaves it a file, the end of a pipe and a second standard output.
  ServerOptions options;
  options.process.arguments = {"-c", R"(exec "$0" "$@" 9</etc/passwd 8>&1 5</dev/null)",
                               lab::program("descriptor_server").string()};
  Server server("/bin/sh", options);
  for (const int number : {0, 1, 2}) { // closefrom(0) would be too much of it
    const auto held = descriptors_of(server.pid());
    expect(std::ranges::any_of(held,
                               [&](const auto& one) {
                                 return one.fd == number &&
                                        one.kind != DescriptorInfo::Kind::socket;
                               }),
           "the server has closed its descriptor ", number,
           ", which is its standard input, output or error:\n", picture_of(server.pid()));
  }
  Connection client = server.connect();
  client.exchange("hello\n");
  const std::string started = "started by a shell as `descriptor_server PORT 9</etc/passwd 8>&1 "
                              "5</dev/null`, ";
  const std::string parents = inherited(server.pid());
  const std::string childs = inherited(server.child_serving(client));
  // No descriptor has that number: nothing is closed. A program that relies on the call is not to
  // blame.
  if (!(parents + childs).empty() && syscall(SYS_close_range, ~0U, ~0U, 0) != 0) {
    throw Skipped(text("this machine refuses close_range(2): ", std::strerror(errno)));
  }
  expect(parents.empty(), started, "the parent still holds", parents);
  expect(childs.empty(), started, "the child still holds", childs);
}

LAB_CHECK(keeps_no_socket_when_fork_fails,
          .sentence = "the parent closes the client's socket when fork has failed",
          .promise = "M2 M5", .marks = 2,
          .means = "fork returns -1 when the process limit is reached: the parent still has to "
                   "close its own socket of that client, or the client waits for ever",
          .look = "TODO 3; steps/05-descriptors, [4]; fork(2), EAGAIN",
          .by_hand = "1: strace -o trace.txt -e inject=clone:error=EAGAIN:when=1 PROGRAM 9190\n"
                     "2: BIN/lab-scenes silent 9190\n"
                     "2: ls -l /proc/PID/fd",
          .needs = &lets_the_client_see_the_end, .waits = true) {
  probed::outlives_one_failing_fork({.program = "descriptor_server", .forks = true});
}

LAB_CHECK(
    reaps_its_children, .sentence = "reaps its children", .promise = "G5", .marks = -1,
    .means =
        "a child that has ended keeps its entry in the process table until its parent waits for it",
    .look = "steps/support/stop_signals.cpp; steps/04-signal-vs-sigaction/reap_all.cpp, [1]",
    .by_hand = "2: BIN/lab-scenes many 9190 10\n"
               "2: Enter\n"
               "3: ps --ppid PID -o pid,stat,comm",
    .needs = &server::returns_from_its_handler) {
  run_part(mp_server::reaps_children_that_end_together, subject);
}

} // namespace lab::exercise_05
