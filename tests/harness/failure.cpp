#include "harness/failure.hpp"

#include <exception>
#include <mutex>
#include <utility>
#include <vector>

namespace lab {

namespace {

using Tell = std::function<std::string()>;

struct Reports {
  std::mutex mutex;
  std::list<std::pair<Tell, Tell>> list; // what a program does, and at which places
};

Reports& reports() {
  static Reports all;
  return all;
}

std::vector<std::string>& situations() {
  thread_local std::vector<std::string> all;
  return all;
}

std::string in_situation(const std::string& seen) {
  std::string text;
  for (const std::string& situation : situations()) {
    text += situation + ": ";
  }
  return text + seen;
}

std::string told_by_all(Tell std::pair<Tell, Tell>::*of_each) {
  thread_local bool asking = false; // a report that fails makes a Failure as well
  std::string text;
  if (asking) {
    return text;
  }
  asking = true;
  Reports& all = reports();
  const std::lock_guard lock(all.mutex);
  for (const auto& one : all.list) {
    try {
      text += one.*of_each ? (one.*of_each)() : "";
    } catch (const std::exception& error) {
      text += std::string("(no report: ") + error.what() + ")\n";
    }
  }
  asking = false;
  return text;
}

} // namespace

Failure::Failure(const std::string& seen, Advice advice, std::string at)
    : std::runtime_error(in_situation(seen)), doing_(told_by_all(&std::pair<Tell, Tell>::first)),
      at_(at.empty() ? told_by_all(&std::pair<Tell, Tell>::second) : std::move(at)),
      advice_(std::move(advice)) {}

Situation::Situation(std::string words) {
  situations().push_back(std::move(words));
}

Situation::~Situation() {
  situations().pop_back();
}

Reported::Reported(std::function<std::string()> report, std::function<std::string()> places) {
  Reports& all = reports();
  const std::lock_guard lock(all.mutex);
  place_ = all.list.emplace(all.list.end(), std::move(report), std::move(places));
}

Reported::~Reported() {
  Reports& all = reports();
  const std::lock_guard lock(all.mutex);
  all.list.erase(place_);
}

} // namespace lab
