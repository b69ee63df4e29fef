// How far the grading is, for the person who waits.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace lab::grade {

/// A line on a terminal (standard error) that is written again and again at the same place. If
/// standard error is no terminal: nothing.
class Progress {
public:
  Progress(std::size_t all, unsigned jobs);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  Progress(Progress&&) = delete;
  Progress& operator=(Progress&&) = delete;
  ~Progress();

  void show(std::size_t done, const std::vector<std::string>& in_work);

  /// Writes a line to standard output. It stays.
  void line(const std::string& text);

private:
  void clear();

  std::size_t all_;
  bool terminal_;
  bool shown_ = false;
  std::string last_;
  std::chrono::steady_clock::time_point start_;
};

} // namespace lab::grade
