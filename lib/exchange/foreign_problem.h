#pragma once

#include "lib/cluster/cluster.h"
#include "lib/profile/profile.h"

#include <cstdint>
#include <string>
#include <vector>

namespace carbonedge {

/// What another planner's files describe, in our terms.
struct ForeignProblem {
    Cluster cluster;                         ///< its nodes name no profile; `node_profile` says whose times they take
    std::vector<Profile> profiles;           ///< [0] is the reference
    std::vector<std::string> profile_names;  ///< what each is of, "Minnowboard-E3845"; all different
    std::vector<int> node_profile;           ///< per node: index into `profiles`
    std::vector<std::string> remarks;        ///< what had to be assumed or left out, one line each
};

/// What a cluster must state of its nodes and no throughput planner's file has.
struct AssumedPower {
    CarbonIntensity intensity;
    Watts busy_per_core{0.0};
};

/// A text and the name by which messages call it.
struct NamedText {
    std::string text;
    std::string file;
};

/// One row of a profile built from a single figure each.
struct ForeignLayer {
    std::string name;
    double seconds = 0;
    double weight_bytes = 0;
    std::int64_t output_bytes = 0;
};

/// A profile of a plain chain. Times and weights are rounded so that the sum over any range of rows is off by less than
/// a nanosecond and a byte; the one figure stands for median, mean, quartiles and CPU time alike. Throws
/// std::invalid_argument where sums leave what a profile can hold (kLargestCount).
Profile chain_profile(const std::vector<ForeignLayer>& layers, std::int64_t input_bytes, const std::string& model,
                      const std::string& machine);

}  // namespace carbonedge
