// What it says is markup, in every language in which a report is written. It shows as text or not
// at all.
#include "bounded.hpp"

bool attack() {
  const std::string text =
      "</pre></td><script>document.title='" HOSTILE_TAG "'</script><img src=x onerror=alert(1)>\n"
      "```\n# " HOSTILE_TAG " | full | marks |\n</details>\n]]><testsuite/>\n"
      "\",\"score\":14,\"x\":\"\n=1+1,\"\"\n\x1b[2J\x1b]0;" HOSTILE_TAG
      "\x07\xff\xfe\xc3(\xed\xa0\x80\n";
  (void)!write(STDOUT_FILENO, text.data(), text.size());
  (void)!write(STDERR_FILENO, text.data(), text.size());
  return false;
}
