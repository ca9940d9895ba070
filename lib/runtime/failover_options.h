#pragma once

#include "lib/units/quantity.h"

namespace carbonedge {

/// What takes over when a node fails.
enum class Spares {
    kNone,  ///< nothing: a failed node ends what depends on it
    kCold,  ///< what is loaded when it has failed
    kWarm,  ///< for every node of a pipeline another pipeline without it, loaded and connected from the start
};

struct FailoverOptions {
    Spares spares = Spares::kNone;
    /// A route that cannot be opened is tried again after this, then after twice that, and so on, up to the longest.
    Nanoseconds first_retry{std::chrono::milliseconds(100)};
    Nanoseconds longest_retry{std::chrono::seconds(10)};
    /// How long a route that is given up for a better one may take to end what it owes.
    Nanoseconds patience{std::chrono::seconds(30)};
};

}  // namespace carbonedge
