// A run: one exercise is built, and then checked.
#pragma once

#include "harness/fd.hpp"
#include "harness/process.hpp"
#include "tools/watch/kit.hpp"

#include <optional>
#include <string>
#include <vector>

namespace lab {

/// It is under way from its constructor on. The destructor cancels it: nothing of it is left, no
/// process and no half-written program.
class Run {
public:
  enum class Stage : unsigned char { building, checking, ended };

  /// `anew`: what was built before is not used, because make(1) compares times, and a clock may
  /// have jumped.
  Run(const Kit& kit, const Exercise& exercise, bool anew);
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;
  Run(Run&&) = delete;
  Run& operator=(Run&&) = delete;
  ~Run();

  [[nodiscard]] Stage stage() const { return stage_; }

  /// Readable when there is something for `go_on`. -1: at once (`go_on` then waits).
  [[nodiscard]] int fd() const { return end_.get(); }

  /// The next stage, if this one is over.
  void go_on();

  /// What the compiler said.
  [[nodiscard]] const std::string& compiler() const { return compiler_; }

  /// Whether it compiles, once it has been built.
  [[nodiscard]] bool built() const { return built_; }

  /// Why there is no verdict. Empty: there is one.
  [[nodiscard]] const std::string& trouble() const { return trouble_; }

private:
  void start(std::vector<std::string> arguments);

  const Kit& kit_;
  const Exercise& exercise_;
  Stage stage_ = Stage::building;
  std::optional<Process> process_;
  Fd end_;
  std::string compiler_;
  std::string trouble_;
  bool built_ = false;
};

/// A film of a check that has failed, under way. The destructor cancels it.
class Filming {
public:
  /// `check` is for doctest's filter.
  Filming(const Kit& kit, const Exercise& exercise, const std::string& check);

  /// As that of Run.
  [[nodiscard]] int fd() const { return end_.get(); }

  /// Where the film is, or why there is none. Nothing: it is not over.
  std::optional<std::string> told();

private:
  Process process_;
  Fd end_;
};

/// A build of somebody else in this folder: its process, and how it is called. Nothing: there is
/// none.
std::optional<ProcessInfo> other_build(const std::filesystem::path& build);

/// Becomes readable when the process has ended. Empty if the kernel has no such thing, or if it has
/// ended.
Fd end_of(pid_t pid);

} // namespace lab
