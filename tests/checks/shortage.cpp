#include "checks/shortage.hpp"

#include "checks/check.hpp"
#include "checks/common.hpp"
#include "harness/confine.hpp"
#include "harness/fd.hpp"
#include "harness/limits.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace lab {

namespace {

// The program itself, the threads of ours that watch it, and what else runs meanwhile: other checks
// that wait for their turn, CTest, a shell.
constexpr std::size_t beside = 24;

// What this check takes. By default that of the greediest that says nothing: a program for each of
// a dozen wrong command lines, and a thread for each of these.
std::size_t needed = 40; // NOLINT(*-global-variables)

std::string limit_on_processes() {
  const rlim_t most = most_processes();
  return most == RLIM_INFINITY
             ? "the system has no more"
             : text("this user may have ", most, " (RLIMIT_NPROC, or pids.max of a control group)");
}

} // namespace

void wait_for_turn(rlim_t enough) {
  static Fd turn;
  if (turn || confined_user() || most_processes() >= enough) {
    return; // with a user of its own, each check has a limit of its own
  }
  turn = Fd(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC)); // whatever runs checks is lab-check
  while (turn && ::flock(turn.get(), LOCK_EX) == -1 && errno == EINTR) {
  }
}

std::size_t processes_at_once(std::size_t wanted, std::size_t least) {
  constexpr rlim_t at_the_same_time = 10; // checks of one user
  const rlim_t plenty = confined_user() ? wanted + beside : at_the_same_time * wanted;
  const rlim_t most = most_processes();
  needed = std::max(needed, wanted + beside);
  if (most >= plenty) {
    return wanted; // where the system does not tell of its limit, the failure will
  }
  wait_for_turn(plenty);
  // Half of what there is, since what is no check knows of no turns. It is tried: the limit may
  // count more than we see, such as other containers of the same user.
  const rlim_t used = tasks_of_user(confined_user().value_or(::getuid())) + beside;
  const std::size_t half = std::min<std::size_t>(wanted, (most - std::min(most, used)) / 2);
  const std::size_t room = room_for_processes(half + beside);
  const std::size_t possible = room - std::min(room, beside);
  if (possible >= wanted) {
    return wanted;
  }
  if (possible < least) {
    throw Skipped(text("it takes ", least, " processes at a time, and there are ", possible,
                       " for it: ", limit_on_processes()));
  }
  note(text("with ", possible, " processes instead of ", wanted, ": ", limit_on_processes()));
  needed = possible + beside;
  return possible;
}

std::size_t clients_at_once(std::size_t wanted, std::size_t least) {
  const std::size_t most = raise_descriptor_limit(wanted + beside);
  const std::size_t used = descriptors_of(::getpid()).size() + beside;
  const std::size_t possible = std::min(wanted, most - std::min(most, used));
  const std::string limit = text("each process may have ", most, " descriptors (RLIMIT_NOFILE)");
  if (possible < least) {
    throw Skipped(text("it takes ", least, " connections at a time, and there is room for ",
                       possible, ": ", limit));
  }
  const std::size_t count = processes_at_once(possible, least);
  if (possible < wanted && count == possible) {
    note(text("with ", possible, " connections instead of ", wanted, ": ", limit));
  }
  return count;
}

std::string lack_of_processes() {
  const std::size_t room = room_for_processes(needed);
  return room >= needed ? ""
                        : text("it takes ", needed, " processes at a time, and there is room for ",
                               room, ": ", limit_on_processes());
}

bool is_shortage(const std::error_code& error) {
  return error == std::errc::resource_unavailable_try_again || // fork(2), pthread_create(3)
         error == std::errc::too_many_files_open ||
         error == std::errc::too_many_files_open_in_system;
}

std::string shortage_in_words(const std::system_error& error) {
  if (error.code() == std::errc::resource_unavailable_try_again) {
    return text("no process or thread is left for the check itself (", error.what(),
                "): ", limit_on_processes());
  }
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return text("no descriptor is left for the check itself (", error.what(),
              "): each process may have ", limit.rlim_cur, " (RLIMIT_NOFILE)");
}

} // namespace lab
