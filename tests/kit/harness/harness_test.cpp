// The tests of the harness itself: above all that it ends whatever it has started.
#define DOCTEST_CONFIG_IMPLEMENT
#include "harness/guard.hpp"
#include "harness/idle.hpp"
#include "harness/limits.hpp"
#include "harness/process.hpp"
#include "harness/programs.hpp"
#include "harness/server.hpp"
#include "harness/tcp.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace std::chrono_literals; // NOLINT(google-build-using-namespace)
using lab::Connection;
using lab::Exit;
using lab::Failure;
using lab::Input;
using lab::Listener;
using lab::Output;
using lab::Process;
using lab::ProcessInfo;
using lab::Server;

namespace {

/// What the Failure that `act` throws tells.
std::string failure_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const Failure& failure) {
    return failure.what() + (failure.doing().empty() ? "" : '\n' + failure.doing());
  }
  return "no failure";
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// A child that only waits, with this pid; -1 where we may not choose it. clone(2), set_tid.
pid_t fork_with_pid(pid_t pid) {
  clone_args args{};
  args.exit_signal = SIGCHLD;
  args.set_tid = reinterpret_cast<std::uint64_t>(&pid);
  args.set_tid_size = 1;
  const auto child = static_cast<pid_t>(::syscall(SYS_clone3, &args, sizeof args));
  if (child == 0) {
    for (;;) {
      ::pause();
    }
  }
  return child;
}

/// Whether it runs: a zombie does not.
bool runs(pid_t pid) {
  const auto info = lab::process_info(pid);
  return info && !info->zombie();
}

/// Whether it is a child of ours, even a zombie: something that we have to see to.
bool ours(pid_t pid) {
  const auto info = lab::process_info(pid);
  return info && info->parent == ::getpid();
}

/// Descriptors that this process has open: to see that none is lost.
std::size_t open_here() {
  return lab::descriptors_of(::getpid()).size();
}

pid_t pid_in(const std::string& line) {
  return static_cast<pid_t>(std::stoi(line));
}

Server serving(const std::string& how, const std::string& address = "127.0.0.1") {
  return Server("serves", {.address = address, .extra = {how}});
}

/// The page of another kernel, as far as a pipe in packet mode shows it. 0: this one's.
int page_size = 0;

} // namespace

// What the harness calls.

extern "C" int getpagesize() noexcept {
  return page_size != 0 ? page_size : static_cast<int>(::sysconf(_SC_PAGESIZE));
}

extern "C" int pipe2(int* pipedes, int flags) noexcept {
  if (page_size != 0 && (flags & O_DIRECT) != 0) {
    // Keeps packets of any size apart, and loses what is not asked for, too.
    return ::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pipedes);
  }
  return static_cast<int>(::syscall(SYS_pipe2, pipedes, flags));
}

namespace {

TEST_SUITE("harness") {

  // Waiting.

  TEST_CASE("wait_until gives what the condition gave") {
    int calls = 0;
    const auto found = lab::wait_until("a third call", [&]() -> std::optional<int> {
      return ++calls == 3 ? std::optional(42) : std::nullopt;
    });
    CHECK(*found == 42);
    CHECK(calls == 3);
  }

  TEST_CASE("wait_until says what it waited for, and what was there instead") {
    const auto never = [] { return false; };
    CHECK(failure_of([&] { lab::wait_until("rain", never, 3ms); }) == "waited 3 ms for rain");
    CHECK(failure_of([&] {
            lab::wait_until(
                "rain", never, [] { return "sun"; }, 3ms);
          }) == "waited 3 ms for rain; instead: sun");
  }

  TEST_CASE("a failure begins with what was done, and carries what the programs were doing") {
    const auto thrown = [](const std::string& seen) {
      try {
        throw Failure(seen);
      } catch (const Failure& failure) {
        return failure;
      }
    };
    CHECK(thrown("it rains").what() == std::string("it rains"));
    CHECK(thrown("it rains").doing().empty());
    CHECK(thrown("it rains").advice().means.empty());
    const Failure advised("it rains", {.means = "you get wet", .look = "umbrella(1)"});
    CHECK(advised.advice().means == "you get wet");
    CHECK(advised.advice().look == "umbrella(1)");
    Process program("counts_input", {.arguments = {"idle"}});
    {
      const lab::Situation outer("after a first");
      const lab::Situation inner("and a second");
      const Failure failure = thrown("it rains");
      CHECK(failure.what() == std::string("after a first: and a second: it rains"));
      CHECK(contains(failure.doing(), "`counts_input idle` (pid "));
      CHECK(contains(failure.doing(), "still runs"));
    }
    CHECK(thrown("it rains").what() == std::string("it rains"));
    const Process moved = std::move(program);
    CHECK(contains(thrown("").doing(), "`counts_input idle` (pid "));
  }

  TEST_CASE("wait_until looks once more after the deadline") {
    // On a loaded machine the time may be over before the first look.
    CHECK(lab::wait_until(
        "what is there already", [] { return true; }, 0ms));
  }

  // Starting.

  TEST_CASE("a program starts clean, whatever the harness looks like") {
    const int leaked = ::open("/dev/null", O_RDONLY); // NOLINT(*-cloexec*): that is the point
    sigset_t some;
    sigset_t former;
    ::sigemptyset(&some);
    ::sigaddset(&some, SIGUSR1);
    ::pthread_sigmask(SIG_BLOCK, &some, &former);
    ::signal(SIGUSR2, SIG_IGN);
    Process program("shows_itself",
                    {.arguments = {"with space", ""}, .environment = {{"HARNESS_TEST", "x=y"}}});
    ::signal(SIGUSR2, SIG_DFL);
    ::pthread_sigmask(SIG_SETMASK, &former, nullptr);
    ::close(leaked);
    CHECK(program.line() == "open 0 1 2");
    CHECK(program.line() == "signals");
    CHECK(program.line() == "session " + std::to_string(program.pid()));
    CHECK(program.line() == "death signal 9");
    program.line();
    CHECK(program.line() == "variable x=y");
    CHECK(program.line() == "standard other other other");
    CHECK(program.line() == "with space");
    CHECK(program.line().empty());
    program.close_input();
    CHECK(program.wait().success());
    CHECK(program.command() == "shows_itself with space ");
  }

  TEST_CASE("a program speaks English, whatever its user reads") {
    ::setenv("LC_ALL", "ko_KR.UTF-8", 1);
    ::setenv("LANGUAGE", "ko", 1);
    Process english("/usr/bin/printenv", {.arguments = {"LC_ALL", "LANGUAGE"}});
    Process asked_otherwise("/usr/bin/printenv", {.arguments = {"LC_ALL", "LANGUAGE"},
                                                  .environment = {{"LC_ALL", "eo.UTF-8"}}});
    ::unsetenv("LANGUAGE");
    ::unsetenv("LC_ALL");
    CHECK(english.wait().success());
    CHECK(english.out() == "C.UTF-8\n\n");
    CHECK(asked_otherwise.wait().success());
    CHECK(asked_otherwise.out() == "eo.UTF-8\n\n");
  }

  TEST_CASE("a program that is not there, or is none") {
    const std::string folder = lab::program_folder();
    CHECK(failure_of([] { const Process program("nothing"); }) ==
          "no program nothing in " + folder + ": build it, or name its folder with --programs");
    CHECK(failure_of([] { const Process program("/etc/passwd"); }) ==
          "cannot run /etc/passwd: Permission denied");
    CHECK_THROWS_AS(Process("polls", {.working_directory = "/nowhere"}), std::system_error);
  }

  TEST_CASE("nothing of the harness is left when a start fails") {
    const auto before = open_here();
    CHECK_THROWS_AS(Process("/etc/passwd"), Failure);
    CHECK(open_here() == before);
    const auto children = lab::children_of(::getpid());
    CHECK(std::none_of(children.begin(), children.end(),
                       [](const ProcessInfo& child) { return child.zombie(); }));
  }

  TEST_CASE("input from nowhere, and none at all") {
    CHECK(Process("counts_input", {.input = Input::null}).wait_for_line("bytes") == "0 bytes");
    Process none("shows_itself", {.input = Input::closed, .errors = Output::closed});
    CHECK(none.line() == "open 1");
    CHECK(!none.type("x"));
    CHECK(none.wait().success());
  }

  TEST_CASE("a terminal") {
    Process program("shows_itself",
                    {.input = Input::terminal, .output = Output::terminal, .errors = Output::pipe});
    CHECK(program.wait_for_line("standard") == "standard terminal terminal other");
    SUBCASE("Ctrl-D ends its input") {
      program.close_input();
      CHECK(program.wait().success());
    }
    SUBCASE("Ctrl-C is SIGINT") {
      CHECK(program.type("\x03"));
      CHECK(program.wait() == Exit{.exited = false, .signal = SIGINT});
    }
  }

  TEST_CASE("a line typed at a terminal arrives once") {
    Process program("counts_input", {.input = Input::terminal, .output = Output::terminal});
    program.type("hello\n");
    CHECK(program.line() == "got hello");
    program.close_input();
    program.wait();
    CHECK(program.out() == "got hello\n6 bytes\n");
  }

  // Output.

  TEST_CASE("lines are whole lines, given once each") {
    Process program("writes_pieces");
    CHECK(program.line() == "one line");
    CHECK(program.wait_for_line("wo") == "two");
    CHECK(program.line() == "lines");
    const std::string text = failure_of([&] { program.line(); });
    CHECK(contains(text, "no further line on standard output"));
    CHECK(contains(text, "has ended: exit status 3"));
    CHECK(contains(text, "  | no newline\n"));
    CHECK(contains(text, "standard error so far, 20 bytes:\n  | an error\n  | its reason\n"));
    CHECK(program.wait() == Exit{.exited = true, .code = 3});
    CHECK(program.lines().size() == 4);
    CHECK(program.has_line("one"));
    CHECK(!program.has_line("newline"));
    CHECK(program.wait_for_error_line("reason") == "its reason");
    CHECK(program.error_lines() == std::vector<std::string>{"an error", "its reason"});
    CHECK(contains(failure_of([&] { program.wait_for_error_line("more"); }), "with `more`"));
  }

  TEST_CASE("a line that does not come is waited for until the deadline") {
    Process program("polls");
    program.line();
    program.stop();
    const std::string text = failure_of([&] { program.line(5ms); });
    CHECK(contains(text, "waited 5 ms for a line on standard output"));
    CHECK(contains(text, "still runs, state T (stopped)"));
    CHECK(contains(text, "  | ready\n"));
  }

  TEST_CASE("each write is seen as one") {
    Process program("writes_pieces");
    program.wait();
    REQUIRE(program.sees_writes());
    const auto writes = program.writes();
    REQUIRE(writes.size() == 5);
    CHECK(writes[0] == "one ");
    CHECK(writes[1] == "line\n");
    CHECK(writes[2].size() == 10'000);
    CHECK(writes[3] == "two\nlines\n");
    CHECK(writes[4] == "no newline");
    CHECK(program.error_writes() == std::vector<std::string>{"an error\n", "its reason\n"});
    const auto timed = program.timed_writes();
    CHECK(timed.size() == 5);
    CHECK(timed[0].when <= timed[4].when);
  }

  TEST_CASE("each write is seen as one, where pages are larger") {
    page_size = 16'384;
    Process program("writes_pieces"); // 10,000 bytes in a packet
    Process full("writes_pieces", {.arguments = {"16384"}});
    page_size = 65'536;
    Process largest("writes_pieces", {.arguments = {"65536"}});
    page_size = 0;
    const auto sizes = [](Process& process) {
      process.wait();
      REQUIRE(process.sees_writes());
      std::string result;
      for (const std::string& write : process.writes()) {
        result += std::to_string(write.size()) + " ";
      }
      return result;
    };
    CHECK(sizes(program) == "4 5 10000 10 10 ");
    CHECK(sizes(full) == "4 5 16394 10 "); // as of one write
    CHECK(sizes(largest) == "4 5 65546 10 ");
  }

  TEST_CASE("a program never blocks on its output") {
    constexpr std::size_t bytes = 8 << 20;
    Output output = Output::pipe;
    SUBCASE("pipe") {}
    SUBCASE("file") {
      output = Output::file;
    }
    SUBCASE("terminal") {
      output = Output::terminal;
    }
    Process program("writes_much", {.arguments = {std::to_string(bytes)}, .output = output});
    CHECK(program.wait().success());
    CHECK(program.out().size() == bytes);
    CHECK(program.err().size() == bytes);
    CHECK(!program.output_held_open());
  }

  TEST_CASE("output into a file is seen as it grows, and leaves no file") {
    Process program("counts_input", {.output = Output::file});
    program.type("hello\n");
    CHECK(program.line() == "got hello");
    CHECK(contains(lab::descriptors_of(program.pid()).at(1).target, "(deleted)"));
    program.type("world\n");
    program.close_input();
    CHECK(program.wait_for_line("bytes") == "12 bytes");
    CHECK(contains(failure_of([&] { program.line(); }), "has ended: exit status 0"));
    CHECK(!program.sees_writes());
  }

  TEST_CASE("processes that write into one file at the same time lose no line") {
    const std::string script = "for i in 1 2 3 4; do (n=0; while [ $n -lt 1000 ]; do "
                               "echo line; n=$((n + 1)); done) & done; wait";
    Process program("/bin/sh", {.arguments = {"-c", script}, .output = Output::file});
    CHECK(program.wait().success());
    const auto lines = program.lines();
    CHECK(lines.size() == 4'000);
    CHECK(std::count(lines.begin(), lines.end(), "line") == 4'000);
  }

  TEST_CASE("what is not wanted of the output goes nowhere, and is no end of it") {
    Process program("counts_input", {.output = Output::null});
    CHECK(program.type("hello\n"));
    CHECK(lab::descriptors_of(program.pid()).at(1).target == "/dev/null");
    program.close_input();
    CHECK(program.wait().success());
    CHECK(program.out().empty());
  }

  TEST_CASE("children and memory are seen without a look at every process") {
    Process parent("/bin/sh", {.arguments = {"-c", "sleep 100 & sleep 100 & read line; wait"}});
    lab::wait_until("two children",
                    [&] { return lab::some_children_of(parent.pid()).size() == 2; });
    CHECK(lab::has_children(parent.pid()));
    const auto children = lab::some_children_of(parent.pid());
    CHECK(!lab::has_children(children[0]));
    const auto use = lab::memory_use(parent.pid());
    REQUIRE(use);
    CHECK(use->anonymous > 0);
    CHECK(use->proportional > 0);
    CHECK(use->resident >= use->proportional);
    CHECK(use->resident >= use->unshared);
    parent.kill_all();
    parent.wait();
    CHECK(!lab::memory_use(parent.pid()));
  }

  TEST_CASE("a program that is killed while it writes has its output shown") {
    Process program("writes_much",
                    {.arguments = {"1000"}, .output = Output::file, .file_bytes = 10});
    CHECK(program.wait().text() == "killed by SIGXFSZ");
    CHECK(program.out() == "yyyyyyyyyy");
  }

  TEST_CASE("what is shown of bytes can be read") {
    CHECK(lab::shown("a\x01\n\tß\n") == "  | a\\x01\n  | \tß\n");
    CHECK(lab::shown("0123456789", 4) == "  | ... (6 bytes before this)\n  | 6789\n");
    CHECK(lab::shown("").empty());
  }

  // Input and signals.

  TEST_CASE("input of any size arrives") {
    Process program("counts_input");
    CHECK(program.type(std::string(3 << 20, 'z')));
    program.close_input();
    CHECK(program.wait_for_line("bytes") == std::to_string(3 << 20) + " bytes");
    CHECK(!program.type("more"));
  }

  TEST_CASE("input that nobody takes") {
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    const int room = ::fcntl(ends[0], F_GETPIPE_SZ); // 16 pages
    ::close(ends[0]);
    ::close(ends[1]);
    Process program("counts_input", {.arguments = {"idle"}});
    const std::string text = failure_of([&] { program.type(std::string(4 << 20, 'z'), 5ms); });
    CHECK(contains(text,
                   "of 4194304 bytes it took " + std::to_string(room) + "\n`counts_input idle`"));
  }

  TEST_CASE("input that has been closed") {
    Process program("closes_input");
    program.line();
    CHECK(!program.type("x")); // and no SIGPIPE for us
  }

  TEST_CASE("stopped, and going on") {
    Process program("counts_input");
    program.stop();
    CHECK(lab::process_info(program.pid())->state == 'T');
    program.type("hello\n");
    program.resume();
    CHECK(program.line() == "got hello");
  }

  TEST_CASE("a signal reaches the program, and nobody after its end") {
    Process program("polls");
    program.line();
    CHECK(!program.poll_exit());
    CHECK(program.signal(SIGUSR1));
    CHECK(program.wait().text() == "killed by SIGUSR1");
    CHECK(!program.signal(SIGUSR1));
    CHECK(program.poll_exit() == program.wait());
    CHECK(!lab::process_info(program.pid())); // reaped: nothing needs its zombie
  }

  TEST_CASE("waiting for the end of a program that goes on") {
    Process program("polls");
    program.line();
    program.stop();
    const std::string text = failure_of([&] { program.wait(5ms); });
    CHECK(contains(text, "waited 5 ms for the program to end\n`polls` (pid "));
    CHECK(contains(text, std::to_string(program.pid()) + " T polls: stopped, parent "));
  }

  // Limits.

  TEST_CASE("a program that spins is ended by its limit on time") {
    Process program("polls", {.arguments = {"0"}, .cpu_seconds = 1});
    CHECK(program.wait(60s).text() == "killed by SIGXCPU");
  }

  TEST_CASE("a program that eats memory is ended by its limit") {
    Process program("eats_memory", {.memory_bytes = std::size_t{200} << 20});
    const Exit end = program.wait();
    CHECK(!end.success());
    if (!end.exited) { // with AddressSanitizer
      CHECK(end.signal == SIGKILL);
      CHECK(contains(program.report(), "used more than 209715200 bytes of memory"));
    }
  }

  TEST_CASE("processes that eat memory together are ended, however little each has") {
    constexpr std::size_t most = std::size_t{200} << 20;
    Process program("eats_memory_together", {.most_memory = most});
    CHECK(program.wait().text() == "killed by SIGKILL");
    CHECK(contains(program.report(),
                   "its processes had more than 209715200 bytes of memory together"));
    CHECK(program.left_behind().empty());
  }

  TEST_CASE("a limit on open files") {
    Process program("forks_and_opens", {.open_files = 9});
    program.wait_for_line("ready");
    program.type("open\nopen\nopen\nopen\nopen\n"); // it has 0, 1, 2, 3 and 7
    CHECK(program.wait_for_line("Too many") == "Too many open files");
    CHECK(program.lines().size() == 1 + 4 + 1);
  }

  // Ending.

  TEST_CASE("a program that ignores signals is ended all the same") {
    pid_t pid = 0;
    {
      Process program("ignores_signals");
      program.wait_for_line("ready");
      pid = program.pid();
      program.signal(SIGTERM);
      CHECK(lab::ignores_signal(pid, SIGTERM));
      CHECK(contains(failure_of([&] { program.wait(5ms); }), "still runs"));
    }
    CHECK(!lab::process_info(pid));
  }

  TEST_CASE("a program that is stopped is ended all the same") {
    pid_t pid = 0;
    {
      Process program("polls");
      pid = program.pid();
      program.stop();
    }
    CHECK(!lab::process_info(pid));
  }

  TEST_CASE("a program that floods its output is ended, and it is said") {
    Output output = Output::pipe;
    SUBCASE("pipe") {}
    SUBCASE("file") {
      output = Output::file;
    }
    Process program("floods_output", {.output = output, .most_output = 5 << 20});
    CHECK(program.wait().text() == "killed by SIGKILL");
    CHECK(program.flooded());
    CHECK(program.out().size() > 5 << 20);
    CHECK(contains(program.report(),
                   "the harness ended it, because it wrote more than 5242880 bytes"));
  }

  TEST_CASE("a grandchild that outlives its program is found, named and ended") {
    std::string how;
    SUBCASE("in a session of its own, all descriptors closed") {
      how = "marked";
    }
    SUBCASE("with an empty environment besides") {
      how = "unmarked";
    }
    SUBCASE("with an environment of its own besides") {
      how = "foreign";
    }
    SUBCASE("and its main thread has ended besides") {
      how = "headless";
    }
    pid_t orphan = 0;
    const auto before = open_here();
    {
      Process program("leaves_orphan", {.arguments = {how}});
      orphan = pid_in(program.line());
      CHECK(program.wait().success());
      CHECK(!program.output_held_open());
      lab::wait_until("the orphan to have gone to sleep", [&] {
        const auto seen = lab::process_info(orphan);
        return seen && (seen->state == 'S' || seen->lives_without_main());
      });
      const auto left = program.left_behind();
      REQUIRE(left.size() == 1);
      CHECK(left[0].pid == orphan);
      CHECK(left[0].lives_without_main() == (how == "headless"));
      const std::string report = program.report();
      CHECK(contains(report, "left behind:\n" + std::to_string(orphan) +
                                 (how == "headless" ? " Z " : " S ")));
      CHECK(contains(report, "its main thread has ended, another one runs") == (how == "headless"));
      CHECK(runs(orphan));
    }
    CHECK(!lab::process_info(orphan));
    CHECK(open_here() == before);
  }

  TEST_CASE(
      "descendants with environments and sessions of their own are ended with their program") {
    pid_t grandchild = 0;
    {
      Process program("leaves_orphan", {.arguments = {"estranged"}});
      grandchild = pid_in(program.line());
      CHECK(runs(grandchild));
    }
    CHECK(!lab::process_info(grandchild));
  }

  TEST_CASE("an orphan that holds the output does not hold up the end") {
    Process program("leaves_orphan", {.arguments = {"holding"}});
    CHECK(program.wait().success());
    CHECK(program.lines().back() == "leaving");
    CHECK(program.output_held_open());
    CHECK(program.left_behind().size() == 1);
    program.kill_all();
    CHECK(program.left_behind().empty());
  }

  TEST_CASE("an orphan that ends is not left behind") {
    Process program("leaves_orphan", {.arguments = {"marked"}});
    const pid_t orphan = pid_in(program.line());
    program.wait();
    CHECK(program.left_behind().size() == 1);
    REQUIRE(::kill(orphan, SIGKILL) == 0);
    lab::wait_until("the orphan to be gone", [&] { return program.left_behind().empty(); });
    CHECK(!lab::process_info(orphan));
  }

  TEST_CASE("a zombie that was never reaped is left behind") {
    pid_t zombie = 0;
    {
      Process program("leaves_zombie");
      zombie = pid_in(program.line());
      CHECK(program.wait().success());
      const auto left = program.left_behind();
      REQUIRE(left.size() == 1);
      CHECK(left[0].pid == zombie);
      CHECK(left[0].state == 'Z');
      CHECK(contains(program.report(), std::to_string(zombie) +
                                           " Z leaves_zombie: zombie, exit status 7, not reaped"));
    }
    CHECK(!lab::process_info(zombie));
  }

  TEST_CASE("programs side by side keep their own") {
    Process one("leaves_orphan", {.arguments = {"marked"}});
    Process two("leaves_zombie");
    Process three("polls");
    const pid_t orphan = pid_in(one.line());
    one.wait();
    two.wait();
    three.line();
    CHECK(one.left_behind().at(0).pid == orphan);
    CHECK(one.left_behind().size() == 1);
    CHECK(two.left_behind().size() == 1);
    CHECK(three.processes().size() == 1);
    three.kill_all();
    CHECK(three.wait().text() == "killed by SIGKILL");
    CHECK(runs(orphan));
    one.kill_all();
    CHECK(!runs(orphan));
  }

  TEST_CASE("a program that is never the same process twice is ended") {
    std::vector<ProcessInfo> seen;
    {
      Process program("hops");
      program.wait_for_line("ready");
      lab::wait_until("a few hops", [&] {
        const auto now = program.processes();
        seen.insert(seen.end(), now.begin(), now.end());
        return seen.size() > 20;
      });
    }
    for (const ProcessInfo& process : lab::children_of(::getpid())) {
      CHECK(process.name != "hops");
    }
    for (const ProcessInfo& process : lab::all_processes()) {
      if (process.name == "hops") { // of a test beside this one? then not in our tree
        const auto environment = lab::environment_of(process.pid);
        const std::string mark = "LAB_GUARD=" + std::string(std::getenv("LAB_GUARD"));
        CHECK(std::find(environment.begin(), environment.end(), mark) == environment.end());
      }
    }
  }

  TEST_CASE("a fork bomb is ended, and it is said") {
    std::size_t most = 100;
    SUBCASE("as soon as there are too many") {}
    SUBCASE("when it has forked all that it can") {
      most = 100'000;
    }
    if (const auto reason = lab::cannot_limit_processes()) {
      MESSAGE("not tested here: " << *reason); // and nothing would hold the bomb back
      return;
    }
    constexpr unsigned room = 400;
    if (const auto found = lab::room_for_processes(room + 50); found < room + 50) {
      MESSAGE("not tested here: there is room for " << found << " processes, and it takes "
                                                    << room + 50);
      return;
    }
    // Where the program is of our own user, the limit counts that user's other processes too: those
    // that are there, and those that other tests bring meanwhile (500 clients, say).
    constexpr unsigned brought = 800;
    const auto others =
        ::geteuid() == 0 ? 0 : static_cast<unsigned>(lab::tasks_of_user(::getuid())) + brought;
    pid_t pid = 0;
    {
      Process program(
          "bombs",
          {.processes = others + room, .user = lab::unprivileged_user(), .most_processes = most});
      program.wait_for_line("ready");
      pid = program.pid();
      if (most == 100) {
        CHECK(program.wait().text() == "killed by SIGKILL");
        CHECK(contains(program.report(), "because it had more than 100 processes"));
        CHECK(program.left_behind().empty());
      } else {
        lab::wait_until("300 processes", [&] { return program.processes().size() > 300; });
      }
    }
    CHECK(!lab::process_info(pid));
    for (const ProcessInfo& process : lab::children_of(::getpid())) {
      CHECK(process.name != "bombs");
    }
  }

  // The guard.

  TEST_CASE("when the tool itself is killed, nothing of it is left") {
    Process tool("tool", {.arguments = {lab::program_folder(), "return"}});
    std::vector<pid_t> pids;
    for (std::string line = tool.line(); line != "kill me"; line = tool.line()) {
      pids.push_back(pid_in(line));
    }
    REQUIRE(pids.size() == 3);
    for (const pid_t pid : pids) {
      CHECK(runs(pid));
      CHECK(!ours(pid)); // the tool's: so it is not we who end them
    }
    tool.signal(SIGKILL);
    CHECK(tool.wait().text() == "killed by SIGKILL");
    lab::wait_until(
        "the guard to end what the tool started",
        [&] { return std::none_of(pids.begin(), pids.end(), runs); },
        [&] { return tool.report(); });
    lab::wait_until(
        "everything, the guard included, to be gone",
        [&] {
          const auto rest = tool.processes();
          return std::none_of(rest.begin(), rest.end(), [&](const ProcessInfo& process) {
            return process.pid != tool.pid() && !process.zombie();
          });
        },
        [&] { return lab::process_table(tool.processes()); });
  }

  TEST_CASE("when the tool ends, nothing of it is left, nor its guard") {
    std::string how;
    SUBCASE("return") {
      how = "return";
    }
    SUBCASE("exit") { // no destructor of a Process runs
      how = "exit";
    }
    Process tool("tool", {.arguments = {lab::program_folder(), how}});
    std::vector<pid_t> pids;
    for (std::string line = tool.line(); line != "kill me"; line = tool.line()) {
      pids.push_back(pid_in(line));
    }
    const auto family = tool.processes();
    CHECK(std::any_of(family.begin(), family.end(),
                      [](const ProcessInfo& process) { return process.name == "lab-guard"; }));
    tool.close_input();
    CHECK(tool.wait().success());
    CHECK(std::none_of(pids.begin(), pids.end(), runs));
    const auto left = tool.left_behind();
    INFO(lab::process_table(left));
    // By `exit` the tool ends before it could reap what the guard has ended.
    CHECK(std::all_of(left.begin(), left.end(), [](const ProcessInfo& process) {
      return process.zombie() && process.name != "lab-guard";
    }));
    CHECK((how == "exit" || left.empty()));
  }

  // /proc.

  TEST_CASE("a process and its relatives") {
    Process program("polls");
    program.line();
    const auto info = lab::process_info(program.pid());
    REQUIRE(info);
    CHECK(info->parent == ::getpid());
    CHECK(info->session == program.pid());
    CHECK(info->group == program.pid());
    CHECK(info->name == "polls");
    CHECK(info->threads == 1);
    CHECK(info->start_time > 0);
    CHECK(info->same_as(*lab::process_info(program.pid())));
    const auto is_program = [&](const ProcessInfo& process) { return process.same_as(*info); };
    const auto children = lab::children_of(::getpid());
    CHECK(std::count_if(children.begin(), children.end(), is_program) == 1);
    const auto descendants = lab::descendants_of(::getppid());
    CHECK(lab::descends_from(program.pid(), ::getppid()));
    CHECK(!lab::descends_from(::getppid(), program.pid()));
    CHECK(!lab::descends_from(program.pid(), program.pid()));
    CHECK(!lab::descends_from(-1, ::getpid()));
    CHECK(std::count_if(descendants.begin(), descendants.end(), is_program) == 1);
    CHECK(contains(lab::process_table(::getpid()), "─ " + std::to_string(program.pid()) + " "));
    program.kill_all();
    program.wait();
    CHECK(!lab::process_info(program.pid()));
    CHECK(lab::descriptors_of(program.pid()).empty());
    CHECK(!lab::cpu_use(program.pid()));
    CHECK(lab::describe(program.pid()) == std::to_string(program.pid()) + ": no such process");
  }

  TEST_CASE("those who are younger, also where one of them is given the pid of an elder") {
    Process elder("polls");
    elder.line();
    const pid_t pid = elder.pid();
    const auto first = *lab::process_info(pid);
    const auto is_there = [&] {
      const auto young = lab::processes_since(first.start_time + 1);
      const auto identities = lab::identities_since(first.start_time + 1);
      const bool listed = std::ranges::count(young, pid, &ProcessInfo::pid) == 1;
      CHECK(listed == (std::ranges::count(identities, pid, &lab::Identity::first) == 1));
      return listed;
    };
    CHECK(!is_there()); // read, to find out
    CHECK(!is_there()); // known
    elder.kill_all();
    elder.wait();

    // A child with the same pid, as often as it takes for it to be younger by a clock tick.
    const lab::Deadline deadline(lab::patience);
    std::optional<ProcessInfo> second;
    while (!second || second->start_time == first.start_time) {
      REQUIRE(!deadline.passed());
      const pid_t child = fork_with_pid(pid);
      if (child == -1) {
        MESSAGE("not tested here: clone3, as root, with set_tid: ",
                std::generic_category().message(errno));
        return;
      }
      second = lab::process_info(child);
      const bool younger = second && second->start_time > first.start_time;
      CHECK((child == pid && (!younger || is_there())));
      ::kill(child, SIGKILL);
      ::waitpid(child, nullptr, 0);
    }
  }

  TEST_CASE("descriptors") {
    Process program("forks_and_opens", {.errors = Output::terminal});
    program.wait_for_line("ready");
    const auto descriptors = lab::descriptors_of(program.pid());
    REQUIRE(descriptors.size() == 5);
    using Kind = lab::DescriptorInfo::Kind;
    CHECK(descriptors[0].kind == Kind::pipe);
    CHECK(descriptors[0].inode > 0);
    CHECK(descriptors[1].inode != descriptors[0].inode);
    CHECK(descriptors[2].kind == Kind::terminal);
    CHECK(descriptors[3].target == "/dev/null");
    CHECK(descriptors[3].kind == Kind::file);
    CHECK(descriptors[4].fd == 7);
    CHECK(contains(lab::describe(program.pid()), ", 7 /dev/null"));
  }

  TEST_CASE("signals") {
    ::signal(SIGUSR2, [](int) {});
    CHECK(lab::catches_signal(::getpid(), SIGUSR2));
    ::signal(SIGUSR2, SIG_IGN);
    CHECK(!lab::catches_signal(::getpid(), SIGUSR2));
    CHECK(lab::ignores_signal(::getpid(), SIGUSR2));
    ::signal(SIGUSR2, SIG_DFL);
    CHECK(!lab::ignores_signal(::getpid(), SIGUSR2));
    CHECK(!lab::blocks_signal(::getpid(), SIGUSR2));
    Process stopped("/bin/cat");
    stopped.stop();
    CHECK(!lab::has_pending(stopped.pid(), SIGUSR2));
    stopped.signal(SIGUSR2);
    CHECK(lab::has_pending(stopped.pid(), SIGUSR2));
  }

  TEST_CASE("clients that wait for accept are counted, by IPv4 and by IPv6") {
    for (const char* const address : {"127.0.0.1", "0.0.0.0", "::1", "::"}) {
      CAPTURE(std::string(address));
      if (const auto reason = lab::no_ipv6();
          reason && std::string_view(address).find(':') != std::string_view::npos) {
        MESSAGE("not tested here: " << *reason);
        continue;
      }
      Server server = serving("echo", address);
      server.stop_accepting();
      const Connection one = Connection::to(server.port(), server.address());
      const Connection two = Connection::to(server.port(), server.address());
      lab::wait_until("two to wait", [&] { return server.waiting() == 2; });
      CHECK(server.backlog() > 2);
      CHECK(server.listening());
      server.process().resume();
      lab::wait_until("none to wait", [&] { return server.waiting() == 0; });
      server.process().kill_all();
      lab::wait_until("nobody to listen", [&] { return !server.listening(); });
    }
  }

  TEST_CASE("sockets in all states of a conversation") {
    Server server = serving("echo");
    const auto listener = lab::listening_socket_of(server.pid());
    REQUIRE(listener);
    CHECK(listener->local_port == server.port());
    CHECK(listener->local_address == "127.0.0.1");
    CHECK(lab::describe(*listener) == "LISTEN 127.0.0.1:" + std::to_string(server.port()));
    Connection client = server.connect();
    const pid_t child = server.child_serving(client);
    const auto held = lab::wait_until("the child to hold its client alone", [&] {
      const auto sockets = lab::sockets_of(child);
      return sockets.size() == 1 ? std::optional(sockets[0]) : std::nullopt;
    });
    CHECK(held->state == lab::TcpState::established);
    CHECK(held->remote_port == client.local_port());
    ::kill(child, SIGSTOP);
    // Not before it has stopped: a read that is under way may still get what comes until then.
    lab::wait_until("the child to stop", [&] {
      const auto process = lab::process_info(child);
      return process && process->stopped();
    });
    client.send("four");
    lab::wait_until("four bytes in its queue", [&] {
      const auto sockets = lab::sockets_of(child);
      return sockets.size() == 1 && sockets[0].receive_queue == 4;
    });
    client.half_close();
    lab::wait_until("CLOSE_WAIT", [&] {
      const auto sockets = lab::sockets_of(child);
      return sockets.size() == 1 && sockets[0].state == lab::TcpState::close_wait;
    });
    ::kill(child, SIGCONT);
    CHECK(client.receive_until_eof() == "four");
  }

  TEST_CASE("each socket is seen once, however many come and go meanwhile") {
    // Others in the table move it under the reader: /proc/net/tcp then gives some rows twice.
    std::atomic<bool> done{false};
    std::thread coming_and_going([&] {
      std::vector<Listener> listeners;
      while (!done) {
        listeners.emplace_back();
        if (listeners.size() == 100) {
          listeners.clear();
        }
      }
    });
    std::size_t twice = 0;
    for (int look = 0; look < 200; ++look) {
      std::set<unsigned long> seen;
      for (const lab::SocketInfo& socket : lab::tcp_sockets()) {
        twice += socket.inode != 0 && !seen.insert(socket.inode).second ? 1U : 0U;
      }
    }
    done = true;
    coming_and_going.join();
    CHECK(twice == 0);
  }

  TEST_CASE("idle, polling and spinning") {
    Process idle("polls");
    Process polling("polls", {.arguments = {"20000"}});
    Process spinning("polls", {.arguments = {"0"}});
    for (Process* program : {&idle, &polling, &spinning}) {
      program->wait_for_line("ready");
    }
    const auto use = lab::expect_idle(idle.pid(), 100ms);
    CHECK(use.switches == 0);
    CHECK(use.run_time == 0ns);
    CHECK(contains(failure_of([&] { lab::expect_idle(polling.pid(), 100ms); }), "switching "));
    CHECK(contains(failure_of([&] { lab::expect_idle(spinning.pid(), 100ms); }), "windows"));
    idle.kill_all();
    idle.wait();
    CHECK(contains(failure_of([&] { lab::expect_idle(idle.pid()); }), "ended"));
  }

  TEST_CASE("who sleeps for good, and who only naps") {
    for (const std::string how : {"pause", "read", "poll", "child", "threads"}) {
      CAPTURE(how);
      Process program("sleeps", {.arguments = {how}});
      CHECK_NOTHROW(lab::wait_until("it to sleep for good",
                                    [&] { return lab::sleeps_for_good(program.pid()); }));
      // What it has written before is there, also if our thread has not had the processor yet.
      CHECK(program.out() == "ready\n");
    }
    for (const std::string how :
         {"nap", "poll-a-while", "alarm", "timer", "timerfd", "socket", "one-thread-naps"}) {
      CAPTURE(how);
      Process program("sleeps", {.arguments = {how}});
      program.wait_for_line("ready");
      CHECK_NOTHROW(lab::wait_until("it to sleep", [&] {
        const auto info = lab::process_info(program.pid());
        return info && info->state == 'S' && !lab::blocked_call_of(program.pid()).empty();
      }));
      CHECK_FALSE(lab::sleeps_for_good(program.pid()));
    }
  }

  TEST_CASE("a program is quiescent soon if all of its processes sleep for good") {
    const auto never = std::chrono::hours{1};
    for (const std::string how : {"pause", "child"}) {
      Process program("sleeps", {.arguments = {how}});
      lab::Quiescence quiescence(program.pid(), never);
      CHECK_NOTHROW(lab::wait_until("quiescence", [&] { return quiescence.reached(); }));
    }
    for (const std::string how : {"nap", "orphan"}) {
      CAPTURE(how);
      Process program("sleeps", {.arguments = {how}});
      program.wait_for_line("ready");
      lab::Quiescence quiescence(program.pid(), never);
      CHECK(contains(failure_of([&] {
                       lab::wait_until(
                           "quiescence", [&] { return quiescence.reached(); }, 500ms);
                     }),
                     "waited"));
    }
  }

  // TCP.

  TEST_CASE("an exchange larger than all buffers") {
    Server server = serving("echo");
    Connection client = server.connect(lab::patience, 4096);
    client.exchange_pattern(64 << 20, 7);
    CHECK(client.exchange("hello") == "hello");
    client.send("a line\nand");
    CHECK(client.receive_line() == "a line");
    CHECK(client.receive(3) == "and");
    client.send("rest");
    client.half_close();
    CHECK(client.receive_until_eof() == "rest");
    CHECK(client.at_eof());
    CHECK(!client.was_reset());
  }

  TEST_CASE("an echo that changes a byte") {
    Server server = serving("corrupt");
    Connection client = server.connect();
    CHECK(contains(failure_of([&] { client.exchange_pattern(1 << 20); }),
                   "of 1048576 bytes, the one at offset 100000 is the first to differ"));
    Connection other = server.connect();
    CHECK(contains(failure_of([&] { other.exchange(std::string(100'001, 'x')); }),
                   "sent from there:\n  | x\ncame back:\n  | y\n"));
  }

  TEST_CASE("a peer that resets") {
    Server server = serving("reset");
    Connection client = server.connect();
    client.send("x");
    CHECK(contains(failure_of([&] { client.receive(1); }), "the peer reset it"));
    CHECK(client.was_reset());
    Connection other = server.connect();
    other.send("x");
    CHECK(!other.at_eof());
    CHECK(other.was_reset());
  }

  TEST_CASE("a peer that closes early, or says nothing") {
    Server server = serving("half");
    Connection client = server.connect();
    client.send("hello");
    CHECK(contains(failure_of([&] { client.receive(9); }),
                   "the peer closed it; received until then: 5 bytes\n  | hello\n"));
    Connection silent = server.connect();
    CHECK(!silent.at_eof(1ms));
    CHECK(contains(failure_of([&] { silent.receive(1, 1ms); }), "waited, and nothing happened"));
    CHECK(contains(failure_of([&] { silent.exchange("", 1ms), silent.receive_line(1ms); }),
                   "while receiving a line"));
  }

  TEST_CASE("a client of ours that resets, and one that is refused") {
    Listener listener;
    Connection client = Connection::to(listener.port());
    Connection server = listener.accept();
    CHECK(server.remote_port() == client.local_port());
    client.reset();
    CHECK(contains(failure_of([&] { server.receive(1); }), "the peer reset it"));
    listener.close();
    CHECK(contains(failure_of([&] { Connection::to(listener.port()); }), "Connection refused"));
    Listener lonely;
    CHECK(contains(failure_of([&] { lonely.accept(1ms); }), "waited 1 ms for a client"));
  }

  TEST_CASE("a peer that does not read") {
    Listener listener;
    Connection client = Connection::to(listener.port());
    Connection server = listener.accept();
    const std::string much(32 << 20, 'x');
    const std::size_t sent = client.send_some_nonblocking(much);
    CHECK(sent > 0);
    CHECK(sent < much.size());
    CHECK(contains(failure_of([&] { client.send(much, 1ms); }), " of 33554432 bytes went"));
    CHECK(server.receive(sent) == much.substr(0, sent));
  }

  TEST_CASE("IPv6") {
    if (const auto reason = lab::no_ipv6()) {
      MESSAGE("not tested here: " << *reason);
      return;
    }
    Server server = serving("echo", "::1");
    CHECK(server.address() == "::1");
    Connection client = server.connect();
    client.exchange_pattern(100'000);
    CHECK(lab::listening_socket_of(server.pid())->ipv6);
    CHECK(lab::sockets_of(server.child_serving(client)).at(0).remote_address == "::1");
    Listener listener("::1");
    CHECK_NOTHROW(Connection::to(listener.port(), "::1"));
  }

  TEST_CASE("a port is given once") {
    std::vector<lab::Port> ports;
    std::set<unsigned> numbers;
    for (int count = 0; count < 50; ++count) {
      ports.push_back(lab::reserve_port());
      numbers.insert(ports.back().number());
    }
    CHECK(numbers.size() == ports.size());
    CHECK(*numbers.rbegin() < 32'768); // the kernel's default range for clients begins there
  }

  // Servers.

  TEST_CASE("children, zombies, and who serves whom") {
    Server server = serving("unreaped");
    CHECK(server.listening());
    Connection one = server.connect();
    Connection two = server.connect();
    server.wait_for_children(2);
    const pid_t first = server.child_serving(one);
    const pid_t second = server.child_serving(two);
    CHECK(first != second);
    CHECK(lab::process_info(first)->parent == server.pid());
    lab::wait_until("the parent to have closed its copy",
                    [&] { return server.holders_of(one) == std::vector<pid_t>{first}; });
    one.close();
    server.wait_for_children(1);
    CHECK(server.zombies().at(0).pid == first);
    two.close();
    CHECK(contains(failure_of([&] { server.wait_for_no_children(100ms); }), "2 zombies"));
    CHECK(contains(failure_of([&] { server.wait_for_children(1, 1ms); }), "instead: it has 0\n"));
    CHECK(server.stop().text() == "killed by SIGTERM");
    CHECK(!server.listening());
    CHECK(server.process().left_behind().size() == 2);
  }

  TEST_CASE("a server that ends instead of listening, and one that is deaf") {
    CHECK(contains(failure_of([] { const Server server("serves"); }),
                   "the server ended instead of listening"));
    CHECK(contains(failure_of([] { const Server server("serves"); }), "  | too few arguments"));
    CHECK(contains(failure_of([] {
                     const Server server(
                         "serves", {.address = "127.0.0.1", .extra = {"deaf"}, .limit = 20ms});
                   }),
                   "waited 20 ms for the server to listen on port "));
  }

  TEST_CASE("a second server on the same port") {
    const lab::Port port = lab::reserve_port();
    const lab::ServerOptions options{
        .address = "127.0.0.1", .extra = {"echo"}, .port = port.number()};
    const Server first("serves", options);
    CHECK(contains(failure_of([&] { const Server second("serves", options); }), "cannot listen"));
  }

  // Other users, and limits from outside.

  TEST_CASE("fork fails in a program that runs") {
    if (const auto reason = lab::cannot_limit_processes()) {
      MESSAGE("not tested here: " << *reason);
      return;
    }
    Process program("forks_and_opens", {.user = lab::unprivileged_user()});
    program.wait_for_line("ready");
    program.type("fork\n");
    CHECK(program.line() == "forked");
    {
      const lab::ProcessLimit limit(program.pid());
      program.type("fork\n");
      CHECK(program.line() == "Resource temporarily unavailable");
    }
    program.type("fork\n");
    CHECK(program.line() == "forked");
  }

  TEST_CASE("open fails in a program that runs") {
    Process program("forks_and_opens", {.user = lab::unprivileged_user()});
    program.wait_for_line("ready");
    {
      lab::DescriptorLimit limit(program.pid());
      program.type("open\n");
      CHECK(program.line() == "Too many open files");
      limit.restore();
      const lab::DescriptorLimit two(program.pid(), 2);
      program.type("open\nopen\nopen\n");
      CHECK(program.line() == "opened");
      CHECK(program.line() == "opened");
      CHECK(program.line() == "Too many open files");
    }
    program.type("open\n");
    CHECK(program.line() == "opened");
    program.kill_all();
    program.wait();
    CHECK_THROWS_AS(lab::DescriptorLimit(program.pid()), Failure);
  }

  TEST_CASE("a program in a closed folder runs as another user") {
    const auto user = lab::unprivileged_user();
    if (!user) {
      MESSAGE("not tested here: only root can run programs as another user");
      return;
    }
    std::string folder = std::filesystem::temp_directory_path() / "harness_test.XXXXXX";
    REQUIRE(::mkdtemp(folder.data()) != nullptr);
    const std::string path = folder + "/shows_itself";
    std::filesystem::copy(lab::program("shows_itself"), path);
    mode_t mode = 0;
    SUBCASE("the file open to all") {
      mode = 0755;
    }
    SUBCASE("the file closed as well") {
      mode = 0700;
    }
    ::chmod(path.c_str(), mode);
    {
      Process program(path, {.user = user});
      CHECK(program.wait_for_line("user") ==
            "user " + std::to_string(*user) + " " + std::to_string(*user));
      CHECK(program.has_line("death signal 9"));
      CHECK(program.has_line("session " + std::to_string(program.pid())));
      CHECK(lab::descriptors_of(program.pid()).size() == 3);
    }
    std::filesystem::remove_all(folder);
  }

  TEST_CASE("each run of another user has one to itself") {
    if (::geteuid() == 0) {
      CHECK(lab::unprivileged_user() != lab::unprivileged_user());
    } else {
      CHECK(!lab::unprivileged_user());
    }
  }
}

} // namespace

int main(int argc, char** argv) {
  lab::guard_descendants();
  lab::set_program_folder(HARNESS_PROGRAMS);
  return doctest::Context(argc, argv).run();
}
