// What is tested of each deck. CMake writes the test cases, two for each deck.
#pragma once

#include <string>

namespace lab::slides {

/// Form, minutes, figures, links, code.
void check_form(const std::string& name);

/// Plays the deck's transcripts.
void play_transcripts(const std::string& name);

} // namespace lab::slides
