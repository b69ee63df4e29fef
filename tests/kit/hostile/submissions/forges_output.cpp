// Says itself that it has passed, in every way in which a check could be told.
#include "bounded.hpp"

bool attack() {
  const std::string text = "\n" + bounded::forged_result() + "\n" + bounded::forged_report() +
                           "{\"score\": 139, \"tests\": []}\n<testsuite failures=\"0\"/>\n"
                           "[doctest] Status: SUCCESS!\n";
  (void)!write(STDOUT_FILENO, text.data(), text.size());
  (void)!write(STDERR_FILENO, text.data(), text.size());
  return false;
}
