// The figures of the decks.
#pragma once

#include <map>
#include <string>

namespace lab::figures {

/// Each figure's file name, and its SVG.
std::map<std::string, std::string> all();

/// Those of them that are drawn for the decks 01 to 03 alone.
std::map<std::string, std::string> first_steps();

} // namespace lab::figures
