// Eight processes that take and fill 150 MiB each: none of them more than a program may have.
#include "bounded.hpp"

bool attack() {
  return bounded::fill_in_eight(bounded::fill_memory);
}
