// Whether a line that a terminal shows is the one that a lesson shows. Process ids and ports may
// differ.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace lab::lessons {

/// A number of the lesson to which no number of the run belongs yet.
struct NotShown {
  std::string number;
};

/// The numbers of a lesson (process ids, ports, inodes: four digits or more), and the number of the
/// run that each stands for. In a session that does not change, and no two stand for the same.
class Numbers {
public:
  /// Makes `text`, the server's port in the lesson, stand for `run`, in an address and elsewhere.
  void set_port(const std::string& text, const std::string& run);

  /// Whether the terminal's `line` is the lesson's `expected`. Several spaces count as one, and
  /// `...` is any text. If it is, the new numbers in it are kept.
  bool matches(std::string_view expected, std::string_view line);

  /// What the lesson types, with the numbers of the run. Throws NotShown for a number that the run
  /// has not shown: it could be the id of any process.
  [[nodiscard]] std::string in_run(std::string_view typed) const;

private:
  enum class Class : unsigned char { other, port, inode };

  struct Pairs {
    std::map<std::string, std::string, std::less<>> of_lesson;
    std::map<std::string, std::string, std::less<>> of_run;
  };

  static Class class_after(std::string_view before);
  bool match(std::string_view expected, std::size_t at, std::string_view line);
  bool pair(Class of, std::string_view in_lesson, std::string_view in_run);

  /// Empty if it stands for none.
  [[nodiscard]] std::string_view of_run(Class of, std::string_view in_lesson) const;

  std::string port_; // the server's
  std::string port_of_run_;
  std::map<Class, Pairs> pairs_;
};

} // namespace lab::lessons
