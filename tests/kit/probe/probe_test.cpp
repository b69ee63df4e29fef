// The probe's own tests: what it must see, what it must not, and that a program notices nothing.

#define DOCTEST_CONFIG_IMPLEMENT
#include "harness/guard.hpp"
#include "harness/limits.hpp"
#include "harness/probe/probe.hpp"
#include "harness/probe/shared.hpp"
#include "harness/proc.hpp"
#include "harness/programs.hpp"
#include "harness/server.hpp"

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

using lab::Event;
using lab::Probe;

std::string built(const std::string& name) {
  return PROBE_PROGRAMS "/" + name;
}

struct Run {
  lab::Exit exit;
  std::string out;
  std::string err;
};

Run run(Probe* probe, const std::string& program, std::vector<std::string> arguments) {
  lab::ProcessOptions options;
  options.arguments = std::move(arguments);
  if (probe != nullptr) {
    probe->attach(options);
  }
  lab::Process process(program, options);
  process.close_input();
  const lab::Exit exit = process.wait();
  return {.exit = exit, .out = process.out(), .err = process.err()};
}

// Says so where there is no room for so many processes.
bool lacks_processes(std::size_t wanted) {
  const std::size_t room = lab::room_for_processes(wanted);
  if (room < wanted) {
    MESSAGE("not tested here: it takes " << wanted << " processes, and there is room for " << room);
  }
  return room < wanted;
}

// The ways in which the programs have been built.
std::vector<std::string> builds_of(const std::string& name) {
  std::vector<std::string> result;
  for (const char* const way : {"", "_fortified", "_own_library", "_sanitized"}) {
    if (std::filesystem::exists(built(name + way))) {
      result.push_back(built(name + way));
    }
  }
  REQUIRE_FALSE(result.empty());
  return result;
}

bool is_sanitized(const std::string& program) {
#if defined(__SANITIZE_ADDRESS__)
  static_cast<void>(program);
  return true;
#else
  return program.ends_with("_sanitized");
#endif
}

bool has_own_library(const std::string& program) {
  return program.ends_with("_own_library");
}

std::string all_texts(const std::vector<lab::UnsafeCall>& calls) {
  std::string text;
  for (const auto& call : calls) {
    text += call.text + "\n";
  }
  return text;
}

std::size_t count(const std::string& text, std::string_view part) {
  std::size_t result = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++result;
  }
  return result;
}

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

// The place in the events at which such a text first appears.
std::size_t place(const std::vector<Event>& events, std::string_view text) {
  const auto found = std::find_if(events.begin(), events.end(), [text](const Event& event) {
    return event.text.find(text) != std::string::npos;
  });
  return static_cast<std::size_t>(found - events.begin());
}

struct Expected {
  const char* what;
  std::vector<std::string> functions;          // any of these
  std::vector<std::string> with_own_library{}; // where the C++ library is in the program
};

constexpr std::string_view sources = "tests/kit/probe/programs/";

/// The place of the only line of `file` that has this text: `tests/.../calls.cpp:24`.
std::string place_in_source(const std::string& file, std::string_view text) {
  std::ifstream source(std::string(sources) + file);
  std::string place;
  std::string line;
  for (int number = 1; std::getline(source, line); ++number) {
    if (line.find(text) != std::string::npos) {
      REQUIRE_MESSAGE(place.empty(), file, " has this more than once: ", text);
      place = std::string(sources) + file + ":" + std::to_string(number);
    }
  }
  REQUIRE_MESSAGE(!place.empty(), file, " has not: ", text);
  return place;
}

} // namespace

TEST_SUITE("probe") {
  TEST_CASE("a call has the line where the program makes it") {
    std::filesystem::current_path(LAB_SOURCE_FOLDER);
    lab::set_program_folder(PROBE_PROGRAMS);
    const auto unsafe = [](const std::string& program, const char* what) {
      Probe probe;
      run(&probe, built(program), {what});
      REQUIRE(!probe.unsafe_calls().empty());
      const std::int64_t caller = probe.unsafe_calls()[0].caller;
      return probe.places_of({caller})[caller];
    };
    CHECK(unsafe("handlers_with_lines", "printf") ==
          place_in_source("handlers.cpp", "{\"printf\", [](int)"));
    CHECK(unsafe("handlers_with_lines", "cout int") ==
          place_in_source("handlers.cpp", "{\"cout int\", [](int)"));
    CHECK(unsafe("handlers_with_lines", "helper") ==
          place_in_source("handlers.cpp", "  std::printf(\"line %d\\n\", lines);"));
    CHECK(unsafe("handlers", "printf").empty()); // built without -g

    Probe probe({.faults = "accept:1=EMFILE"});
    run(&probe, built("calls_with_lines"), {"accept", "1"});
    REQUIRE(probe.faults_injected() == 1);
    const std::string place = place_in_source("calls.cpp", "i % 2 == 0 ? accept(");
    CHECK(lab::Failure("no place").at() == place + ": accept failed here, EMFILE\n");
    CHECK(probe.timeline().find(" fails: EMFILE   <- injected   " + place.substr(sources.size()) +
                                '\n') != std::string::npos);
    // What lies in another folder is nothing to open from here.
    std::filesystem::current_path(PROBE_PROGRAMS);
    CHECK(lab::Failure("no place").at().empty());
  }

  TEST_CASE("each function that is not async-signal-safe is seen in a handler") {
    const std::vector<Expected> all{
        {"printf", {"printf"}},
        {"fprintf", {"fprintf"}},
        {"dprintf", {"dprintf"}},
        {"puts", {"puts"}},
        {"fputs", {"fputs"}},
        {"putchar", {"putchar", "putc"}},
        {"putc_unlocked", {"putc_unlocked"}},
        {"fwrite", {"fwrite"}},
        {"fflush", {"fflush"}},
        {"perror", {"perror"}},
        {"malloc", {"malloc"}},
        {"calloc", {"calloc"}},
        {"realloc", {"realloc"}},
        {"free", {"free"}},
        {"strdup", {"strdup"}},
        {"new", {"operator new[]"}, {"malloc"}},
        {"delete", {"operator delete[]"}, {"free"}},
        {"string", {"operator new"}, {"malloc"}},
        {"cout text", {"std::cout <<"}, {"fwrite"}},
        {"cout string", {"std::cout <<"}, {"fwrite"}},
        {"cout int", {"std::cout <<"}, {"fwrite"}},
        {"cout long", {"std::cout <<"}, {"fwrite"}},
        {"cout double", {"std::cout <<"}, {"fwrite"}},
        {"cout char", {"std::cout <<"}, {"fwrite", "putc"}},
        {"cout endl", {"std::cout <<"}, {"putc", "fflush"}},
        {"cout flush", {"std::cout <<"}, {"fflush"}},
        {"cerr", {"std::cerr <<"}, {"fwrite", "fflush"}},
        {"exit", {"exit"}},
        {"localtime", {"localtime"}},
        {"strerror", {"strerror"}},
        {"mutex", {"pthread_mutex_lock"}},
        {"helper", {"printf"}},
        {"signal", {"printf"}},
        {"siginfo", {"printf"}},
    };
    for (const std::string& program : builds_of("handlers")) {
      for (const Expected& expected : all) {
        CAPTURE(program);
        CAPTURE(std::string(expected.what));
        Probe probe;
        const Run result = run(&probe, program, {expected.what});
        CHECK_MESSAGE(result.exit.success(), result.exit.text(), "\n", result.err);
        const auto calls = probe.unsafe_calls();
        const auto& names = has_own_library(program) && !expected.with_own_library.empty()
                                ? expected.with_own_library
                                : expected.functions;
        REQUIRE_MESSAGE(!calls.empty(), probe.timeline());
        CHECK_MESSAGE(std::all_of(calls.begin(), calls.end(),
                                  [&names](const lab::UnsafeCall& call) {
                                    return std::find(names.begin(), names.end(), call.function) !=
                                           names.end();
                                  }),
                      all_texts(calls));
        CHECK(calls[0].signal == SIGUSR1);
        CHECK(calls[0].text == calls[0].function + " called in the handler of SIGUSR1 (pid " +
                                   std::to_string(calls[0].pid) + ")" +
                                   (calls[0].times == 2 ? ", 2 times" : "") +
                                   "; the signal had interrupted raise");
        CHECK_FALSE(calls[0].only_while_waiting);
      }
    }
  }

  TEST_CASE("a safe handler is left in peace, and errno is its own") {
    for (const std::string& program : builds_of("handlers")) {
      CAPTURE(program);
      Probe probe;
      const Run result = run(&probe, program, {"safe"});
      CHECK(result.exit.success());
      CHECK(result.out == "safe\ndone\n");
      CHECK(probe.loaded());
      CHECK_MESSAGE(probe.unsafe_calls().empty(), all_texts(probe.unsafe_calls()));
      CHECK(probe.doubtful_calls().empty());
      CHECK(probe.errno_clobbers().empty());
      const auto events = probe.events();
      CHECK(place(events, "SIGUSR1: its handler begins, interrupting raise") <
            place(events, "waitpid(-1, WNOHANG) fails: ECHILD"));
      CHECK(place(events, "waitpid(-1, WNOHANG)") < place(events, "SIGUSR1: its handler returns"));
    }
  }

  TEST_CASE("snprintf is doubtful, not unsafe") {
    for (const std::string& program : builds_of("handlers")) {
      CAPTURE(program);
      Probe probe;
      CHECK(run(&probe, program, {"snprintf"}).exit.success());
      CHECK(probe.unsafe_calls().empty());
      const auto calls = probe.doubtful_calls();
      REQUIRE(calls.size() == 1);
      CHECK(calls[0].function.ends_with("snprintf"));
    }
  }

  TEST_CASE("a handler that returns with errno changed is named") {
    Probe probe;
    CHECK(run(&probe, built("handlers"), {"errno"}).exit.success());
    const auto clobbers = probe.errno_clobbers();
    REQUIRE(clobbers.size() == 1);
    CHECK(clobbers[0].text == "the handler of SIGUSR1 returned with errno changed from EBADF to "
                              "ENOENT (pid " +
                                  std::to_string(clobbers[0].pid) + ")");
    CHECK(probe.unsafe_calls().empty());
  }

  TEST_CASE("of two nested handlers the one that did it is named") {
    Probe calls;
    CHECK(run(&calls, built("handlers"), {"nested"}).exit.success());
    REQUIRE(calls.unsafe_calls().size() == 1);
    CHECK(calls.unsafe_calls()[0].signal == SIGUSR2);
    Probe clobbers;
    CHECK(run(&clobbers, built("handlers"), {"nested errno"}).exit.success());
    REQUIRE(clobbers.errno_clobbers().size() == 1);
    CHECK(clobbers.errno_clobbers()[0].signal == SIGUSR2);
    Probe outer;
    CHECK(run(&outer, built("handlers"), {"nested first"}).exit.success());
    REQUIRE(outer.unsafe_calls().size() == 1);
    CHECK(outer.unsafe_calls()[0].signal == SIGUSR1);
    CHECK(outer.unsafe_calls()[0].interrupted == "raise");
  }

  TEST_CASE("the program finds its own handlers where it asks for them") {
    for (const std::string& program : builds_of("handlers")) {
      CAPTURE(program);
      Probe probe;
      const Run result = run(&probe, program, {"ask"});
      CHECK_MESSAGE(result.exit.success(), result.out, result.err);
      CHECK(result.out.ends_with("done\n"));
    }
  }

  TEST_CASE("printf and malloc in main are nobody's fault, whatever signals come") {
    for (const std::string& program : builds_of("handlers")) {
      CAPTURE(program);
      Probe probe;
      CHECK(run(&probe, program, {"busy"}).exit.success());
      CHECK_MESSAGE(probe.unsafe_calls().empty(), all_texts(probe.unsafe_calls()));
      CHECK(probe.errno_clobbers().empty());
      const auto events = probe.events();
      CHECK(std::count_if(events.begin(), events.end(), [](const Event& event) {
              return event.kind == Event::Kind::enter;
            }) >= 200);
      if (!is_sanitized(program)) { // a signal that breaks into these is what makes calls unsafe
        CHECK(std::any_of(events.begin(), events.end(), [](const Event& event) {
          return event.text.find("interrupting ") != std::string::npos;
        }));
      }
    }
  }

  TEST_CASE("a handler that siglongjmp leaves is left") {
    for (const std::string& program : builds_of("handlers")) {
      for (const char* const how : {"jump", "jump, own stack"}) {
        CAPTURE(program);
        CAPTURE(std::string(how));
        Probe probe;
        const Run result = run(&probe, program, {how});
        CHECK_MESSAGE(result.exit.success(), result.err);
        CHECK_MESSAGE(probe.unsafe_calls().empty(), probe.timeline());
        CHECK(place(probe.events(), "is left by longjmp") < probe.events().size());
      }
    }
    for (const std::string& program : builds_of("handlers")) {
      CAPTURE(program);
      Probe probe;
      CHECK(run(&probe, program, {"jump inside"}).exit.success());
      REQUIRE(probe.unsafe_calls().size() == 1);
      CHECK(probe.unsafe_calls()[0].function == "puts");
    }
  }

  TEST_CASE("it is told what a signal broke into, and whether a wait unblocked it") {
    Probe paused;
    CHECK(run(&paused, built("handlers"), {"pause"}).exit.success());
    REQUIRE(paused.unsafe_calls().size() == 1);
    CHECK(paused.unsafe_calls()[0].interrupted == "pause");
    CHECK_FALSE(paused.unsafe_calls()[0].only_while_waiting);
    for (const std::string& program : builds_of("handlers")) {
      for (const char* const call : {"ppoll", "pselect", "sigsuspend", "epoll_pwait"}) {
        CAPTURE(program);
        CAPTURE(std::string(call));
        Probe unblocked;
        const Run result = run(&unblocked, program, {call}); // two signals at once
        CHECK_MESSAGE(result.exit.success(), result.out);
        REQUIRE(unblocked.unsafe_calls().size() == 2);
        for (const lab::UnsafeCall& unsafe : unblocked.unsafe_calls()) {
          CHECK(unsafe.interrupted == call);
          CHECK_MESSAGE(unsafe.only_while_waiting, unsafe.text);
        }
      }
    }
  }

  TEST_CASE("fork fails when it is told to, and only then") {
    for (const std::string& program : builds_of("calls")) {
      CAPTURE(program);
      Probe probe({.faults = "fork:2=EAGAIN; fork:4-5=ENOMEM"});
      const Run result = run(&probe, program, {"fork", "6"});
      CHECK(result.out == "fork 0\nfork EAGAIN\nfork 0\nfork ENOMEM\nfork ENOMEM\nfork 0\n");
      CHECK(probe.faults_injected() == 3);
      CHECK(probe.faults_injected("fork") == 3);
      CHECK(probe.faults_injected("accept") == 0);
      CHECK(place(probe.events(), "fork() fails: EAGAIN   <- injected") < probe.events().size());
    }
  }

  TEST_CASE("vfork too, which else works as ever") {
    for (const std::string& program : builds_of("calls")) {
      CAPTURE(program);
      Probe probe({.faults = "vfork:2=EAGAIN"});
      const Run result = run(&probe, program, {"vfork", "3"});
      CHECK(result.out == "vfork 0\nvfork EAGAIN\nvfork 0\n");
      CHECK(probe.faults_injected("fork") == 1);
      const auto events = probe.events();
      const std::size_t begins = place(events, "starts: true"); // follows exec
      const std::size_t closes = place(events, "close(-1) fails: EBADF");
      REQUIRE(begins < events.size());
      REQUIRE(closes < events.size());
      CHECK(events[closes].pid == events[begins].pid);
    }
  }

  TEST_CASE("accept, both of it, counted together") {
    for (const std::string& program : builds_of("calls")) {
      CAPTURE(program);
      Probe probe({.faults = "accept:2=ECONNABORTED;accept:3-4=EMFILE"});
      const Run result = run(&probe, program, {"accept", "5"});
      CHECK(result.out == "connect 0\naccept 0\nconnect 0\naccept ECONNABORTED\nconnect 0\n"
                          "accept EMFILE\nconnect 0\naccept EMFILE\nconnect 0\naccept 0\n");
    }
  }

  TEST_CASE("connect that a signal ends goes on in the kernel") {
    for (const std::string& program : builds_of("calls")) {
      CAPTURE(program);
      Probe again({.faults = "connect:1=EINTR"});
      CHECK(run(&again, program, {"connect"}).out == "connect EINTR\nconnect 0\nwrite 2\nread 2\n");
      Probe polled({.faults = "connect:1=EINTR"});
      CHECK(run(&polled, program, {"connect, poll"}).out ==
            "connect EINTR\npoll 1\nerror 0\nwrite 2\n");
    }
  }

  TEST_CASE("read fails every third time, and write is cut, on sockets alone") {
    for (const std::string& program : builds_of("calls")) {
      CAPTURE(program);
      Probe probe({.faults = "read:every3=EINTR;write:socket:*:short=7"});
      const Run result = run(&probe, program, {"read", "3"});
      CHECK(result.out == "write 7\nread 7\nwrite 7\nread 7\nwrite 7\nread EINTR\nwritev 7\n"
                          "sendmsg 7\nsend 7\nto a pipe 10\n");
      // recv with MSG_DONTWAIT cannot be interrupted; 7 bytes are not less than asked for
      CHECK(probe.faults_injected("read") == 1);
      CHECK(probe.faults_injected("write") == 4);
      Probe five({.faults = "write:*:short=5"});
      CHECK(run(&five, program, {"read", "1"}).out ==
            "write 5\nread 5\nwritev 5\nsendmsg 5\nsend 5\nto a pipe 10\n");
    }
  }

  TEST_CASE("read and write pretend to have moved so many bytes, and then move some") {
    for (const std::string& program : builds_of("calls")) {
      CAPTURE(program);
      Probe in({.faults = "read:socket:*:pretend=20"}); // a look, by MSG_PEEK, is no move
      CHECK(run(&in, program, {"read", "3"}).out ==
            "write 10\nread 16\nwrite 10\nread 4\nwrite 10\nread 16\nwritev 7\nsendmsg 7\n"
            "send 10\nto a pipe 10\n");
      CHECK(in.faults_injected("read") == 2);
      Probe out({.faults = "write:socket:*:pretend=5000000000"});
      CHECK(run(&out, program, {"read", "1"}).out ==
            "write 10\nread EAGAIN\nwritev 7\nsendmsg 7\nsend 10\nto a pipe 10\n");
      CHECK(out.faults_injected("write") == 4);
    }
  }

  TEST_CASE("splice reads from a socket, and writes into one") {
    for (const std::string& program : builds_of("calls")) {
      CAPTURE(program);
      Probe probe({.faults = "read:socket:1:short=7;write:socket:2=ECONNRESET"});
      CHECK(run(&probe, program, {"splice"}).out == "write 10\nin 7\nin 3\nout ECONNRESET\n");
      CHECK(probe.faults_injected("read") == 1);
      CHECK(probe.faults_injected("write") == 1);
    }
  }

  TEST_CASE("wait is interrupted where the kernel could") {
    for (const std::string& program : builds_of("calls")) {
      CAPTURE(program);
      Probe probe({.faults = "waitpid:1-2=EINTR"});
      const Run result = run(&probe, program, {"wait"});
      // The child may have ended by the time of the call with WNOHANG, and then be gone.
      const bool ended_early = has_line(result.out, "wait ECHILD");
      CHECK_MESSAGE((ended_early || result.out == "waitpid, WNOHANG 0\nwait EINTR\nwait EINTR\n"
                                                  "status 3\n"),
                    result.out);
      CHECK(probe.faults_injected() == 2);
    }
  }

  TEST_CASE("`interrupt` comes only where a handler lets calls break") {
    Probe probe({.faults = "read:*=interrupt"});
    const Run result = run(&probe, built("calls"), {"interrupt"});
    CHECK(result.out == "no handler 1\nSA_RESTART 1\nno SA_RESTART EINTR\ndefault 1\n");
    CHECK(probe.faults_injected() == 1);
  }

  TEST_CASE("a rule counts over all processes, in each one, in children, in the parent") {
    const auto out_with = [](const char* faults) {
      Probe probe({.faults = faults});
      return run(&probe, built("calls"), {"children", "2"}).out;
    };
    CHECK(out_with("write:socket:2=EPIPE") == "parent 1\nchild EPIPE\nchild 1\nchild 1\nchild 1\n");
    CHECK(out_with("write:socket:process:2=EPIPE") ==
          "parent 1\nchild 1\nchild EPIPE\nchild 1\nchild EPIPE\n");
    CHECK(out_with("write:socket:children:1=EPIPE") ==
          "parent 1\nchild EPIPE\nchild 1\nchild 1\nchild 1\n");
    CHECK(out_with("write:socket:parent:*=EPIPE") ==
          "parent EPIPE\nchild 1\nchild 1\nchild 1\nchild 1\n");
    CHECK(out_with("write:socket:children:process:1=EPIPE") ==
          "parent 1\nchild EPIPE\nchild 1\nchild EPIPE\nchild 1\n");
  }

  TEST_CASE("a process stops before a call, and makes it when it goes on") {
    Probe probe({.faults = "fork:1=stop;close:socket:process:1=stop"});
    lab::ServerOptions options;
    probe.attach(options.process);
    lab::Server server(ECHO_MPSERVER, options);
    lab::Connection client = server.connect();
    const auto stopped = [](pid_t pid) {
      const auto process = lab::process_info(pid);
      return process && process->stopped();
    };
    lab::wait_until("the server to stop before fork", [&] { return stopped(server.pid()); });
    CHECK(server.children().empty());
    server.process().resume();
    server.wait_for_children(1);
    const pid_t child = server.children().front().pid;
    for (const pid_t pid : {server.pid(), child}) {
      lab::wait_until("both to stop before close", [&] { return stopped(pid); });
      CHECK(lab::sockets_of(pid).size() == 2);
    }
    REQUIRE(::kill(child, SIGCONT) == 0);
    server.process().resume();
    client.exchange("hello\n");
    CHECK(probe.faults_injected("fork") == 1);
    CHECK(probe.faults_injected("close") == 2);
  }

  TEST_CASE("a rule that says nothing is refused with what is wrong") {
    const auto reason = [](const char* faults) -> std::string {
      try {
        const Probe probe({.faults = faults});
      } catch (const std::invalid_argument& error) {
        return error.what();
      }
      return "none";
    };
    CHECK(reason("") == "none");
    CHECK(reason(" fork:1=EAGAIN ; ") == "none");
    CHECK(reason("fork") == "rule 'fork': not CALL:WHEN=ERROR, such as accept:2=EMFILE");
    CHECK(reason("frok:1=EAGAIN").starts_with("rule 'frok:1=EAGAIN': 'frok' is none of accept, "));
    CHECK(reason("fork:1=EGAIN") == "rule 'fork:1=EGAIN': no error is called 'EGAIN'");
    CHECK(reason("fork:0=EAGAIN") == "rule 'fork:0=EAGAIN': '0' is none of 3, 1-20, 5-, *, every3");
    CHECK(reason("fork:5-2=EAGAIN").find("none of 3") != std::string::npos);
    CHECK(reason("fork:every=EAGAIN").find("none of 3") != std::string::npos);
    CHECK(reason("fork:sometimes:1=EAGAIN").find("'sometimes' is none of socket") !=
          std::string::npos);
    CHECK(reason("fork:1:short=7").find("only read and write") != std::string::npos);
    CHECK(reason("write:*:short=0").find("short=BYTES") != std::string::npos);
    CHECK(reason("write:short=3").find("short=BYTES") != std::string::npos);
    CHECK(reason("accept:*:pretend=3").find("only read and write") != std::string::npos);
    CHECK(reason("write:*:pretend=x").find("pretend=BYTES") != std::string::npos);
    CHECK(reason("write:*").find("does not say") != std::string::npos);
    std::string many;
    for (int i = 0; i < 33; ++i) {
      many += "fork:1=EAGAIN;";
    }
    CHECK(reason(many.c_str()).find("more than 32") != std::string::npos);
  }

  TEST_CASE("a program that cannot be probed is named, with the reason") {
    CHECK_FALSE(Probe::cannot_probe(built("calls")).has_value());
    CHECK_FALSE(Probe::cannot_probe("/nowhere/at/all").has_value());
    if (std::filesystem::exists(built("calls_static"))) {
      CHECK(Probe::cannot_probe(built("calls_static")).value_or("none") ==
            "calls_static is statically linked: nothing can be preloaded into it");
    }
    const auto with = [](const std::string& name, const std::string& contents, mode_t mode) {
      const auto path = std::filesystem::temp_directory_path() /
                        ("lab-probe-test-" + std::to_string(getpid()) + "-" + name);
      std::ofstream(path, std::ios::binary) << contents;
      chmod(path.c_str(), mode);
      const auto reason = Probe::cannot_probe(path.string());
      std::filesystem::remove(path);
      return reason.value_or("none");
    };
    std::stringstream program;
    program << std::ifstream(built("calls"), std::ios::binary).rdbuf();
    std::string bytes = program.str();
    CHECK(with("copy", bytes, 0755) == "none");
    CHECK(with("script", "#!/bin/sh\n", 0755).find("is a script") != std::string::npos);
    CHECK(with("text", "hello", 0755).find("is not an ELF program") != std::string::npos);
    CHECK(with("suid", bytes, 04755).find("set-user-ID") != std::string::npos);
    for (std::size_t size = 0; size < 4096; size += 61) { // cut anywhere: a reason or none
      with("cut", bytes.substr(0, size), 0755);
    }
    bytes[18] = '\x03'; // e_machine
    CHECK(with("other", bytes, 0755).find("another kind of processor") != std::string::npos);
  }

  TEST_CASE("a static program shows nothing, and the probe says so") {
    if (!std::filesystem::exists(built("calls_static"))) {
      return;
    }
    Probe probe;
    CHECK(run(&probe, built("calls_static"), {"fork", "1"}).exit.success());
    CHECK_FALSE(probe.loaded());
    CHECK(probe.events().empty());
  }

  TEST_CASE("the program sees no descriptor more, and its output is the same") {
    for (const std::string& program : builds_of("calls")) {
      CAPTURE(program);
      Probe probe;
      const Run with = run(&probe, program, {"descriptors"});
      const Run without = run(nullptr, program, {"descriptors"});
      CHECK(probe.loaded());
      CHECK(with.out == without.out);
      CHECK(with.exit == without.exit);
    }
    Probe probe;
    lab::ServerOptions options;
    probe.attach(options.process);
    const lab::Server server(ECHO_MPSERVER, options);
    const auto descriptors = lab::descriptors_of(server.pid());
    CHECK(descriptors.size() == 4); // 0, 1, 2 and the listener
  }

  TEST_CASE("100 processes at once: no record is lost or torn") {
    if (lacks_processes(110)) {
      return;
    }
    Probe probe;
    CHECK(run(&probe, built("calls"), {"crowd", "100"}).out == "reaped 100\n");
    const auto events = probe.events();
    CHECK(probe.lost() == 0);
    std::map<pid_t, std::size_t> closes;
    std::set<pid_t> born;
    std::set<pid_t> forked;
    std::set<pid_t> reaped;
    for (const Event& event : events) {
      if (event.call == "close" && event.error == EBADF) {
        const std::string expected =
            "close(" + std::to_string(1000 + closes[event.pid]++) + ") fails: EBADF";
        CHECK(event.text == expected); // in order, each once, none mixed with another
      } else if (event.call == "fork") {
        forked.insert(static_cast<pid_t>(event.result));
      } else if (event.call == "wait" && event.result > 0) {
        reaped.insert(static_cast<pid_t>(event.result));
      } else if (event.kind == Event::Kind::child) {
        born.insert(event.pid);
      }
    }
    CHECK(forked.size() == 100);
    CHECK(born == forked);
    CHECK(reaped == forked);
    CHECK(closes.size() == 100);
    CHECK(std::all_of(closes.begin(), closes.end(),
                      [](const auto& closed) { return closed.second == 100; }));
    CHECK(std::is_sorted(events.begin(), events.end(), [](const Event& one, const Event& other) {
      return one.time < other.time;
    }));
  }

  TEST_CASE("what does not fit is counted") {
    if (lacks_processes(110)) {
      return;
    }
    Probe probe;
    for (int i = 0; i < 4; ++i) {
      CHECK(run(&probe, built("calls"), {"crowd", "100"}).exit.success());
    }
    CHECK(probe.lost() > 0);
    CHECK(probe.events().size() == 32768);
    CHECK(probe.timeline(3).find("events were not kept") != std::string::npos);
  }

  TEST_CASE("the timeline of a server and a client, in the order in which it happened") {
    Probe probe;
    lab::ServerOptions options;
    probe.attach(options.process);
    lab::Server server(ECHO_MPSERVER, options);
    {
      auto client = server.connect();
      CHECK(client.exchange("hello\n") == "hello\n");
      server.wait_for_children(1);
      client.half_close();
      CHECK(client.receive_until_eof().empty());
      server.wait_for_no_children();
    }
    CHECK(server.stop().success());
    const auto events = probe.events();
    const std::string timeline = probe.timeline(200);
    const std::vector<const char*> order{"starts: echo_mpserver",
                                         "sigaction(SIGCHLD, a handler, SA_RESTART, SA_NOCLDSTOP)",
                                         "socket() = ",
                                         "bind(",
                                         "listen(",
                                         "accept4(",
                                         "fork() = ",
                                         "begins, a child of ",
                                         "end of file",
                                         "_exit(0)",
                                         "SIGCHLD: its handler",
                                         "waitpid(-1, WNOHANG) = ",
                                         "SIGTERM: its handler",
                                         "ends: exit status 0"};
    for (std::size_t i = 0; i + 1 < order.size(); ++i) {
      CHECK_MESSAGE(place(events, order[i]) < place(events, order[i + 1]), order[i], " before ",
                    order[i + 1], "\n", timeline);
    }
    CHECK(place(events, order.back()) < events.size());
    CHECK(probe.unsafe_calls().empty());
    CHECK(probe.errno_clobbers().empty());
    CHECK(count(probe.timeline(5), "\n") == 6); // and how many lines there are before them
    CHECK(timeline.find("exit status 0") != std::string::npos);
    MESSAGE(timeline);
  }

  TEST_CASE("a server under faults: fork and accept fail, and it serves on") {
    Probe probe({.faults = "fork:1=EAGAIN;accept:2-4=EMFILE;read:socket:every2=EINTR;"
                           "write:socket:*:short=3;poll:every3=EINTR"});
    lab::ServerOptions options;
    probe.attach(options.process);
    lab::Server server(ECHO_MPSERVER, options);
    CHECK(server.connect().at_eof());
    auto client = server.connect();
    CHECK(client.exchange("hello, hello\n") == "hello, hello\n");
    CHECK(probe.faults_injected("fork") == 1);
    CHECK(probe.faults_injected("accept") == 3);
    CHECK(probe.faults_injected("write") >= 4);
    CHECK(server.process().err().find("fork") != std::string::npos);
    client.close();
    CHECK(server.stop().success());
  }

  TEST_CASE("a child that leaves is held between its last close and its end") {
    Probe probe({.hold_exits = true});
    lab::ServerOptions options;
    probe.attach(options.process);
    lab::Server server(ECHO_MPSERVER, options);
    auto client = server.connect();
    CHECK(client.exchange("hello\n") == "hello\n");
    const pid_t child = server.child_serving(client);
    client.half_close();
    CHECK(client.receive_until_eof().empty()); // and still
    lab::wait_until("the child to be held", [&] { return !probe.held_children().empty(); });
    CHECK(probe.held_children() == std::vector<pid_t>{child});
    CHECK(server.children().size() == 1);
    CHECK(server.zombies().empty());
    probe.let_go(child);
    server.wait_for_no_children();
    CHECK(server.stop().success());
  }

  TEST_CASE("what a program writes into the memory itself is not trusted") {
    Probe probe({.hold_children = true});
    lab::ProcessOptions options;
    probe.attach(options);
    const auto variable = std::ranges::find_if(
        options.environment, [](const auto& entry) { return entry.first == "LAB_PROBE"; });
    REQUIRE(variable != options.environment.end());
    const lab::Fd file = lab::own(open(variable->second.c_str(), O_RDWR | O_CLOEXEC), "open");
    void* const at = mmap(nullptr, sizeof(lab::probe::Shared), PROT_READ | PROT_WRITE, MAP_SHARED,
                          file.get(), 0);
    REQUIRE(at != MAP_FAILED);
    auto& shared = *static_cast<lab::probe::Shared*>(at);
    shared.gates_used.store(1'000'000);
    shared.gates[0].pid.store(getppid()); // a bystander
    shared.gates[1].pid.store(1);
    shared.gates[2].pid.store(-1);
    shared.rule_count = 1'000'000;
    shared.calls.used.store(1);
    shared.calls.records[0].facts.text.fill('x');
    shared.calls.records[0].ready.store(lab::probe::record_whole);
    CHECK(probe.held_children().empty());
    CHECK(probe.faults_injected() == 0);
    REQUIRE(probe.events().size() == 1);
    CHECK(probe.events().front().call.size() < shared.calls.records[0].facts.text.size());
    munmap(at, sizeof(lab::probe::Shared));
  }

  TEST_CASE("for a film: a call in which the process is killed is recorded") {
    Probe probe({.film = true});
    const Run result = run(&probe, built("calls"), {"kill itself"});
    CHECK(result.exit.signal == SIGKILL);
    const auto events = probe.events();
    REQUIRE_FALSE(events.empty());
    CHECK(events.back().call == "kill");
    CHECK_FALSE(events.back().result_known);
  }

  TEST_CASE("two programs, one record") {
    Probe probe;
    lab::ServerOptions options;
    probe.attach(options.process);
    lab::Server server(ECHO_MPSERVER, options);
    server.process().wait_for_line("listening on");
    lab::ProcessOptions client_options;
    client_options.arguments = {"127.0.0.1", std::to_string(server.port())};
    probe.attach(client_options);
    lab::Process client(ECHO_MPCLIENT, client_options);
    CHECK(client.type("hello\nq\n"));
    CHECK(client.wait().success());
    server.wait_for_no_children();
    CHECK(server.stop().success());
    const auto events = probe.events();
    CHECK(place(events, "starts: echo_mpserver") < place(events, "starts: echo_mpclient"));
    CHECK(place(events, ", 127.0.0.1:" + std::to_string(server.port())) <
          place(events, "connect("));
    // A call is recorded when it has returned: what it sets off elsewhere may be recorded before
    // it. But the client had recorded its connect before it ended its sending.
    CHECK(place(events, "connect(") < place(events, "end of file"));
    CHECK(place(events, "accept4(") < events.size());
  }

  TEST_CASE("it costs next to nothing") {
    const auto cost = [](Probe* probe) {
      std::istringstream out(run(probe, built("calls"), {"work", "20000"}).out);
      std::pair<int, int> nanoseconds{-1, -1};
      out >> nanoseconds.first >> nanoseconds.second;
      return nanoseconds;
    };
    Probe probe;
    const auto with = cost(&probe);
    const auto without = cost(nullptr);
    MESSAGE("malloc and free: " << with.first << " ns, " << without.first
                                << " ns without; write and read: " << with.second << " ns, "
                                << without.second << " ns without");
    CHECK(with.first >= 0);
    CHECK(with.first < without.first + 200);
    CHECK(with.second < without.second + 500);
  }
}

int main(int argc, char** argv) {
  lab::guard_descendants();
  return doctest::Context(argc, argv).run();
}
