#include "support/limited_server.hpp"

#include "support/arguments.hpp"

#include <limits>
#include <optional>

namespace lab {

LimitedServer limited_server_arguments(int argc, char** argv) noexcept {
  constexpr std::string_view form = "PORT [ADDRESS] [MAX]";
  if (argc < 2 || argc > 4) {
    usage(form, "takes one to three arguments, not ", argc - 1);
  }
  LimitedServer result{.at = endpoint_argument(argc > 2 ? argv[2] : "127.0.0.1", argv[1], form),
                       .most = std::numeric_limits<std::size_t>::max()};
  if (argc == 4) {
    const std::optional<int> most = number_argument(argv[3], std::numeric_limits<int>::max());
    if (!most || *most == 0) {
      usage(form, "MAX is a decimal number from 1, not '", std::string_view(argv[3]), "'");
    }
    result.most = static_cast<std::size_t>(*most);
  }
  return result;
}

} // namespace lab
