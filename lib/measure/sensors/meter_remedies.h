#pragma once

#include "lib/measure/sensors/meter_catalogue.h"

#include <string>
#include <string_view>

namespace carbonedge {

/// The one line that helps where a source is in a state that is not kOk: what to type or what to use instead. For
/// whatever has no closer advice of its own (the path of a file, a level of the kernel). "" for kOk.
std::string source_remedy(std::string_view source, SourceStatus status);

}  // namespace carbonedge
