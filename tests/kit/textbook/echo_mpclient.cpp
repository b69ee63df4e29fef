// echo_mpclient ADDRESS PORT, wrong as in the textbook: see echo_mpserver.cpp here.

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

constexpr std::size_t buffer_size = 30;

// FAULT, where HELD_BACK is defined: what stdio keeps is written when the process ends.
int show() {
#ifdef HELD_BACK
  return 0;
#else
  return std::fflush(stdout);
#endif
}

// FAULT: errors by number lost.
[[noreturn]] void fail(const char* message) {
  std::fputs(message, stderr);
  std::fputc('\n', stderr);
  std::exit(1);
}

[[noreturn]] void usage() {
  std::fputs("usage: echo_mpclient ADDRESS PORT\n", stderr);
  std::exit(2);
}

addrinfo* endpoint(int argc, char** argv) {
  if (argc != 3) {
    usage();
  }
  unsigned port = 0;
  const char* end = argv[2] + std::strlen(argv[2]);
  const auto parsed = std::from_chars(argv[2], end, port);
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (parsed.ec != std::errc() || parsed.ptr != end || port > 65535 ||
      getaddrinfo(argv[1], argv[2], &hints, &found) != 0) {
    usage();
  }
  return found;
}

void read_messages(int connection) {
  std::array<char, buffer_size> buffer{};
  for (;;) {
    const ssize_t size = read(connection, buffer.data(), buffer.size());
    if (size == 0) {
      return; // FAULT: the same whether the server closed first or was asked to
    }
    char* const end = buffer.data() + size;
    *end = 0; // FAULT: a buffer one byte short, where 30 bytes came
    // FAULT: chunks taken for messages.
    if (std::printf("message from server: %s", buffer.data()) < 0 || show() != 0) {
      fail("printf() error");
    }
  }
}

// A line, or as much of it as the buffer takes: how fgets reads, but for a NUL.
std::size_t get(std::array<char, buffer_size>& line, std::size_t former) {
  std::size_t size = 0;
  while (size < line.size() - 1) {
    const int byte = std::getchar();
    if (byte == EOF) {
      break;
    }
    line.at(size++) = static_cast<char>(byte);
    if (byte == '\n') {
      break;
    }
  }
  return size == 0 ? former : size; // FAULT: fgets at EOF ignored: the line before stays there
}

void write_lines(int connection) {
  std::array<char, buffer_size> line{};
  std::size_t size = 0;
  for (;;) {
    size = get(line, size);
    if (size == 2 && (line[0] == 'q' || line[0] == 'Q') && line[1] == '\n') {
      shutdown(connection, SHUT_WR);
      return;
    }
    // FAULT: short writes ignored.
    [[maybe_unused]] const ssize_t written = write(connection, line.data(), size);
  }
}

} // namespace

int main(int argc, char** argv) {
  addrinfo* server = endpoint(argc, argv);
  const int connection = socket(server->ai_family, SOCK_STREAM, 0);
  if (connect(connection, server->ai_addr, server->ai_addrlen) == -1) {
    fail("connect() error");
  }
  freeaddrinfo(server);
  std::puts("connected");
  show();

  if (fork() == 0) {
    write_lines(connection);
  } else {
    read_messages(connection);
  }
  close(connection);
  return 0; // FAULT: nobody waits for the writer, and nobody ends it
}
