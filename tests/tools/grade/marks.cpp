#include "tools/grade/marks.hpp"

#include <algorithm>
#include <numeric>

namespace lab::grade {

namespace {

constexpr std::string_view version = "lab-grade 5";

template <typename Items, typename Of>
int sum(const Items& items, Of of) {
  return std::accumulate(items.begin(), items.end(), 0,
                         [&](int so_far, const auto& item) { return so_far + of(item); });
}

} // namespace

int ExerciseMarks::reached() const {
  return reached_of(checks);
}

int ExerciseMarks::possible() const {
  return possible_of(checks);
}

std::vector<int> ExerciseMarks::shares() const {
  std::vector<int> shares;
  int cost = 0;
  for (const Result& check : checks) {
    shares.push_back(std::max(check.reached(), 0));
    cost += std::max(-check.reached(), 0);
  }
  std::for_each(shares.rbegin(), shares.rend(), [&](int& share) {
    const int taken = std::min(cost, share);
    share -= taken;
    cost -= taken;
  });
  return shares;
}

int Marks::reached() const {
  return sum(exercises, [](const ExerciseMarks& one) { return one.reached(); });
}

int Marks::possible() const {
  return sum(exercises, [](const ExerciseMarks& one) { return one.possible(); });
}

std::string encode(const Marks& marks) {
  std::string notes;
  for (const std::string& note : marks.notes) {
    notes += netstring(note);
  }
  std::string text = netstring(version) + netstring(marks.student) + netstring(marks.fingerprint) +
                     netstring(marks.filmed ? "films" : "") + netstring(notes);
  for (const ExerciseMarks& one : marks.exercises) {
    std::string checks;
    for (const Result& check : one.checks) {
      checks += lab::encode(check);
    }
    text += netstring(netstring(one.exercise.folder) + netstring(one.exercise.program) +
                      netstring(one.not_built) + netstring(one.ambiguous ? "2" : "") +
                      netstring(one.compiler_words) + netstring(checks));
  }
  return text;
}

std::optional<Marks> decode_marks(std::string_view text) {
  Marks marks;
  const auto is = take_netstring(text);
  auto student = take_netstring(text);
  auto fingerprint = take_netstring(text);
  const auto films = take_netstring(text);
  const auto notes = take_netstring(text);
  if (is != version || !student || !fingerprint || !films || !notes) {
    return std::nullopt;
  }
  marks.student = std::move(*student);
  marks.fingerprint = std::move(*fingerprint);
  marks.filmed = !films->empty();
  for (std::string_view rest = *notes; !rest.empty();) {
    auto note = take_netstring(rest);
    if (!note) {
      return std::nullopt;
    }
    marks.notes.push_back(std::move(*note));
  }
  while (!text.empty()) {
    const auto one = take_netstring(text);
    if (!one) {
      return std::nullopt;
    }
    std::string_view rest = *one;
    auto folder = take_netstring(rest);
    auto program = take_netstring(rest);
    auto not_built = take_netstring(rest);
    const auto ambiguous = take_netstring(rest);
    auto words = take_netstring(rest);
    const auto checks = take_netstring(rest);
    if (!folder || !program || !not_built || !ambiguous || !words || !checks || !rest.empty()) {
      return std::nullopt;
    }
    marks.exercises.push_back({.exercise = {.folder = *folder, .program = *program},
                               .not_built = *not_built,
                               .ambiguous = !ambiguous->empty(),
                               .compiler_words = *words,
                               .checks = decode_results(*checks)});
  }
  return marks;
}

} // namespace lab::grade
