#include "support/arguments.hpp"

#include "support/error.hpp"
#include "support/output.hpp"

#include <charconv>
#include <cstring>
#include <limits>
#include <optional>
#include <span>
#include <string_view>

#include <arpa/inet.h>
#include <netdb.h>
#include <unistd.h>

namespace lab {

namespace {

constexpr int most_children = 10'000;

/// Two lines on standard error: the usage, and what was wrong with which argument.
template <typename... Parts>
[[noreturn]] void usage(std::string_view arguments, const Parts&... reason) noexcept {
  Line("usage: ", program_name(), arguments.empty() ? "" : " ", arguments).write_to(STDERR_FILENO);
  Line(program_name(), ": ", reason...).write_to(STDERR_FILENO);
  _exit(2);
}

/// `text` as a decimal number: only digits, at most `most`.
std::optional<int> number(std::string_view text, int most) noexcept {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.front() == '-' ||
      value > most) {
    return std::nullopt;
  }
  return value;
}

Endpoint endpoint(const char* address, const char* port, std::string_view form) noexcept {
  if (!number(port, 65535)) {
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

} // namespace

Endpoint server_arguments(int argc, char** argv) noexcept {
  constexpr std::string_view form = "PORT [ADDRESS]";
  if (argc != 2 && argc != 3) {
    usage(form, "takes one or two arguments, not ", argc - 1);
  }
  return endpoint(argc == 3 ? argv[2] : "127.0.0.1", argv[1], form);
}

LimitedServer limited_server_arguments(int argc, char** argv) noexcept {
  constexpr std::string_view form = "PORT [ADDRESS] [MAX]";
  if (argc < 2 || argc > 4) {
    usage(form, "takes one to three arguments, not ", argc - 1);
  }
  LimitedServer result{.at = endpoint(argc > 2 ? argv[2] : "127.0.0.1", argv[1], form),
                       .most = std::numeric_limits<std::size_t>::max()};
  if (argc == 4) {
    const std::optional<int> most = number(argv[3], std::numeric_limits<int>::max());
    if (!most || *most == 0) {
      usage(form, "MAX is a decimal number from 1, not '", std::string_view(argv[3]), "'");
    }
    result.most = static_cast<std::size_t>(*most);
  }
  return result;
}

Endpoint client_arguments(int argc, char** argv) noexcept {
  constexpr std::string_view form = "ADDRESS PORT";
  if (argc != 3) {
    usage(form, "takes two arguments, not ", argc - 1);
  }
  return endpoint(argv[1], argv[2], form);
}

int count_argument(int argc, char** argv) noexcept {
  if (argc != 2) {
    usage("N", "takes one argument, not ", argc - 1);
  }
  const std::optional<int> count = number(argv[1], most_children);
  if (!count) {
    usage("N", "N is a decimal number from 0 to ", most_children, ", not '",
          std::string_view(argv[1]), "'");
  }
  return *count;
}

std::vector<Ending> ending_arguments(int argc, char** argv) {
  constexpr std::string_view form = "SPEC...";
  if (argc < 2) {
    usage(form, "takes one argument or more, not 0");
  }
  std::vector<Ending> endings;
  for (const std::string_view spec : std::span(argv, static_cast<std::size_t>(argc)).subspan(1)) {
    const std::optional<int> status = number(spec, 255);
    const int signal = status ? 0 : signal_that_ends(spec);
    if (!status && signal == 0) {
      usage(form,
            "SPEC is an exit code from 0 to 255, or the name of a signal that ends a process, such "
            "as KILL or TERM, not '",
            spec, "'");
    }
    endings.push_back({.status = status.value_or(0), .signal = signal});
  }
  return endings;
}

void no_arguments(int argc, char** /*argv*/) noexcept {
  if (argc != 1) {
    usage("", "takes no arguments, not ", argc - 1);
  }
}

} // namespace lab
