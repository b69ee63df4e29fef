// lab-grade under attack: hostile submissions beside honest ones, a class of them in each run. The
// grading has to come to its end, with 0; the honest marks are those of a run without the others; a
// hostile mark is none; and nothing is left behind.
//
// README.md lists the attacks. How a submission is bounded by itself is written in bounded.hpp.
#define DOCTEST_CONFIG_IMPLEMENT
#include "harness/fd.hpp"
#include "harness/guard.hpp"
#include "harness/proc.hpp"
#include "harness/process.hpp"
#include "harness/tcp.hpp"
#include "tools/grade/group.hpp"
#include "tools/text/json.hpp"

#include <algorithm>
#include <fstream>
#include <functional>
#include <future>
#include <iostream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace fs = std::filesystem;
using namespace std::chrono_literals; // NOLINT(google-build-using-namespace)

namespace {

const fs::path kit = LAB_SOURCE_FOLDER;
const fs::path build = LAB_BUILD_FOLDER;
const fs::path lab_grade = LAB_GRADE;
const fs::path grade_as = GRADE_AS;
constexpr const char* exercise = "02-zombie";
constexpr const char* source_name = "zombies.cpp";
const fs::path usual = fs::path(exercise) / source_name;

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write(const fs::path& path, std::string_view text) {
  fs::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary);
  file << text;
  REQUIRE_MESSAGE(file.flush(), "cannot write " << path);
}

/// Who grades without namespaces, for Class::grade. Only root can be root of a container.
std::string who_has_no_namespaces() {
  return geteuid() == 0 ? "container" : "bare";
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  REQUIRE_MESSAGE(at != std::string::npos, "nothing to replace: " << from);
  return text.replace(at, from.size(), to);
}

std::string solution() {
  return read(kit / "solutions" / exercise / source_name);
}

// The solution as a function that an attack which has come through calls.
std::string honest(const fs::path& source) {
  return replaced(read(kit / "solutions" / source), "int main(", "int honest(");
}

/// The control groups of a lab-grade.
std::vector<fs::path> groups_of(pid_t grader) {
  const std::string prefix = "lab-grade-" + std::to_string(grader) + "-";
  std::vector<fs::path> found;
  std::error_code error; // others may remove theirs meanwhile
  for (fs::recursive_directory_iterator entry("/sys/fs/cgroup", error), end; !error && entry != end;
       entry.increment(error)) {
    if (entry->path().filename().string().starts_with(prefix)) {
      found.push_back(entry->path());
    }
  }
  return found;
}

/// What one submission got.
struct Mark {
  double score = 0;
  double most = 0;
  std::map<std::string, double> tests; ///< by the name of the check

  bool operator==(const Mark&) const = default;
};

/// A class: submissions, a place for results, and a look at what was left behind.
class Class {
public:
  Class()
      : tag_("hos" + std::to_string(::getpid()) + "x" + std::to_string(++made)),
        key_(static_cast<key_t>(0x6c000000 + ::getpid() * 16 + made)) {
    std::string folder = fs::temp_directory_path() / "lab-hostile-XXXXXX";
    REQUIRE(::mkdtemp(folder.data()) != nullptr);
    folder_ = folder;
    // As an instructor's folder is: who protects results must not lean on the folder above them.
    fs::permissions(folder_, fs::perms(0755));
    fs::create_directory(folder_ / "temporary");
    fs::permissions(folder_ / "temporary", fs::perms(01777));
    write(secret(), secret_text);
    fs::permissions(secret(), fs::perms(0600));
  }

  Class(const Class&) = delete;
  Class& operator=(const Class&) = delete;
  Class(Class&&) = delete;
  Class& operator=(Class&&) = delete;

  ~Class() {
    std::error_code error;
    fs::remove_all(folder_, error);
    for (const fs::path& path : files_left()) { // of a protection that failed
      fs::remove_all(path, error);
    }
    if (const int memory = ::shmget(key_, 0, 0); memory != -1) {
      ::shmctl(memory, IPC_RMID, nullptr);
    }
  }

  /// A folder of a submission, to be filled by hand.
  fs::path submission(const std::string& name) {
    names_.push_back(name);
    fs::create_directories(folder_ / "class" / name);
    return folder_ / "class" / name;
  }

  /// A submission whose one program is `text`.
  void hand_in(const std::string& name, std::string_view text, const fs::path& source = usual) {
    write(submission(name) / source, text);
  }

  /// A hostile one, of tests/kit/hostile/submissions/NAME.cpp; and the solution behind it.
  void attack(const std::string& name) {
    hand_in(name, text_of(name, usual));
    hostile_.push_back(name);
  }

  /// One for this exercise, which may get the marks of other checks than `sentence`.
  void evade(const std::string& name, const fs::path& source, const std::string& sentence) {
    hand_in(name, text_of(name, source), source);
    evading_.emplace_back(name, source.string().substr(0, 2) + " " + sentence);
  }

  [[nodiscard]] std::string text_of(const std::string& name, const fs::path& source) const {
    std::string text = read(kit / "tests/kit/hostile/submissions" / (name + ".cpp"));
    REQUIRE_MESSAGE(!text.empty(), "there is no tests/kit/hostile/submissions/" << name << ".cpp");
    const std::string include = "#include \"bounded.hpp\"\n";
    if (contains(text, include)) {
      text = replaced(text, include,
                      replaced(read(kit / "tests/kit/hostile/bounded.hpp"), "#pragma once\n", "")) +
             honest(source);
    }
    return facts(name) + text;
  }

  /// The witnesses: the solution, one with a fault, the exercise as shipped, and one that does
  /// nothing.
  void add_witnesses() {
    fs::copy(kit / "solutions" / exercise, submission("the solution") / exercise);
    fs::copy(kit / "solutions/03-wait", folder_ / "class/the solution/03-wait");
    fs::copy(kit / "exercises" / exercise, submission("as shipped") / exercise);
    hand_in("with a fault", replaced(solution(), "return error == 0 ? 0 : 1;", "return 0;"));
    hand_in("does nothing", "int main() {\n  return 1;\n}\n");
  }

  /// With `who`, as on a machine that allows less than this one (tests/kit/grade/as.cpp).
  void grade(int jobs = 6, const std::string& who = "", bool films = false) {
    std::vector<std::string> arguments{"--out", out().string(), "--jobs", std::to_string(jobs)};
    if (films) {
      arguments.emplace_back("--films");
    }
    if (!who.empty()) {
      arguments.insert(arguments.begin(), {who, lab_grade.string()});
      fs::create_directory(out());
      fs::permissions(out(), fs::perms::all);
    }
    for (const std::string& name : names_) {
      arguments.push_back((folder_ / "class" / name).string());
    }
    // What a protection that fails may cost: this much, and no more.
    lab::Process grader(who.empty() ? lab_grade : grade_as,
                        {.arguments = arguments,
                         .input = lab::Input::null,
                         .memory_bytes = std::size_t{5} << 30,
                         .file_bytes = std::size_t{1} << 30,
                         .environment = {{"TMPDIR", (folder_ / "temporary").string()}},
                         .most_processes = 4000});
    const lab::Exit exit = grader.wait(240s);
    said_ = grader.out() + grader.err();
    INFO("lab-grade said:\n", said_);
    CHECK(exit.text() == "exit status 0");
    const auto left = grader.left_behind();
    for (const lab::ProcessInfo& process : left) {
      CHECK_MESSAGE(false, "left behind: " << process.pid << " " << process.name);
    }
    grader.kill_all();
    for (const fs::path& group : groups_of(grader.pid())) {
      CHECK_MESSAGE(false, "left behind: " << group);
    }
    for (const std::string& name : processes_left()) {
      CHECK_MESSAGE(false, "left behind: " << name);
    }
    for (const fs::path& path : files_left()) {
      CHECK_MESSAGE(false, "left behind: " << path);
    }
    for (const auto& entry : fs::directory_iterator(folder_ / "temporary")) {
      CHECK_MESSAGE(false, "left behind: " << entry.path());
    }
    CHECK_MESSAGE(::shmget(key_, 0, 0) == -1, "left behind: System V shared memory");
    CHECK_MESSAGE(!contains(read("/proc/net/unix"), "@" + tag_), "left behind: an abstract socket");
  }

  [[nodiscard]] Mark mark(const std::string& name) const {
    const std::string text = read(out() / "students" / name / "results.json");
    REQUIRE_MESSAGE(!text.empty(), "there is no results.json for " << name);
    const auto json = lab::Json::parse(text);
    Mark mark;
    for (const lab::Json& test : json.at("tests").list()) {
      mark.tests[test.at("name").text()] = test.at("score").number();
      mark.score += test.at("score").number();
      mark.most += test.at("max_score").number();
    }
    return mark;
  }

  /// The honest marks are what they are without company, the hostile ones are none.
  void check_marks() const {
    static const std::map<std::string, Mark> alone = marks_alone();
    for (const auto& student : alone) { // (clang 14's INFO takes no structured binding)
      const Mark& expected = student.second;
      INFO(student.first);
      if (std::ranges::find(names_, student.first) == names_.end()) {
        continue;
      }
      const Mark now = mark(student.first);
      for (const auto& test : expected.tests) {
        INFO(test.first);
        CHECK(now.tests.at(test.first) == test.second);
      }
      CHECK(now == expected);
    }
    for (const std::string& name : hostile_) {
      if (const std::string line = not_to_be_had(name); !line.empty()) {
        MESSAGE(name << " is not looked at: lab-grade says: " << line);
        continue;
      }
      INFO(name, ":\n", read(out() / "students" / name / "report.md"));
      const Mark now = mark(name);
      CHECK(now.score <= alone.at("does nothing").score);
      CHECK(now.most == alone.at("does nothing").most);
    }
    for (const auto& evasion : evading_) {
      const std::string& name = evasion.first;
      if (const std::string line = not_to_be_had(name); !line.empty()) {
        MESSAGE(name << " is not looked at: lab-grade says: " << line);
        continue;
      }
      INFO(name, ":\n", read(out() / "students" / name / "report.md"));
      const Mark now = mark(name);
      REQUIRE(now.tests.contains(evasion.second));
      CHECK(now.tests.at(evasion.second) == 0);
      CHECK(now.most ==
            alone.at("does nothing").most); // a check that is skipped would take its marks
    }
  }

  /// Each film has the two scripts of its page, of which only one runs, and no other; and it is not
  /// large. Returns how many films a student has.
  [[nodiscard]] std::size_t check_films(const std::string& student, std::string_view text) const {
    std::size_t films = 0;
    std::error_code error;
    for (const auto& film : fs::directory_iterator(out() / "students" / student / "films", error)) {
      INFO(film.path());
      const std::string page = read(film.path());
      CHECK(page.starts_with("<!doctype html>"));
      CHECK(page.size() <= std::size_t{2} << 20);
      std::size_t scripts = 0;
      for (auto at = page.find("<script"); at != std::string::npos;
           at = page.find("<script", at + 1)) {
        ++scripts;
      }
      CHECK(scripts == 2);
      CHECK(contains(page, text));
      ++films;
    }
    return films;
  }

  /// No file that was written for anybody holds this text.
  void check_nowhere(std::string_view text) const {
    for (const auto& entry : fs::recursive_directory_iterator(out())) {
      if (entry.is_regular_file()) {
        CHECK_MESSAGE(!contains(read(entry.path()), text), entry.path() << " holds " << text);
      }
    }
  }

  [[nodiscard]] fs::path out() const { return folder_ / "out"; }

  [[nodiscard]] fs::path secret() const { return folder_ / "secret"; }

  [[nodiscard]] fs::path folder() const { return folder_; }

  [[nodiscard]] const std::string& tag() const { return tag_; }

  [[nodiscard]] const std::string& said() const { return said_; }

  int port = 1; ///< where the test listens
  static constexpr std::string_view secret_text = "nobody-but-the-grader-knows-this";

private:
  // What lab-grade said, where this machine has no protection against that attack.
  [[nodiscard]] std::string not_to_be_had(const std::string& name) const {
    const std::vector<std::pair<std::string, std::set<std::string>>> attacks{
        {"no network of their own", {"calls_home"}},
        {"no namespaces of their own", {"disk_bomb"}}, // each file has its limit, the sum has none
        {"no filter for system calls", {"runs_again"}},
        {"can read what any user here can read",
         {"reads_solutions", "includes_solution", "incbin"}}};
    for (const auto& [line, names] : attacks) {
      if (names.contains(name) && contains(said_, line)) {
        return line;
      }
    }
    return "";
  }

  static std::map<std::string, Mark> marks_alone() {
    Class witnesses;
    witnesses.add_witnesses();
    witnesses.grade();
    std::map<std::string, Mark> marks;
    for (const char* name : {"the solution", "with a fault", "as shipped", "does nothing"}) {
      marks[name] = witnesses.mark(name);
    }
    // The witnesses themselves: they would notice a mark too many and one too few.
    REQUIRE(marks.at("the solution").score == 29);
    REQUIRE(marks.at("with a fault").score == 13);
    REQUIRE(marks.at("as shipped").score == 0);
    REQUIRE(marks.at("does nothing").score == 0);
    return marks;
  }

  std::string facts(const std::string& name) const {
    std::ostringstream text;
    const auto define = [&](const char* fact, const auto& value) {
      text << "#define HOSTILE_" << fact << ' ' << value << '\n';
    };
    const auto quoted = [](const fs::path& path) { return "\"" + path.string() + "\""; };
    define("TAG", quoted(tag_));
    define("PID_NAMESPACE", quoted(fs::read_symlink("/proc/self/ns/pid")));
    define("MOUNT_NAMESPACE", quoted(fs::read_symlink("/proc/self/ns/mnt")));
    define("UID", ::getuid());
    define("TESTER", "\"" + std::to_string(::getpid()) + "\"");
    define("STARTED", lab::process_info(::getpid())->start_time);
    define("SOLUTION", quoted(kit / "solutions" / exercise / source_name));
    define("BUILD", quoted(build));
    define("OUT", quoted(out()));
    define("SUBMISSION", quoted(folder_ / "class" / name));
    define("SECRET", quoted(secret()));
    define("KEY", key_);
    define("PORT", port);
    return text.str();
  }

  // Processes of hostile programs: each has given itself the tag as its name.
  [[nodiscard]] std::vector<std::string> processes_left() const {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator("/proc")) {
      const std::string pid = entry.path().filename();
      if (pid.find_first_not_of("0123456789") == std::string::npos &&
          read(entry.path() / "comm") == tag_ + "\n") {
        found.push_back("process " + pid);
      }
    }
    return found;
  }

  // Files of hostile programs, by the tag in their names, in the places where anybody may write.
  [[nodiscard]] std::vector<fs::path> files_left() const {
    std::vector<fs::path> found;
    for (const fs::path folder : {"/tmp", "/var/tmp", "/dev/shm", "/run", "/run/lock", "/"}) {
      std::error_code error;
      for (const auto& entry : fs::directory_iterator(folder, error)) {
        if (contains(entry.path().filename().string(), tag_)) {
          found.push_back(entry.path());
        }
      }
    }
    for (const fs::path& folder :
         {build / "bin", fs::current_path(), fs::current_path().parent_path()}) {
      if (fs::exists(folder / tag_)) {
        found.push_back(folder / tag_);
      }
    }
    if (fs::exists(out() / tag_)) {
      found.push_back(out() / tag_);
    }
    return found;
  }

  static inline int made = 0;
  std::string tag_;
  key_t key_;
  fs::path folder_;
  std::vector<std::string> names_;
  std::vector<std::string> hostile_;
  std::vector<std::pair<std::string, std::string>> evading_; // and the check that is not to pass
  std::string said_;
};

/// The group of a process that `name` is the name of, as soon as there is one: `1:cpu:/a/b` and so
/// on. The kernel tells of a zombie that it is in the root's.
std::string groups_of_first(const std::string& name) {
  std::string groups;
  for (const lab::Deadline deadline(60s); !deadline.passed() && groups.empty();) {
    for (const lab::ProcessInfo& process : lab::all_processes()) {
      if (process.name == name) {
        groups = read("/proc/" + std::to_string(process.pid) + "/cgroup");
        const auto now = lab::process_info(process.pid);
        if (now && !now->zombie()) {
          break;
        }
        groups.clear();
      }
    }
    std::this_thread::sleep_for(5ms); // a look at /proc: nothing tells of a process in the jail
  }
  return groups;
}

/// Processes in a control group that never rest, each in a session of its own, all on one
/// processor.
class Spinners {
public:
  Spinners(int count, int processor) : group_(true) {
    cpu_set_t only;
    CPU_ZERO(&only);
    CPU_SET(static_cast<std::size_t>(processor), &only);
    for (int i = 0; i < count; ++i) {
      const pid_t child = ::fork();
      if (child == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::alarm(60);
        ::setsid();
        ::sched_setaffinity(0, sizeof only, &only);
        if (::write(group_.entry(), "0", 1) != 1) {
          ::_exit(1);
        }
        for (;;) {
          asm volatile("");
        }
      }
      children_.push_back(child);
    }
  }

  Spinners(const Spinners&) = delete;
  Spinners& operator=(const Spinners&) = delete;
  Spinners(Spinners&&) = delete;
  Spinners& operator=(Spinners&&) = delete;

  ~Spinners() {
    for (const pid_t child : children_) {
      ::kill(child, SIGKILL);
      ::waitpid(child, nullptr, 0);
    }
  }

  /// What they have had of the processors so far.
  [[nodiscard]] std::chrono::nanoseconds used() const {
    std::chrono::nanoseconds sum{0};
    for (const pid_t child : children_) {
      const auto use = lab::cpu_use(child);
      sum += use ? use->run_time : 0ns;
    }
    return sum;
  }

private:
  lab::grade::Group group_;
  std::vector<pid_t> children_;
};

/// Whether lab-grade has control groups here.
bool groups_can_be_made() {
  return lab::grade::Group(true).entry() != -1;
}

/// As long as it lives, this process and all that it starts have few processes: as in a container
/// with a limit, root too. cgroups(7).
class FewProcesses {
public:
  explicit FewProcesses(unsigned most) {
    std::ifstream groups("/proc/self/cgroup"); // `8:pids:/a/b`, or `0::/a/b`
    for (std::string line; !in_force() && std::getline(groups, line);) {
      const auto end = line.find(':', line.find(':') + 1);
      const bool pids = contains(line.substr(0, end), ":pids");
      const std::string former =
          std::string("/sys/fs/cgroup") + (pids ? "/pids" : "") + line.substr(end + 1);
      const std::string group = former + "/lab-hostile-" + std::to_string(::getpid());
      if (::mkdir(group.c_str(), 0755) == 0) {
        if (write_to(group + "/pids.max", most) &&
            write_to(group + "/cgroup.procs", static_cast<unsigned>(::getpid()))) {
          group_ = group;
          way_back_ = former + "/cgroup.procs";
        } else {
          ::rmdir(group.c_str());
        }
      }
    }
  }

  FewProcesses(const FewProcesses&) = delete;
  FewProcesses& operator=(const FewProcesses&) = delete;
  FewProcesses(FewProcesses&&) = delete;
  FewProcesses& operator=(FewProcesses&&) = delete;

  ~FewProcesses() {
    if (in_force()) {
      write_to(way_back_, static_cast<unsigned>(::getpid()));
      ::rmdir(group_.c_str());
    }
  }

  [[nodiscard]] bool in_force() const { return !group_.empty(); }

private:
  static bool write_to(const std::string& path, unsigned number) noexcept {
    const int file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    const bool written = file != -1 && ::dprintf(file, "%u", number) > 0;
    ::close(file);
    return written;
  }

  std::string group_;
  std::string way_back_;
};

} // namespace

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif

TEST_SUITE("hostile") {

  TEST_CASE("what takes more than its share: processes, memory, disk, output, time, compiler") {
    Class all;
    all.add_witnesses();
    for (const char* name :
         {"fork_bomb", "memory_bomb", "disk_bomb", "endless_output", "cpu_hog", "ignores_sigterm",
          "daemon", "includes_dev_zero", "template_bomb", "error_flood"}) {
      all.attack(name);
    }
    all.grade();
    all.check_marks();
    // The first lines of what the compiler says are enough for anybody.
    CHECK(fs::file_size(all.out() / "students/error_flood/report.md") < 1'000'000);
    CHECK(fs::file_size(all.out() / "students/error_flood/results.json") < 1'000'000);
  }

  // Alone: beside the bombs above it would not get to fill its memory, whether it may or not.
  TEST_CASE("what takes more memory than its share in several processes") {
    if (sanitized) {
      MESSAGE("memory_bombs is not looked at: programs built with AddressSanitizer may have more");
      return;
    }
    Class all;
    all.add_witnesses();
    all.attack("memory_bombs");
    all.grade(1);
    all.check_marks();
  }

  TEST_CASE("what has more memory than its share where it is not looked for") {
    if (sanitized) {
      MESSAGE("not looked at: programs built with AddressSanitizer may have more");
      return;
    }
    for (const char* name : {"says_asan", "headless_memory", "hides_memory"}) {
      Class all;
      all.attack(name);
      all.grade(1);
      all.check_marks();
    }
  }

  TEST_CASE("what comes to a classmate's server where all have one network") {
    Class all;
    all.attack("joins_classmates");
    const fs::path server = "01-echo-server/echo_server.cpp";
    all.hand_in("a server", read(kit / "solutions" / server), server);
    all.grade(2, who_has_no_namespaces());
    all.check_marks();
    CHECK(all.mark("a server").score == 23);
  }

  TEST_CASE("what takes the time of a classmate's check") {
    Class all;
    all.attack("spins");
    all.hand_in("needs quiet", all.text_of("needs_quiet", usual));
    const pid_t killed = ::fork(); // a grader that could not remove its group
    if (killed == 0) {
      const lab::grade::Group left(true);
      ::_exit(0);
    }
    ::waitpid(killed, nullptr, 0);
    CHECK(groups_of(killed).empty() != groups_can_be_made());
    auto seen = std::async(std::launch::async, [&] { return groups_of_first(all.tag()); });
    all.grade(2);
    all.check_marks();
    CHECK(all.mark("needs quiet").score == 14);
    CHECK(groups_of(killed).empty());
    CHECK(contains(seen.get(), "/lab-grade-") == groups_can_be_made());
  }

  TEST_CASE("a hundred that spin in one control group get no more than one in another") {
    if (!groups_can_be_made()) {
      MESSAGE("not looked at: this machine lets us make no control group for the processors "
              "(cgroups(7), cpu)");
      return;
    }
    const int processor = ::sched_getcpu();
    const Spinners hundred(100, processor);
    const Spinners one(1, processor);
    const auto before = hundred.used();
    const auto honest_before = one.used();
    lab::wait_until("the hundred to have had two seconds more",
                    [&] { return hundred.used() - before > 2s; });
    const auto spinning = hundred.used() - before;
    const auto honest = one.used() - honest_before;
    INFO("the hundred: ", spinning.count(), " ns, the one: ", honest.count(), " ns");
    CHECK(2 * honest > spinning); // about as much; without groups a hundredth
  }

  TEST_CASE("what makes the compiler wait for what nobody writes") {
    for (const std::string who : {"", "user"}) {
      Class all;
      all.hand_in("the solution", solution());
      for (const char* name : {"includes_ptmx", "includes_its_output"}) {
        all.attack(name);
        for (const fs::path program :
             {"01-echo-server/echo_server.cpp", "03-wait/collect.cpp",
              "04-signal-vs-sigaction/reaper.cpp", "05-descriptors/descriptor_server.cpp"}) {
          write(all.folder() / "class" / name / program, all.text_of(name, usual));
        }
      }
      all.grade(2, who);
      CHECK(all.mark("the solution").score == 14);
      for (const std::string name : {"includes_ptmx", "includes_its_output"}) {
        const std::string report = read(all.out() / "students" / name / "report.md");
        CHECK_MESSAGE(!contains(report, "the compiler did not end"), report);
      }
    }
  }

  TEST_CASE("what reaches for the checker where it is of the same user") {
    Class all;
    all.attack("limits_others");
    all.grade(2, "user");
    all.check_marks();
  }

  TEST_CASE("what takes the processes that its checks need") {
    constexpr unsigned few = 200; // about as many as bounded.hpp allows
    const FewProcesses limit(few);
    if (!limit.in_force()) {
      MESSAGE("starves_checks is not looked at: this machine lets us make no control group for "
              "processes (cgroups(7), pids)");
      return;
    }
    Class all;
    all.hand_in("starves", all.text_of("starves_checks", usual));
    all.hand_in("beside it", solution());
    all.grade(2);
    INFO(read(all.out() / "students/starves/report.md"));
    CHECK(all.mark("starves").tests.at("02 prints no id when one of them cannot be started") == 0);
    CHECK(all.mark("beside it").score == 14);
  }

  TEST_CASE("what stays where there are no namespaces") {
    Class all;
    all.attack("stays_headless");
    all.attack("daemon");
    all.grade(2, who_has_no_namespaces());
    all.check_marks();
  }

  TEST_CASE("what reaches for the checker, for files and for others") {
    Class all;
    lab::Listener grader_s; // a service of the grader's machine
    all.port = static_cast<int>(grader_s.port());
    all.add_witnesses();
    for (const char* name :
         {"kills_its_parent", "kills_all", "stops_its_checker", "writes_to_descriptors",
          "forges_output", "forges_and_kills", "traces_its_checker", "becomes_root",
          "guesses_paths", "deletes_its_folder", "reads_solutions", "includes_solution", "incbin",
          "leaves_notes", "finds_notes", "calls_home", "reads_the_class", "forges_the_film"}) {
      all.attack(name);
    }
    fs::copy(kit / "tests/harness/probe/shared.hpp",
             all.folder() / "class/forges_the_film" / exercise / "shared.hpp");
    const auto before = read(all.folder() / "class/deletes_its_folder" / exercise / source_name);
    all.grade(6, "", true); // a film changes no mark: those alone have none
    all.check_marks();
    CHECK(all.check_films("forges_output", "") == 3);
    CHECK(all.check_films("forges_the_film", "\\u003cscript\\u003e1\\u003c") == 3);
    CHECK(all.check_films("the solution", "") == 0);
    CHECK(read(all.folder() / "class/deletes_its_folder" / exercise / source_name) == before);
    all.check_nowhere(Class::secret_text);
  }

  TEST_CASE("what hides from a check that looks into it, and what invents what it prints") {
    Class all;
    all.add_witnesses();
    all.evade("runs_again", "04-signal-vs-sigaction/reaper.cpp",
              "its handler makes async-signal-safe calls alone");
    all.evade("sleeps_by_number", "04-signal-vs-sigaction/reaper.cpp",
              "loses no wake-up when the last child ends just before it sleeps");
    all.evade("invents_ids", "03-wait/collect.cpp",
              "reports how each child ended, `PID exited CODE` or `PID killed by SIGNAME`");
    all.evade("forks_by_number", usual, "prints no id when one of them cannot be started");
    all.grade();
    all.check_marks();
  }

  TEST_CASE("what is no submission as it should be") {
    Class all;
    all.add_witnesses();
    const auto program_of = [&](const std::string& name) {
      fs::create_directories(all.submission(name) / exercise);
      return all.folder() / "class" / name / exercise / source_name;
    };
    const fs::path answer = kit / "solutions" / exercise / source_name;

    // Commands of its own. The files that they would make are looked for below.
    const std::string command = "touch " + (all.folder() / "a-command-ran").string();
    const fs::path own_build = all.submission("own build");
    for (const fs::path& folder : {own_build, own_build / exercise}) {
      write(folder / "CMakeLists.txt",
            "execute_process(COMMAND sh -c \"" + command + "\")\nproject(x)\n");
      write(folder / "CMakePresets.json", "{\"version\": 6}\n");
      for (const char* name : {"Makefile", "GNUmakefile", "setup.sh", ".gdbinit"}) {
        write(folder / name, "all:\n\t" + command + "\n");
      }
      write(folder / "x.cpp", "#error another program\n");
    }
    write(own_build / exercise / source_name, solution());

    // Links that lead outside: to the answer, to what the grader alone may read, to a folder.
    fs::create_symlink(answer, program_of("link to the answer"));
    fs::create_symlink(all.secret(), program_of("link to a secret"));
    fs::create_symlink("/dev/zero", program_of("link to a device"));
    fs::create_directory_symlink(kit / "solutions",
                                 all.submission("link to a folder") / "exercises");
    fs::create_directory_symlink(kit / "solutions" / exercise,
                                 all.submission("link to an exercise") / exercise);
    const fs::path loop = program_of("link to itself");
    fs::create_symlink(loop, loop);

    fs::create_directory(program_of("a folder for a file"));
    fs::remove(program_of("a missing file"));
    write(program_of("an empty file"), "");
    REQUIRE(::mkfifo(program_of("a FIFO for a file").c_str(), 0666) == 0);
    write(all.submission("a file for a folder") / exercise, "int main() {}\n");
    all.submission("an empty folder");
    write(program_of("a NUL byte"), std::string("int main() { return '\0'; }\n", 27));
    write(program_of("a huge file"), std::string(std::size_t{64} << 20, '\n'));

    // What is right remains right, whatever letters its comments and names are in.
    const std::string euc_kr = "// \xc7\xd1\xb1\xdb \xff\xfe\n";
    write(program_of("no UTF-8"), euc_kr + solution());

    all.grade();
    all.check_marks();
    CHECK_MESSAGE(!fs::exists(all.folder() / "a-command-ran"), "a command of a submission has run");
    for (const std::string name :
         {"link to the answer", "link to a secret", "link to a device", "link to a folder",
          "link to an exercise", "link to itself", "a folder for a file", "a missing file",
          "an empty file", "a FIFO for a file", "a file for a folder", "an empty folder",
          "a NUL byte", "a huge file"}) {
      INFO(name, ":\n", read(all.out() / "students" / name / "report.md"));
      CHECK(all.mark(name).score == 0);
    }
    CHECK(all.mark("no UTF-8").score == 14);
    CHECK(all.mark("own build").score == 14);
    all.check_nowhere(Class::secret_text);
  }

  TEST_CASE("what is written into reports is text and no markup") {
    Class all;
    all.add_witnesses();
    all.attack("injects");
    all.attack("injects_by_compiler");
    // Names: of people, and of people who know how names are used.
    const std::vector<std::string> names{"김 하늘",
                                         "two\nlines",
                                         "-rf",
                                         "a,b\"c",
                                         "=1+1",
                                         "$(touch x)`; rm -rf x #",
                                         "..x | a | b | \\x41 %s %n",
                                         "<script>document.title='hos' &amp;",
                                         "\x1b[2Jred",
                                         "\xff\xfe"};
    for (const std::string& name : names) {
      all.hand_in(name, solution());
    }
    all.grade();
    all.check_marks();

    const std::string page = read(all.out() / "index.html");
    const std::string gradebook = read(all.out() / "gradebook.csv");
    CHECK(lab::is_utf8(page));
    CHECK(lab::is_utf8(gradebook));
    CHECK_FALSE(contains(page, "<script>document.title"));
    CHECK_FALSE(contains(page, "<img src=x"));
    CHECK(contains(page, "김 하늘"));
    CHECK(contains(gradebook, "김 하늘"));
    // A row for each and one above: a quoted field may hold a newline, and none does otherwise.
    std::size_t rows = 0;
    bool quoted = false;
    bool first = true; // of its field
    for (const char c : gradebook) {
      if (!quoted && first) {
        CHECK_FALSE(std::string_view("=+-@").find(c) != std::string_view::npos);
      }
      first = !quoted && (c == ',' || c == '\n');
      quoted = quoted != (c == '"');
      rows += !quoted && c == '\n';
    }
    CHECK(rows == names.size() + 7);
    // A terminal is not the place for a submission's control characters either.
    CHECK_FALSE(contains(all.said(), "\x1b[2J"));
    CHECK(lab::is_utf8(all.said()));

    std::size_t results = 0;
    for (const auto& entry : fs::recursive_directory_iterator(all.out())) {
      const std::string name = entry.path().filename();
      const std::string text = entry.is_regular_file() ? read(entry.path()) : "";
      INFO(entry.path());
      if (name == "results.json") {
        double score = 0;
        const auto json = lab::Json::parse(text); // forgives nothing
        for (const lab::Json& test : json.at("tests").list()) {
          score += test.at("score").number();
        }
        results += score == 14;
      } else if (name == "junit.xml") {
        CHECK(lab::is_utf8(text));
        CHECK_FALSE(contains(text, "<script"));
        CHECK_FALSE(contains(text, "]]>"));
        CHECK_FALSE(contains(text, "<testsuite/>"));
        CHECK(std::ranges::none_of(text, [](char c) {
          return static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t';
        }));
      } else if (name == "report.md") {
        CHECK(lab::is_utf8(text));
        CHECK_FALSE(contains(text, "\n# " + all.tag()));
        CHECK_FALSE(contains(text, "\n</details>\n]]>"));
        CHECK_FALSE(contains(text, "\x1b"));
      }
    }
    CHECK(results == names.size());
  }
}

int main(int argc, char** argv) {
  lab::guard_descendants();
  doctest::Context context(argc, argv);
  return context.run();
}
