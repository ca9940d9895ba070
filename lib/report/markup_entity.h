#pragma once

#include <string_view>

namespace carbonedge {

/// "&lt;" for '<', and so for '>', '&' and both quotes; "" for what HTML, XML and Markdown take as it is.
std::string_view markup_entity(char letter);

}  // namespace carbonedge
