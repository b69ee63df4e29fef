// close_client ADDRESS PORT
//
// echo_mpclient with one change: where that half-closes, this closes. What the server has not yet
// sent back by then is lost, and the server gets a reset when it sends it.
//
// A close only in the writer would have no effect: the reader holds the same socket, and the
// connection ends with its last descriptor. So both processes close.

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

[[noreturn]] void write_lines(lab::Descriptor& connection, pid_t reader) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != reader) {
    _exit(1);
  }
  lab::Input input;
  for (auto text = input.next(); !text.empty(); text = input.next()) {
    if (!lab::write_all(connection.get(), text.data(), text.size())) {
      _exit(1);
    }
  }
  connection.close(); // [1] one descriptor less, but nothing is sent: the reader has one
  _exit(0);           // [2] ends the pipe: this tells the reader to close as well
}

} // namespace

int main(int argc, char** argv) {
  const lab::Endpoint server = lab::client_arguments(argc, argv);
  lab::Descriptor connection = lab::connect_to(server);
  lab::print_line("connected");

  struct sigaction ignore {};

  ignore.sa_handler = SIG_IGN;
  lab::or_die(sigaction(SIGPIPE, &ignore, nullptr), "sigaction");

  std::array<int, 2> ends{};
  lab::or_die(pipe2(ends.data(), O_CLOEXEC), "pipe2");
  lab::Descriptor from_writer(ends[0]);
  lab::Descriptor to_reader(ends[1]);
  const pid_t reader = getpid();
  const pid_t writer = lab::or_die(fork(), "fork");
  if (writer == 0) {
    from_writer.close();
    write_lines(connection, reader);
  }
  to_reader.close();

  static std::array<char, 64 * 1024> buffer;
  lab::Replies replies;
  bool server_closed = false;
  bool writer_ended = false;
  while (!server_closed && !writer_ended) {
    std::array<pollfd, 2> events{pollfd{.fd = connection.get(), .events = POLLIN, .revents = 0},
                                 pollfd{.fd = from_writer.get(), .events = POLLIN, .revents = 0}};
    if (poll(events.data(), events.size(), -1) == -1) {
      continue; // EINTR
    }
    writer_ended = events[1].revents != 0; // [3] it does not wait for what is still under way
    if (events[0].revents != 0 && !writer_ended) {
      const ssize_t size = lab::read_some(connection.get(), buffer.data(), buffer.size());
      server_closed = size <= 0;
      if (size > 0 && !replies.add({buffer.data(), static_cast<std::size_t>(size)})) {
        lab::report("write", errno);
        break;
      }
    }
  }
  connection.close(); // [4] the last descriptor: now the kernel ends the connection, both ways
  kill(writer, SIGKILL);
  int status = 0;
  waitpid(writer, &status, 0);
  if (server_closed) {
    lab::report("the server closed the connection first");
  }
  return writer_ended && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
