#include "tools/xray/watch.hpp"

#include "harness/deadline.hpp"
#include "harness/fd.hpp"
#include "tools/drawing/full_screen.hpp"
#include "tools/drawing/picture.hpp"
#include "tools/drawing/terminal.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include <poll.h>
#include <unistd.h>

namespace lab {

namespace {

using namespace std::chrono_literals;

// The kernel tells nobody when a process opens or closes something: /proc has to be asked.
constexpr std::chrono::milliseconds interval = 200ms;
constexpr std::chrono::milliseconds mark_time = 3s;

/// What has been new, or has changed, and when.
class Marks {
public:
  enum class Mark : unsigned char { none, is_new, changed };

  /// To be told of every part at every look; the marks are those after it.
  Mark at(const Part& part, Clock::time_point now) {
    const auto [entry, is_new] = known_.try_emplace(part.key);
    Known& known = entry->second;
    if (is_new) {
      known = {.text = part.content, .since = now, .mark = first_look_ ? Mark::none : Mark::is_new};
    } else if (known.text != part.content) {
      known.text = part.content;
      // A new one that goes on changing is still new.
      if (known.mark != Mark::is_new) {
        known.mark = Mark::changed;
        known.since = now;
      }
    }
    if (now - known.since >= mark_time) {
      known.mark = Mark::none;
    }
    known.seen = true;
    return known.mark;
  }

  /// After all parts of a look: forgets what is not there any more.
  void end_look() {
    std::erase_if(known_, [](const auto& entry) { return !entry.second.seen; });
    for (auto& [key, known] : known_) {
      known.seen = false;
    }
    first_look_ = false;
  }

private:
  struct Known {
    std::string text;
    Clock::time_point since;
    Mark mark = Mark::none;
    bool seen = false;
  };

  std::map<std::string, Known> known_;
  bool first_look_ = true;
};

/// The processes that have ended while they were watched.
class Ended {
public:
  std::vector<Line> lines(const Snapshot& snapshot, Clock::time_point now) {
    std::map<pid_t, std::string> alive;
    for (const Member& member : snapshot.members) {
      alive.emplace(member.process.pid, member.process.name);
    }
    for (const auto& [pid, name] : alive_) {
      if (!alive.contains(pid)) {
        ended_.emplace_back("- " + harmless(name) + " " + std::to_string(pid) + " is gone", now);
      }
    }
    alive_ = std::move(alive);
    std::erase_if(ended_, [&](const auto& entry) { return now - entry.second >= mark_time; });
    std::vector<Line> lines;
    for (const auto& [text, when] : ended_) {
      lines.push_back({{text, Paint::dim}});
    }
    return lines;
  }

private:
  std::map<pid_t, std::string> alive_;
  std::vector<std::pair<std::string, Clock::time_point>> ended_;
};

class Watch {
public:
  Watch(const std::function<std::vector<pid_t>()>& roots, bool for_ever)
      : roots_(roots), for_ever_(for_ever) {}

  void run() {
    while (look()) {
      if (!wait()) {
        break;
      }
    }
    screen_.leave();
    if (screen_.drawn_on()) {
      write_to_terminal(last_whole_);
    }
    write_to_terminal(gone_ ? "lab-xray: no process is left to watch\n" : "");
  }

private:
  /// Draws what has changed. False where there is nothing more to watch.
  bool look() {
    const auto now = Clock::now();
    const Snapshot snapshot = look_at(roots_());
    if (snapshot.members.empty() && !for_ever_) {
      gone_ = true;
      return false;
    }
    constexpr std::size_t gutter = 2;
    const std::size_t width = columns_of(STDOUT_FILENO);
    std::vector<Line> lines;
    for (const Part& part : xray(snapshot, style_, width - gutter)) {
      const Marks::Mark mark = part.key == "summary" ? Marks::Mark::none : marks_.at(part, now);
      bool first = true;
      for (Line line : part.lines) {
        const bool marked = first && mark != Marks::Mark::none;
        line.insert(line.begin(), Span{!marked                       ? "  "
                                       : mark == Marks::Mark::is_new ? "+ "
                                                                     : "~ ",
                                       mark == Marks::Mark::is_new ? Paint::green : Paint::blue});
        lines.push_back(std::move(line));
        first = false;
      }
    }
    marks_.end_look();
    if (snapshot.members.empty()) {
      lines.push_back({{"  no server of the lab runs", Paint::dim}});
    }
    for (Line& line : ended_.lines(snapshot, now)) {
      lines.push_back(std::move(line));
    }
    show(std::move(lines), width);
    return true;
  }

  void show(std::vector<Line> lines, std::size_t width) {
    std::string whole;
    for (const Line& line : lines) {
      whole += text_of(line, style_) + "\n";
    }
    const std::size_t rows = screen_.drawn_on() ? FullScreen::rows() : 0;
    if (whole == last_whole_ && !resized_) {
      return;
    }
    last_whole_ = whole;
    resized_ = false;
    if (!screen_.drawn_on()) {
      write_to_terminal(whole + "\n");
      return;
    }
    const Span help{
        cut("  looks 5 times a second; + new, ~ changed; q ends", width, style_.unicode),
        Paint::dim};
    if (rows > 2 && lines.size() + 1 > rows) {
      const std::size_t hidden = lines.size() - (rows - 2);
      lines.resize(rows - 2);
      lines.push_back({{"  " + std::to_string(hidden) + " more lines; a taller window shows them",
                        Paint::dim}});
    }
    lines.push_back({help});
    std::string text = "\x1b[H";
    for (std::size_t i = 0; i < lines.size(); ++i) {
      text += (i == 0 ? "" : "\r\n") + text_of(lines[i], style_) + "\x1b[K";
    }
    write_to_terminal(text + "\x1b[J");
  }

  /// Until the next look is due. False where the watch is to end.
  bool wait() {
    const Deadline deadline(interval);
    while (true) {
      std::array<pollfd, 2> sources{{{.fd = signals_.fd(), .events = POLLIN, .revents = 0},
                                     {.fd = screen_.typed_at() && !input_ended_ ? STDIN_FILENO : -1,
                                      .events = POLLIN,
                                      .revents = 0}}};
      const int ready =
          ::poll(sources.data(), sources.size(), static_cast<int>(deadline.left().count()));
      if (ready == -1 && errno != EINTR) {
        throw_errno("poll");
      }
      while (const int signal = signals_.next()) {
        if (signal == SIGTSTP) {
          screen_.be_stopped();
        } else if (signal != SIGWINCH) {
          return false;
        }
        resized_ = true;
      }
      if (ready > 0 && sources[1].revents != 0 && quit_typed()) {
        return false;
      }
      if (resized_ || deadline.passed()) {
        return true;
      }
    }
  }

  bool quit_typed() {
    char key = 0;
    const ssize_t got = ::read(STDIN_FILENO, &key, 1);
    // Without our settings (from the background), or at end of file, there is nothing to be had.
    input_ended_ = got <= 0;
    return got == 1 && (key == 'q' || key == 'Q');
  }

  const std::function<std::vector<pid_t>()>& roots_;
  bool for_ever_;
  TerminalSignals signals_;
  Style style_ = style_for(STDOUT_FILENO);
  FullScreen screen_;
  Marks marks_;
  Ended ended_;
  std::string last_whole_;
  bool resized_ = false;
  bool input_ended_ = false;
  bool gone_ = false;
};

} // namespace

void watch(const std::function<std::vector<pid_t>()>& roots, bool for_ever) {
  Watch(roots, for_ever).run();
}

} // namespace lab
