// The clients of lab-bench. They do as little as possible: what a client costs is in the figure of
// every server, and makes their ratios smaller than they are. So this is not harness/tcp.hpp.
#pragma once

#include "harness/deadline.hpp"
#include "harness/fd.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace lab::bench {

using Seconds = std::chrono::duration<double>;

/// How long a server may take for one answer. If it takes longer, it has failed.
inline constexpr std::chrono::milliseconds answer_limit{10'000};

/// What was counted, and in how much time. The counts of one server in one round are added up.
struct Count {
  double number = 0;
  Seconds time{0};

  Count& operator+=(const Count& other) {
    number += other.number;
    time += other.time;
    return *this;
  }

  [[nodiscard]] double rate() const { return time.count() > 0 ? number / time.count() : 0; }
};

// All of these talk to a server on 127.0.0.1 for `time`, and then finish what is under way. They
// throw Failure if the server closes early, answers too little, or takes longer than answer_limit.

/// Connections, one after another: connect, a line of 64 bytes, half-close, to end of file.
Count connections(unsigned port, Seconds time);

/// Messages of 64 bytes over one connection, there and back. The time of each, in microseconds, is
/// added to `latencies`.
Count round_trips(unsigned port, Seconds time, std::vector<double>& latencies);

/// Bytes over one connection, sent as fast as the server takes them, and counted as they come back.
Count bulk(unsigned port, Seconds time);

/// Clients that come at the same time, and stay until they are told to leave.
class Crowd {
public:
  /// They connect, and each sends a line of 64 bytes.
  Crowd(unsigned port, std::size_t size);

  /// The time from the first connect until each has its line back. Nothing if that takes longer
  /// than `limit`: then served() says how many have it.
  std::optional<Seconds> wait_until_served(std::chrono::milliseconds limit = answer_limit);

  [[nodiscard]] std::size_t served() const { return served_; }

  /// All of them half-close.
  void leave();

private:
  struct Client {
    Fd socket;
    bool sent = false;
    std::size_t received = 0;
  };

  void advance(Client& client);

  Clock::time_point start_;
  Fd events_;
  std::vector<Client> clients_;
  std::size_t served_ = 0;
};

} // namespace lab::bench
