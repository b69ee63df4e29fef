// What a check throws when the program under test broke a promise.
#pragma once

#include <functional>
#include <list>
#include <stdexcept>
#include <string>
#include <utility>

namespace lab {

/// What a failure means and where to look: it replaces what the check says of all its failures,
/// where what was seen names the mistake.
struct Advice {
  std::string means;
  std::string look;
};

/// The program under test did not do what it promised. The text says what was seen (processes,
/// states, descriptors, bytes), and a student will read it. Before it come the words of each
/// Situation that lives now. An error of the harness itself is a std::system_error instead.
class Failure : public std::runtime_error {
public:
  /// `at`: instead of the places that each Reported has.
  explicit Failure(const std::string& seen, Advice advice = {}, std::string at = {});

  /// What each program under test was doing when this was thrown: the Process::report of each. So a
  /// check need not write it into the text.
  [[nodiscard]] const std::string& doing() const { return doing_; }

  /// The places in the program that it is about: `exercises/.../reaper.cpp:24: WORDS`, a line each.
  [[nodiscard]] const std::string& at() const { return at_; }

  /// Empty where what the check says is right.
  [[nodiscard]] const Advice& advice() const { return advice_; }

  /// Gives it this advice, if it has none.
  void advise(const Advice& advice) {
    if (advice_.means.empty()) {
      advice_ = advice;
    }
  }

private:
  std::string doing_;
  std::string at_;
  Advice advice_;
};

/// The program under test is not there at all.
class NoProgram : public Failure {
public:
  NoProgram(std::string name, const std::string& folder)
      : Failure("no program " + name + " in " + folder +
                ": build it, or name its folder with --programs"),
        name_(std::move(name)) {}

  [[nodiscard]] const std::string& name() const { return name_; }

private:
  std::string name_;
};

/// What the check has done to the program so far, in words. While the object lives, each Failure
/// begins with them: `after 3 clients that reset` makes `after 3 clients that reset: the server is
/// gone`.
class Situation {
public:
  explicit Situation(std::string words);
  Situation(const Situation&) = delete;
  Situation& operator=(const Situation&) = delete;
  Situation(Situation&&) = delete;
  Situation& operator=(Situation&&) = delete;
  ~Situation();
};

/// While the object lives, the text that `report` returns is a part of each Failure's doing(), and
/// what `places` returns is a part of its at().
class Reported {
public:
  explicit Reported(std::function<std::string()> report, std::function<std::string()> places = {});
  Reported(const Reported&) = delete;
  Reported& operator=(const Reported&) = delete;
  Reported(Reported&&) = delete;
  Reported& operator=(Reported&&) = delete;
  ~Reported();

private:
  std::list<std::pair<std::function<std::string()>, std::function<std::string()>>>::iterator place_;
};

} // namespace lab
