// leaves_orphan HOW: ends, and leaves a grandchild as a daemon does, which does its best not to be
// found: in a session of its own, with no descriptor open. HOW is `marked`; `unmarked`: with an
// empty environment too; `foreign`: with one of its own; `headless`: the same, and its main thread
// ends; `holding`: it keeps its descriptors instead; `estranged`: the program
// stays, and so does its child, and both they and the grandchild have environments of their own.
#include "say.hpp"

#include <array>
#include <csignal>
#include <string_view>
#include <thread>

#include <fcntl.h>
#include <pthread.h>
#include <sys/wait.h>

int main(int argc, char** argv) {
  const std::string_view how = argc > 1 ? argv[1] : "marked";
  if (how == "wait" || how == "headless-wait") { // the grandchild, run again
    ::alarm(120); // the harness that is to end this is itself under test
    if (how == "headless-wait") {
      std::thread([] {
        while (true) {
          ::pause();
        }
      }).detach();
      ::close(STDOUT_FILENO); // tells that it is so far
      ::pthread_exit(nullptr);
    }
    ::close(STDOUT_FILENO);
    while (true) {
      ::pause();
    }
  }
  if (how == "estranged" || how == "child") {
    const bool first = how == "estranged";
    if (::fork() == 0) {
      ::setsid();
      if (!first) {
        say(std::to_string(::getpid()));
      }
      std::array<char*, 3> arguments{argv[0], const_cast<char*>(first ? "child" : "wait"), nullptr};
      std::array<char*, 2> environment{const_cast<char*>("ITS=own"), nullptr};
      ::execve("/proc/self/exe", arguments.data(), environment.data());
      ::_exit(127);
    }
    ::alarm(120);
    while (true) {
      ::pause();
    }
  }
  std::array<int, 2> ends{-1, -1};
  if (::pipe(ends.data()) != 0) {
    return 1;
  }
  const pid_t child = ::fork();
  if (child == 0) {
    ::setsid();
    const pid_t grandchild = ::fork();
    if (grandchild != 0) {
      say(std::to_string(grandchild));
      ::_exit(0);
    }
    for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGPIPE}) {
      ::signal(signal, SIG_IGN);
    }
    ::close(ends[0]);
    if (how == "unmarked" || how == "foreign" || how == "headless") {
      ::dup2(ends[1], STDOUT_FILENO);
      ::close(ends[1]);
      ::close(STDIN_FILENO);
      ::close(STDERR_FILENO);
      std::array<char*, 3> arguments{
          argv[0], const_cast<char*>(how == "headless" ? "headless-wait" : "wait"), nullptr};
      std::array<char*, 2> environment{how == "unmarked" ? nullptr : const_cast<char*>("ITS=own"),
                                       nullptr};
      ::execve("/proc/self/exe", arguments.data(), environment.data());
      ::_exit(127);
    }
    if (how == "marked") {
      for (int fd = 0; fd < 3; ++fd) {
        ::close(fd);
      }
    }
    ::close(ends[1]);
    ::alarm(120);
    while (true) {
      ::pause();
    }
  }
  ::close(ends[1]);
  char byte = 0;
  [[maybe_unused]] const ssize_t got = ::read(ends[0], &byte, 1); // until the grandchild is ready
  ::waitpid(child, nullptr, 0);
  say("leaving");
}
