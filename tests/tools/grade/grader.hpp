// Grading many submissions at a time. Compilers need processors; checks mostly wait.
#pragma once

#include "tools/grade/jail.hpp"
#include "tools/grade/kit.hpp"
#include "tools/grade/marks.hpp"
#include "tools/grade/submission.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace lab::grade {

/// A folder for everything that submissions touch. It is deleted with the object.
class Workspace {
public:
  /// Throws std::system_error.
  Workspace();
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;
  Workspace(Workspace&&) = delete;
  Workspace& operator=(Workspace&&) = delete;
  ~Workspace();

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
  std::filesystem::path path_;
};

/// What a submission holds; its archives are opened in the workspace.
HandedIn read_submission(const Submission& submission, const Kit& kit,
                         const Protections& protections, const std::filesystem::path& workspace);

/// The fingerprint of a submission and of what it is graded with: Marks::fingerprint.
std::string fingerprint_of(const HandedIn& handed_in, const std::string& kit_fingerprint);

/// What happens while a class is graded.
struct Hooks {
  std::function<void(const Marks&)> graded;
  /// A submission could not be graded, and has no marks: which, and why.
  std::function<void(const Submission&, const std::string&)> failed;
  /// Called now and then: how many submissions are done, and which are in work.
  std::function<void(std::size_t done, const std::vector<std::string>& in_work)> progress;
  /// Whether to stop. Then the submissions in work are ended, and not graded.
  std::function<bool()> stopped;
};

/// Builds and checks all programs of the submissions, with `jobs` compilers at a time. With
/// `films` the first checks that fail get a film: Result::film.
class Grader {
public:
  Grader(const Kit& kit, const Protections& protections, const std::filesystem::path& workspace,
         std::vector<Result> checks, unsigned jobs, bool films);
  ~Grader();
  Grader(const Grader&) = delete;
  Grader& operator=(const Grader&) = delete;
  Grader(Grader&&) = delete;
  Grader& operator=(Grader&&) = delete;

  void grade(const std::vector<Submission>& submissions, const Hooks& hooks);

private:
  struct Unit;
  struct Student;
  /// `again`: built and checked, and to be checked once more, alone.
  enum class Phase : unsigned char { waiting, compiling, built, checking, again, done };

  void precompile(const Hooks& hooks);
  [[nodiscard]] bool begins_as_shipped(const Sources& sources, std::size_t exercise) const;
  void begin(Student& student);
  void compile(Unit& unit);
  void check(Unit& unit);
  void advance(Unit& unit, bool may_compile);
  [[nodiscard]] bool may_check(const Unit& unit) const;
  [[nodiscard]] bool at_rest() const;
  void tell(Student& student, const Hooks& hooks) const;
  [[nodiscard]] std::size_t count(Phase phase) const;
  void compiled(Unit& unit, const JobEnd& end);
  void checked(Unit& unit, const JobEnd& end);
  void not_built(Unit& unit, const std::string& reason);
  static void finish(Unit& unit);
  std::vector<uid_t> take_users(std::size_t count);
  void give_back(std::vector<uid_t>& users);

  const Kit& kit_;
  const Protections& protections_;
  const std::filesystem::path& workspace_;
  std::vector<Result> checks_;
  unsigned jobs_;
  bool films_;
  /// What each exercise begins with, where that is compiled already.
  std::vector<std::vector<std::string>> precompiled_;
  std::string kit_fingerprint_;
  std::vector<uid_t> users_; // that no job has now
  std::deque<std::unique_ptr<Student>> students_;
  std::size_t compiling_ = 0;
  std::size_t checking_ = 0;
};

} // namespace lab::grade
