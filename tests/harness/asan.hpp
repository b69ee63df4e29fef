// Programs that were built with AddressSanitizer: limits hold them otherwise.
#pragma once

#include "harness/process.hpp"

#include <filesystem>

namespace lab {

/// Whether the harness itself was.
extern const bool built_with_address_sanitizer;

/// Such a program reserves terabytes of address space at its start.
bool has_address_sanitizer(const std::filesystem::path& program);

/// Switches LeakSanitizer off.
void forgo_leaks(ProcessOptions& options);

} // namespace lab
