#include "tools/watch/watch.hpp"

#include "harness/deadline.hpp"
#include "harness/failure.hpp"
#include "harness/fd.hpp"
#include "harness/proc.hpp"
#include "tools/check/report.hpp"
#include "tools/drawing/full_screen.hpp"
#include "tools/text/text.hpp"
#include "tools/watch/run.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

namespace lab {

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

/// An editor's save is several events: what it writes beside the file, and the rename.
constexpr std::chrono::milliseconds quiet_time = 60ms;
/// A longer pause was not work on the exercise.
constexpr std::chrono::minutes longest_pause{5};

/// `+ 3 checks now right: SENTENCE; SENTENCE`; the terminal cuts it.
std::string changed(const std::string& mark, const std::string& how,
                    const std::vector<std::string>& sentences, std::size_t width) {
  constexpr std::string_view more = "; ...";
  std::string text = mark + " " + quantity_of(sentences.size(), "check") + " now " + how + ":";
  for (const std::string& sentence : sentences) {
    const bool first = &sentence == &sentences.front();
    const std::string next = (first ? " " : "; ") + sentence;
    if (!first && width_of(text) + width_of(next) + more.size() > width) {
      text += more;
      break;
    }
    text += next;
  }
  return text;
}

/// The beginning of a line, as wide as the screen. What colours it takes no place.
std::string fitted(std::string_view line, std::size_t width) {
  std::string text;
  std::size_t used = 0;
  while (!line.empty()) {
    if (line.front() == '\x1b') {
      const std::size_t end = std::min(line.find('m'), line.size() - 1) + 1;
      text += line.substr(0, end);
      line.remove_prefix(end);
      continue;
    }
    const Character character = first_of(line);
    used += width_of(character.bytes);
    text += used <= width ? character.bytes : "";
    line.remove_prefix(character.bytes.size());
  }
  return text;
}

/// The folders of sources, as something to poll. Where the kernel has no inotify left, there are no
/// events, and `trouble` says why.
class Saves {
public:
  explicit Saves(const Kit& kit) : kit_(kit), fd_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
    if (!fd_) {
      trouble_ = std::generic_category().message(errno);
    }
    std::error_code error;
    fs::create_directories(kit.build() / "verdicts", error);
    watch_all();
  }

  [[nodiscard]] int fd() const { return fd_.get(); }

  [[nodiscard]] const std::string& trouble() const { return trouble_; }

  struct Events {
    bool sources = false;  ///< a source was saved, renamed or removed
    bool verdicts = false; ///< lab-check has written
  };

  /// Those that have come.
  Events take() {
    Events events;
    alignas(inotify_event) std::array<char, 16384> buffer; // NOLINT(*-member-init): read fills it
    ssize_t size = 0;
    while ((size = ::read(fd_.get(), buffer.data(), buffer.size())) > 0) {
      for (ssize_t at = 0; at < size;) {
        const auto* event = reinterpret_cast<const inotify_event*>(buffer.data() + at); // NOLINT
        at += static_cast<ssize_t>(sizeof *event + event->len);
        const std::string_view name = event->len > 0 ? event->name : "";
        if (event->wd == verdicts_) {
          events.verdicts = true;
        } else if ((event->mask &
                    (IN_Q_OVERFLOW | IN_ISDIR | IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED)) != 0) {
          again_ = true; // a folder has come or gone: git checkout, say
          events.sources = true;
        } else {
          events.sources |= is_source(name);
        }
      }
    }
    if (std::exchange(again_, false)) {
      watch_all();
    }
    return events;
  }

private:
  void watch_all() {
    constexpr std::uint32_t saved =
        IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF;
    add(kit_.root() / "exercises", IN_CREATE | IN_MOVED_TO | IN_ONLYDIR);
    add(kit_.root() / "steps/support", saved);
    add(kit_.root() / "exercises/support", saved);
    for (const Exercise& exercise : kit_.exercises()) {
      add(kit_.root() / "exercises" / exercise.folder, saved);
    }
    verdicts_ = add(kit_.build() / "verdicts", IN_MODIFY | IN_CLOSE_WRITE);
  }

  int add(const fs::path& folder, std::uint32_t events) {
    const int watch = fd_ ? ::inotify_add_watch(fd_.get(), folder.c_str(), events) : -1;
    if (watch == -1 && errno != ENOENT && trouble_.empty()) {
      trouble_ = std::generic_category().message(errno);
    }
    return watch;
  }

  const Kit& kit_;
  Fd fd_;
  std::string trouble_;
  int verdicts_ = -1;
  bool again_ = false;
};

enum class Page : unsigned char { main, list, task, hints, all, difference, help, reset };

class Watch {
public:
  Watch(const Kit& kit, const std::string& number)
      : kit_(kit), saves_(kit), course_(standings(kit)) {
    for (const Exercise& exercise : kit.exercises()) {
      seen_.push_back(kit.sources_of(exercise));
    }
    current_ = number.empty() ? first_unsolved() : index_of(number);
  }

  void run() {
    open(current_);
    while (!ended_) {
      draw();
      wait();
    }
    run_.reset();
    remember();
    screen_.leave();
    write_to_terminal(text_of(course_line(course_, nullptr), style_) + "\n");
  }

private:
  [[nodiscard]] Standing& now() { return course_[current_]; }

  [[nodiscard]] const Exercise& exercise() { return *now().exercise; }

  [[nodiscard]] std::size_t index_of(const std::string& number) const {
    for (std::size_t i = 0; i < course_.size(); ++i) {
      if (course_[i].exercise->number == number) {
        return i;
      }
    }
    return 0;
  }

  [[nodiscard]] std::size_t first_unsolved() const {
    for (std::size_t i = 0; i < course_.size(); ++i) {
      if (!course_[i].solved()) {
        return i;
      }
    }
    return course_.size() - 1;
  }

  /// The next one that is not solved, after the current one; null: there is none.
  [[nodiscard]] const Exercise* next_unsolved() const {
    for (std::size_t i = 1; i < course_.size(); ++i) {
      const Standing& one = course_[(current_ + i) % course_.size()];
      if (!one.solved()) {
        return one.exercise;
      }
    }
    return nullptr;
  }

  // What is done.

  void open(std::size_t index) {
    run_.reset();
    film_.reset();
    pending_ = false;
    current_ = index;
    page_ = Page::main;
    top_ = 0;
    come_right_.clear();
    gone_wrong_.clear();
    marks_before_.reset();
    compiler_.clear();
    compiles_ = true;
    trouble_.clear();
    message_.clear();
    if (!now().verdict.fresh || now().verdict.results.empty()) {
      start();
    }
  }

  /// Builds and checks. A run that is under way is cancelled first.
  void start() {
    run_.reset();
    film_.reset();
    other_.close();
    pending_ = false;
    message_.clear();
    partial_.clear();
    std::error_code error;
    gone_ = !fs::exists(kit_.root() / exercise().source(), error);
    if (gone_) {
      return;
    }
    if (const auto build = other_build(kit_.build())) {
      other_ = end_of(build->pid);
      if (other_) {
        other_name_ = build->name + ", process " + std::to_string(build->pid);
        return;
      }
    }
    const std::string sources = kit_.sources_of(exercise());
    seen_[current_] = sources;
    run_ = std::make_unique<Run>(kit_, exercise(), sources != built_);
    built_ = sources;
    ++now().memory.runs;
  }

  /// Something about the run has happened.
  void go_on() {
    run_->go_on();
    if (run_->stage() == Run::Stage::checking) {
      compiler_ = run_->compiler();
      compiles_ = true;
    }
    if (run_->stage() != Run::Stage::ended) {
      return;
    }
    compiler_ = run_->compiler();
    compiles_ = run_->built();
    trouble_ = run_->trouble();
    if (!compiles_) {
      built_.clear(); // whatever is there is not this
      now().verdict.fresh = false;
    } else if (trouble_.empty()) {
      take(kit_.saved_results(exercise()));
    }
    run_.reset();
    remember();
  }

  /// New results: what has changed with them.
  void take(std::vector<Result> results) {
    std::map<std::string, bool> before;
    for (const Result& result : now().verdict.results) {
      before[result.sentence] = result.passed();
    }
    come_right_.clear();
    gone_wrong_.clear();
    for (const Result& result : results) {
      const auto former = before.find(result.sentence);
      if (former != before.end() && former->second != result.passed() && !result.skipped()) {
        (result.passed() ? come_right_ : gone_wrong_).push_back(result.sentence);
      }
    }
    marks_before_ = before.empty() ? std::nullopt : std::optional(now().reached());
    now().verdict = {.results = std::move(results), .fresh = true};
    partial_.clear();
    top_ = 0;
  }

  /// Of the first check that has failed.
  void film() {
    page_ = Page::main;
    const auto& results = now().verdict.results;
    const auto failed = std::ranges::find(results, Outcome::failed, &Result::outcome);
    if (run_ || other_ || !compiles_ || !now().verdict.fresh) {
      message_ = "A film needs a run that has ended: there is none of this file.";
    } else if (failed == results.end()) {
      message_ = "No check has failed: there is nothing to film.";
    } else {
      const auto name = [](const Result& check) { return check.suite + ": " + check.sentence; };
      std::vector<std::string> names;
      std::ranges::transform(checks_, std::back_inserter(names), name);
      film_ = std::make_unique<Filming>(kit_, exercise(), pattern_for(name(*failed), names));
      message_ = "The check runs once more, for a film: " + failed->sentence;
    }
  }

  void remember() {
    spend();
    if (const std::string failed = kit_.remember(exercise(), now().memory); !failed.empty()) {
      message_ = "Your time and hints are not kept: build/watch/" + failed;
    }
  }

  /// The time since the last save or key goes to the exercise.
  void spend() {
    const auto moment = Clock::now(); // no clock that somebody may set
    if (moment - active_ < longest_pause) {
      now().memory.seconds += std::chrono::duration<double>(moment - active_).count();
    }
    active_ = moment;
  }

  /// After saves: runs what has changed.
  void look_at_sources() {
    spend();
    std::optional<std::size_t> changed;
    for (std::size_t i = 0; i < course_.size(); ++i) {
      std::string sources = kit_.sources_of(*course_[i].exercise);
      if (sources != seen_[i]) {
        seen_[i] = std::move(sources);
        course_[i].verdict.fresh = false;
        if (!changed || i == current_) {
          changed = i;
        }
      }
    }
    if (!changed) {
      if (!run_ && !other_) {
        message_ = "Saved, and nothing has changed.";
      }
    } else if (*changed == current_) {
      page_ = Page::main;
      top_ = 0;
      start();
    } else {
      remember();
      open(*changed);
    }
  }

  void show(Page page) {
    page_ = page_ == page ? Page::main : page;
    top_ = 0;
    lines_.clear();
    if (page_ == Page::difference) {
      lines_ = difference_page(kit_.difference(exercise()));
    }
  }

  void next_hint() {
    int& open_hints = now().memory.hints;
    const int all = static_cast<int>(exercise().hints.size());
    if ((page_ == Page::hints || open_hints == 0) && open_hints < all) {
      ++open_hints;
      remember();
    }
    page_ = Page::hints;
    top_ = bottom;
  }

  void reset() {
    page_ = Page::main;
    try {
      const std::string kept = kit_.reset(exercise());
      look_at_sources();
      message_ = kept.empty() ? "The file is as it was shipped."
                              : "The file is as it was shipped. Yours is " + kept;
    } catch (const std::exception& failure) {
      message_ = "Nothing was reset: " + std::string(failure.what());
    }
  }

  void key(char typed) {
    spend();
    if (page_ == Page::reset) {
      if (typed == 'y' || typed == 'Y') {
        reset();
      } else {
        page_ = Page::main;
        message_ = "Nothing was reset.";
      }
      return;
    }
    message_.clear();
    switch (typed) {
    case 'h':
      return next_hint();
    case 'l':
      return show(Page::list);
    case 't':
      return show(Page::task);
    case 'a':
      return show(Page::all);
    case 'd':
      return show(Page::difference);
    case '?':
      return show(Page::help);
    case 'f':
      return film();
    case 'x':
      return show(Page::reset);
    case 'n':
    case 'p':
      remember();
      return open((current_ + (typed == 'n' ? 1 : course_.size() - 1)) % course_.size());
    case 'r':
      page_ = Page::main;
      return start();
    case 'q':
    case 'Q':
      ended_ = true;
      return;
    case ' ':
      top_ += std::max<std::size_t>(room_, 2) - 1;
      return;
    case 'b':
      top_ -= std::min(top_, std::max<std::size_t>(room_, 2) - 1);
      return;
    case 'j':
      ++top_;
      return;
    case 'k':
      top_ -= std::min<std::size_t>(top_, 1);
      return;
    case '\n':
    case '\r':
    case '\x1b':
      page_ = Page::main;
      top_ = 0;
      return;
    default:
      message_ = "That key has no meaning here. ? shows those that have.";
    }
  }

  /// What was typed: a key may be several bytes.
  void keys(std::string_view typed) {
    static const std::map<std::string_view, char> long_keys{
        {"\x1b[A", 'k'},  {"\x1b[B", 'j'},  {"\x1bOA", 'k'}, {"\x1bOB", 'j'},
        {"\x1b[5~", 'b'}, {"\x1b[6~", ' '}, {"\x1b[C", 'n'}, {"\x1b[D", 'p'}};
    while (!typed.empty() && !ended_) {
      const auto found = std::ranges::find_if(
          long_keys, [&](const auto& one) { return typed.starts_with(one.first); });
      const bool is_long = found != long_keys.end();
      key(is_long ? found->second : typed.front());
      typed.remove_prefix(is_long ? found->first.size() : 1);
    }
  }

  // What is waited for.

  void wait() {
    const bool at_once = (run_ && run_->fd() == -1) || (film_ && film_->fd() == -1);
    std::array<pollfd, 6> sources{
        {{.fd = signals_.fd(), .events = POLLIN, .revents = 0},
         {.fd = STDIN_FILENO, .events = POLLIN, .revents = 0},
         {.fd = saves_.fd(), .events = POLLIN, .revents = 0},
         {.fd = run_ ? run_->fd() : -1, .events = POLLIN, .revents = 0},
         {.fd = other_.get(), .events = POLLIN, .revents = 0},
         {.fd = film_ ? film_->fd() : -1, .events = POLLIN, .revents = 0}}};
    const int ready = ::poll(sources.data(), sources.size(),
                             at_once    ? 0
                             : pending_ ? static_cast<int>(quiet_time.count())
                                        : -1);
    if (ready == -1 && errno != EINTR) {
      throw_errno("poll");
    }
    while (const int signal = signals_.next()) {
      if (signal == SIGTSTP) {
        screen_.be_stopped();
        active_ = Clock::now();
      } else if (signal != SIGWINCH) {
        ended_ = true;
      }
      drawn_.clear();
    }
    if (ready > 0 && sources[1].revents != 0) {
      std::array<char, 64> typed{};
      const ssize_t got = ::read(STDIN_FILENO, typed.data(), typed.size());
      if (got > 0) {
        keys({typed.data(), static_cast<std::size_t>(got)});
      } else if (got == 0 || errno != EINTR) {
        ended_ = true; // the terminal is gone
      }
    }
    if (ended_) {
      return;
    }
    if (ready > 0 && sources[2].revents != 0) {
      const Saves::Events events = saves_.take();
      pending_ |= events.sources;
      if (events.verdicts && run_ && run_->stage() == Run::Stage::checking) {
        partial_ = kit_.saved_results(exercise());
      }
    } else if (ready == 0 && pending_) {
      pending_ = false;
      look_at_sources();
      return; // a run may have been cancelled
    }
    if (film_) {
      if (const auto told = film_->told()) {
        message_ = *told;
        film_.reset();
      }
    }
    if (run_ &&
        (at_once || (ready > 0 && sources[3].revents != 0 && sources[3].fd == run_->fd()))) {
      go_on();
    } else if (other_ && ready > 0 && sources[4].revents != 0 && sources[4].fd == other_.get()) {
      start();
    }
  }

  // What is on the screen.

  static constexpr std::size_t bottom = 100000; // a place on a page

  void draw() {
    const std::size_t width = columns_of(STDOUT_FILENO);
    const std::size_t rows =
        FullScreen::rows() == 0 ? 24 : std::max<std::size_t>(FullScreen::rows(), 5);
    std::vector<std::string> screen;
    const auto add = [&](const Line& line) { screen.push_back(text_of(line, style_)); };
    add({{exercise().number + " " + exercise().title, Paint::bold},
         {"  " + exercise().source(), Paint::dim}});
    add(course_line(course_, &exercise()));
    if (page_ == Page::main) {
      for (const Line& line : state(width)) {
        if (screen.size() + 3 < rows) {
          add(line);
        }
      }
    } else {
      add({{title(), Paint::bold}});
    }
    add({});
    room_ = rows - std::min(rows - 1, screen.size() + 1);
    std::vector<std::string> body;
    for (const Line& line : page(width)) {
      body.push_back(text_of(line, style_));
    }
    if (page_ == Page::main || page_ == Page::all) {
      for (std::string& line : report(width)) {
        body.push_back(std::move(line));
      }
    }
    top_ = std::min(top_, body.size() - std::min(body.size(), room_));
    const std::size_t end = std::min(body.size(), top_ + room_);
    screen.insert(screen.end(), body.begin() + static_cast<std::ptrdiff_t>(top_),
                  body.begin() + static_cast<std::ptrdiff_t>(end));
    while (screen.size() + 1 < rows) {
      screen.emplace_back();
    }
    const std::string more = end < body.size()
                                 ? "space: " + quantity_of(body.size() - end, "more line") + "  "
                             : top_ > 0 ? "b: back  "
                                        : "";
    add({{more + footer(!more.empty()), Paint::dim}});
    screen.resize(rows);
    std::string text = "\x1b[?7l\x1b[H"; // a line that is too long is cut, and breaks none
    for (std::size_t i = 0; i < screen.size(); ++i) {
      text += (i == 0 ? "\x1b[K" : "\r\n\x1b[K") +
              fitted(screen[i], width); // (at the last column it clears that)
    }
    text += "\x1b[J\x1b[?7h";
    if (text != drawn_) {
      drawn_ = text;
      write_to_terminal(text);
    }
  }

  [[nodiscard]] std::string footer(bool is_long) {
    switch (page_) {
    case Page::main:
      return is_long ? "h hint  a all  f film  r again  l list  n next  ? keys  q quit"
                     : "h hint  t task  a all  f film  r again  d diff  x reset  l list  n next  p "
                       "back  ?  q";
    case Page::reset:
      return "y: reset it   any other key: leave it";
    case Page::hints:
      return now().memory.hints < static_cast<int>(exercise().hints.size())
                 ? "h: the next hint   Enter: back to your program"
                 : "Enter: back to your program";
    default:
      return "Enter: back to your program";
    }
  }

  [[nodiscard]] std::string title() {
    switch (page_) {
    case Page::list:
      return "The exercises";
    case Page::task:
      return "The task";
    case Page::hints:
      return "Hints";
    case Page::all:
      return "All that failed";
    case Page::difference:
      return "What you have changed";
    case Page::help:
      return "The keys";
    default:
      return "Reset";
    }
  }

  /// On the main page: what happens now, and what has changed.
  std::vector<Line> state(std::size_t width) {
    std::vector<Line> lines;
    if (other_) {
      lines.push_back({{"Another build is running (" + other_name_ + "). Waiting for its end.",
                        Paint::yellow}});
    } else if (run_ && run_->stage() == Run::Stage::building) {
      lines.push_back({{"Building ...", Paint::cyan}});
    } else if (run_) {
      lines.push_back({{checking(), Paint::cyan}});
    } else if (gone_) {
      lines.push_back({{"The file is gone.", Paint::red}});
    } else if (!compiles_) {
      lines.push_back({{"It does not compile.", Paint::red}});
    } else if (!trouble_.empty()) {
      lines.push_back({{"The checks could not run.", Paint::red}});
    } else {
      std::string text =
          std::to_string(now().reached()) + " of " + std::to_string(now().possible) + " marks";
      if (const auto& results = now().verdict.results;
          !results.empty() && results.front().as_shipped) {
        text += ", as shipped";
      } else if (marks_before_) {
        text += *marks_before_ == now().reached()
                    ? ", as before this save"
                    : ", " + std::to_string(*marks_before_) + " before this save";
      }
      lines.push_back({{text, now().solved() ? Paint::green : Paint::bold}});
      if (!come_right_.empty()) {
        lines.push_back({{changed("+", "right", come_right_, width), Paint::green}});
      }
      if (!gone_wrong_.empty()) {
        lines.push_back({{changed("-", "wrong", gone_wrong_, width), Paint::red}});
      }
      if (const std::string warning = first_warning(compiler_, kit_.root().string());
          !warning.empty()) {
        lines.push_back({{cut(warning, width), Paint::yellow}});
      }
    }
    if (!saves_.trouble().empty()) {
      lines.push_back(
          {{"No save can be seen (inotify: " + saves_.trouble() + "). Press r after each.",
            Paint::yellow}});
    }
    if (!message_.empty()) {
      lines.push_back({{message_, Paint::yellow}});
    }
    return lines;
  }

  /// How far the checks are. When only those are left that let time pass, it says so.
  [[nodiscard]] std::string checking() {
    std::size_t all = 0;
    std::vector<const Result*> left;
    for (const Result& check : checks_) {
      if (check.suite == "exercise-" + exercise().number) {
        ++all;
        if (std::ranges::find(partial_, check.sentence, &Result::sentence) == partial_.end()) {
          left.push_back(&check);
        }
      }
    }
    const bool only_waiting =
        !left.empty() && std::ranges::all_of(left, [](const Result* one) { return one->waits; });
    return "Checking: " + std::to_string(partial_.size()) + " of " + quantity_of(all, "check") +
           (!only_waiting ? ""
            : left.size() == 1
                ? ". The last one must wait a moment."
                : ". The last " + std::to_string(left.size()) + " must wait a moment.");
  }

  std::vector<Line> page(std::size_t width) {
    switch (page_) {
    case Page::list:
      return list_of(course_, &exercise(), width);
    case Page::task: {
      std::vector<std::string> task = exercise().task;
      const auto check = std::ranges::find(task, "## Check it"); // it is being checked
      task.erase(check, task.end());
      constexpr std::string_view title = "## The task"; // which stands above
      if (const auto at = std::ranges::find(task, title); at != task.end()) {
        task.erase(task.begin(), at + 1);
      }
      return prose(task, width);
    }
    case Page::hints:
      return hints(width);
    case Page::difference:
      return lines_;
    case Page::help:
      return help_page(width);
    case Page::reset:
      return wrapped({{"Put " + exercise().source() +
                       " back as it was shipped? Your file stays beside it, as " +
                       exercise().program + ".cpp.mine."}},
                     width);
    case Page::main:
    case Page::all:
      break;
    }
    if (gone_) {
      return wrapped({{"There is no " + exercise().source() +
                       ". Save it again under this name, or press x: that brings it as it was "
                       "shipped."}},
                     width);
    }
    if (run_ || other_) {
      return {};
    }
    if (!compiles_) {
      return first_error(compiler_, kit_.root().string(), width,
                         page_ == Page::all ? std::size_t{1000} : room_);
    }
    if (!trouble_.empty()) {
      return first_error(trouble_, kit_.root().string(), width, room_);
    }
    if (now().solved() && page_ == Page::main) {
      return solved_page(kit_, course_, now(), next_unsolved(), width);
    }
    return {};
  }

  std::vector<Line> hints(std::size_t width) {
    std::vector<Line> lines;
    const auto& all = exercise().hints;
    const auto shown = static_cast<std::size_t>(std::max(now().memory.hints, 0));
    for (std::size_t i = 0; i < std::min(shown, all.size()); ++i) {
      lines.push_back({{all[i].title, Paint::bold}});
      for (Line& line : prose(all[i].text, width)) {
        lines.push_back(std::move(line));
      }
      lines.emplace_back();
    }
    const std::size_t left = all.size() - std::min(shown, all.size());
    lines.push_back({{left == 0 ? "There is no other hint." : quantity_of(left, "hint") + " left.",
                      Paint::dim}});
    return lines;
  }

  /// The report of the checks, cut to the screen; on the page `all`, all of it.
  std::vector<std::string> report(std::size_t width) {
    const std::vector<Result>& results = run_ ? partial_ : now().verdict.results;
    if (gone_ || other_ || results.empty() ||
        (!run_ && (!compiles_ || !trouble_.empty() || !now().verdict.fresh))) {
      return {};
    }
    const Result* const first = first_cause(results);
    if (first == nullptr) {
      return {};
    }
    Screen paper{.style = style_, .columns = width, .how_all = "key a", .again = {}};
    if (page_ == Page::all) {
      std::vector<Result> failed;
      std::ranges::copy_if(results, std::back_inserter(failed), [](const Result& result) {
        return result.outcome == Outcome::failed || result.outcome == Outcome::broken;
      });
      paper.all = true;
      std::vector<std::string> lines;
      for (const Result& result : failed) { // one by one: the marks are in the second line
        for (std::string& line : lines_of(report_of({result}, paper))) {
          lines.push_back(std::move(line));
        }
        lines.emplace_back();
      }
      return lines;
    }
    const auto count = [&](Outcome one, Outcome other) {
      return static_cast<std::size_t>(std::ranges::count_if(results, [&](const Result& result) {
        return result.outcome == one || result.outcome == other;
      }));
    };
    const std::size_t others = count(Outcome::failed, Outcome::broken) - 1;
    const std::size_t not_run = count(Outcome::not_run, Outcome::not_run);
    const std::size_t below = others + not_run > 0 ? 2 : 0;
    paper.rows = std::max<std::size_t>(room_, 5 + below) - below;
    auto lines = lines_of(report_of({*first}, paper));
    if (below > 0 && lines.size() + below <= room_) {
      std::string text = "This is the first to mend.";
      if (others > 0) {
        text +=
            " " + quantity_of(others, "other") + (others == 1 ? " fails" : " fail") + ": key a.";
      }
      if (not_run > 0) {
        text += " " + quantity_of(not_run, "check") + (not_run == 1 ? " runs" : " run") +
                " when it passes.";
      }
      lines.emplace_back();
      lines.push_back(text_of({{text, Paint::dim}}, style_));
    }
    return lines;
  }

  const Kit& kit_;
  TerminalSignals signals_;
  FullScreen screen_;
  Style style_ = style_for(STDOUT_FILENO);
  Saves saves_;
  std::vector<Standing> course_;
  std::vector<Result> checks_ = Kit::checks();
  std::size_t current_ = 0;

  std::unique_ptr<Run> run_;
  std::unique_ptr<Filming> film_;
  Fd other_; // the end of another build that we wait for
  std::string other_name_;
  bool pending_ = false;          // saves have been seen; more may follow
  std::vector<std::string> seen_; // the sources of each exercise, at the last look
  std::string built_;             // those that the present programs are made of

  std::vector<Result> partial_; // of the run that is under way
  std::vector<std::string> come_right_;
  std::vector<std::string> gone_wrong_;
  std::optional<int> marks_before_;
  std::string compiler_;
  bool compiles_ = true;
  std::string trouble_;
  bool gone_ = false;

  Page page_ = Page::main;
  std::vector<Line> lines_; // of a page that was made when it was opened
  std::size_t top_ = 0;     // the first line of the page that is on the screen
  std::size_t room_ = 15;   // how many are on it
  std::string message_;
  std::string drawn_;
  Clock::time_point active_ = Clock::now();
  bool ended_ = false;
};

} // namespace

std::vector<Standing> standings(const Kit& kit) {
  std::vector<Verdict> verdicts = kit.verdicts();
  const std::vector<Result> checks = Kit::checks();
  std::vector<Standing> course;
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    const Exercise& exercise = kit.exercises()[i];
    int possible = 0;
    for (const Result& check : checks) {
      possible += check.suite == "exercise-" + exercise.number ? check.possible() : 0;
    }
    course.push_back({.exercise = &exercise,
                      .verdict = std::move(verdicts[i]),
                      .memory = kit.memory_of(exercise),
                      .possible = possible});
  }
  return course;
}

void watch_exercises(const Kit& kit, const std::string& number) {
  Watch(kit, number).run();
}

} // namespace lab
