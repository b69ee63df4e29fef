#include "tools/grade/grader.hpp"

#include "harness/limits.hpp"
#include "harness/process.hpp"
#include "tools/check/shipped.hpp"
#include "tools/grade/archive.hpp"
#include "tools/grade/files.hpp"
#include "tools/text/text.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <system_error>

#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lab::grade {

namespace fs = std::filesystem;

namespace {

/// Checks of one exercise at a time, and exercises whose checks run, for each compiler at a time.
/// Checks wait for events, with deadlines of seconds: there may be far more of them than
/// processors, but not so many that they wait for each other.
constexpr unsigned checks_of_exercise = 4;
constexpr unsigned exercises_of_job = 2;

constexpr std::size_t shown_words = 20'000; // of a compiler

const Limits compile_limits{.cpu_seconds = 30,
                            .memory_bytes = std::size_t{2} << 30,
                            .file_bytes = std::size_t{64} << 20,
                            .processes = 50,
                            .disk_bytes = std::size_t{256} << 20,
                            .time = std::chrono::seconds(120),
                            .output_bytes = shown_words,
                            .nice = 5};

const Limits check_limits{.cpu_seconds = 60,
                          .memory_bytes = std::size_t{4} << 30,
                          .file_bytes = std::size_t{128} << 20,
                          .processes = 2000,
                          .disk_bytes = std::size_t{64} << 20,
                          .time = std::chrono::seconds(300),
                          .output_bytes = 10'000,
                          .nice = 0};

/// What wait(2) says.
std::string ended(int status) {
  return WIFSIGNALED(status) ? signal_name(WTERMSIG(status))
                             : "status " + std::to_string(WEXITSTATUS(status));
}

} // namespace

Workspace::Workspace() {
  std::error_code error;
  const fs::path temporary = fs::temp_directory_path(error);
  if (error) {
    throw std::runtime_error("no folder for temporary files (TMPDIR): " + temporary.string() +
                             error.message());
  }
  std::string name = (temporary / "lab-grade-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    throw_errno("mkdtemp " + name);
  }
  path_ = name;
  lab::or_throw(::chmod(name.c_str(), 0711), "chmod"); // others may pass, and list nothing
  fs::create_directory(path_ / "root");
}

Workspace::~Workspace() {
  remove_folder(path_);
}

struct Grader::Unit {
  Student* student = nullptr;
  Exercise exercise;
  Sources sources;
  Phase phase = Phase::waiting;
  fs::path folder;
  std::unique_ptr<Job> job;
  std::vector<uid_t> users; // of the job
  bool precompiled = false; // the headers that it begins with
  bool tried_before = false;
  bool alone = false;         // checked for the second time, beside nothing else
  std::vector<Result> former; // of the first time
  ExerciseMarks marks;
  std::string failure; // of ours
};

struct Grader::Student {
  Submission submission;
  std::string fingerprint;
  std::vector<std::string> notes;
  std::string failure; // of ours
  bool begun = false;
  bool told = false;
  std::vector<std::unique_ptr<Unit>> units;

  [[nodiscard]] bool done() const {
    return begun &&
           std::ranges::all_of(units, [](const auto& unit) { return unit->phase == Phase::done; });
  }
};

HandedIn read_submission(const Submission& submission, const Kit& kit,
                         const Protections& protections, const fs::path& workspace) {
  return read_submission(submission, kit.exercises, workspace,
                         [&](std::string_view archive, const fs::path& folder) {
                           return unpack(archive, folder, kit, protections, workspace);
                         });
}

std::string fingerprint_of(const HandedIn& handed_in, const std::string& kit_fingerprint) {
  Fingerprint print;
  print.add(kit_fingerprint);
  add(print, handed_in);
  return print.text();
}

Grader::Grader(const Kit& kit, const Protections& protections, const fs::path& workspace,
               std::vector<Result> checks, unsigned jobs, bool films)
    : kit_(kit), protections_(protections), workspace_(workspace), checks_(std::move(checks)),
      jobs_(jobs), films_(films), precompiled_(kit.exercises.size()),
      kit_fingerprint_(kit.fingerprint()) {
  if (protections.other_user) {
    const unsigned count = jobs * (1 + exercises_of_job * checks_of_exercise);
    for (unsigned i = 0; i < count; ++i) {
      users_.push_back(unprivileged_user().value()); // root: there is one, or it throws
    }
  }
}

Grader::~Grader() = default;

std::vector<uid_t> Grader::take_users(std::size_t count) {
  if (!protections_.other_user) {
    return {};
  }
  std::vector<uid_t> taken(users_.end() - static_cast<std::ptrdiff_t>(count), users_.end());
  users_.resize(users_.size() - count);
  return taken;
}

void Grader::give_back(std::vector<uid_t>& users) {
  users_.insert(users_.end(), users.begin(), users.end());
  users.clear();
}

/// The headers with which programs begin are the half of what a compiler has to read. They are
/// compiled where submissions are. Where the compiler cannot do that, it only takes longer.
void Grader::precompile(const Hooks& hooks) {
  const Mount kit{.folder = workspace_ / "kit", .name = "kit"};
  const Mount made{.folder = workspace_ / "precompiled", .name = "precompiled", .writable = true};
  fs::create_directory(made.folder);
  std::vector<uid_t> users = take_users(1);
  if (!users.empty()) {
    lab::or_throw(::chown(made.folder.c_str(), users.front(), users.front()), "chown");
  }
  for (std::size_t i = 0; i < kit_.exercises.size(); ++i) {
    const std::string& program = kit_.exercises[i].program;
    const fs::path lines = Kit::first_lines(program, kit.folder);
    const auto headers = first_includes(kit_.shipped[i]);
    {
      std::ofstream file(lines);
      for (const std::string& header : headers) {
        file << "#include " << header << '\n';
      }
    }
    constexpr auto for_all = fs::perms::owner_read | fs::perms::group_read | fs::perms::others_read;
    fs::permissions(lines, for_all);
    JobOptions options;
    options.command = kit_.precompile(program, path_in_job(protections_, kit),
                                      path_in_job(protections_, made) + "/" + program);
    options.mounts = {kit, made};
    options.temporary = made.folder;
    options.working_folder = temporary_folder(protections_, options);
    options.users = users;
    options.limits = compile_limits;
    Job job(protections_, workspace_, std::move(options));
    auto end = job.poll();
    while (!end && !hooks.stopped()) {
      std::vector<pollfd> events;
      for (const int fd : job.events()) {
        events.push_back({.fd = fd, .events = POLLIN, .revents = 0});
      }
      constexpr int look_interval = 100; // milliseconds: for Ctrl-C
      ::poll(events.data(), events.size(), look_interval);
      end = job.poll();
    }
    if (!end || end->status != 0) {
      continue;
    }
    std::error_code error;
    const fs::path place = lines.string() + ".gch";
    fs::copy_file(made.folder / program, place, error);
    fs::permissions(place, for_all, error);
    if (!error) {
      precompiled_[i] = headers;
    }
    fs::remove(made.folder / program, error);
  }
  give_back(users);
  remove_folder(made.folder);
}

/// Whether the program begins with all headers of its exercise, and they are the kit's: then it
/// makes no difference that they are compiled already.
bool Grader::begins_as_shipped(const Sources& sources, std::size_t exercise) const {
  if (precompiled_[exercise].empty() ||
      std::ranges::any_of(sources.files, [](const SourceFile& file) {
        return file.name.starts_with("support/");
      })) {
    return false;
  }
  const auto program = std::ranges::find(sources.files, kit_.exercises[exercise].program + ".cpp",
                                         &SourceFile::name);
  if (program == sources.files.end()) {
    return false;
  }
  const auto headers = first_includes(without_comments(program->bytes));
  return std::ranges::all_of(precompiled_[exercise], [&](const std::string& header) {
    return std::ranges::find(headers, header) != headers.end();
  });
}

void Grader::begin(Student& student) {
  student.begun = true;
  HandedIn handed_in;
  try {
    handed_in = read_submission(student.submission, kit_, protections_, workspace_);
  } catch (const std::exception& error) { // costs this submission its marks, and no other
    student.failure = error.what();
    return;
  }
  // Of what is graded, which may have changed since it was looked at.
  student.fingerprint = fingerprint_of(handed_in, kit_fingerprint_);
  student.notes = std::move(handed_in.notes);
  for (std::size_t i = 0; i < kit_.exercises.size(); ++i) {
    auto unit = std::make_unique<Unit>();
    unit->student = &student;
    unit->exercise = kit_.exercises[i];
    unit->marks.exercise = unit->exercise;
    unit->sources = std::move(handed_in.sources[i]);
    unit->marks.ambiguous = unit->sources.ambiguous;
    for (const SourceFile& file : unit->sources.files) {
      if (file.name == unit->exercise.program + ".cpp" &&
          without_comments(file.bytes) == kit_.shipped[i]) {
        unit->sources.unusable = as_shipped;
      }
    }
    unit->precompiled = begins_as_shipped(unit->sources, i);
    student.units.push_back(std::move(unit));
  }
}

void Grader::compile(Unit& unit) {
  if (!unit.sources.unusable.empty()) {
    not_built(unit, unit.sources.unusable);
    return;
  }
  std::string name = (workspace_ / "job-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    throw_errno("mkdtemp " + name);
  }
  unit.folder = name;
  for (const char* const folder : {"source", "bin", "tmp"}) {
    fs::create_directory(unit.folder / folder);
  }
  fs::permissions(unit.folder / "tmp", fs::perms::all | fs::perms::sticky_bit);
  for (const SourceFile& file : unit.sources.files) {
    const fs::path path = unit.folder / "source" / file.name;
    fs::create_directories(path.parent_path());
    std::ofstream out(path, std::ios::binary);
    out << file.bytes;
    out.close();
    if (!out) {
      throw_errno("write " + path.string());
    }
  }
  unit.sources.files.clear();
  unit.users = take_users(1);
  if (!unit.users.empty()) { // nobody else is to pass, or to write
    const uid_t user = unit.users.front();
    const std::string bin = unit.folder / "bin";
    lab::or_throw(::chown(name.c_str(), 0, user), "chown " + name);
    lab::or_throw(::chmod(name.c_str(), 0710), "chmod " + name);
    lab::or_throw(::chown(bin.c_str(), user, user), "chown " + bin);
  }
  const Mount source{.folder = unit.folder / "source", .name = "source"};
  const Mount bin{.folder = unit.folder / "bin", .name = "bin", .writable = true};
  const Mount kit{.folder = workspace_ / "kit", .name = "kit"};
  JobOptions options;
  options.command =
      kit_.build(unit.exercise.program, path_in_job(protections_, kit),
                 path_in_job(protections_, bin) + "/" + unit.exercise.program, unit.precompiled);
  options.working_folder = path_in_job(protections_, source);
  options.mounts = {source, bin, kit};
  options.temporary = unit.folder / "tmp";
  options.users = unit.users;
  options.limits = compile_limits;
  unit.job = std::make_unique<Job>(protections_, workspace_, std::move(options));
  unit.phase = Phase::compiling;
  ++compiling_;
}

void Grader::compiled(Unit& unit, const JobEnd& end) {
  --compiling_;
  unit.marks.compiler_words = unit.job->output();
  if (unit.job->output_cut()) {
    unit.marks.compiler_words += "\n... and more\n";
  }
  unit.job.reset();
  give_back(unit.users);
  if (!end.status) {
    unit.failure = unit.exercise.folder + ": the compiler could not be run: " + end.error;
    finish(unit);
    return;
  }

  struct stat status {};

  const fs::path program = unit.folder / "bin" / unit.exercise.program;
  const bool there = ::lstat(program.c_str(), &status) == 0 && S_ISREG(status.st_mode);
  if (*end.status == 0 && there) {
    unit.phase = Phase::built;
    return;
  }
  not_built(unit, end.timed_out ? "the compiler did not end within " + in_words(compile_limits.time)
                                : std::string(does_not_compile));
}

void Grader::check(Unit& unit) {
  remove_folder(unit.folder / "source"); // where folders are hidden from nobody, it was until now
  if (protections_.other_user) {
    lab::or_throw(::chmod(unit.folder.c_str(), 0711), "chmod " + unit.folder.string());
  }
  // The compiler's user has written it; nobody else is to.
  const std::string program = unit.folder / "bin" / unit.exercise.program;
  if (protections_.other_user) {
    const std::string bin = unit.folder / "bin";
    lab::or_throw(::chown(bin.c_str(), 0, 0), "chown " + bin);
    lab::or_throw(::lchown(program.c_str(), 0, 0), "chown " + program);
  }
  lab::or_throw(::chmod(program.c_str(), 0755), "chmod " + program);
  unit.users = take_users(checks_of_exercise);
  // What one of its programs takes, the next check lacks: a skip gives marks.
  const bool lacked = std::ranges::any_of(
      unit.former, [](const Result& check) { return check.late && check.skipped(); });
  const Mount bin{.folder = unit.folder / "bin", .name = "bin"};
  const Mount kit{.folder = workspace_ / "kit", .name = "kit"};
  JobOptions options;
  options.command = {path_in_job(protections_, kit) + "/lab-check",
                     "--programs=" + path_in_job(protections_, bin),
                     "--test-suite=" + unit.exercise.suite(),
                     "--results=3",
                     "--marks=" + path_in_job(protections_, kit) + "/marks.txt",
                     "--jobs=" + std::to_string(lacked ? 1 : checks_of_exercise)};
  if (!unit.users.empty()) {
    std::string users;
    for (const uid_t user : unit.users) {
      users += (users.empty() ? "" : ",") + std::to_string(user);
    }
    options.command.push_back("--users=" + users);
  }
  if (films_) {
    options.command.push_back("--films=" + std::to_string(films_of_exercise));
  }
  options.temporary = unit.folder / "tmp";
  options.working_folder = temporary_folder(protections_, options);
  options.mounts = {bin, kit};
  options.users = unit.users;
  options.trusted = true;
  options.limits = check_limits;
  if (kit_.sanitized) {
    options.limits.memory_bytes.reset();
  }
  unit.job = std::make_unique<Job>(protections_, workspace_, std::move(options));
  unit.phase = Phase::checking;
  ++checking_;
}

void Grader::checked(Unit& unit, const JobEnd& end) {
  --checking_;
  const auto records = decode_results(unit.job->results());
  const std::string words = unit.job->output();
  unit.job.reset();
  give_back(unit.users);
  if (!end.status) {
    unit.failure = unit.exercise.folder + ": the checks could not be run: " + end.error;
    finish(unit);
    return;
  }
  std::string missing; // why checks have no result
  for (const Result& check : checks_) {
    if (check.suite != unit.exercise.suite()) {
      continue;
    }
    const auto found = std::ranges::find(records, check.sentence, &Result::sentence);
    Result result = check;
    if (found != records.end()) {
      result = *found;
      // What is asked for, and what it is worth, is told by lab-check alone, before any program
      // ran.
      result.marks = check.marks;
      result.visibility = check.visibility;
      // The first record is the verdict. Films come after all verdicts, and change none.
      const auto film = std::ranges::find_if(found + 1, records.end(), [&](const Result& again) {
        return again.sentence == check.sentence;
      });
      result.film = film != records.end() ? film->film : "";
    } else {
      missing = end.timed_out
                    ? "the checks before this one took more than " + in_words(check_limits.time)
                    : "the checks were ended from outside";
      result.outcome = Outcome::not_run;
      result.why = missing;
    }
    unit.marks.checks.push_back(std::move(result));
  }
  // Others may have had the processor: it is not lost before it was tried alone.
  if (!unit.alone && std::ranges::any_of(unit.marks.checks, &Result::late)) {
    unit.alone = true;
    unit.former = std::move(unit.marks.checks);
    unit.marks.checks.clear();
    unit.phase = Phase::again;
    return;
  }
  for (std::size_t i = 0; i < unit.former.size(); ++i) {
    if (unit.former[i].passed()) {
      unit.marks.checks[i] = std::move(unit.former[i]);
    }
  }
  unit.former.clear();
  if (!missing.empty() && !end.timed_out && !unit.tried_before) {
    unit.tried_before = true; // a machine short of memory may end anything
    unit.marks.checks.clear();
    unit.phase = Phase::built;
    return;
  }
  // Where programs cannot signal them, the checks have failed by themselves.
  if (records.empty() && !end.timed_out &&
      (WIFEXITED(*end.status) || protections_.other_user || protections_.signal_rules)) {
    unit.failure = unit.exercise.folder + ": the checks could not be run: lab-check ended with " +
                   ended(*end.status) + (words.empty() ? "" : ": " + words);
  }
  finish(unit);
}

void Grader::not_built(Unit& unit, const std::string& reason) {
  unit.marks.not_built = reason;
  for (const Result& check : checks_) {
    if (check.suite == unit.exercise.suite()) {
      unit.marks.checks.push_back(check);
      unit.marks.checks.back().why =
          reason == as_shipped ? "the exercise is as shipped" : "there is no program: " + reason;
    }
  }
  finish(unit);
}

void Grader::finish(Unit& unit) {
  unit.phase = Phase::done;
  if (!unit.folder.empty()) {
    remove_folder(unit.folder);
  }
}

void Grader::advance(Unit& unit, bool may_compile) {
  try {
    if (unit.job) {
      if (const auto end = unit.job->poll()) {
        unit.phase == Phase::compiling ? compiled(unit, *end) : checked(unit, *end);
      }
    }
    if (unit.phase == Phase::waiting && may_compile) {
      compile(unit);
    }
    if (may_check(unit)) {
      check(unit);
    }
  } catch (const std::exception& error) { // costs this submission its marks, and no other
    unit.job.reset();
    give_back(unit.users);
    unit.failure = unit.exercise.folder + ": " + error.what();
    finish(unit);
    compiling_ = count(Phase::compiling);
    checking_ = count(Phase::checking);
  }
}

bool Grader::may_check(const Unit& unit) const {
  if (unit.phase == Phase::again) {
    return at_rest();
  }
  if (unit.phase != Phase::built || checking_ == std::size_t{jobs_} * exercises_of_job) {
    return false;
  }
  // Where submissions could reach each other, one is checked at a time.
  return protections_.apart() || std::ranges::all_of(students_, [&](const auto& student) {
           return student.get() == unit.student ||
                  std::ranges::none_of(student->units, [](const auto& other) {
                    return other->phase == Phase::checking;
                  });
         });
}

/// Whether nothing runs, and nothing is left to do but to check again.
bool Grader::at_rest() const {
  return compiling_ == 0 && checking_ == 0 && count(Phase::waiting) + count(Phase::built) == 0 &&
         std::ranges::all_of(students_, [](const auto& student) { return student->begun; });
}

std::size_t Grader::count(Phase phase) const {
  std::size_t found = 0;
  for (const auto& student : students_) {
    found += static_cast<std::size_t>(std::ranges::count_if(
        student->units, [&](const auto& unit) { return unit->phase == phase; }));
  }
  return found;
}

void Grader::tell(Student& student, const Hooks& hooks) const {
  if (!student.done() || student.told) {
    return;
  }
  student.told = true;
  if (!student.failure.empty()) {
    hooks.failed(student.submission, student.failure);
    return;
  }
  Marks marks{.student = student.submission.name,
              .fingerprint = student.fingerprint,
              .filmed = films_,
              .notes = student.notes,
              .exercises = {}};
  for (const auto& one : student.units) {
    if (!one->failure.empty()) {
      hooks.failed(student.submission, one->failure);
      return;
    }
    marks.exercises.push_back(std::move(one->marks));
  }
  hooks.graded(marks);
}

void Grader::grade(const std::vector<Submission>& submissions, const Hooks& hooks) {
  for (const Submission& submission : submissions) {
    students_.push_back(std::make_unique<Student>());
    students_.back()->submission = submission;
  }
  constexpr std::size_t few = 5; // for fewer, it takes longer than it saves
  if (submissions.size() >= few) {
    precompile(hooks);
  }
  std::size_t first = 0; // before it, all are done
  const std::size_t most_waiting = 2 * std::size_t{jobs_};
  while (!hooks.stopped()) {
    std::vector<pollfd> events;
    std::vector<std::string> in_work;
    std::size_t waiting_for_checks = 0;
    for (auto i = first; i < students_.size(); ++i) {
      Student& student = *students_[i];
      const bool only_one = first + 1 == students_.size();
      if (!student.begun && (compiling_ >= jobs_ || waiting_for_checks >= most_waiting)) {
        break;
      }
      if (!student.begun) {
        begin(student);
      }
      for (const auto& unit : student.units) {
        const bool room = compiling_ < jobs_ && waiting_for_checks < most_waiting;
        // A student whose programs do not compile to an end holds one place, and not all of them.
        const bool has_place = std::ranges::any_of(
            student.units, [](const auto& other) { return other->phase == Phase::compiling; });
        advance(*unit, room && (only_one || !has_place));
        waiting_for_checks += unit->phase == Phase::built ? 1U : 0U;
        if (unit->job) {
          for (const int fd : unit->job->events()) {
            events.push_back({.fd = fd, .events = POLLIN, .revents = 0});
          }
        }
      }
      tell(student, hooks);
      if (!student.told) {
        in_work.push_back(student.submission.name);
      }
    }
    while (first < students_.size() && students_[first]->told) {
      students_[first]->units.clear();
      ++first;
    }
    const auto done = static_cast<std::size_t>(
        std::ranges::count_if(students_, [](const auto& student) { return student->told; }));
    hooks.progress(done, in_work);
    if (done == students_.size()) {
      return;
    }
    constexpr int look_interval = 100; // milliseconds: for deadlines, and for the progress line
    ::poll(events.data(), events.size(), look_interval);
  }
  students_.clear(); // ends what is in work
}

} // namespace lab::grade
