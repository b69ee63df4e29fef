// The figures of the decks.
#pragma once

#include <map>
#include <string>

namespace lab::figures {

/// Each figure's file name, and its SVG.
std::map<std::string, std::string> all();

} // namespace lab::figures
