// What a program writes, as it arrives: each write(2) of it, and the lines that they make.
#pragma once

#include "harness/fd.hpp"
#include "harness/process.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lab {

/// One of the two outputs, as far as it has come.
struct Stream {
  struct End {
    std::size_t end;
    Clock::time_point when;
  };

  Fd source;                   // our end; empty once it has reached end of file
  bool is_file = false;        // no end of file: read as far as it goes
  std::size_t packet_size = 0; // of a full one; 0: the kernel keeps no writes apart
  bool joined = false; // the last packet was a full one, so the next belongs to the same write
  std::string text;
  std::vector<End> ends; // of each write
  std::size_t given = 0; // the part of text that line and wait_for_line have passed

  void add(std::string_view piece);

  /// Adds what there is. False when there is nothing now.
  bool take_in();

  [[nodiscard]] std::vector<Write> writes() const;

  [[nodiscard]] std::vector<std::string> lines() const;

  std::optional<std::string> next_line();
};

} // namespace lab
