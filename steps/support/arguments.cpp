#include "support/arguments.hpp"

#include <charconv>
#include <cstring>

#include <arpa/inet.h>
#include <netdb.h>

namespace lab {

std::optional<int> number_argument(std::string_view text, int most) noexcept {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.front() == '-' ||
      value > most) {
    return std::nullopt;
  }
  return value;
}

Endpoint endpoint_argument(const char* address, const char* port, std::string_view form) noexcept {
  if (!number_argument(port, 65535)) {
    usage(form, "PORT is a decimal number from 0 to 65535, not '", std::string_view(port), "'");
  }
  // getaddrinfo knows IPv6 with its zones (fe80::1%eth0), but also takes inet_aton's short forms of
  // IPv4, where a forgotten dot goes unnoticed (127.1, 1): inet_pton takes four numbers or nothing.
  in_addr ipv4{};
  addrinfo hints{};
  hints.ai_family = inet_pton(AF_INET, address, &ipv4) == 1 ? AF_INET : AF_INET6;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(address, port, &hints, &found) != 0) {
    usage(form, "ADDRESS is a numeric IPv4 or IPv6 address such as 127.0.0.1 or ::1, not '",
          std::string_view(address), "'");
  }
  Endpoint result;
  std::memcpy(&result.storage, found->ai_addr, found->ai_addrlen);
  result.size = found->ai_addrlen;
  freeaddrinfo(found);
  return result;
}

Endpoint server_arguments(int argc, char** argv) noexcept {
  constexpr std::string_view form = "PORT [ADDRESS]";
  if (argc != 2 && argc != 3) {
    usage(form, "takes one or two arguments, not ", argc - 1);
  }
  return endpoint_argument(argc == 3 ? argv[2] : "127.0.0.1", argv[1], form);
}

Endpoint client_arguments(int argc, char** argv) noexcept {
  constexpr std::string_view form = "ADDRESS PORT";
  if (argc != 3) {
    usage(form, "takes two arguments, not ", argc - 1);
  }
  return endpoint_argument(argv[1], argv[2], form);
}

int count_argument(int argc, char** argv) noexcept {
  constexpr int most_children = 10'000;
  if (argc != 2) {
    usage("N", "takes one argument, not ", argc - 1);
  }
  const std::optional<int> count = number_argument(argv[1], most_children);
  if (!count) {
    usage("N", "N is a decimal number from 0 to ", most_children, ", not '",
          std::string_view(argv[1]), "'");
  }
  return *count;
}

void no_arguments(int argc, char** /*argv*/) noexcept {
  if (argc != 1) {
    usage("", "takes no arguments, not ", argc - 1);
  }
}

} // namespace lab
