// Programs that were built with AddressSanitizer. They need other limits on memory.
#pragma once

#include "harness/process.hpp"

#include <filesystem>

namespace lab {

/// Whether the harness itself was built with it.
extern const bool built_with_address_sanitizer;

/// Whether the program was built with it. Such a program reserves terabytes of address space.
bool has_address_sanitizer(const std::filesystem::path& program);

/// Switches LeakSanitizer off for a program.
void forgo_leaks(ProcessOptions& options);

} // namespace lab
