// echo_mpclient ADDRESS PORT
//
// Two processes over one socket: the child, the writer, sends what it reads from standard input;
// the parent, the reader, prints the lines that come back. On `q`, `Q` or end of file the writer
// half-closes: the server sees end of file, and the reader still gets all that is under way.
//
//   build/bin/echo_mpserver 9190                in one terminal
//   build/bin/echo_mpclient 127.0.0.1 9190      in another: type lines, then q
//
// The numbers [1] to [7] are the anchors of README.md and of the slides.

#include "support/arguments.hpp"
#include "support/descriptor.hpp"
#include "support/endpoint.hpp"
#include "support/error.hpp"
#include "support/input.hpp"
#include "support/io.hpp"
#include "support/output.hpp"
#include "support/replies.hpp"

#include <array>
#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

constexpr int connection_failed = 1; // the writer's exit statuses, besides 0
constexpr int input_failed = 2;

volatile std::sig_atomic_t stop_signal = 0;

// [2] The child, the writer. It tells the reader before it half-closes: if the server's end of file
// comes without that word, the server was first.
[[noreturn]] void write_lines(int connection, int to_reader, pid_t reader) {
  prctl(PR_SET_PDEATHSIG, SIGKILL); // if the reader is killed, its writer ends too
  if (getppid() != reader) {
    _exit(connection_failed); // the reader was killed before prctl
  }
  lab::Input input;
  for (auto text = input.next(); !text.empty(); text = input.next()) {
    if (!lab::write_all(connection, text.data(), text.size())) {
      _exit(connection_failed); // the reader sees it too, and reports it
    }
  }
  if (input.error() != 0) {
    lab::report("read", input.error());
    _exit(input_failed);
  }
  lab::write_all(to_reader, "q", 1);
  shutdown(connection, SHUT_WR); // [3] ends the socket's sending, for all processes
  _exit(0);
}

// What the reader knows of the writer: what it has said through the pipe, and whether it has ended.
struct Writer {
  pid_t pid;
  bool half_closed = false;
  bool ended = false;
  int status = 0; // once it has ended
};

// The pipe has a word or its end of file. A writer that ends closes its end of the pipe. It is
// reaped at once: it may end long before the server closes, and would be a zombie until then.
void listen_to(Writer& writer, int from_writer) {
  char word = 0;
  const ssize_t size = read(from_writer, &word, 1); // it does not block
  if (size == 1) {
    writer.half_closed = true;
  } else if (size == 0) {
    waitpid(writer.pid, &writer.status, 0);
    writer.ended = true;
  }
}

void unblock_pending(const sigset_t& unblocked) {
  sigset_t blocked;
  sigprocmask(SIG_SETMASK, &unblocked, &blocked);
  sigprocmask(SIG_SETMASK, &blocked, nullptr);
}

// [4] The parent, the reader: prints what comes back until the server closes. False if that failed
// (it has reported why), or if a signal has stopped it.
bool read_lines(int connection, int from_writer, Writer& writer, const sigset_t& unblocked) {
  static std::array<char, 64 * 1024> buffer;
  lab::Replies replies;
  while (stop_signal == 0) {
    // [5] Two descriptors to wait for, and a signal. poll ignores a descriptor of -1.
    std::array<pollfd, 2> events{
        pollfd{.fd = connection, .events = POLLIN, .revents = 0},
        pollfd{.fd = writer.ended ? -1 : from_writer, .events = POLLIN, .revents = 0}};
    const int ready = ppoll(events.data(), events.size(), nullptr, &unblocked);
    unblock_pending(unblocked); // as in step 06, for when ppoll does not wait
    if (ready == -1) {
      continue; // EINTR: a signal
    }
    if (events[1].revents != 0) {
      listen_to(writer, from_writer);
      if (writer.ended && writer.status != 0) {
        shutdown(connection, SHUT_WR); // it has not done so, and the server would wait
      }
    }
    if (events[0].revents != 0) {
      const ssize_t size = lab::read_some(connection, buffer.data(), buffer.size());
      if (size == -1) {
        lab::report("read", errno);
        return false;
      }
      if (size == 0 ? !replies.finish() : !replies.add({buffer.data(), std::size_t(size)})) {
        lab::report("write", errno);
        return false;
      }
      if (size == 0) {
        return true;
      }
    }
  }
  return false;
}

} // namespace

int main(int argc, char** argv) {
  const lab::Endpoint server = lab::client_arguments(argc, argv);
  const lab::Descriptor connection = lab::connect_to(server);
  lab::print_line("connected");

  // SIGINT and SIGTERM are unblocked only in ppoll and right after it, as in step 06. The writer
  // keeps them blocked: a terminal sends Ctrl-C to both processes, and the reader ends the writer.
  sigset_t blocked;
  sigset_t unblocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGINT);
  sigaddset(&blocked, SIGTERM);
  lab::or_die(sigprocmask(SIG_BLOCK, &blocked, &unblocked), "sigprocmask");

  struct sigaction action {};

  action.sa_handler = [](int signal) { stop_signal = signal; };
  lab::or_die(sigaction(SIGINT, &action, nullptr), "sigaction");
  lab::or_die(sigaction(SIGTERM, &action, nullptr), "sigaction");
  action.sa_handler = SIG_IGN;
  lab::or_die(sigaction(SIGPIPE, &action, nullptr), "sigaction");

  std::array<int, 2> ends{}; // [1] the pipe through which the writer tells the reader
  lab::or_die(pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK), "pipe2");
  lab::Descriptor from_writer(ends[0]);
  lab::Descriptor to_reader(ends[1]);
  const pid_t reader = getpid();
  const pid_t child = lab::or_die(fork(), "fork");
  if (child == 0) {
    from_writer.close();
    write_lines(connection.get(), to_reader.get(), reader);
  }
  to_reader.close(); // or the reader would never see the pipe's end of file

  Writer writer{.pid = child};
  const bool complete = read_lines(connection.get(), from_writer.get(), writer, unblocked);

  // [6] Which was first, the server or `q`? The word may have come together with the end of file.
  if (!writer.half_closed && !writer.ended) {
    listen_to(writer, from_writer.get());
  }

  // [7] No process is left behind. A writer that has not ended waits for a line that is not needed
  // any more.
  const bool ended_by_itself = writer.ended;
  if (!writer.ended) {
    kill(writer.pid, SIGKILL);
    waitpid(writer.pid, &writer.status, 0);
  }

  if (stop_signal != 0) { // end by that signal, so that the shell sees it
    action.sa_handler = SIG_DFL;
    sigaction(stop_signal, &action, nullptr);
    sigprocmask(SIG_SETMASK, &unblocked, nullptr);
    raise(stop_signal);
  }
  if (!complete || writer.half_closed) {
    return complete ? 0 : 1;
  }
  if (ended_by_itself && WIFSIGNALED(writer.status)) {
    lab::report("the writer was killed");
  } else if (WEXITSTATUS(writer.status) != input_failed) { // the writer has reported that itself
    lab::report("the server closed the connection first");
  }
  return 1;
}
