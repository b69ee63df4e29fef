// handlers WHAT: installs a handler that does WHAT, and lets it run. Prints `done` at the end.

#include <array>
#include <cerrno>
#include <csetjmp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <iostream>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

int lines = 0;
volatile std::sig_atomic_t runs = 0;
sigjmp_buf back;
std::mutex mutex;
void* volatile kept = nullptr;
volatile double half = 0.5;
int* volatile numbers = nullptr;

void say(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(STDOUT_FILENO, text.data(), text.size());
    if (written == -1) {
      _exit(3);
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

[[gnu::noinline]] void helper() {
  std::printf("line %d\n", lines);
}

void with_errno(int /*signal*/) {
  errno = ENOENT;
}

void with_inner(int /*signal*/) {
  raise(SIGUSR2);
}

void full(int signal, siginfo_t* info, void* context) {
  if (info->si_signo == signal && info->si_pid == getpid() && context != nullptr) {
    runs = runs + 1;
  }
  helper();
}

void out_of_it(int /*signal*/) {
  siglongjmp(back, 1);
}

void count(int /*signal*/) {
  runs = runs + 1;
}

void count_and_print(int /*signal*/) {
  runs = runs + 1;
  std::puts("in it");
}

void safe(int /*signal*/) {
  const int saved = errno;
  std::array<char, 32> text{};
  std::memcpy(text.data(), "safe\n", 5);
  say({text.data(), std::strlen(text.data())});
  waitpid(-1, nullptr, WNOHANG);

  struct sigaction present {};

  sigaction(SIGUSR2, nullptr, &present);
  sigset_t set;
  sigemptyset(&set);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  kill(getpid(), 0);
  time(nullptr);
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  runs = runs + 1;
  errno = saved;
}

const std::map<std::string_view, void (*)(int)> handlers{
    {"printf", [](int) { std::printf("line %d\n", lines); }},
    {"fprintf", [](int) { std::fprintf(stderr, "line %d\n", lines); }},
    {"dprintf", [](int) { dprintf(1, "line %d\n", lines); }},
    {"puts", [](int) { std::puts("a line"); }},
    {"fputs", [](int) { std::fputs("a line\n", stdout); }},
    {"putchar", [](int) { std::putchar('\n'); }},
    {"putc_unlocked", [](int) { putc_unlocked('\n', stdout); }},
    {"fwrite", [](int) { std::fwrite("x", 1, 1, stdout); }},
    {"fflush", [](int) { std::fflush(nullptr); }},
    {"perror", [](int) { std::perror("x"); }},
    {"malloc", [](int) { kept = std::malloc(10); }},
    {"calloc", [](int) { kept = std::calloc(10, 10); }},
    {"realloc", [](int) { kept = std::realloc(kept, 10); }},
    {"free", [](int) { std::free(kept); }},
    {"strdup", [](int) { kept = strdup("text"); }},
    {"new", [](int) { numbers = new int[10]; }},
    {"delete", [](int) { delete[] numbers; }},
    {"string", [](int) { kept = new std::string(100, 'x'); }},
    {"cout text", [](int) { std::cout << "a line\n"; }},
    {"cout string", [](int) { std::cout << std::string_view("a line\n"); }},
    {"cout int", [](int) { std::cout << lines; }},
    {"cout long", [](int) { std::cout << static_cast<long>(lines); }},
    {"cout double", [](int) { std::cout << half; }},
    {"cout char", [](int) { std::cout << 'x'; }},
    {"cout endl", [](int) { std::cout << std::endl; }}, // NOLINT(performance-avoid-endl)
    {"cout flush", [](int) { std::cout.flush(); }},
    {"cerr", [](int) { std::cerr << "a line\n"; }},
    {"exit", [](int) { std::exit(0); }},
    {"localtime",
     [](int) {
       const std::time_t now = std::time(nullptr);
       kept = std::localtime(&now);
     }},
    {"strerror", [](int) { kept = std::strerror(ENOENT); }},
    {"mutex", [](int) { const std::scoped_lock lock(mutex); }},
    {"snprintf",
     [](int) {
       std::array<char, 32> text{};
       std::snprintf(text.data(), text.size(), "%d", lines);
     }},
    {"helper", [](int) { helper(); }},
    {"errno", with_errno},
    {"safe", safe},
};

void install(int signal, void (*handler)(int), int flags = 0) {
  struct sigaction action {};

  action.sa_handler = handler;
  action.sa_flags = flags;
  if (sigaction(signal, &action, nullptr) == -1) {
    _exit(4);
  }
}

void expect(bool right, const char* what) {
  if (!right) {
    say(std::string("wrong: ") + what + "\n");
    _exit(5);
  }
}

// Whoever asks for a handler gets the program's own, by whatever way it was set.
void ask() {
  struct sigaction former {};

  install(SIGUSR1, count, SA_RESTART | SA_NODEFER);
  sigaction(SIGUSR1, nullptr, &former);
  expect(former.sa_handler == count, "sigaction, asked");
  expect((former.sa_flags & (SA_RESTART | SA_NODEFER | SA_SIGINFO)) == (SA_RESTART | SA_NODEFER),
         "flags");

  struct sigaction action {};

  action.sa_sigaction = full;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGUSR1, &action, &former);
  expect(former.sa_handler == count, "sigaction, replaced");
  sigaction(SIGUSR1, &former, &action);
  expect(action.sa_sigaction == full, "sigaction with SA_SIGINFO, replaced");
  raise(SIGUSR1);
  expect(runs == 1, "the handler put back");
  expect(signal(SIGUSR1, SIG_IGN) == count, "signal, replaced");
  expect(signal(SIGUSR1, SIG_DFL) == SIG_IGN, "signal, SIG_IGN");
  expect(signal(SIGUSR1, safe) == SIG_DFL, "signal, SIG_DFL");
  expect(sysv_signal(SIGUSR1, count) == safe, "sysv_signal");
  raise(SIGUSR1);
  expect(runs == 2, "the one-shot handler");
  sigaction(SIGUSR1, nullptr, &former);
  expect(former.sa_handler == SIG_DFL, "one-shot: SIG_DFL after it");
  expect(sigaction(SIGKILL, &action, nullptr) == -1 && errno == EINVAL, "SIGKILL");
  expect(signal(SIGKILL, count) == SIG_ERR && errno == EINVAL, "SIGKILL by signal");
}

// printf in main, again and again, while signals come: no call in a handler is unsafe.
void busy() {
  install(SIGALRM, count, SA_RESTART);
  const itimerval often{.it_interval = {.tv_sec = 0, .tv_usec = 200},
                        .it_value = {.tv_sec = 0, .tv_usec = 200}};
  setitimer(ITIMER_REAL, &often, nullptr);
  for (int i = 0; runs < 200; ++i) {
    std::printf("%d\n", i);
    kept = std::malloc(100);
    std::free(kept);
  }
  std::fflush(stdout);
}

// Left by siglongjmp: what comes after is in no handler, however deep the stack.
[[gnu::noinline]] void deep(int depth) {
  std::array<volatile char, 4096> room{};
  room[0] = static_cast<char>(depth);
  if (depth == 0) {
    helper();
  } else {
    deep(depth - 1);
  }
  room[1] = room[0];
}

void jump(bool on_own_stack) {
  static std::array<char, 65536> memory;
  if (on_own_stack) {
    const stack_t stack{.ss_sp = memory.data(), .ss_flags = 0, .ss_size = memory.size()};
    sigaltstack(&stack, nullptr);
  }
  install(SIGUSR1, out_of_it, on_own_stack ? SA_ONSTACK : 0);
  if (sigsetjmp(back, 1) == 0) {
    raise(SIGUSR1);
  }
  deep(8);
}

// A jump within the handler leaves it not: what follows is still in it.
void jump_inside() {
  install(SIGUSR1, [](int) {
    static sigjmp_buf inside;
    if (sigsetjmp(inside, 0) == 0) {
      siglongjmp(inside, 1);
    }
    std::puts("still in it");
  });
  raise(SIGUSR1);
}

// The signals are blocked but in the call: the handlers break into nothing.
void unblock_in(int (*wait)(const sigset_t* open)) {
  sigset_t blocked;
  sigset_t open;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR1);
  sigaddset(&blocked, SIGUSR2);
  sigprocmask(SIG_BLOCK, &blocked, &open);
  install(SIGUSR1, count_and_print);
  install(SIGUSR2, count_and_print);
  raise(SIGUSR1);
  raise(SIGUSR2);
  expect(runs == 0, "blocked");
  expect(wait(&open) == -1 && errno == EINTR, "the call");
  expect(runs == 2, "unblocked");
}

const std::map<std::string_view, int (*)(const sigset_t*)> waits{
    {"ppoll", [](const sigset_t* open) { return ppoll(nullptr, 0, nullptr, open); }},
    {"pselect",
     [](const sigset_t* open) { return pselect(0, nullptr, nullptr, nullptr, nullptr, open); }},
    {"sigsuspend", [](const sigset_t* open) { return sigsuspend(open); }},
    {"epoll_pwait",
     [](const sigset_t* open) {
       epoll_event event{};
       return epoll_pwait(epoll_create1(0), &event, 1, -1, open);
     }},
};

} // namespace

int main(int argc, char** argv) {
  const std::string_view what = argc > 1 ? argv[1] : "safe";
  if (const auto found = handlers.find(what); found != handlers.end()) {
    if (what == "free" || what == "realloc") {
      kept = std::malloc(10);
    } else if (what == "delete") {
      numbers = new int[10];
    }
    install(SIGUSR1, found->second);
    errno = EBADF;
    raise(SIGUSR1);
  } else if (what == "signal") {
    std::signal(SIGUSR1, [](int) { helper(); });
    raise(SIGUSR1);
  } else if (what == "siginfo") {
    struct sigaction action {};

    action.sa_sigaction = full;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGUSR1, &action, nullptr);
    raise(SIGUSR1);
    expect(runs == 1, "siginfo");
  } else if (what == "nested") {
    install(SIGUSR1, with_inner);
    install(SIGUSR2, [](int) { helper(); });
    raise(SIGUSR1);
  } else if (what == "nested errno") {
    install(SIGUSR1, with_inner);
    install(SIGUSR2, with_errno);
    errno = EBADF;
    raise(SIGUSR1);
  } else if (what == "nested first") { // the outer one calls, after the inner one has returned
    install(SIGUSR2, safe);
    install(SIGUSR1, [](int) {
      raise(SIGUSR2);
      helper();
    });
    raise(SIGUSR1);
  } else if (what == "ask") {
    ask();
  } else if (what == "busy") {
    busy();
  } else if (what == "jump" || what == "jump, own stack") {
    jump(what != "jump");
  } else if (what == "jump inside") {
    jump_inside();
  } else if (what == "pause") {
    install(SIGALRM, count_and_print);
    alarm(1);
    pause();
  } else if (const auto wait = waits.find(what); wait != waits.end()) {
    unblock_in(wait->second);
  } else {
    return 6;
  }
  say("done\n");
  return 0;
}
