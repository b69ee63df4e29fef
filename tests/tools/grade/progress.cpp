#include "tools/grade/progress.hpp"

#include "tools/text/text.hpp"

#include <iostream>

#include <sys/ioctl.h>
#include <unistd.h>

namespace lab::grade {

namespace {

std::size_t width() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
}

std::string in_words(std::chrono::seconds time) {
  const auto seconds = time.count();
  if (seconds < 90) {
    return std::to_string(seconds) + " s";
  }
  return std::to_string((seconds + 59) / 60) + " min";
}

} // namespace

Progress::Progress(std::size_t all, unsigned jobs)
    : all_(all), terminal_(::isatty(STDERR_FILENO) == 1), start_(std::chrono::steady_clock::now()) {
  // What INSTRUCTORS.md measures. The line on a terminal then knows better.
  constexpr std::size_t seconds_each = 5;
  std::cout << all << (all == 1 ? " submission" : " submissions") << ", " << jobs
            << (jobs == 1 ? " compiler" : " compilers") << " at a time: about "
            << in_words(std::chrono::seconds((all * seconds_each + jobs - 1) / jobs)) << '\n'
            << std::flush;
}

Progress::~Progress() {
  clear();
}

void Progress::show(std::size_t done, const std::vector<std::string>& in_work) {
  if (!terminal_) {
    return;
  }
  std::string text = std::to_string(done) + " of " + std::to_string(all_) + " done, " +
                     std::to_string(in_work.size()) + " in work";
  if (done > 0 && done < all_) {
    const auto so_far = std::chrono::steady_clock::now() - start_;
    const auto left = so_far / done * (all_ - done);
    text += ", about " + in_words(std::chrono::ceil<std::chrono::seconds>(left)) + " left";
  }
  for (const std::string& name : in_work) {
    text += (&name == &in_work.front() ? ": " : ", ") + printable_line(name);
  }
  // Cut by bytes, at the beginning of a character.
  if (std::size_t most = width() - 1; text.size() > most) {
    while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xc0U) == 0x80) {
      --most;
    }
    text.resize(most);
  }
  if (text != last_ || !shown_) {
    std::cerr << "\r\x1b[K" << text << std::flush;
    last_ = text;
    shown_ = true;
  }
}

void Progress::line(const std::string& text) {
  clear();
  std::cout << text << '\n' << std::flush;
}

void Progress::clear() {
  if (shown_) {
    std::cerr << "\r\x1b[K" << std::flush;
    shown_ = false;
  }
}

} // namespace lab::grade
