#pragma once

#include "lib/partition/plan.h"

#include <cstddef>

namespace carbonedge {

/// From the end of a stage's pass until the answer is at the gateway: what a deadline must leave.
struct TimeToAnswer {
    Nanoseconds least{0};     ///< what the imitated links take in any case
    Nanoseconds expected{0};  ///< with the transfers and passes that the plan predicts
    bool operator==(const TimeToAnswer&) const = default;
};

/// After stage `stage` of the pipeline.
TimeToAnswer time_to_answer(const Cluster& cluster, const Pipeline& pipeline, std::size_t stage);

}  // namespace carbonedge
