#pragma once

#include "lib/profile/profile.h"
#include "lib/units/index.h"

#include <string>
#include <vector>

namespace carbonedge {

/// Layers [first, end) of a profile, 0-based.
struct LayerRange {
    std::size_t first = 0;
    std::size_t end = 0;

    [[nodiscard]] std::size_t size() const { return end - first; }
    bool operator==(const LayerRange&) const = default;
};

/// What crosses cut p, the position before layer p (0 = network input, L = network output).
struct Cut {
    std::size_t position = 0;
    bool legal = true;
    std::string reason;                ///< why not legal
    std::vector<std::int64_t> values;  ///< ids that cross, ascending
    Bytes bytes;
};

/// All L + 1 cuts of a profile. A value crosses p when it is made before p and read at or after p, or is a network
/// output.
std::vector<Cut> find_cuts(const Profile& profile);

/// Contiguous stages that cover a profile. Schema carbonedge.partition/1; carries its profile along.
struct Partition {
    Profile profile;
    std::string method;  ///< "optimal-bottleneck", "equal", "capability", "given", ...
    std::string by;      ///< "parameters", "macs", "latency", "energy", "capability"
    std::vector<LayerRange> stages;
    std::vector<double> target_shares;  ///< wanted share of each stage; equal unless capability

    bool operator==(const Partition&) const = default;
};

}  // namespace carbonedge
