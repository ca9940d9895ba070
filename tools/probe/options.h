#pragma once

#include "lib/units/quantity.h"

#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

namespace carbonedge {

struct ProbeToolOptions {
    std::string address;
    bool ready = false;
    Nanoseconds timeout{0};
    bool quiet = false;
};

/// Nothing where only help or the version was asked for. Throws UsageError.
std::optional<ProbeToolOptions> parse_probe_options(int argc, const char* const* argv, std::string_view page,
                                                    std::ostream& out, std::ostream& err);

}  // namespace carbonedge
