#include "harness/process.hpp"
#include "tools/film/film.hpp"
#include "tools/text/text.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <map>
#include <set>
#include <string_view>

#include <sys/socket.h>
#include <sys/wait.h>

namespace lab::film {

namespace {

using namespace std::string_literals;

// A wait that is shorter, and in which nothing else happened, is not shown.
constexpr auto short_wait = std::chrono::microseconds(200);

/// One thing of the recording, in the order of time.
struct Item {
  Clock::time_point time;
  const Event* event = nullptr;
  const Look* look = nullptr;

  [[nodiscard]] pid_t pid() const { return event != nullptr ? event->pid : look->pid; }
};

std::string man_of(const std::string& call) {
  static const std::map<std::string, std::string, std::less<>> sections = {
      {"accept4", "accept(2)"},
      {"waitpid", "wait(2)"},
      {"wait3", "wait(2)"},
      {"wait4", "wait(2)"},
      {"waitid", "wait(2)"},
      {"ppoll", "poll(2)"},
      {"pselect", "select(2)"},
      {"dup2", "dup(2)"},
      {"dup3", "dup(2)"},
      {"pipe2", "pipe(2)"},
      {"readv", "read(2)"},
      {"recvfrom", "recv(2)"},
      {"recvmsg", "recv(2)"},
      {"writev", "write(2)"},
      {"sendto", "send(2)"},
      {"sendmsg", "send(2)"},
      {"sleep", "sleep(3)"},
      {"usleep", "usleep(3)"},
      {"sigwait", "sigwait(3)"},
      {"sigtimedwait", "sigwaitinfo(2)"},
      {"raise", "raise(3)"},
      {"_Exit", "_exit(2)"},
      {"_Fork", "fork(2)"},
      {"clone", "clone(2)"},
      {"epoll_pwait", "epoll_wait(2)"},
      {"epoll_pwait2", "epoll_wait(2)"},
      {"signal (System V)", "signal(2)"}};
  const auto found = sections.find(call);
  return found != sections.end() ? found->second : call.empty() ? "" : call + "(2)";
}

std::string ending_of(int status) {
  return WIFSIGNALED(status) ? "killed by " + signal_name(WTERMSIG(status))
                             : "exit status " + std::to_string(WEXITSTATUS(status));
}

std::string counted(std::size_t count, const std::string& one, const std::string& many) {
  return count == 1 ? "1 " + one : whole_number(count) + " " + many;
}

bool moves_bytes(const Event& event) {
  static const std::set<std::string, std::less<>> calls = {
      "read",  "readv",  "recv", "recvfrom", "recvmsg",
      "write", "writev", "send", "sendto",   "sendmsg"};
  return calls.contains(event.call);
}

bool reads(const Event& event) {
  return event.call.starts_with("re");
}

bool can_wait(std::string_view call) {
  static constexpr std::array<std::string_view, 18> begins{
      "accept", "connect", "epoll_", "nanosleep", "pause", "poll",   "ppoll",  "pselect", "read",
      "recv",   "select",  "send",   "sig",       "sleep", "splice", "usleep", "wait",    "write"};
  return std::ranges::any_of(begins,
                             [&](std::string_view begin) { return call.starts_with(begin); });
}

/// Without the probe's mark: the sentence says it.
std::string words_of(const Event& event) {
  const std::string text = printable_line(event.text);
  return text.substr(0, text.find("   <- injected"));
}

/// A call in which nothing has happened: it found nothing, or has slept.
bool is_idle(const Event& event) {
  static const std::set<std::string, std::less<>> sleeps = {
      "sleep",  "usleep",  "nanosleep",  "poll",        "ppoll",
      "select", "pselect", "epoll_wait", "epoll_pwait", "epoll_pwait2"};
  if (event.kind == Event::Kind::waits) {
    return true;
  }
  return event.kind == Event::Kind::call &&
         ((event.result == 0 && (event.is_wait || sleeps.contains(event.call))) ||
          (event.result == -1 && event.error != 0 && event.error != EINTR));
}

bool same_again(const Event& one, const Event& other) {
  return one.kind == other.kind && one.call == other.call && one.result == other.result &&
         one.error == other.error && one.arguments == other.arguments;
}

bool is_wait_nohang(const Event& event) {
  return event.call.starts_with("wait") && (event.arguments[1] & WNOHANG) != 0;
}

class Model {
public:
  Model(const Recording& recording, const Limits& limits) : recording_(recording), limits_(limits) {
    constexpr std::size_t most_head = 4000;
    film_.head = printable(recording.head.substr(0, most_head));
    for (const std::string& command : recording.commands) {
      constexpr std::size_t most = 200;
      film_.commands.push_back(printable_line(command.substr(0, most)) +
                               (command.size() > most ? "..." : ""));
    }
  }

  Film make() {
    order();
    fold_repeats();
    leave_out();
    find_deliveries();
    for (place_ = 0; place_ < items_.size(); ++place_) {
      const Item& item = items_[place_];
      if (!confirmed_.empty() && (item.event == nullptr || item.pid() != confirming_ ||
                                  item.event->kind != Event::Kind::holds)) {
        drop_unconfirmed();
      }
      item.event != nullptr ? take(*item.event) : take(*item.look);
      if (const auto found = again_.find(item.event);
          item.event != nullptr && found != again_.end()) {
        film_.events.back().sentence += " " + process_name(item.pid()) +
                                        " does the same again, and finds nothing: " +
                                        counted(found->second, "time more.", "times more.");
      }
    }
    finish();
    return std::move(film_);
  }

private:
  struct Frame {
    std::string signal;  ///< of the handler; empty for the program itself
    std::string blocked; ///< the call that it waits in
  };

  /// What is known of a process while the film is made.
  struct Live {
    std::vector<Frame> frames{1};
    std::map<int, int> table; ///< descriptor to band
    bool stopped = false;
    std::set<int> handled;
    std::vector<std::pair<int, int>> ended_children; ///< since the last SIGCHLD: process and event
    std::map<int, std::vector<Arrow>> sent;          ///< by kill, and not delivered yet
    std::string executed;
  };

  // The recording, in the order of time.

  void order() {
    for (const Event& event : recording_.events) {
      items_.push_back({event.time, &event, nullptr});
    }
    for (const Look& look : recording_.looks) {
      items_.push_back({look.time, nullptr, &look});
    }
    std::stable_sort(items_.begin(), items_.end(),
                     [](const Item& one, const Item& other) { return one.time < other.time; });
  }

  /// What a process does again and again, and in vain, is shown twice. The last one says how often
  /// it came.
  void fold_repeats() {
    std::map<pid_t, std::vector<std::size_t>> of_process;
    for (std::size_t i = 0; i < items_.size(); ++i) {
      of_process[items_[i].pid()].push_back(i);
    }
    std::set<std::size_t> dropped;
    for (const auto& [pid, places] : of_process) {
      for (std::size_t begin = 0; begin < places.size();) {
        begin = fold_at(places, begin, dropped);
      }
    }
    if (dropped.empty()) {
      return;
    }
    std::size_t place = 0;
    std::erase_if(items_, [&](const Item& /*item*/) { return dropped.contains(place++); });
    film_.notes.push_back("What came again and again is shown twice: " +
                          whole_number(dropped.size()) + " events are left out.");
  }

  /// Where to look next.
  std::size_t fold_at(const std::vector<std::size_t>& places, std::size_t begin,
                      std::set<std::size_t>& dropped) {
    constexpr std::size_t longest = 6;
    constexpr std::size_t least = 5; // so often it has to come
    const auto event = [&](std::size_t at) { return items_[places[at]].event; };
    for (std::size_t size = 1; size <= longest; ++size) {
      std::size_t end = begin;
      while (end < places.size() && event(end) != nullptr && is_idle(*event(end)) &&
             (end < begin + size || same_again(*event(end), *event(end - size)))) {
        ++end;
      }
      const std::size_t times = (end - begin) / size;
      if (times >= least) {
        const std::size_t kept = begin + 2 * size;
        again_[event(kept - 1)] = times - 2;
        for (std::size_t at = kept; at < begin + times * size; ++at) {
          dropped.insert(places[at]);
        }
        return begin + times * size;
      }
    }
    return begin + 1;
  }

  void leave_out() {
    const std::size_t all = items_.size();
    if (all <= limits_.events) {
      return;
    }
    const auto goes = [](const Item& item) {
      return item.event != nullptr && moves_bytes(*item.event) &&
             (item.event->kind == Event::Kind::waits ||
              (item.event->kind == Event::Kind::call && item.event->result > 0));
    };
    std::erase_if(items_, goes);
    std::string left = "reads and writes that moved bytes are left out";
    if (items_.size() > limits_.events) {
      items_.resize(limits_.events);
      left += ", and the film ends before the run";
    }
    film_.notes.push_back("There were " + whole_number(all) + " events. " +
                          static_cast<char>(std::toupper(left[0])) + left.substr(1) + ": " +
                          whole_number(all - items_.size()) + " events.");
  }

  /// Which child's signal each delivery of SIGCHLD was. The others that ended before it had no
  /// signal of their own.
  void find_deliveries() {
    for (const Item& item : items_) {
      if (item.event != nullptr && item.event->kind == Event::Kind::enter &&
          item.event->signal == SIGCHLD && item.event->sender != 0) {
        senders_[item.pid()].insert(item.event->sender);
      }
    }
  }

  // Processes.

  [[nodiscard]] int process_of(pid_t pid) const {
    const auto found = pids_.find(pid);
    return found == pids_.end() ? none : found->second;
  }

  [[nodiscard]] std::string process_name(pid_t pid) { return who(process_of(pid)); }

  FilmProcess& process(int index) { return film_.processes[static_cast<std::size_t>(index)]; }

  Live& live(int index) { return live_[static_cast<std::size_t>(index)]; }

  Band& band(int index) { return film_.bands[static_cast<std::size_t>(index)]; }

  [[nodiscard]] int next_event() const { return static_cast<int>(film_.events.size()); }

  std::string who(int index) {
    return process(index).name + " " + std::to_string(process(index).pid);
  }

  /// None if there are too many.
  int add_process(pid_t pid, int parent, const std::string& name) {
    if (film_.processes.size() >= limits_.processes) {
      left_out_.insert(pid);
      return none;
    }
    const int index = static_cast<int>(film_.processes.size());
    FilmProcess made;
    made.pid = pid;
    made.parent = parent;
    made.name = name;
    made.born = next_event();
    made.stretches.push_back({next_event(), State::running, ""});
    film_.processes.push_back(std::move(made));
    live_.emplace_back();
    pids_[pid] = index;
    return index;
  }

  FilmEvent& add(const Item& item, int of, What what, std::string sentence, std::string man = "") {
    if (film_.events.empty()) {
      first_ = item.time;
    }
    FilmEvent made;
    made.time = std::chrono::duration<double, std::milli>(item.time - first_).count();
    made.process = of;
    made.what = what;
    made.sentence = std::move(sentence);
    made.man = std::move(man);
    film_.events.push_back(std::move(made));
    return film_.events.back();
  }

  /// After an event of a process: the state that it has now.
  void settle(int index, int event) {
    FilmProcess& of = process(index);
    Stretch now{event, State::running, ""};
    const Live& alive = live(index);
    const Frame& frame = alive.frames.back();
    if (of.ended != none) {
      now.state = of.reaped != none ? State::gone : State::zombie;
    } else if (alive.stopped) {
      now.state = State::stopped;
    } else if (!frame.blocked.empty()) {
      now = {event, State::blocked, frame.blocked};
    } else if (!frame.signal.empty()) {
      now = {event, State::handler, frame.signal};
    }
    const Stretch& last = of.stretches.back();
    if (last.state == now.state && last.what == now.what) {
      return;
    }
    if (last.event == event) {
      of.stretches.pop_back();
    }
    of.stretches.push_back(now);
  }

  void add_to_story(int index, const std::string& what) { process(index).story += what + ";"; }

  // Sockets.

  int add_band(const std::string& label) {
    Band made;
    made.label = label;
    made.born = next_event();
    film_.bands.push_back(std::move(made));
    return static_cast<int>(film_.bands.size()) - 1;
  }

  void hold(int of, int fd, int which, int event) {
    let_go(of, fd, event);
    live(of).table[fd] = which;
    band(which).holds.push_back({of, fd, event, none});
    band(which).closed = none;
  }

  /// The band that the descriptor was; none if it was none.
  int let_go(int of, int fd, int event) {
    auto& table = live(of).table;
    const auto found = table.find(fd);
    if (found == table.end()) {
      return none;
    }
    const int which = found->second;
    table.erase(found);
    Band& socket = band(which);
    bool held = false;
    for (Hold& one : socket.holds) {
      if (one.process == of && one.fd == fd && one.to == none) {
        one.to = event;
      }
      held = held || one.to == none;
    }
    if (!held) {
      socket.closed = event;
      socket.marks.push_back(
          {event, socket.listens || socket.half_closed || socket.other_end.empty()
                      ? "last close"
                      : "last close: FIN"});
    }
    return which;
  }

  void let_all_go(int of, int event) {
    while (!live(of).table.empty()) {
      let_go(of, live(of).table.begin()->first, event);
    }
  }

  [[nodiscard]] std::size_t holders(int which) {
    std::set<int> who_holds;
    for (const Hold& one : band(which).holds) {
      if (one.to == none) {
        who_holds.insert(one.process);
      }
    }
    return who_holds.size();
  }

  std::string still_held(int which) {
    std::set<pid_t> who_holds;
    for (const Hold& one : band(which).holds) {
      if (one.to == none) {
        who_holds.insert(process(one.process).pid);
      }
    }
    if (who_holds.empty()) {
      return band(which).other_end.empty() ? " No process holds this socket now."
             : band(which).half_closed
                 ? " No process holds this socket now. FIN was sent before."
                 : " No process holds this socket now: the kernel ends the connection.";
    }
    std::string text;
    for (const pid_t pid : who_holds) {
      text += (text.empty() ? "" : ", ") + std::to_string(pid);
      if (text.size() > 60) {
        text += ", ...";
        break;
      }
    }
    return " The socket stays open: " + text + " still " +
           (who_holds.size() == 1 ? "holds" : "hold") + " it.";
  }

  [[nodiscard]] int band_of(int of, int fd) {
    const auto& table = live(of).table;
    const auto found = table.find(fd);
    return found == table.end() ? none : found->second;
  }

  static unsigned port_in(const std::string& address) {
    const std::size_t colon = address.rfind(':');
    return colon == std::string::npos ? 0
                                      : static_cast<unsigned>(std::atoi(address.c_str() + colon +
                                                                        1)); // NOLINT(cert-err34-c)
  }

  void connect_ends(int which) {
    Band& ours = band(which);
    const unsigned other = port_in(ours.other_end);
    ours.label = ":" + std::to_string(ours.port) + " ↔ :" + std::to_string(other);
    for (std::size_t i = 0; i < film_.bands.size(); ++i) {
      Band& theirs = film_.bands[i];
      if (static_cast<int>(i) != which && !theirs.listens && theirs.peer == none &&
          theirs.port == other && port_in(theirs.other_end) == ours.port && other != 0) {
        theirs.peer = which;
        ours.peer = static_cast<int>(i);
      }
    }
  }

  // After exec a program has only what its `holds` say.
  void drop_unconfirmed() {
    const int of = process_of(confirming_);
    if (of != none && !confirmed_.empty()) {
      std::vector<int> gone;
      for (const auto& [fd, which] : live(of).table) {
        if (!confirmed_.contains(fd)) {
          gone.push_back(fd);
        }
      }
      for (const int fd : gone) {
        let_go(of, fd, std::max(0, next_event() - 1));
      }
    }
    confirmed_.clear();
  }

  // Events of the probe.

  void take(const Event& event) {
    const Item& item = items_[place_];
    if (event.kind == Event::Kind::program) {
      program_begins(item, event);
      return;
    }
    int of = process_of(event.pid);
    if (event.kind == Event::Kind::child) {
      child_begins(item, event);
      return;
    }
    if (of == none) {
      if (left_out_.contains(event.pid)) {
        return;
      }
      of = add_process(event.pid, none, "?");
      if (of == none) {
        return;
      }
    }
    if (process(of).ended != none) {
      return; // what it does while it ends
    }
    if (live(of).stopped) { // /proc has not shown it yet
      goes_on(item, of);
    }
    switch (event.kind) {
    case Event::Kind::waits:
      wait_begins(item, event, of);
      break;
    case Event::Kind::enter:
      handler_begins(item, event, of);
      break;
    case Event::Kind::leave:
      handler_ends(item, event, of);
      break;
    case Event::Kind::unsafe:
      if (event.call.empty()) {
        break; // errno changed: the handler's end says so
      }
      add(item, of, What::other, who(of) + ": " + printable_line(event.text) + ".",
          "signal-safety(7)");
      break;
    case Event::Kind::end:
      process(of).end = "exit status " + std::to_string(event.arguments[0] & 0xff);
      ends(item, of, "exit(3)");
      break;
    case Event::Kind::holds:
      begins_with(event, of);
      break;
    default:
      if (event.is_exit) {
        process(of).end = "exit status " + std::to_string(event.arguments[0] & 0xff);
        ends(item, of, "_exit(2)");
      } else {
        called(item, event, of);
      }
    }
  }

  void goes_on(const Item& item, int of) {
    live(of).stopped = false;
    const int number = next_event();
    add(item, of, What::signal, who(of) + " goes on.", "signal(7)");
    settle(of, number);
  }

  void program_begins(const Item& item, const Event& event) {
    int of = process_of(event.pid);
    const std::string name = printable_line(event.call);
    const bool known = of != none && process(of).ended == none;
    if (!known) {
      of = add_process(event.pid, process_of(static_cast<pid_t>(event.arguments[0])), name);
      if (of == none) {
        return;
      }
    }
    process(of).name = name;
    live(of).frames.assign(1, {});
    confirming_ = event.pid;
    confirmed_ = {none}; // not empty: what follows confirms
    const int number = next_event();
    add(item, of, What::start,
        known ? std::to_string(event.pid) + " executes " + name + "." : who(of) + " starts.",
        "execve(2)");
    add_to_story(of, "exec " + name);
    settle(of, number);
  }

  void child_begins(const Item& item, const Event& event) {
    if (const int of = process_of(event.pid); of != none && process(of).ended == none) {
      return; // its parent's fork has made it
    }
    const int parent = process_of(static_cast<pid_t>(event.arguments[0]));
    forked(item, parent, event.pid, "fork(2)");
  }

  void forked(const Item& item, int parent, pid_t pid, const std::string& man) {
    const int child = add_process(pid, parent, parent == none ? "?" : process(parent).name);
    if (child == none) {
      return;
    }
    const int number = next_event();
    FilmEvent& made =
        add(item, parent == none ? child : parent, What::fork,
            parent == none
                ? "Process " + std::to_string(pid) + " begins. Its parent is not in the film."
                : who(parent) + " forks. Its child is " + std::to_string(pid) + ".",
            man);
    made.to = child;
    if (parent == none) {
      return;
    }
    live(child).handled = live(parent).handled;
    live(child).frames = live(parent).frames;
    live(child).frames.back().blocked.clear();
    std::size_t shared = 0;
    const std::map<int, int> copy = live(parent).table;
    for (const auto& [fd, which] : copy) {
      hold(child, fd, which, number);
      ++shared;
    }
    if (shared > 0) {
      made.sentence += " Both hold " + counted(shared, "socket", "sockets") + " now.";
    }
    settle(child, number);
    settle(parent, number);
  }

  void begins_with(const Event& event, int of) {
    const int fd = static_cast<int>(event.arguments[0]);
    confirmed_.insert(fd);
    if (band_of(of, fd) != none) {
      return;
    }
    const bool listens = event.arguments[2] != 0;
    const int which = add_band(listens ? "listener :" + std::to_string(event.arguments[1])
                                       : "socket from before");
    band(which).listens = listens;
    hold(of, fd, which, std::max(0, next_event() - 1));
  }

  void ends(const Item& item, int of, const std::string& man) {
    FilmProcess& gone = process(of);
    const int number = next_event();
    gone.ended = number;
    live(of).stopped = false;
    const bool parent_lives = gone.parent != none && process(gone.parent).ended == none;
    std::string sentence =
        who(of) + " ends: " + (gone.end.empty() ? "how is not known" : gone.end) + ".";
    if (parent_lives) {
      sentence +=
          " It is a zombie until " + std::to_string(process(gone.parent).pid) + " waits for it.";
      auto& waiting = live(gone.parent).ended_children;
      waiting.emplace_back(of, number);
    }
    const std::size_t held = live(of).table.size();
    if (held > 0) {
      sentence += " The kernel closes its " + counted(held, "socket", "sockets") + ".";
    }
    std::set<int> connections;
    for (const auto& [fd, which] : live(of).table) {
      if (!band(which).other_end.empty()) {
        connections.insert(which);
      }
    }
    add_to_story(of, "ends " + gone.end);
    if (!parent_lives) {
      gone.reaped = number; // the shell, or who has adopted it, waits for it
      add_to_story(of, "not a zombie");
    }
    add(item, of, What::end, sentence, man);
    let_all_go(of, number);
    std::size_t orphans = 0;
    std::size_t zombies = 0;
    for (std::size_t i = 0; i < film_.processes.size(); ++i) {
      FilmProcess& child = film_.processes[i];
      if (child.parent == of && child.orphaned == none && child.reaped == none) {
        child.orphaned = number;
        const bool zombie = child.ended != none;
        ++(zombie ? zombies : orphans);
        add_to_story(static_cast<int>(i), zombie ? "zombie to the end" : "orphan");
        if (zombie) {
          child.reaped = number;
          settle(static_cast<int>(i), number);
        }
      }
    }
    std::string& said = film_.events.back().sentence;
    const auto open =
        std::ranges::find_if(connections, [&](int which) { return holders(which) > 0; });
    if (open != connections.end()) {
      said += still_held(*open);
    }
    if (orphans > 0) {
      said += " " + counted(orphans, "child is an orphan now, and is adopted.",
                            "children are orphans now, and are adopted.");
    }
    if (zombies > 0) {
      said += " " + counted(zombies, "zombie", "zombies") +
              " had never been waited for. The adopter, init for example, reaps " +
              (zombies == 1 ? "it." : "them.");
    }
    settle(of, number);
  }

  void wait_begins(const Item& item, const Event& event, int of) {
    // Does it return before anything else happens?
    for (std::size_t next = place_ + 1; next < items_.size(); ++next) {
      const Item& later = items_[next];
      if (later.time - item.time > short_wait) {
        break;
      }
      if (later.event != nullptr && later.pid() == event.pid &&
          later.event->kind == Event::Kind::call && later.event->call == event.call) {
        return;
      }
      if (later.event == nullptr || later.event->kind != Event::Kind::waits) {
        break;
      }
    }
    if (is_wait_nohang(event)) {
      return;
    }
    live(of).frames.back().blocked = printable_line(event.call);
    const int number = next_event();
    const int fd = static_cast<int>(event.arguments[0]);
    FilmEvent& made = add(item, of, What::wait,
                          who(of) + " is blocked in " + printable_line(event.call) +
                              (moves_bytes(event) || event.call.starts_with("accept")
                                   ? " of descriptor " + std::to_string(fd)
                                   : "") +
                              ".",
                          man_of(event.call));
    made.band = moves_bytes(event) || event.call.starts_with("accept") ? band_of(of, fd) : none;
    settle(of, number);
  }

  void handler_begins(const Item& item, const Event& event, int of) {
    const std::string name = signal_name(event.signal);
    const int number = next_event();
    constexpr std::string_view before = "interrupting ";
    const std::size_t at = event.text.find(before);
    std::string sentence = name + " is delivered to " + who(of) + ": its handler begins.";
    if (at != std::string::npos) {
      // A call that waits is interrupted only if its wait has begun.
      const std::string call = event.text.substr(at + before.size());
      if (!can_wait(call) || live(of).frames.back().blocked == call) {
        sentence += " It interrupts " + printable_line(call) + ".";
      }
    }
    live(of).frames.push_back({.signal = name, .blocked = ""});
    std::vector<Arrow> from;
    if (auto& sent = live(of).sent[event.signal]; !sent.empty()) {
      if (event.signal >= SIGRTMIN) { // these wait in a queue
        from.push_back(sent.front());
        sent.erase(sent.begin());
      } else {
        from = std::move(sent);
        sent.clear();
      }
      if (from.size() > 1) {
        sentence += " It was sent " + std::to_string(from.size()) +
                    " times while it was pending: that is one delivery.";
      }
    }
    if (event.signal == SIGCHLD) {
      sentence += deliver_ends(event, of, from);
    } else if (event.sender != 0 && from.empty()) {
      sentence += process_of(event.sender) == none
                      ? " A process that is not in the film sent it."
                      : " " + std::to_string(event.sender) + " sent it.";
    }
    FilmEvent& made = add(item, of, What::handler, sentence, "signal(7)");
    made.from = std::move(from);
    add_to_story(of, "handler " + name);
    settle(of, number);
  }

  /// The children that have ended since the last SIGCHLD, as arrows. Those whose signal is a later
  /// delivery stay.
  std::string deliver_ends(const Event& event, int of, std::vector<Arrow>& from) {
    std::vector<std::pair<int, int>> rest;
    std::size_t ends = 0;
    for (const auto& [child, when] : live(of).ended_children) {
      const pid_t pid = process(child).pid;
      if (event.sender != 0 && pid != event.sender && senders_[event.pid].contains(pid)) {
        rest.emplace_back(child, when);
      } else {
        from.push_back({child, when});
        ++ends;
      }
    }
    live(of).ended_children = std::move(rest);
    std::string text;
    if (event.sender != 0) {
      text = " It is the signal of " + std::to_string(event.sender) + ".";
    }
    if (ends > 1) {
      text += " " + counted(ends, "child has", "children have") +
              " ended since the last delivery: that is one SIGCHLD.";
    }
    return text;
  }

  void handler_ends(const Item& item, const Event& event, int of) {
    Live& alive = live(of);
    if (alive.frames.size() > 1) {
      alive.frames.pop_back();
    }
    const std::string& blocked = alive.frames.back().blocked;
    const int number = next_event();
    constexpr std::string_view changed = "errno changed";
    const std::size_t at = event.text.find(changed);
    const bool jumped = event.text.find("longjmp") != std::string::npos;
    add(item, of, What::handler,
        "The handler of " + signal_name(event.signal) +
            (jumped ? " is left by longjmp" : " returns") + " in " + who(of) + "." +
            (at != std::string::npos ? " It has changed errno: " + event.text.substr(at) + "."
                                     : "") +
            (blocked.empty() || jumped ? "" : " " + blocked + " has not returned yet."),
        "signal(7)");
    if (jumped) {
      alive.frames.back().blocked.clear();
    }
    settle(of, number);
  }

  void called(const Item& item, const Event& event, int of) {
    live(of).frames.back().blocked.clear();
    const int number = next_event();
    const int fd = static_cast<int>(event.arguments[0]);
    const std::string& call = event.call;
    const bool failed = event.result == -1 && event.error != 0;
    if (event.is_fork && event.result > 0 && event.result_known) {
      if (process_of(static_cast<pid_t>(event.result)) == none ||
          process(process_of(static_cast<pid_t>(event.result))).ended != none) {
        forked(item, of, static_cast<pid_t>(event.result), man_of(call));
      }
      add_to_story(of, "fork");
      settle(of, number);
      return;
    }
    if (event.is_wait && event.result > 0 && event.has_status) {
      reaps(item, event, of);
      return;
    }
    FilmEvent made;
    made.what = moves_bytes(event) ? What::bytes : What::other;
    std::string after;
    if (call == "socket" && !failed) {
      if (fd == AF_INET || fd == AF_INET6 || fd == AF_UNIX) {
        made.band = add_band(fd == AF_UNIX ? "unix socket" : "socket");
        hold(of, static_cast<int>(event.result), made.band, number);
      }
      made.what = What::socket;
    } else if (call.starts_with("accept") && !failed) {
      made.band = add_band("connection");
      Band& connection = band(made.band);
      connection.port = static_cast<unsigned>(event.arguments[1]);
      connection.other_end = event.address;
      connect_ends(made.band);
      hold(of, static_cast<int>(event.result), made.band, number);
      made.what = What::socket;
    } else if (call == "connect" && (!failed || event.error == EINPROGRESS)) {
      made.band = band_of(of, fd);
      if (made.band != none) {
        Band& connection = band(made.band);
        connection.port = static_cast<unsigned>(event.arguments[1]);
        connection.other_end = event.address;
        connect_ends(made.band);
        connection.marks.push_back({number, "connect"});
      }
      made.what = What::socket;
    } else if (call == "listen" && !failed) {
      made.band = band_of(of, fd);
      if (made.band != none) {
        band(made.band).listens = true;
        band(made.band).port = static_cast<unsigned>(event.arguments[2]);
        band(made.band).label = "listener :" + std::to_string(event.arguments[2]);
        band(made.band).marks.push_back({number, "listen"});
      }
      made.what = What::socket;
    } else if (call.starts_with("dup") && !failed) {
      made.band = band_of(of, fd);
      const int to = static_cast<int>(event.result);
      if (to != fd) {
        let_go(of, to, number);
        if (made.band != none) {
          hold(of, to, made.band, number);
        }
      }
    } else if (call == "close") {
      made.band = let_go(of, fd, number);
      if (made.band != none) {
        after = still_held(made.band);
        made.what = What::socket;
      }
    } else if (call == "shutdown" && !failed) {
      made.band = band_of(of, fd);
      if (made.band != none && event.arguments[1] != SHUT_RD) {
        band(made.band).half_closed = true;
        band(made.band).marks.push_back(
            {number, event.arguments[1] == SHUT_WR ? "half-close: FIN" : "shutdown: FIN"});
        after = " The kernel sends FIN. It does not matter how many processes hold the socket.";
      }
      made.what = What::socket;
    } else if (moves_bytes(event)) {
      made.band = band_of(of, fd);
      if (made.band != none && reads(event) && event.result == 0 && event.arguments[1] != 0) {
        band(made.band).marks.push_back({number, "end of file"});
        after = " The other end has sent FIN, and all before it has been read.";
      } else if (made.band != none && failed &&
                 (event.error == ECONNRESET || event.error == EPIPE)) {
        band(made.band).marks.push_back({number, event.error == EPIPE ? "EPIPE" : "reset"});
      } else if (!failed && !reads(event) && event.result < event.arguments[1]) {
        after = " It has taken " + whole_number(static_cast<std::size_t>(event.result)) + " of " +
                whole_number(static_cast<std::size_t>(event.arguments[1])) +
                " bytes: the rest is not sent.";
      } else if (!event.data.empty()) {
        const std::string text = printable_line(event.data);
        after = " It writes '" + text +
                (static_cast<std::size_t>(event.result) > event.data.size() ? "...'" : "'") +
                (made.band == none && fd == 1   ? " on standard output."
                 : made.band == none && fd == 2 ? " on standard error."
                                                : ".");
      }
    } else if (call == "kill" || call == "raise") {
      made.what = What::signal;
      const int target = process_of(static_cast<pid_t>(event.arguments[0]));
      if (target != none && !failed && event.arguments[1] != 0) {
        made.to = target;
        live(target).sent[static_cast<int>(event.arguments[1])].push_back({of, number});
      }
    } else if (event.text.find("a handler") != std::string::npos && !failed) {
      live(of).handled.insert(fd);
    } else if (event.is_wait && event.result == 0) {
      after = " It has children, and none has ended.";
    } else if (event.is_wait && event.error == ECHILD) {
      after = " It has no children.";
    }
    if (failed && event.error == EINTR) {
      after += " A signal has interrupted it.";
    }
    if (!event.result_known && !event.is_exit && !event.is_fork) {
      after += " It has not returned.";
    }
    FilmEvent& stored = add(item, of, made.what,
                            who(of) + ": " + words_of(event) + "." + after +
                                (event.injected ? " (The check has made this result.)" : ""),
                            man_of(call));
    stored.band = made.band;
    stored.to = made.to;
    add_to_story(of, call + (failed ? " fails" : ""));
    settle(of, number);
  }

  void reaps(const Item& item, const Event& event, int of) {
    const int status = static_cast<int>(event.arguments[2]);
    const int child = process_of(static_cast<pid_t>(event.result));
    const bool looks_only = event.call == "waitid" && (event.arguments[1] & WNOWAIT) != 0;
    const bool over = !looks_only && (WIFEXITED(status) || WIFSIGNALED(status));
    if (child != none && over && process(child).ended == none) {
      process(child).end = ending_of(status);
      ends(item, child, "signal(7)");
      film_.events.back().sentence += " (It ended at some moment before this one.)";
    }
    const int number = next_event();
    FilmEvent& made =
        add(item, of, over ? What::reap : What::other,
            who(of) + ": " + printable_line(event.text) + "." +
                (over ? " The zombie " + std::to_string(event.result) + " is reaped." : ""),
            man_of(event.call));
    if (child != none && over) {
      made.to = child;
      process(child).reaped = number;
      process(child).end = ending_of(status);
      add_to_story(child, "reaped in " + live(of).frames.back().signal);
      settle(child, number);
    }
    add_to_story(of, event.call);
    settle(of, number);
  }

  // What lab-film has seen or done itself.

  void take(const Look& look) {
    const Item& item = items_[place_];
    const int of = process_of(look.pid);
    if (of == none || process(of).ended != none) {
      return;
    }
    const int number = next_event();
    switch (look.kind) {
    case Look::Kind::stopped:
      live(of).stopped = true;
      add(item, of, What::signal, who(of) + " is stopped.", "signal(7)");
      settle(of, number);
      break;
    case Look::Kind::continued:
      if (live(of).stopped) {
        goes_on(item, of);
      }
      break;
    case Look::Kind::zombie:
      process(of).end = look.signal != 0 ? "killed by " + signal_name(look.signal) : "";
      ends(item, of, "signal(7)");
      break;
    case Look::Kind::gone:
      // A child whose parent lives ends when it is reaped.
      if (const int parent = process(of).parent; parent == none || process(parent).ended != none) {
        process(of).end = look.signal != 0 ? "killed by " + signal_name(look.signal) : "";
        ends(item, of, "signal(7)");
      }
      break;
    case Look::Kind::sent:
      live(of).sent[look.signal].push_back({of, number});
      add(item, of, What::signal,
          "lab-film sends " + signal_name(look.signal) + " to " + who(of) + ".", "kill(2)");
      break;
    }
  }

  void finish() {
    drop_unconfirmed();
    std::size_t zombies = 0;
    for (std::size_t i = 0; i < film_.processes.size(); ++i) {
      FilmProcess& each = film_.processes[i];
      if (each.ended == none) {
        add_to_story(static_cast<int>(i), "still there");
      } else if (each.reaped == none) {
        ++zombies;
        add_to_story(static_cast<int>(i), "zombie to the end");
      }
    }
    if (!recording_.failed.empty() && !film_.events.empty()) {
      film_.failed = true;
      add({recording_.end, nullptr, nullptr}, film_.events.back().process, What::other,
          "Here the check has failed. It saw: " + printable_line(recording_.failed.substr(0, 500)));
    }
    auto& notes = film_.notes;
    if (zombies > 0) {
      notes.push_back("At the end of the film there " + std::string(zombies == 1 ? "is " : "are ") +
                      counted(zombies, "zombie", "zombies") + ".");
    }
    if (!left_out_.empty()) {
      notes.push_back(counted(left_out_.size(), "process is", "processes are") +
                      " left out: a film has at most " + whole_number(limits_.processes) + ".");
    }
    if (recording_.lost > 0) {
      notes.push_back(counted(recording_.lost, "event was", "events were") +
                      " lost: there was no more room to record.");
    }
    const auto prints = static_cast<std::size_t>(
        std::count_if(recording_.events.begin(), recording_.events.end(), [](const Event& event) {
          return !event.data.empty() && (event.arguments[0] == 1 || event.arguments[0] == 2);
        }));
    if (recording_.prints > prints) {
      notes.push_back(counted(recording_.prints - prints, "write", "writes") +
                      " of output are not in the film: the probe does not see what the C library "
                      "writes by itself (printf, std::cout).");
    }
    notes.push_back(
        "A stop, and an end by a signal that no process has waited for, is seen in /proc, "
        "up to " +
        std::to_string(recording_.interval.count()) +
        " ms late. Not seen: static programs, syscall(2), F_DUPFD of fcntl(2), "
        "and which bytes are under way between two sockets.");
    notes.emplace_back(
        "Pipes are not drawn: a strip is a socket. What is read from a pipe, and written "
        "into it, is among the events.");
    notes.emplace_back(
        "Recording makes each call slower, by a fraction of a microsecond. So a race can end in "
        "another way than without the film.");
  }

  const Recording& recording_;
  Limits limits_;
  Film film_;
  std::vector<Item> items_;
  std::size_t place_ = 0;
  Clock::time_point first_;
  std::map<pid_t, int> pids_;
  std::vector<Live> live_;
  std::set<pid_t> left_out_;
  std::map<pid_t, std::set<pid_t>> senders_;
  std::map<const Event*, std::size_t> again_; ///< how often the same came after it
  pid_t confirming_ = 0;
  std::set<int> confirmed_;
};

} // namespace

Film film_of(const Recording& recording, const Limits& limits) {
  return Model(recording, limits).make();
}

Stretch state_at(const FilmProcess& process, int event) {
  Stretch result{event, State::gone, ""};
  for (const Stretch& stretch : process.stretches) {
    if (stretch.event > event) {
      break;
    }
    result = stretch;
  }
  return result;
}

std::string in_words(const Stretch& stretch) {
  switch (stretch.state) {
  case State::running:
    return "running";
  case State::blocked:
    return "blocked in " + stretch.what;
  case State::handler:
    return "in the handler of " + stretch.what;
  case State::stopped:
    return "stopped";
  case State::zombie:
    return "zombie";
  case State::gone:
    return "gone";
  }
  return "";
}

} // namespace lab::film
