#include "checks/check.hpp"

#include <deque>
#include <string_view>

namespace lab {

namespace {

std::vector<SuiteCheck>& entered() {
  static std::vector<SuiteCheck> all;
  return all;
}

std::string& noted() {
  static std::string text;
  return text;
}

} // namespace

void note(const std::string& text) {
  if (noted().find(text) == std::string::npos) { // a check may ask more than once
    noted() += (noted().empty() ? "" : "\n") + text;
  }
}

const std::string& notes() {
  return noted();
}

const std::vector<SuiteCheck>& suite_checks() {
  return entered();
}

std::vector<SuiteCheck>& suite_checks_to_change() {
  return entered();
}

const char* enter(const Suite& suite, const Check& check, int marks) {
  constexpr std::string_view placeholder = "PROGRAM";
  std::string sentence = check.sentence;
  if (const auto at = sentence.find(placeholder); at != std::string::npos) {
    sentence.replace(at, placeholder.size(), suite.subject.program);
  }
  static std::deque<std::string> names; // doctest keeps the pointer
  const std::string& name = names.emplace_back(std::string(suite.name) + ": " + sentence);
  entered().push_back({.name = name,
                       .suite = suite.name,
                       .check = &check,
                       .subject = &suite.subject,
                       .marks = marks,
                       .visibility = {},
                       .off = false,
                       .counts = true});
  return name.c_str();
}

void run_part(const Check& part, const Subject& subject) {
  advised({.means = part.means, .look = part.look}, [&] { part.body(subject); });
}

void run_for_doctest(const Check& check, const Subject& subject) {
  try {
    check.body(subject);
  } catch (const Skipped& skipped) {
    MESSAGE("skipped: ", skipped.what());
  } catch (const Failure& failure) {
    FAIL(failure.what(), '\n', failure.doing());
  }
}

} // namespace lab
