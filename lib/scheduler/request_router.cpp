#include "lib/scheduler/request_router.h"

#include "lib/base/errors.h"
#include "lib/base/spelling.h"

#include <algorithm>
#include <array>

namespace carbonedge {
namespace {

const std::array<std::string, 3> kPolicyNames{"single", "round-robin", "node-selection"};

}  // namespace

SelectionCandidates selection_candidates(const Plan& plan) {
    SelectionCandidates candidates;
    TaskNeed& need = candidates.need;
    need.cpus = 0;
    if (plan.limits.latency_mean) need.latency_limit_s = to_seconds(*plan.limits.latency_mean).count();
    for (const Pipeline& pipeline : plan.pipelines) {
        if (pipeline.stages.size() != 1) {
            throw UsageError("node selection routes among pipelines of one stage each");
        }
        const PlannedStage& stage = pipeline.stages.front();
        const std::optional<NodeIndex> index = find_node(plan.cluster, stage.node);
        if (!index) throw UsageError("the plan's pipeline names a node '" + stage.node + "' that its cluster lacks");
        const Node& node = plan.cluster.nodes[index->value()];
        NodeState state;
        state.cpus_available = node.cpus;
        state.memory_available_bytes = static_cast<double>(node.memory.value());
        state.intensity = node.intensity.value();
        state.power_watts = node.busy_power_per_core.value() * node.cpus;
        state.average_time_s = to_seconds(pipeline.predicted.latency_mean).count();
        state.energy_time_s = state.average_time_s;
        state.latency_s = state.average_time_s;
        candidates.nodes.push_back(state);
        if (stage.busy.count() > 0) {
            need.cpus =
                std::max(need.cpus, static_cast<double>(stage.cpu.count()) / static_cast<double>(stage.busy.count()));
        }
        need.memory_bytes = std::max(need.memory_bytes, static_cast<double>(stage.memory.value()));
    }
    return candidates;
}

RequestRouter::RequestRouter(const Plan& plan)
    : table_(plan.pipelines.size()),
      selector_(plan.pipelines.size()),
      tasks_(plan.pipelines.size(), 0),
      time_sum_(plan.pipelines.size(), 0),
      time_count_(plan.pipelines.size(), 1) {
    const std::string& name = plan.routing.policy;
    if (name == kPolicyNames[1]) {
        policy_ = Policy::kRoundRobin;
    } else if (name == kPolicyNames[2]) {
        policy_ = Policy::kNodeSelection;
    } else if (name != kPolicyNames[0]) {
        throw UsageError(unknown_name_message("routing policy", name, kPolicyNames));
    }
    if (policy_ != Policy::kNodeSelection) return;
    weights_ = weights_of(parse_score_mode(plan.routing.mode));
    variant_ = parse_score_variant(plan.routing.variant);
    const SelectionCandidates candidates = selection_candidates(plan);
    need_ = candidates.need;
    for (std::size_t p = 0; p < candidates.nodes.size(); ++p) {
        table_.set(NodeIndex(p), candidates.nodes[p]);
        time_sum_[p] = candidates.nodes[p].average_time_s;
        nodes_.push_back(plan.pipelines[p].stages.front().node);
        power_watts_.push_back(candidates.nodes[p].power_watts);
    }
}

void RequestRouter::publish_tasks(std::size_t pipeline) {
    table_.set_tasks(NodeIndex(pipeline), tasks_[pipeline], tasks_[pipeline] / (1 + tasks_[pipeline]));
}

std::size_t RequestRouter::least_tasks() const {
    return static_cast<std::size_t>(std::min_element(tasks_.begin(), tasks_.end()) - tasks_.begin());
}

std::size_t RequestRouter::choose() {
    std::size_t chosen = 0;
    if (policy_ == Policy::kRoundRobin) {
        chosen = turn_;
        turn_ = (turn_ + 1) % tasks_.size();
    } else if (policy_ == Policy::kNodeSelection) {
        const std::optional<NodeIndex> best = selector_.select(table_, need_, weights_, variant_);
        chosen = best ? best->value() : least_tasks();
    }
    tasks_[chosen] += 1;
    publish_tasks(chosen);
    return chosen;
}

void RequestRouter::finished(std::size_t pipeline, Seconds latency) {
    tasks_[pipeline] = std::max(0.0, tasks_[pipeline] - 1);
    publish_tasks(pipeline);
    time_sum_[pipeline] += latency.count();
    time_count_[pipeline] += 1;
    table_.set_average_time(NodeIndex(pipeline), time_sum_[pipeline] / time_count_[pipeline]);
}

void RequestRouter::set_intensity(std::string_view node, CarbonIntensity intensity) {
    for (std::size_t p = 0; p < nodes_.size(); ++p) {
        if (nodes_[p] != node) continue;
        table_.set_intensity(NodeIndex(p), intensity.value(), power_watts_[p], time_sum_[p] / time_count_[p]);
    }
}

}  // namespace carbonedge
