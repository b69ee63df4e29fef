#include "harness/capture.hpp"

#include <array>
#include <cerrno>

#include <unistd.h>

namespace lab {

namespace {

/// Writes that are kept apart; more are joined, so that a flood of small ones needs no memory.
constexpr std::size_t most_writes = 100'000;

} // namespace

void Stream::add(std::string_view piece) {
  text += piece;
  const End end{.end = text.size(), .when = Clock::now()};
  if (!ends.empty() && (joined || ends.size() == most_writes)) {
    ends.back() = end;
  } else {
    ends.push_back(end);
  }
  joined = piece.size() == packet_size;
}

std::vector<Write> Stream::writes() const {
  std::vector<Write> all;
  std::size_t begin = 0;
  for (const End& end : ends) {
    all.push_back({.when = end.when, .text = text.substr(begin, end.end - begin)});
    begin = end.end;
  }
  return all;
}

std::vector<std::string> Stream::lines() const {
  std::vector<std::string> all;
  std::size_t begin = 0;
  for (auto end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
    all.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return all;
}

std::optional<std::string> Stream::next_line() {
  const auto end = text.find('\n', given);
  if (end == std::string::npos) {
    return std::nullopt;
  }
  std::string line = text.substr(given, end - given);
  given = end + 1;
  return line;
}

bool Stream::take_in() {
  // A packet larger than what is asked for would lose its end. No page of Linux on x86-64 or arm64
  // is larger than this.
  std::array<char, 65536> buffer; // NOLINT(*-member-init): read fills what is used
  const ssize_t got =
      is_file ? ::pread(source.get(), buffer.data(), buffer.size(), static_cast<off_t>(text.size()))
              : ::read(source.get(), buffer.data(), buffer.size());
  if (got > 0) {
    add({buffer.data(), static_cast<std::size_t>(got)});
    return true;
  }
  const bool for_now = got == -1 && (errno == EAGAIN || errno == EINTR);
  if (!for_now && !is_file) {
    source.close(); // end of file; EIO from a terminal that nobody has open any more
  }
  return false;
}

} // namespace lab
