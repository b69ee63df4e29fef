// What is tested of each deck. The test cases themselves are written by CMake, two for each deck.
#pragma once

#include <string>

namespace lab::slides {

/// Form, minutes, figures, links, code.
void check_form(const std::string& name);

/// Plays what the deck shows of terminals.
void play_transcripts(const std::string& name);

} // namespace lab::slides
