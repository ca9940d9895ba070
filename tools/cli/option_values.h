#pragma once

#include <cstdint>
#include <string>

namespace carbonedge {

/// Options that mean the same in every tool. Free of CLI11, so that a tool's options.h and its commands are too.
struct StandardOptions {
    std::string output = "-";     ///< -o, --output; "-" is stdout
    std::string format = "text";  ///< --format, where the tool offers one
    int verbosity = 0;            ///< -v prints every effective option
    bool quiet = false;           ///< --quiet: no talk on stderr but errors
    bool overwrite = false;       ///< --overwrite
    std::uint64_t seed = 0;       ///< --seed
};

}  // namespace carbonedge
