// What a check does to a program and what the program prints, in order, for somebody who wants to
// see it. Nothing is written unless it is asked for.
#pragma once

#include <string>
#include <string_view>

namespace lab {

/// From now on, `trace` writes to standard error: a line each, with the time since this call.
void start_trace();

/// Whether it was called in this process.
bool tracing();

/// Writes `0.012 s  TEXT`, by one write(2). Any thread may call it.
void trace(const std::string& text);

/// A text that somebody has sent, in quotes, on one line: its beginning, and how long it is.
std::string quoted(std::string_view text);

} // namespace lab
