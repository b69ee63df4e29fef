// The same picture as a drawing, in the visual language of the slides.
#pragma once

#include "tools/drawing/snapshot.hpp"

#include <string>

namespace lab {

/// A whole SVG file, with a title and the X-ray's text as its description. A process is a rounded
/// box with its table of descriptors, a child stands to the right below its parent. A socket is an
/// octagon, as all that the kernel keeps. It stands once, and a line comes to it from each of its
/// descriptors: thick and red where more than one process holds it. A zombie is a dashed box with a
/// Z. Nothing is loaded from elsewhere. `title`: instead of one made of the processes' names.
std::string svg_of(const Snapshot& snapshot, const std::string& title = {});

} // namespace lab
