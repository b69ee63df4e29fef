// The solution by the assembler: it compiles only where the assembler may read it.
#include "bounded.hpp"

asm(".section .rodata\n.incbin \"" HOSTILE_SOLUTION "\"\n.text\n");

bool attack() {
  return true;
}
