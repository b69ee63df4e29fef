// The same picture as a drawing, in the visual language of the slides.
#pragma once

#include "tools/drawing/snapshot.hpp"

#include <string>

namespace lab {

/// A whole SVG file. It has a title, and the X-ray's text as its description. It loads nothing.
///
/// A process is a rounded box with its table of descriptors. A child is to the right below its
/// parent. A socket is an octagon, as all that the kernel keeps. It is drawn once, with a line from
/// each of its descriptors. If more than one process holds it, the lines are thick and red. A
/// zombie is a dashed box with a Z. Without `title`, the title has the names of the processes.
std::string svg_of(const Snapshot& snapshot, const std::string& title = {});

} // namespace lab
