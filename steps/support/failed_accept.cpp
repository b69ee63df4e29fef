#include "support/failed_accept.hpp"

#include "support/error.hpp"

#include <cerrno>
#include <ctime>

#include <poll.h>

namespace lab {

void after_failed_accept(int error) noexcept {
  static int shortage = 0;
  static time_t reported = 0;
  switch (error) {
  case EAGAIN:
  case EINTR:
  case ECONNABORTED:
  case EPROTO:
  case EPERM:
    return;
  default: // EMFILE, ENFILE, ENOBUFS, ENOMEM
    const time_t now = time(nullptr);
    if (error != shortage || now - reported > 10) {
      report("accept", error);
      shortage = error;
    }
    reported = now;
    poll(nullptr, 0, 50);
  }
}

} // namespace lab
