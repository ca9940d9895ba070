#pragma once

#include <string_view>

namespace carbonedge {

/// "0.1.0": the version of the whole toolkit, from CMakeLists.txt. Written into every file the tools make.
std::string_view version();

}  // namespace carbonedge
