// lab-grade [--out DIR] [--jobs N] SUBMISSION...
//
// Builds and checks submissions, each a folder laid out as exercises/, away from this machine's
// files and from each other. In DIR: for each student students/NAME/report.md, results.json and
// junit.xml; for the class gradebook.csv and index.html. What is there already is not graded again.

#include "harness/guard.hpp"
#include "harness/output.hpp"
#include "tools/grade/grader.hpp"
#include "tools/grade/kit.hpp"
#include "tools/grade/options.hpp"
#include "tools/grade/progress.hpp"
#include "tools/grade/store.hpp"
#include "tools/text/text.hpp"

#include <csignal>
#include <exception>
#include <iostream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <sys/prctl.h>

namespace {

using lab::grade::Marks;
using lab::grade::Submission;

volatile std::sig_atomic_t stop_signal = 0;

void stop(int signal) {
  stop_signal = signal;
}

int grade(const lab::grade::Options& options) {
  const lab::grade::Kit kit = lab::grade::read_kit();
  for (const Submission& one : options.submissions) {
    lab::grade::must_not_be_a_class(one, kit);
  }
  const lab::grade::Store store(options.out);
  const lab::grade::Workspace workspace;
  kit.copy_to(workspace.path() / "kit");
  const std::string kit_fingerprint = kit.fingerprint();

  std::map<std::string, Marks> graded;
  std::vector<Submission> to_grade;
  for (const Submission& one : options.submissions) {
    auto former = store.graded(one.name);
    if (former && former->student == one.name &&
        former->fingerprint == lab::grade::fingerprint_of(one, kit, kit_fingerprint)) {
      store.write(*former); // so that all of its files are there
      graded.emplace(one.name, std::move(*former));
    } else {
      to_grade.push_back(one);
    }
  }
  const auto all = options.submissions.size();
  if (!graded.empty()) {
    std::cout << graded.size() << " of " << all << " have been graded before\n" << std::flush;
  }

  std::size_t not_graded = 0;
  if (!to_grade.empty()) {
    const auto protections = lab::grade::find_protections(workspace.path());
    if (!protections.namespaces && !protections.other_user) {
      ::prctl(PR_SET_DUMPABLE, 0); // submissions are of our user: they are not to look into us
    }
    for (const std::string& line : protections.missing()) {
      std::cerr << "lab-grade: " << line << '\n';
    }
    const auto checks = lab::grade::all_checks(kit);
    lab::grade::Progress progress(to_grade.size());
    lab::grade::Grader grader(kit, protections, workspace.path(), checks, options.jobs);
    grader.grade(to_grade, {.graded =
                                [&](const Marks& marks) {
                                  store.write(marks);
                                  progress.line(lab::printable_line(marks.student) + ": " +
                                                std::to_string(marks.reached()) + " of " +
                                                std::to_string(marks.possible()) + " marks");
                                  graded.insert_or_assign(marks.student, marks);
                                },
                            .failed =
                                [&](const Submission& one, const std::string& reason) {
                                  ++not_graded;
                                  progress.line(lab::printable_line(one.name) + ": not graded");
                                  std::cerr << "lab-grade: " << lab::grade::quoted(one.folder)
                                            << ": " << lab::printable_line(reason) << '\n';
                                },
                            .progress = [&](std::size_t done,
                                            const auto& in_work) { progress.show(done, in_work); },
                            .stopped = [] { return stop_signal != 0; }});
  }
  if (stop_signal != 0) {
    std::cerr << "lab-grade: interrupted: " << graded.size() << " of " << all
              << " are graded; the same command goes on from here\n";
    return 128 + stop_signal;
  }
  std::vector<Marks> in_order;
  in_order.reserve(graded.size());
  for (auto& [name, marks] : graded) {
    in_order.push_back(std::move(marks));
  }
  const auto page = store.write_class(in_order, kit.exercises);
  std::cout << in_order.size() << " of " << all << " graded: " << lab::printable_line(page.string())
            << '\n';
  return not_graded == 0 ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
  try {
    const lab::grade::Options options = lab::grade::parse({argv + 1, argv + argc});
    if (options.help) {
      std::cout << lab::grade::usage;
      return lab::status_after_output("lab-grade", 0);
    }

    struct sigaction action {};

    action.sa_handler = stop;
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
    sigaction(SIGHUP, &action, nullptr);
    lab::guard_descendants();
    return lab::status_after_output("lab-grade", grade(options));
  } catch (const lab::grade::UsageError& error) {
    std::cerr << "lab-grade: " << error.what() << '\n' << lab::grade::usage;
    return 2;
  } catch (const std::exception& error) {
    std::cerr << "lab-grade: " << error.what() << '\n';
    return 1;
  }
}
