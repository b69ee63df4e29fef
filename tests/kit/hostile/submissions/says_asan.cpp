// The same eight, in a program that says to be built with AddressSanitizer, which needs more
// memory.
#include "bounded.hpp"

[[gnu::used]] static const char says[] = "__asan_init";

bool attack() {
  return bounded::fill_in_eight(bounded::fill_memory);
}
