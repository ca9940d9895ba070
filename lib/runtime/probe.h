#pragma once

#include "lib/units/quantity.h"

#include <string>

namespace carbonedge {

struct ProbeVerdict {
    bool ok = false;
    std::string state;  ///< "live", "ready", or in a few words what is wrong
};

/// Asks whoever speaks the Open Inference Protocol at `address` ("unix:/path", "127.0.0.1:8001"; without encryption)
/// whether it is live, or with `ready` whether it is ready for requests.
ProbeVerdict probe(const std::string& address, bool ready, Nanoseconds timeout);

}  // namespace carbonedge
