#pragma once

#include <vector>

namespace carbonedge {

/// Shared by the reader, which fills it, and the cursor, which walks it beside the value.
struct JsonLines {
    long line = 0;
    std::vector<JsonLines> children;
};

}  // namespace carbonedge
