// A source that waits until somebody types it.
#include "/dev/ptmx"
