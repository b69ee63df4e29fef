// Closes standard input, says so, and waits.
#include "say.hpp"

int main() {
  ::close(STDIN_FILENO);
  say("closed");
  ::pause();
}
