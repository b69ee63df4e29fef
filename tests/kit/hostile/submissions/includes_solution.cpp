// The solution by the preprocessor.
#if __has_include(HOSTILE_SOLUTION)
#include HOSTILE_SOLUTION
#elif __has_include("../../solutions/02-zombie/zombies.cpp")
#include "../../solutions/02-zombie/zombies.cpp"
#else
#error "no solution is to be seen"
#endif
