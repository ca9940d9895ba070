#pragma once

#include "lib/report/pictures/picture.h"

#include <string>

namespace carbonedge {

/// The picture on white, drawn by the plot library in node. Throws EnvironmentError where this build has no plot
/// library or there is no node.
std::string picture_as_svg(const Picture& picture);

/// The same by rsvg-convert, twice as many pixels as the SVG is wide.
std::string picture_as_png(const Picture& picture);

}  // namespace carbonedge
