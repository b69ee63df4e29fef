#include "tools/check/reporters.hpp"

#include <algorithm>
#include <ostream>
#include <string>

namespace lab {

namespace {

// doctest calls its reporters back with no more than what it knows itself.
Result current; // NOLINT(*-global-variables)

Result result_of(const doctest::TestCaseData& test) {
  Result result;
  result.suite = test.m_test_suite;
  result.name = test.m_name;
  result.hint = decode_hint(test.m_description);
  return result;
}

// The parts of doctest's interface that all three have in common: putting `current` together.
class Base : public doctest::IReporter {
public:
  explicit Base(const doctest::ContextOptions& options) : out_(*options.cout) {}

  void report_query(const doctest::QueryData& /*query*/) override {}

  void test_run_start() override {}

  void test_run_end(const doctest::TestRunStats& /*stats*/) override {}

  void test_case_start(const doctest::TestCaseData& test) override { current = result_of(test); }

  void test_case_reenter(const doctest::TestCaseData& /*test*/) override {}

  void test_case_end(const doctest::CurrentTestCaseStats& stats) override {
    current.passed = stats.testCaseSuccess;
    current.seconds = stats.seconds;
    tell();
  }

  void test_case_exception(const doctest::TestCaseException& exception) override {
    see(exception.error_string.c_str());
  }

  void subcase_start(const doctest::SubcaseSignature& /*subcase*/) override {}

  void subcase_end() override {}

  void log_assert(const doctest::AssertData& assertion) override {
    if (assertion.m_failed) {
      see(std::string(assertion.m_expr) + " is false: " + assertion.m_decomp.c_str());
    }
  }

  void log_message(const doctest::MessageData& message) override { see(message.m_string.c_str()); }

  void test_case_skipped(const doctest::TestCaseData& /*test*/) override {}

protected:
  std::ostream& out() { return out_; }

private:
  virtual void tell() = 0;

  static void see(const std::string& text) {
    if (!current.seen.empty()) {
      current.seen += '\n';
    }
    current.seen += text;
  }

  std::ostream& out_;
};

class ForPeople : public Base {
public:
  explicit ForPeople(const doctest::ContextOptions& options) : Base(options), report_(out()) {}

private:
  void tell() override { report_.add(current); }

  Report report_;
};

class ForLabCheck : public Base {
public:
  using Base::Base;

private:
  void tell() override { out() << encode(current) << std::flush; }
};

class Collect : public Base {
public:
  using Base::Base;

  void report_query(const doctest::QueryData& query) override {
    for (unsigned i = 0; i < query.num_data; ++i) {
      collected().push_back(result_of(*query.data[i]));
    }
  }

private:
  void tell() override {}
};

DOCTEST_REGISTER_REPORTER("lab", 1, ForPeople);
DOCTEST_REGISTER_REPORTER("wire", 1, ForLabCheck);
DOCTEST_REGISTER_REPORTER("collect", 1, Collect);

} // namespace

std::vector<Result>& collected() {
  static std::vector<Result> checks;
  return checks;
}

void run_check(void (*body)()) {
  try {
    body();
  } catch (const Skipped& skipped) {
    current.skipped = skipped.what();
  }
}

} // namespace lab
