// echo_client ADDRESS PORT, with one fault: it asks read for more than its buffer has room for.
//
// What happens then depends on how much has come when it reads. The check of step 01 makes sure
// that there is enough of it: CTest asks whether it is rejected, and a program that is rejected by
// chance is not enough.

#include <array>
#include <charconv>
#include <cstdio>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

bool write_all(int fd, const char* text, ssize_t size) {
  while (size > 0) {
    const ssize_t written = write(fd, text, static_cast<std::size_t>(size));
    if (written <= 0) {
      return false;
    }
    text += written;
    size -= written;
  }
  return true;
}

// What is typed out, and as much of an echo in. False at the end.
bool exchange(int connection) {
  static std::array<char, 8192> typed;
  const ssize_t size = read(STDIN_FILENO, typed.data(), typed.size());
  if (size <= 0 || !write_all(connection, typed.data(), size)) {
    return false;
  }
  std::array<char, 30> echo{};
  ssize_t back = 0;
  while (back < size) {
    const ssize_t got = read(connection, echo.data(), 8192); // FAULT: 30 would be right
    if (got <= 0 || !write_all(STDOUT_FILENO, echo.data(), got)) {
      return false;
    }
    back += got;
  }
  return true;
}

} // namespace

int main(int argc, char** argv) {
  sockaddr_in server{};
  server.sin_family = AF_INET;
  unsigned port = 0;
  if (argc != 3 || inet_pton(AF_INET, argv[1], &server.sin_addr) != 1 ||
      std::from_chars(argv[2], argv[2] + std::strlen(argv[2]), port).ec != std::errc()) {
    std::fputs("usage: echo_client ADDRESS PORT\n", stderr);
    return 2;
  }
  server.sin_port = htons(static_cast<in_port_t>(port));
  const int connection = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(connection, reinterpret_cast<const sockaddr*>(&server), sizeof server) == -1) {
    std::perror("echo_client: connect");
    return 1;
  }
  write_all(STDOUT_FILENO, "connected\n", 10);
  while (exchange(connection)) {
  }
  return 0;
}
