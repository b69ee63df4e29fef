// What a program writes, as it arrives: each write(2), and the lines in them.
#pragma once

#include "harness/fd.hpp"
#include "harness/process.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lab {

/// One of the two outputs of a program: all that has arrived so far.
struct Stream {
  struct End {
    std::size_t end;
    Clock::time_point when;
  };

  Fd source;                   // our end; empty once it has reached end of file
  bool is_file = false;        // a file grows: its end is not the end of the output
  std::size_t packet_size = 0; // of a full packet; 0: the kernel does not keep writes apart
  bool joined = false;         // the last packet was full, so the next is of the same write
  std::string text;
  std::vector<End> ends; // of each write
  std::size_t given = 0; // how much of text line and wait_for_line have passed

  void add(std::string_view piece);

  /// Reads what there is now. False if there is nothing.
  bool take_in();

  [[nodiscard]] std::vector<Write> writes() const;

  [[nodiscard]] std::vector<std::string> lines() const;

  std::optional<std::string> next_line();
};

} // namespace lab
