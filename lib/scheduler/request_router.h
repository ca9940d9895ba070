#pragma once

#include "lib/partition/plan.h"
#include "lib/scheduler/node_score.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace carbonedge {

/// What node selection decides from before the first request: a node a pipeline, idle.
struct SelectionCandidates {
    TaskNeed need;
    std::vector<NodeState> nodes;
};

/// Throws UsageError where a pipeline has several stages or names a node that the cluster lacks.
SelectionCandidates selection_candidates(const Plan& plan);

/// Decides which pipeline of a plan the next request takes. `plan` predicts with it and `run` routes with it, so that
/// both make the same choices from the same facts. Not thread safe.
///
/// Policies: "single" always takes pipeline 0; "round-robin" takes them in turn; "node-selection" takes the highest
/// score, where each pipeline is one node and
///  - cpus and memory available are the node's own, required are those of its stage (cpu / busy cores, stage memory)
///  - load = tasks / (1 + tasks), so that a node with five requests in flight (0.83) is skipped
///  - average time starts as the predicted mean, counted as one request, and follows what finished() reports
///  - power = busy power per core * cpus, and S_C's time is the average time
/// Where every node is skipped the one with the fewest requests in flight is taken.
class RequestRouter {
public:
    /// Throws UsageError for an unknown policy, mode or variant, or a node-selection pipeline with several stages.
    explicit RequestRouter(const Plan& plan);

    /// The pipeline of the next request, which counts as in flight from now on.
    std::size_t choose();
    void finished(std::size_t pipeline, Seconds latency);
    /// The node's intensity from now on: node selection weighs it from the next choice. Other policies do not ask.
    void set_intensity(std::string_view node, CarbonIntensity intensity);

private:
    enum class Policy { kSingle, kRoundRobin, kNodeSelection };

    void publish_tasks(std::size_t pipeline);
    [[nodiscard]] std::size_t least_tasks() const;

    Policy policy_ = Policy::kSingle;
    ScoreWeights weights_;
    ScoreVariant variant_ = ScoreVariant::kMinmax;
    TaskNeed need_;
    NodeTable table_;
    NodeSelector selector_;
    std::vector<std::string> nodes_;  ///< of each pipeline, where node selection chooses
    std::vector<double> power_watts_;
    std::vector<double> tasks_;
    std::vector<double> time_sum_;
    std::vector<double> time_count_;
    std::size_t turn_ = 0;
};

}  // namespace carbonedge
