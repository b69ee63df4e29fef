// A run as a film: processes, sockets and events, ready to be drawn. Times are those of events: a
// process changes only at an event, so all else is given by the number of an event.
#pragma once

#include "tools/film/recording.hpp"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

namespace lab::film {

inline constexpr int none = -1;

enum class State : unsigned char { running, blocked, handler, stopped, zombie, gone };

/// From `event` on, until the next stretch.
struct Stretch {
  int event = 0;
  State state = State::running;
  std::string what{}; ///< the call in which it is blocked, the signal whose handler runs
};

struct FilmProcess {
  pid_t pid = 0;
  int parent = none; ///< a process of the film
  std::string name{};
  int born = 0;
  int ended = none;
  int reaped = none;
  int orphaned = none; ///< its parent ended before it
  std::string end{};   ///< `exit status 3`, `killed by SIGKILL`
  std::vector<Stretch> stretches{};
  std::string story{}; ///< two children with the same story did the same
};

/// A process has the socket open, as descriptor `fd`.
struct Hold {
  int process = 0;
  int fd = 0;
  int from = 0;
  int to = none; ///< none: until the end of the film
};

struct Mark {
  int event = 0;
  std::string what; ///< `FIN`, `end of file`, `reset`, `last close`, ...
};

struct Band {
  std::string label{};
  bool listens = false;
  int peer = none; ///< the other end of the connection, if it is in the film
  int born = 0;
  int closed = none;
  unsigned port = 0;
  std::string other_end{}; ///< `127.0.0.1:43210`
  bool half_closed = false;
  std::vector<Hold> holds{};
  std::vector<Mark> marks{};
};

/// From an event of one process to this event of another.
struct Arrow {
  int process = 0;
  int event = 0;
};

enum class What : unsigned char {
  start,
  fork,
  end,
  reap,
  signal,
  handler,
  wait,
  socket,
  bytes,
  other
};

struct FilmEvent {
  double time = 0; ///< milliseconds since the first
  int process = 0;
  What what = What::other;
  std::string sentence{};
  std::string man{}; ///< `wait(2)`
  int band = none;
  std::vector<Arrow> from{}; ///< where signals came from
  int to = none;             ///< the process that is forked, reaped or sent a signal
};

struct Film {
  std::string head;
  std::vector<std::string> commands;
  std::vector<FilmProcess> processes; ///< a parent stands before its children
  std::vector<Band> bands;
  std::vector<FilmEvent> events;
  bool failed = false;            ///< the last event is that the check has failed
  std::vector<std::string> notes; ///< what cannot be seen, and what was left out
};

struct Limits {
  std::size_t events = 10'000;
  std::size_t processes = 500;
};

Film film_of(const Recording& recording, const Limits& limits = {});

/// The page that shows it. All of it is in it: it opens from the file system, and asks for nothing.
/// At most 2 MiB: if it would be larger, events are left out, and the page says so.
std::string page_of(const Recording& recording);

/// The same for a film. It may be larger.
std::string page_of(const Film& film);

/// A page that shows the film of another page, and this one beside it. Throws std::runtime_error if
/// the other page is no film.
std::string page_beside(const std::string& page, const Recording& recording);

/// The moment of an event as a drawing, in the signs of the slides. `number` counts from 1.
std::string still_of(const Film& film, std::size_t number);

/// Several moments as one drawing: lanes in time, and each event in words. The numbers go up.
std::string strip_of(const Film& film, const std::vector<std::size_t>& numbers);

/// The state of a process at an event. `gone` before its birth and after it was reaped.
Stretch state_at(const FilmProcess& process, int event);

/// `blocked in read`, `in the handler of SIGCHLD`, `zombie`.
std::string in_words(const Stretch& stretch);

} // namespace lab::film
