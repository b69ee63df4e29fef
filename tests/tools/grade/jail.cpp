#include "tools/grade/jail.hpp"

#include "tools/grade/files.hpp"
#include "tools/grade/mounts.hpp"
#include "tools/grade/supervisor.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <utility>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lab::grade {

namespace fs = std::filesystem;

std::string temporary_folder(const Protections& protections, const JobOptions& options) {
  return protections.namespaces ? "/tmp" : options.temporary.string();
}

std::string path_in_job(const Protections& protections, const Mount& mount) {
  return protections.namespaces ? (fs::path(mounts_folder) / mount.name).string()
                                : mount.folder.string();
}

namespace {

/// For output: a pipe that is made of sockets. What is open at a pipe's end can be opened again by
/// /proc/self/fd, to wait there for what nobody writes. A socket cannot be opened.
std::pair<Fd, Fd> make_line() {
  std::array<int, 2> ends{-1, -1};
  or_throw(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), "socketpair");
  std::pair<Fd, Fd> made{own(ends[0], "socketpair"), own(ends[1], "socketpair")};
  or_throw(::fcntl(made.first.get(), F_SETFL, O_NONBLOCK), "fcntl");
  or_throw(::shutdown(made.first.get(), SHUT_WR), "shutdown");
  return made;
}

} // namespace

Job::Job(const Protections& protections, const fs::path& workspace, JobOptions options)
    : options_(std::move(options)), group_(options_.trusted), deadline_(options_.limits.time) {
  auto [out, out_write] = make_line();
  auto [status, status_write] = make_pipe();
  auto [results, results_write] = make_pipe();
  const Fd null = own(::open("/dev/null", O_RDONLY | O_CLOEXEC), "open /dev/null");
  const pid_t parent = ::getpid();
  supervisor_ = or_throw(::fork(), "fork");
  if (supervisor_ == 0) {
    const Ends ends;
    std::array sources{null.get(),          out_write.get(),    out_write.get(),
                       results_write.get(), status_write.get(), group_.entry()};
    // By way of higher numbers: none of the pipes is to be overwritten before it is in its place.
    for (int& source : sources) {
      source = ::fcntl(source, F_DUPFD, static_cast<int>(sources.size()));
    }
    for (int fd = 0; const int source : sources) {
      ::dup2(source, fd++);
    }
    if (group_.entry() == -1) {
      ::close(ends.group);
    }
    ::closefrom(static_cast<int>(sources.size()));
    supervise(protections, workspace, options_, ends, parent);
  }
  out_ = std::move(out);
  status_ = std::move(status);
  results_end_ = std::move(results);
  supervisor_end_ = Fd(static_cast<int>(::syscall(SYS_pidfd_open, supervisor_, 0)));
}

Job::~Job() {
  end();
}

void Job::end() {
  if (supervisor_ != -1) {
    ::kill(supervisor_, SIGTERM); // not reaped: the pid is its own
    while (::waitpid(supervisor_, nullptr, 0) == -1 && errno == EINTR) {
    }
    supervisor_ = -1;
  }
}

void Job::take_in(Fd& source, std::string& text, std::size_t most, bool& cut) {
  std::array<char, 65536> buffer; // NOLINT(*-member-init): read fills what is used
  for (int turn = 0; source && turn < 16; ++turn) {
    const ssize_t got = ::read(source.get(), buffer.data(), buffer.size());
    if (got == 0 || (got == -1 && errno != EAGAIN && errno != EINTR)) {
      source.close();
    }
    if (got <= 0) {
      return;
    }
    const auto room = std::min(most - text.size(), static_cast<std::size_t>(got));
    text.append(buffer.data(), room);
    cut |= room < static_cast<std::size_t>(got);
  }
}

std::vector<int> Job::events() const {
  std::vector<int> fds;
  for (const Fd* const fd : {&out_, &status_, &results_end_, &supervisor_end_}) {
    if (*fd) {
      fds.push_back(fd->get());
    }
  }
  return fds;
}

std::optional<JobEnd> Job::poll() {
  constexpr std::size_t most_results = std::size_t{16} << 20;
  constexpr std::size_t most_status = 1000;
  take_in(out_, output_, options_.limits.output_bytes, output_cut_);
  take_in(results_end_, results_, most_results, results_cut_);
  take_in(status_, told_, most_status, told_cut_);
  if (deadline_.passed() && !timed_out_ && supervisor_ != -1) {
    timed_out_ = true;
    ::kill(supervisor_, SIGTERM);
  }
  if (supervisor_ == -1 || ::waitpid(supervisor_, nullptr, WNOHANG) != supervisor_) {
    return std::nullopt;
  }
  supervisor_ = -1;
  supervisor_end_.close();
  take_in(out_, output_, options_.limits.output_bytes, output_cut_);
  take_in(results_end_, results_, most_results, results_cut_);
  take_in(status_, told_, most_status, told_cut_);
  JobEnd result{.timed_out = timed_out_, .status = std::nullopt, .error = {}};
  if (told_.starts_with('E')) {
    result.error = told_.substr(1);
  } else if (told_.starts_with('S')) {
    result.status = std::atoi(told_.c_str() + 1);
  } else if (timed_out_) {
    result.status = SIGKILL;
  } else {
    result.error = "the job ended without a word";
  }
  return result;
}

} // namespace lab::grade
