#include "support/failed_accept.hpp"

#include "support/error.hpp"

#include <cerrno>
#include <ctime>
#include <utility>

#include <poll.h>

namespace lab {

void after_failed_accept(int error) noexcept {
  for (const int of_one_client : {EAGAIN, EINTR, ECONNABORTED, EPROTO, EPERM}) {
    if (error == of_one_client) {
      return;
    }
  }
  static time_t last = 0; // EMFILE, ENFILE, ENOBUFS or ENOMEM
  const time_t now = time(nullptr);
  if (now - std::exchange(last, now) > 10) {
    report("accept", error);
  }
  poll(nullptr, 0, 50);
}

} // namespace lab
