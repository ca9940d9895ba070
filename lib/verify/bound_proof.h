#pragma once

#include "lib/partition/plan.h"
#include "lib/verify/recompute.h"
#include "lib/verify/stage_table.h"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace carbonedge {

/// What a plan's proof of its bound comes to when it is worked out anew (docs/planners.md, "Certificate").
struct ProofCheck {
    std::vector<std::string> breaches;
    std::optional<double> bound;  ///< what the prices prove; absent where they prove nothing
};

/// The least value that any pipeline within the limits can have, by the prices of a plan's proof: the least priced
/// relaxed pipeline (nodes may be used again) less what the prices add. Checks that the proof claims no more, and that
/// its relaxed path attains it. O(nodes * cuts^2 + nodes^2 * cuts).
ProofCheck check_proof(const Plan& plan, const StageTable& table, const BoundProof& proof);

/// The least A of any pipeline in which nodes may be used again; kNever: there is none.
double least_relaxed_time(const StageTable& table);

/// What came of a search of our own for a better pipeline.
struct Enumeration {
    enum class Answer { kNoneBetter, kBetterFound, kTooMany };
    Answer answer = Answer::kTooMany;
    std::size_t stages_tried = 0;
    std::vector<NamedStage> better;  ///< kBetterFound
    double better_value = 0;
};

/// Whether a pipeline that keeps a limit only to rounding counts as keeping it.
enum class Slack { kStrict, kGenerous };

/// Depth first over all pipelines that the bound of the prices (none: no prices) does not rule out below `value`, each
/// that is left held against every limit. At most `most_stages` extensions by a stage. Not for Objective::kBottleneck,
/// which is no sum.
Enumeration enumerate_better(const Plan& plan, const Recomputer& recomputer, const StageTable& table, double value,
                             std::size_t most_stages, Slack slack = Slack::kStrict);

}  // namespace carbonedge
