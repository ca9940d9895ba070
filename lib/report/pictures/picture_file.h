#pragma once

#include "lib/report/pictures/picture.h"

#include <span>
#include <string>

namespace carbonedge {

/// Pictures as the scripts in lib/report/page draw them, one line of JSON: for each its name, title, caption,
/// specification (as text, to be filled in) and tables (name, title, columns, CSV). Holds no '<', so that it can stand
/// inside a <script> of a page whatever the names in it are.
std::string write_pictures(std::span<const Picture> pictures);

}  // namespace carbonedge
