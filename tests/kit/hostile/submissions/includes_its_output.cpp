// A source that waits for what the compiler itself says.
#include "/proc/self/fd/1"
