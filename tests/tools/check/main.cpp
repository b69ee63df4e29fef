// lab-check [--programs DIR] [--jobs N] [--all] [NN [WORDS] | doctest options]
//
// The checks of every step and exercise, as doctest test cases. DIR holds the programs by their
// contract's names; it is the folder of lab-check itself where it is not given.

#define DOCTEST_CONFIG_IMPLEMENT
#include "checks/check.hpp"
#include "harness/guard.hpp"
#include "harness/limits.hpp"
#include "harness/output.hpp"
#include "harness/programs.hpp"
#include "tools/check/marks_file.hpp"
#include "tools/check/run.hpp"
#include "tools/check/shipped.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <unistd.h>

namespace {

constexpr std::string_view usage =
    "usage: lab-check [--programs DIR] [--jobs N] [--all] [NN [WORDS] | doctest options]\n"
    "  NN                           the checks of exercise NN, with the programs of that "
    "exercise:\n"
    "                               lab-check 06\n"
    "  WORDS                        those of them whose sentence has all these words. They also "
    "say\n"
    "                               step by step what they do: lab-check 06 zombie\n"
    "  --programs DIR               the folder that holds the programs to check, by name;\n"
    "                               by default the folder of lab-check\n"
    "  --jobs N                     how many checks run at the same time. Beside them run as many\n"
    "                               of those that only let time pass\n"
    "  --all                        print every check, and all that was seen; else those that\n"
    "                               failed (--brief), the first cause last\n"
    "  --film DIR                   a film of each check that failed goes into this folder: a\n"
    "                               page that shows what happened when\n"
    "  --first COMMAND              what stands before the command that repeats a check: it\n"
    "                               builds the programs, say\n"
    "  --must-fail SENTENCE         run only this check, and succeed when it fails. May be given\n"
    "                               several times. Exit status 77: this machine cannot run it\n"
    "  --saying WORDS               the check named before must also say these words\n"
    "  --kit DIR                    the folder of the kit that the programs are built from: an\n"
    "                               exercise that is as shipped gives no marks\n"
    "  --marks FILE                 what exercises and checks are worth, instead of "
    "tests/marks.txt\n"
    "  --list-marks                 what they are worth, in the form of that file\n"
    "  --save FILE                  write the results into this file, too, as they come\n"
    "  --results FD                 write the results to this descriptor, for another tool. The\n"
    "                               programs are confined. --jobs 0 only lists the checks\n"
    "  --films N                    with --results: after all results, again those of the first N\n"
    "                               checks that failed, each with a film\n"
    "  --users ID,ID...             with --results, for root: the programs run as these users, "
    "one\n"
    "                               for each job\n"
    "  --group FD                   with --results: the programs are in the control group whose\n"
    "                               cgroup.procs this descriptor is\n"
    "  --test-suite=step-06         the checks of one step, or exercise-06 of one exercise\n"
    "  --test-case='*leaves*'       the checks whose sentence matches\n"
    "  --list-test-cases            their sentences\n"
    "  --help                       these lines, and doctest's own options\n";

// doctest passes over what it does not know, and so over a misspelt filter, and runs everything.
constexpr std::string_view known =
    " test-case tc test-case-exclude tce source-file sf source-file-exclude sfe test-suite ts"
    " test-suite-exclude tse subcase sc subcase-exclude sce reporters r out o order-by ob"
    " rand-seed rs first f last l abort-after aa subcase-filter-levels scfl success s"
    " case-sensitive cs exit e duration d minimal m quiet q no-throw nt no-exitcode ne no-run"
    " nr no-intro ni no-version nv no-colors nc force-colors fc no-breaks nb no-skip ns"
    " gnu-file-line gfl no-path-filenames npf no-line-numbers nln no-debug-output ndo"
    " no-skipped-summary nss no-time-in-output ntio count c list-test-cases ltc"
    " list-test-suites lts list-reporters lr help h version v strip-file-prefixes sfp ?"
    " ";

bool is_known(std::string_view argument) {
  if (!argument.starts_with('-')) {
    return false;
  }
  argument.remove_prefix(argument.starts_with("--") ? 2 : 1);
  if (argument.starts_with("dt-")) {
    argument.remove_prefix(3);
  }
  const std::string word = " " + std::string(argument.substr(0, argument.find('='))) + " ";
  return known.find(word) != std::string_view::npos;
}

int complain(const std::string& what) {
  std::cerr << "lab-check: " << what << '\n' << usage;
  return 2;
}

bool is_reporter(std::string_view argument) {
  argument.remove_prefix(std::min(argument.find_first_not_of('-'), argument.size()));
  if (argument.starts_with("dt-")) {
    argument.remove_prefix(3);
  }
  return argument.starts_with("r=") || argument.starts_with("reporters=");
}

// The names of the test cases that doctest's filters choose.
std::set<std::string>& chosen() {
  static std::set<std::string> names;
  return names;
}

/// The reporter that gathers them, where doctest is asked to list its test cases.
class Choose : public doctest::IReporter {
public:
  explicit Choose(const doctest::ContextOptions& /*options*/) {}

  void report_query(const doctest::QueryData& query) override {
    for (unsigned i = 0; i < query.num_data; ++i) {
      chosen().insert(query.data[i]->m_name);
    }
  }

  void test_run_start() override {}

  void test_run_end(const doctest::TestRunStats& /*stats*/) override {}

  void test_case_start(const doctest::TestCaseData& /*test*/) override {}

  void test_case_reenter(const doctest::TestCaseData& /*test*/) override {}

  void test_case_end(const doctest::CurrentTestCaseStats& /*stats*/) override {}

  void test_case_exception(const doctest::TestCaseException& /*exception*/) override {}

  void subcase_start(const doctest::SubcaseSignature& /*subcase*/) override {}

  void subcase_end() override {}

  void log_assert(const doctest::AssertData& /*assertion*/) override {}

  void log_message(const doctest::MessageData& /*message*/) override {}

  void test_case_skipped(const doctest::TestCaseData& /*test*/) override {}
};

DOCTEST_REGISTER_REPORTER("choose", 1, Choose);

// A run of doctest in this process, with further options.
int run_doctest(std::vector<const char*> arguments, const std::vector<const char*>& further) {
  arguments.insert(arguments.end(), further.begin(), further.end());
  doctest::Context context(static_cast<int>(arguments.size()), arguments.data());
  return context.run();
}

// The checks that doctest's filters choose, suite by suite.
lab::Checks checks_for(const std::vector<const char*>& filters) {
  run_doctest(filters, {"--reporters=choose", "--list-test-cases"});
  lab::Checks checks;
  for (const lab::SuiteCheck& check : lab::suite_checks()) {
    if (chosen().contains(check.name)) {
      checks.push_back(&check);
    }
  }
  std::ranges::stable_sort(
      checks, {}, [](const lab::SuiteCheck* check) { return std::string_view(check->suite); });
  return checks;
}

bool contains_word(std::string_view text, std::string_view word) {
  const auto alike = [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) ==
           std::tolower(static_cast<unsigned char>(b));
  };
  return std::search(text.begin(), text.end(), word.begin(), word.end(), alike) != text.end();
}

// Those of exercise NN whose sentence has all the words.
lab::Checks checks_of(const lab::Checks& checks, const std::string& exercise,
                      const std::vector<std::string>& words) {
  lab::Checks chosen_by_words;
  std::ranges::copy_if(checks, std::back_inserter(chosen_by_words), [&](const auto* check) {
    const std::string sentence = lab::result_of(*check).sentence;
    return std::string_view(check->suite) == "exercise-" + exercise &&
           std::ranges::all_of(
               words, [&](const std::string& word) { return contains_word(sentence, word); });
  });
  return chosen_by_words;
}

// The programs of exercise NN, where the build puts them. False: there is no such folder.
bool choose_programs_of(const std::string& exercise) {
  std::error_code error;
  const auto exercises = lab::program_folder().parent_path() / "exercises";
  for (const auto& entry : std::filesystem::directory_iterator(exercises, error)) {
    if (entry.is_directory(error) && entry.path().filename().string().starts_with(exercise + "-")) {
      lab::set_program_folder(entry.path());
      return true;
    }
  }
  return false;
}

/// Whether the programs are those of one exercise, as a build makes them, and their sources are as
/// they were shipped. `kit` is the folder of the sources; if it is not given, they are ours.
bool are_as_shipped(std::string kit) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::path programs = fs::canonical(lab::program_folder(), error);
  const fs::path build = fs::read_symlink("/proc/self/exe", error).parent_path().parent_path();
  if (error || programs.parent_path().filename() != "exercises" ||
      (kit.empty() && programs.parent_path() != fs::canonical(build / "exercises", error))) {
    return false;
  }
  kit = kit.empty() ? LAB_SOURCE_FOLDER : kit;
  bool as_shipped = false;
  for (const auto& program : fs::directory_iterator(programs, error)) {
    const fs::path source =
        "exercises" / programs.filename() / (program.path().filename().string() + ".cpp");
    std::ifstream file(kit / source, std::ios::binary);
    const std::string now(std::istreambuf_iterator<char>(file), {});
    const auto shipped = lab::shipped_source(kit, source);
    as_shipped = shipped && lab::without_comments(now) == lab::without_comments(*shipped);
    if (!as_shipped) {
      break;
    }
  }
  return as_shipped;
}

std::optional<unsigned> number(std::string_view text, unsigned least, unsigned most) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least || value > most) {
    return std::nullopt;
  }
  return value;
}

// `50001,50002`: the ids of users, none of them root's.
std::optional<std::vector<uid_t>> users_in(std::string_view text) {
  std::vector<uid_t> users;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    const auto user = number(text.substr(0, comma), 1, 4'000'000'000U);
    if (!user) {
      return std::nullopt;
    }
    users.push_back(*user);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return users;
}

// What lab-grade asks for.
struct Tool {
  int results = -1;
  std::vector<uid_t> users;
  unsigned films = 0; // of the first checks that fail
  std::optional<int> group;
};

int run(int argc, char** argv) {
  std::vector<const char*> for_doctest{argv[0]};
  bool all = false;
  bool programs_given = false;
  std::string first;
  std::string films;
  std::string save;
  std::string kit;
  std::filesystem::path marks = std::filesystem::path(LAB_SOURCE_FOLDER) / "tests/marks.txt";
  bool list_marks = false;
  std::string exercise;           // its number
  std::vector<std::string> words; // of a sentence
  std::vector<lab::Rejection> must_fail;
  Tool tool;
  unsigned jobs = 2 * std::max(std::thread::hardware_concurrency(), 1U);
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const std::string_view name = argument.substr(0, argument.find('='));
    if (argument == "--all" || argument == "--brief") {
      all = argument == "--all";
      continue;
    }
    if (argument == "--list-marks") {
      list_marks = true;
      continue;
    }
    if (!argument.starts_with('-') && !argument.empty()) {
      if (exercise.empty() && number(argument, 1, 99)) {
        exercise = (argument.size() == 1 ? "0" : "") + std::string(argument);
      } else {
        std::istringstream given{std::string(argument)}; // a sentence in quotes is several
        for (std::string word; given >> word;) {
          words.push_back(word);
        }
      }
      continue;
    }
    if (name != "--programs" && name != "--jobs" && name != "--first" && name != "--film" &&
        name != "--must-fail" && name != "--saying" && name != "--save" && name != "--results" &&
        name != "--kit" && name != "--marks" && name != "--users" && name != "--films" &&
        name != "--group") {
      if (!is_known(argument)) {
        return complain("there is no option '" + std::string(argument) + "'");
      }
      for_doctest.push_back(argv[i]);
      continue;
    }
    if (name == argument && i + 1 == argc) {
      return complain(std::string(name) + " takes a value");
    }
    const std::string value(name == argument ? argv[++i] : argument.substr(name.size() + 1));
    if (name == "--marks") {
      marks = value;
    } else if (name == "--first") {
      first = value;
    } else if (name == "--film") {
      films = value;
    } else if (name == "--kit") {
      kit = value;
    } else if (name == "--save") {
      save = value;
    } else if (name == "--must-fail") {
      must_fail.push_back({.sentence = value, .saying = ""});
    } else if (name == "--saying") {
      if (must_fail.empty()) {
        return complain("--saying needs a --must-fail before it");
      }
      must_fail.back().saying = value;
    } else if (name == "--results") {
      const auto given = number(value, 1, 1000);
      if (!given || fcntl(static_cast<int>(*given), F_SETFD, FD_CLOEXEC) != 0) {
        return complain("--results takes an open descriptor, not '" + value + "'");
      }
      tool.results = static_cast<int>(*given);
    } else if (name == "--group") {
      const auto given = number(value, 1, 1000);
      if (!given || fcntl(static_cast<int>(*given), F_SETFD, FD_CLOEXEC) != 0) {
        return complain("--group takes an open descriptor, not '" + value + "'");
      }
      tool.group = static_cast<int>(*given);
    } else if (name == "--users") {
      const auto given = users_in(value);
      if (!given) {
        return complain("--users takes the ids of users with commas between, not '" + value + "'");
      }
      tool.users = *given;
    } else if (name == "--films") {
      const auto given = number(value, 1, 1000);
      if (!given) {
        return complain("--films takes a number from 1 to 1000, not '" + value + "'");
      }
      tool.films = *given;
    } else if (name == "--jobs") {
      const auto given = number(value, tool.results == -1 ? 1 : 0, 1000);
      if (!given) {
        return complain("--jobs takes a number from 1 to 1000, not '" + value + "'");
      }
      jobs = *given;
    } else {
      std::error_code error;
      if (!std::filesystem::is_directory(value, error)) {
        return complain("--programs takes a folder, and '" + value + "' is not a folder" +
                        (error ? " (" + error.message() + ")" : ""));
      }
      lab::set_program_folder(std::filesystem::absolute(value));
      programs_given = true;
    }
  }
  if (tool.films != 0 && tool.results == -1) {
    return complain("--films is for --results. A film of each check that fails: --film DIR");
  }
  if (!words.empty() && exercise.empty()) {
    return complain("there is no option '" + words.front() +
                    "'. To choose checks by words, name the exercise first: lab-check 06 " +
                    words.front());
  }
  if (!exercise.empty() && !programs_given && !choose_programs_of(exercise)) {
    return complain("there is no folder exercises/" + exercise + "-... beside " +
                    lab::program_folder().string() +
                    ". To build it: cmake --workflow --preset exercise-" + exercise);
  }

  if (doctest::Context(static_cast<int>(for_doctest.size()), for_doctest.data()).shouldExit()) {
    const bool help =
        std::any_of(for_doctest.begin() + 1, for_doctest.end(),
                    [](std::string_view a) { return a == "--help" || a == "-h" || a == "-?"; });
    if (help) {
      std::cout << usage << '\n' << std::flush;
    }
    return run_doctest(for_doctest, {}); // a question about the checks: doctest answers it
  }

  lab::apply_marks(marks, lab::suite_checks_to_change());
  if (list_marks) {
    std::cout << lab::marks_as_lines(lab::suite_checks());
    return 0;
  }
  const bool has_reporter = std::any_of(for_doctest.begin() + 1, for_doctest.end(), is_reporter);
  lab::Checks checks;
  if (!has_reporter) {
    checks = checks_for(for_doctest);
    if (checks.empty()) {
      return complain("no check has that name; lab-check --list-test-cases shows all names");
    }
    if (!exercise.empty()) {
      const lab::Checks of_it = checks_of(checks, exercise, words);
      if (of_it.empty()) {
        std::cerr << "lab-check: no check of exercise " << exercise
                  << " has these words. There are:\n";
        for (const lab::SuiteCheck* check : checks_of(checks, exercise, {})) {
          std::cerr << "  " << lab::result_of(*check).sentence << '\n';
        }
        return 2;
      }
      checks = of_it;
    }
  }
  if (must_fail.empty()) {
    std::erase_if(checks, [](const lab::SuiteCheck* check) { return check->off; });
  }
  lab::raise_process_limit();
  constexpr std::size_t usual = 1024; // where nobody has lowered it
  lab::raise_descriptor_limit(usual);
  if (!must_fail.empty()) {
    // For the mutants of the kit's tests: the run is right when each of these checks fails.
    const auto sentence_of = [](const lab::SuiteCheck* check) {
      return lab::result_of(*check).sentence;
    };
    for (const auto& [sentence, saying] : must_fail) {
      if (std::ranges::count(checks, sentence, sentence_of) != 1) {
        return complain("--must-fail takes the sentence of one of the chosen checks, not '" +
                        sentence + "'");
      }
    }
    if (std::filesystem::is_empty(lab::program_folder())) {
      return complain("there is no program in " + lab::program_folder().string() +
                      ": every check would fail");
    }
    std::erase_if(checks, [&](const lab::SuiteCheck* check) {
      return std::ranges::find(must_fail, sentence_of(check), &lab::Rejection::sentence) ==
             must_fail.end();
    });
    lab::guard_descendants();
    constexpr int skipped = 77; // as automake and others have it
    const auto rejected = lab::run_for_rejections(checks, must_fail, jobs);
    return !rejected ? skipped : *rejected ? 0 : 1;
  }
  if (tool.results != -1 && geteuid() != 0) {
    prctl(PR_SET_DUMPABLE, 0); // the programs may be of the same user: they are not to look into us
  }
  lab::guard_descendants();
  if (tool.results != -1) {
    lab::run_for_tool(checks, jobs, tool.users, tool.results, tool.films, tool.group);
    return 0;
  }
  if (has_reporter) {
    return run_doctest(for_doctest, {"--no-intro"});
  }
  const bool done = lab::run_for_people(checks, jobs, all, first, save, films, !words.empty(),
                                        are_as_shipped(kit));
  return done ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
  int status = EXIT_FAILURE;
  try {
    status = run(argc, argv);
  } catch (const std::exception& error) { // of the kit itself: no process is left, say
    std::cerr << "lab-check: " << error.what() << '\n';
  }
  return lab::status_after_output("lab-check", status);
}
